#!/bin/bash
# A coding session: a small project under git, compiled, tested, mended, committed. Each step is
# a tool call with the mark that Codex sets, so that rows can be tied to it.
set -eu
step() { export CODEX_TOOL_CALL_ID="call_$1" CODEX_THREAD_ID=thread_sample; }

step init
git init --quiet .
cat >words.c <<'C'
#include <ctype.h>
#include <stdio.h>

int main(void)
{
	int c, inside = 0, words = 0;

	while ((c = getchar()) != EOF) {
		if (isspace(c))
			inside = 0;
		else if (!inside++)
			words++;
	}
	printf("%d\n", words - 1);
	return 0;
}
C
cat >test.sh <<'S'
#!/bin/sh
for case in "3:one two three" "0:" "2: a  b "; do
	want=${case%%:*}
	got=$(printf '%s' "${case#*:}" | ./words)
	[ "$got" = "$want" ] || { echo "want $want, got $got"; exit 1; }
done
echo ok
S
chmod +x test.sh
printf 'words: words.c\n\tcc -O1 -Wall -o words words.c\ntest: words\n\t./test.sh\n' >Makefile
git add . && git -c user.name=agent -c user.email=agent@localhost commit --quiet -m 'Count words'

step test
make --silent test || true

step mend
sed -i 's/words - 1/words/' words.c
make --silent test
git diff --stat
git -c user.name=agent -c user.email=agent@localhost commit --quiet -am 'Count the last word too'
git log --oneline | cat

step look
python3 - <<'P'
import pathlib
print(sum(len(p.read_text().splitlines()) for p in pathlib.Path(".").glob("*.c")), "lines")
P
