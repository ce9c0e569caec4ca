/*
 * A process tree that does not want to end: COUNT processes, every third in a session of its own, every fifth
 * an orphan of a double fork, and one that forks for as long as it lives. Each has MARK in its environment, so that it
 * can be found in /proc wherever it went. Prints "ready" when all of them are there; then everybody sleeps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void rest(volatile int *there)
{
	__sync_fetch_and_add(there, 1);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int count = atoi(argv[1]);
	volatile int *there = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < count - 2; i++) {
		pid_t child = fork();

		if (child < 0)
			return perror("fork"), 1;
		if (child)
			continue;
		if (i % 3 == 0)
			setsid();
		if (i % 5 == 0 && fork())
			_exit(0);
		rest(there);
	}
	if (!fork()) { /* the storm: a child every millisecond, which ends by itself */
		__sync_fetch_and_add(there, 1);
		for (;;) {
			if (!fork())
				_exit(0);
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
			usleep(1000);
		}
	}
	while (*there < count - 1)
		usleep(1000);
	printf("ready\n");
	fflush(stdout);
	rest(there);
}
