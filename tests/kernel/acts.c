/*
 * Acts that a shell or Python cannot do, one per name: ways around a rule on a file or an address
 * (kernel.md A6), and odd ways to make a process. Each does what it says with plain system calls
 * and prints what it got, so that the same act in --audit shows that it would have worked.
 *
 * acts ACT [ARGUMENTS]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return errno ? errno : 1;
}

/* Everything that a descriptor gives, on standard output. */
static int show(int fd, const char *what)
{
	char bytes[4096];
	ssize_t n;

	if (fd < 0)
		return fail(what);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		if (write(1, bytes, n) != n)
			return 1;
	return n < 0 ? fail("read") : 0;
}

static int in_root(char **a)
{
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT };

	return show(syscall(SYS_openat2, open(a[0], O_PATH | O_DIRECTORY), a[1], &how, sizeof(how)), "openat2");
}

static int reopen(char **a)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", open(a[0], O_PATH));
	return show(open(path, O_RDONLY), "reopen");
}

static int handle(char **a)
{
	struct { struct file_handle head; unsigned char room[MAX_HANDLE_SZ]; } h = { .head.handle_bytes = MAX_HANDLE_SZ };
	int mount;

	if (name_to_handle_at(AT_FDCWD, a[0], &h.head, &mount, 0))
		return fail("name_to_handle_at");
	return show(open_by_handle_at(open(a[1], O_RDONLY | O_DIRECTORY), &h.head, O_RDONLY), "open_by_handle_at");
}

static int rooted(char **a)
{
	if (chroot(a[0]) || chdir("/"))
		return fail("chroot");
	return show(open("/secret", O_RDONLY), "open");
}

static int cloned_tree(char **a)
{
	int tree = syscall(SYS_open_tree, AT_FDCWD, a[0], 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC);

	return tree < 0 ? fail("open_tree") : show(openat(tree, "secret", O_RDONLY), "openat");
}

static int renamed_comm(char **a)
{
	prctl(PR_SET_NAME, "apt-get");
	return show(open(a[0], O_RDONLY), "open");
}

/* The 32-bit system call table through int 0x80: the path must lie below 4 GiB. */
static int compat(char **a)
{
#ifdef __x86_64__
	char *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long fd;

	strcpy(low, a[0]);
	__asm__ volatile("int $0x80" : "=a"(fd) : "a"(5L), "b"(low), "c"(0L), "d"(0L) : "memory", "r8", "r9", "r10", "r11");
	if (fd < 0) {
		errno = -fd;
		fd = -1;
	}
	return show(fd, "int80 open");
#else
	(void)a;
	errno = ENOSYS;
	return fail("no 32-bit calls here");
#endif
}

/* Down into folders until the path is longer than any that a system call takes, then open by a short name. */
static int walk_down(char **a)
{
	int depth = atoi(a[1]);

	if (chdir(a[0]))
		return fail("chdir");
	for (int i = 0; i < depth; i++)
		if (chdir(a[2]))
			return fail("chdir");
	return show(open("secret", O_RDONLY), "open");
}

