#!/bin/bash
# A benign build: forty C files compiled one by one, archived, linked, run, cleaned.
set -eu
mkdir -p src obj
for i in $(seq 1 40); do
	printf 'int f%s(int x) { return x * %s + 1; }\n' "$i" "$i" >"src/f$i.c"
done
{
	for i in $(seq 1 40); do printf 'int f%s(int);\n' "$i"; done
	printf '#include <stdio.h>\nint main(void) { int s = 0;\n'
	for i in $(seq 1 40); do printf 's += f%s(%s);\n' "$i" "$i"; done
	printf 'printf("%%d\\n", s); return 0; }\n'
} >src/main.c
for c in src/*.c; do cc -O1 -c -o "obj/$(basename "$c" .c).o" "$c"; done
ar rcs obj/libf.a obj/f*.o
cc -o program obj/main.o obj/libf.a
./program
rm -r obj
