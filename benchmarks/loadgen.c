/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load with a count of its own: N operations of one kind, at a rate or as fast as they go,
 * on one or several threads. It prints as JSON what it really did and what processor time each
 * operation cost it, kernel included, so that benchmarks and tests compare Lictor's rows with
 * a number that Lictor had no part in.
 *
 * loadgen KIND COUNT [--rate PER_SECOND] [--threads N] [--path P] [--files N] [--port N] [--wait]
 *   open      open and close the file P
 *   distinct  open and close P/0, P/1, … P/<files-1>, in turn
 *   missing   open P, which does not exist
 *   connect   connect to 127.0.0.1:<port> and close
 *   exec      fork, exec P, wait
 *   getppid   a system call that nobody traces
 * With --wait it begins when a byte arrives on standard input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 64

enum kind { OPEN, DISTINCT, MISSING, CONNECT, EXEC, GETPPID, KINDS };
static const char *const names[KINDS] = { "open", "distinct", "missing", "connect", "exec", "getppid" };

static enum kind kind;
static const char *path = "/etc/hostname";
static long count, files = 1, threads = 1;
static double rate; /* of all threads together; 0 = as fast as it goes */
static int port;

struct share { long count, done, failed; };

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* 0 when the operation worked. */
static int operate(long i)
{
	char name[4096];
	int fd, status;
	pid_t child;

	switch (kind) {
	case DISTINCT:
		snprintf(name, sizeof(name), "%s/%ld", path, i % files);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		break;
	case CONNECT: {
		struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };

		to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		status = connect(fd, (struct sockaddr *)&to, sizeof(to));
		close(fd);
		return status;
	}
	case EXEC:
		child = fork();
		if (child == 0) {
			execl(path, path, (char *)NULL);
			_exit(127);
		}
		return child < 0 || waitpid(child, &status, 0) != child || status != 0;
	case GETPPID:
		syscall(SYS_getppid);
		return 0;
	default:
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* As many as are due by now, then a sleep of a millisecond. */
static void *work(void *argument)
{
	struct share *own = argument;
	double begin = seconds(CLOCK_MONOTONIC), due;
	struct timespec pause = { .tv_nsec = 1000000 };

	while (own->done < own->count) {
		due = rate ? (seconds(CLOCK_MONOTONIC) - begin) * rate / threads : own->count;
		for (; own->done < own->count && own->done < due; own->done++)
			own->failed += operate(own->done) != 0;
		if (rate && own->done < own->count)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

static double children_cpu(void)
{
	struct rusage use;

	getrusage(RUSAGE_CHILDREN, &use);
	return use.ru_utime.tv_sec + use.ru_stime.tv_sec + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void usage(void)
{
	fprintf(stderr, "usage: loadgen open|distinct|missing|connect|exec|getppid COUNT [--rate R] [--threads N] "
			"[--path P] [--files N] [--port N] [--wait]\n");
	exit(2);
}

static void read_arguments(int argc, char **argv)
{
	char byte;

	if (argc < 3)
		usage();
	for (kind = 0; kind < KINDS && strcmp(argv[1], names[kind]); kind++)
		;
	count = atol(argv[2]);
	for (int i = 3; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(argv[i], "--wait")) {
			if (read(0, &byte, 1) != 1)
				exit(1);
			continue;
		}
		if (!value)
			usage();
		if (!strcmp(argv[i], "--rate")) rate = atof(value);
		else if (!strcmp(argv[i], "--threads")) threads = atol(value);
		else if (!strcmp(argv[i], "--path")) path = value;
		else if (!strcmp(argv[i], "--files")) files = atol(value);
		else if (!strcmp(argv[i], "--port")) port = atoi(value);
		else usage();
		i++;
	}
	if (kind == KINDS || count <= 0 || threads < 1 || threads > MAX_THREADS || files < 1)
		usage();
}

int main(int argc, char **argv)
{
	static struct share shares[MAX_THREADS];
	pthread_t workers[MAX_THREADS];
	long done = 0, failed = 0;
	double cpu, wall;

	read_arguments(argc, argv);
	for (int i = 0; i < 1000 && kind != EXEC; i++) /* first touches are not what is measured */
		syscall(SYS_getppid);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) + children_cpu();
	wall = seconds(CLOCK_MONOTONIC);
	for (long i = 0; i < threads; i++)
		shares[i].count = count / threads + (i < count % threads);
	if (threads == 1) {
		work(&shares[0]);
	} else {
		for (long i = 0; i < threads; i++)
			if (pthread_create(&workers[i], NULL, work, &shares[i]))
				return 1;
		for (long i = 0; i < threads; i++)
			pthread_join(workers[i], NULL);
	}
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) + children_cpu() - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	for (long i = 0; i < threads; i++) {
		done += shares[i].done;
		failed += shares[i].failed;
	}
	printf("{\"kind\": \"%s\", \"done\": %ld, \"failed\": %ld, \"threads\": %ld, \"wall_s\": %.6f, \"cpu_s\": %.6f, "
	       "\"cpu_ns\": %.1f, \"pid\": %d}\n",
	       names[kind], done, failed, threads, wall, cpu, cpu / done * 1e9, getpid());
	return 0;
}