/* One request through a ring of io_uring, without liburing; its result. */
static int submit(struct io_uring_sqe *request)
{
	struct io_uring_params p = { 0 };
	int ring = syscall(SYS_io_uring_setup, 4, &p);
	size_t size = p.sq_off.array + p.sq_entries * sizeof(unsigned);
	size_t more = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	struct io_uring_sqe *sqes;
	char *m;

	if (ring < 0)
		return -errno;
	m = mmap(NULL, size > more ? size : more, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	sqes = mmap(NULL, p.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	sqes[0] = *request;
	((unsigned *)(m + p.sq_off.array))[0] = 0;
	__atomic_store_n((unsigned *)(m + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	return ((struct io_uring_cqe *)(m + p.cq_off.cqes))[0].res;
}

static int uring_open(char **a)
{
	struct io_uring_sqe s = { .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)a[0] };
	int fd = submit(&s);

	if (fd < 0)
		errno = -fd;
	return show(fd < 0 ? -1 : fd, "io_uring open");
}

static struct sockaddr_in loopback(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return to;
}

static int uring_connect(char **a, unsigned flags)
{
	struct sockaddr_in to = loopback(a[0]);
	int fd = socket(AF_INET, SOCK_STREAM, 0), result;
	struct io_uring_sqe s = {
		.opcode = IORING_OP_CONNECT, .fd = fd, .addr = (uintptr_t)&to, .off = sizeof(to), .flags = flags,
	};

	result = submit(&s);
	if (result < 0) {
		errno = -result;
		return fail("io_uring connect");
	}
	return write(fd, "by-uring", 8) != 8;
}

static int uring_inline(char **a) { return uring_connect(a, 0); }
static int uring_worker(char **a) { return uring_connect(a, IOSQE_ASYNC); }

static int mmsg(char **a)
{
	struct sockaddr_in to = loopback(a[0]);
	struct iovec part = { "by-mmsg", 7 };
	struct mmsghdr both[2] = { 0 };

	for (int i = 0; i < 2; i++)
		both[i].msg_hdr = (struct msghdr){ .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &part, .msg_iovlen = 1 };
	return sendmmsg(socket(AF_INET, SOCK_DGRAM, 0), both, 2, 0) < 0 ? fail("sendmmsg") : 0;
}

/* A program that lives in memory only. */
static int from_memory(char **a)
{
	char bytes[65536], *words[] = { "in-memory", NULL };
	int from = open(a[0], O_RDONLY), to = memfd_create("hidden", MFD_CLOEXEC);
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, n) != n)
			return 1;
	fexecve(to, words, environ);
	return fail("fexecve");
}

static int by_descriptor(char **a)
{
	char *words[] = { "by-descriptor", NULL };

	syscall(SYS_execveat, open(a[0], O_PATH | O_CLOEXEC), "", words, environ, AT_EMPTY_PATH);
	return fail("execveat");
}

/* Leaves a trace that can be told apart: a failed open of TRACE.<pid>. */
static void leave_trace(const char *trace)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s.%d", trace, getpid());
	open(path, O_RDONLY);
	dprintf(1, "%d\n", getpid());
}

static int exits_when_told(void *trace)
{
	leave_trace(trace);
	return 0;
}

/* A child whose parent is ours, so that /proc names the wrong creator. */
static int clone_parent(char **a)
{
	static char stack[65536];

	if (clone(exits_when_told, stack + sizeof(stack), CLONE_PARENT | SIGCHLD, a[0]) < 0)
		return fail("clone");
	usleep(200000); /* it is not ours to wait for */
	return 0;
}

static int vforked(char **a)
{
	pid_t child = vfork();

	if (child == 0) {
		execl(a[0], a[0], "trace", a[1], (char *)NULL);
		_exit(127);
	}
	return child < 0 || waitpid(child, NULL, 0) != child;
}

static int double_fork(char **a)
{
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			usleep(50000); /* by now its parent is gone */
			leave_trace(a[0]);
		}
		_exit(0);
	}
	wait(NULL);
	usleep(300000);
	return 0;
}

static void *become(void *words)
{
	char **a = words;

	execl(a[0], a[0], "trace", a[1], (char *)NULL);
	return NULL;
}

/* Exec from a thread that is not the leader: it takes over the leader's pid. */
static int thread_exec(char **a)
{
	pthread_t thread;

	pthread_create(&thread, NULL, become, a);
	pause();
	return 1;
}

static void *open_in_thread(void *trace)
{
	leave_trace(trace);
	return NULL;
}

static int thread_open(char **a)
{
	pthread_t thread;

	pthread_create(&thread, NULL, open_in_thread, a[0]);
	return pthread_join(thread, NULL);
}

static int storm(char **a)
{
	int children = atoi(a[1]);

	for (int i = 0; i < children; i++) {
		pid_t child = fork();

		if (child < 0)
			return fail("fork");
		if (child == 0) {
			leave_trace(a[0]);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

static int trace(char **a)
{
	leave_trace(a[0]);
	return 0;
}

/* Each operation once or a few times, in a fixed order, some of them failing; for the comparison with strace. */
static int scenario(char **a)
{
	struct sockaddr_in to = loopback("9"), any = loopback("0");
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "socket" };
	socklen_t length = sizeof(any);
	int server, client, fd;

	if (chdir(a[0]))
		return fail("chdir");
	fd = open("new", O_CREAT | O_RDWR, 0600);
	fchmod(fd, 0640);
	if (ftruncate(fd, 10))
		return fail("ftruncate");
	close(fd);
	close(open("new", O_WRONLY | O_TRUNC));
	close(open("new", O_PATH));
	open("absent", O_RDONLY);
	open("new/below", O_RDONLY);
	open("new", O_CREAT | O_EXCL | O_WRONLY, 0600);
	if (truncate("new", 3)) return fail("truncate");
	truncate("absent", 3);
	mkdir("folder", 0700);
	mkdir("folder", 0700);
	link("new", "hard");
	link("absent", "hard2");
	symlink("new", "soft");
	symlink("new", "soft");
	close(open("soft", O_RDONLY));
	chmod("soft", 0600);
	chmod("absent", 0600);
	fchmodat(AT_FDCWD, "hard", 0644, 0);
	rename("hard", "moved");
	rename("absent", "moved2");
	renameat2(AT_FDCWD, "moved", AT_FDCWD, "new", 2 /* RENAME_EXCHANGE */);
	unlink("moved");
	unlink("absent");
	unlink("soft");
	rmdir("folder");
	rmdir("absent");
	client = socket(AF_INET, SOCK_STREAM, 0);
	connect(client, (struct sockaddr *)&to, sizeof(to)); /* nobody listens on the discard port */
	close(client);
	server = socket(AF_INET, SOCK_STREAM, 0);
	bind(server, (struct sockaddr *)&any, sizeof(any));
	bind(server, (struct sockaddr *)&any, sizeof(any)); /* bound already */
	listen(server, 1);
	listen(-1, 1);
	getsockname(server, (struct sockaddr *)&any, &length);
	client = socket(AF_INET, SOCK_STREAM, 0);
	connect(client, (struct sockaddr *)&any, sizeof(any));
	close(accept(server, NULL, NULL));
	accept4(client, NULL, NULL, SOCK_CLOEXEC); /* does not listen */
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	connect(fd, (struct sockaddr *)&name, sizeof(name));
	bind(fd, (struct sockaddr *)&name, sizeof(name));
	unlink("socket");
	for (int i = 0; i < 5; i++) {
		pid_t child = i & 1 ? vfork() : fork();

		if (child == 0) {
			execl(i == 2 ? "/absent/program" : "/bin/true", "true", (char *)NULL);
			_exit(3);
		}
		waitpid(child, NULL, 0);
	}
	if (fork() == 0)
		raise(SIGTERM);
	wait(NULL);
	unlink("new");
	return 0;
}

static const struct { const char *name; int (*act)(char **); int arguments; } acts[] = {
	{ "in_root", in_root, 2 }, { "reopen", reopen, 1 }, { "handle", handle, 2 }, { "rooted", rooted, 1 },
	{ "cloned_tree", cloned_tree, 1 }, { "renamed_comm", renamed_comm, 1 }, { "compat", compat, 1 },
	{ "walk_down", walk_down, 3 }, { "uring_open", uring_open, 1 }, { "uring_inline", uring_inline, 1 },
	{ "uring_worker", uring_worker, 1 }, { "mmsg", mmsg, 1 }, { "from_memory", from_memory, 1 },
	{ "by_descriptor", by_descriptor, 1 }, { "clone_parent", clone_parent, 1 }, { "vforked", vforked, 2 },
	{ "double_fork", double_fork, 1 }, { "thread_exec", thread_exec, 2 }, { "thread_open", thread_open, 1 },
	{ "storm", storm, 2 }, { "trace", trace, 1 }, { "scenario", scenario, 1 },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		if (argc >= 2 && !strcmp(argv[1], acts[i].name) && argc == 2 + acts[i].arguments)
			return acts[i].act(argv + 2);
	fprintf(stderr, "acts: no such act, or not its number of arguments\n");
	return 2;
}
