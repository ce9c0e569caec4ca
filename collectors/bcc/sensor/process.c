/* SPDX-License-Identifier: GPL-2.0 */
/* A process's life: fork copies the tag, exec is told when it returns, exit when the last thread has gone. */

#define ARGV_ROOM 65536
#define PIECES_AT_ONCE 64 /* of the arguments; 33 programs may follow one another */
#define MARK_VARS 256 /* environment variables looked at */
#define MARK_ROOM 2048 /* bytes of all marks together */
#define AT_NAME 31 /* AT_EXECFN of the auxiliary vector: the path that was asked for */
#define SIGNALS_THAT_END (~(1ULL << 17 | 1ULL << 18 | 1ULL << 19 | 1ULL << 20 | 1ULL << 21 | 1ULL << 22 | 1ULL << 23 | 1ULL << 28))

TRACEPOINT_PROBE(task, task_newtask)
{
	u64 now = bpf_get_current_pid_tgid();
	u32 parent = now >> 32, child = args->pid;
	struct process *p = tags.lookup(&parent), copy;
	struct event e;

	if (!p || !p->run)
		return 0;
	if (args->clone_flags & CLONE_THREAD) {
		lock_xadd(&p->threads, 1);
		return 0;
	}
	begin_event(&e, p, now);
	copy = *p;
	copy.start = e.time;
	copy.threads = 1;
	copy.status = copy.ended = copy.signal = 0;
	e.class = CLASS_PROCESS;
	e.op = OP_FORK;
	if (tags.update(&child, &copy)) {
		count_lost(CLASS_PROCESS, LOST_TASK_MAP);
		e.quality |= Q_PARENT_UNKNOWN;
	}
	e.fork.child_pid = child;
	e.fork.child_start = copy.start;
	emit(&e);
	return 0;
}

/* A program of nobody's: its return is waited for, where its arguments can be read. */
TRACEPOINT_PROBE(sched, sched_process_exec)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct process *p = tags.lookup(&pid), nobody = {};
	int zero = 0;
	struct settings *set = setup.lookup(&zero);

	if (!p && set && set->watch)
		tags.insert(&pid, &nobody);
	return 0;
}

static inline void note_exit(u32 status)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct process *p = tags.lookup(&pid);

	if (!p)
		return;
	p->status = (status & 0xff) << 8;
	p->ended = 1;
}

TRACEPOINT_PROBE(syscalls, sys_enter_exit_group) { note_exit(args->error_code); return 0; }
TRACEPOINT_PROBE(syscalls, sys_enter_exit) { note_exit(args->error_code); return 0; }

/*
 * A signal that ends a process and has no handler is turned into SIGKILL for each of its threads as it is sent, so that
 * only the sender's side knows which it was. It names the process by its leader, as kill(2) does.
 */
TRACEPOINT_PROBE(signal, signal_generate)
{
	u32 pid = args->pid;
	struct process *p = tags.lookup(&pid);

	if (p && args->result == 0 && args->sig > 0 && args->sig < 128)
		p->signal = args->sig;
	return 0;
}

TRACEPOINT_PROBE(signal, signal_deliver)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32, signal = args->sig & 127;
	struct process *p = tags.lookup(&pid);

	if (!p || p->ended)
		return 0;
	if (args->sa_handler || (signal < 64 && !(SIGNALS_THAT_END >> signal & 1))) {
		if (p->signal == signal)
			p->signal = 0;
		return 0;
	}
	p->status = signal == 9 && p->signal ? p->signal : signal;
	p->ended = 1;
	return 0;
}

TRACEPOINT_PROBE(sched, sched_process_exit)
{
	u64 now = bpf_get_current_pid_tgid();
	u32 pid = now >> 32;
	struct process *p = tags.lookup(&pid);
	struct event e;

	if (!p)
		return 0;
	lock_xadd(&p->threads, -1);
	if (p->threads > 0)
		return 0;
	begin_event(&e, p, now);
	e.class = CLASS_PROCESS;
	e.op = OP_EXIT;
	e.exit.code = p->status;
	if (!p->ended)
		e.quality |= Q_UNRESOLVED;
	if (tags.delete(&pid) || !e.run) /* two threads may end at the same moment: one of them finds it gone */
		return 0;
	emit(&e);
	return 0;
}

/* Whether a variable may be a mark, by its first six or eight bytes: one look each, where a loop over its letters would
 * cost the verifier too much. User space drops those that only begin alike. */
static inline int may_be_mark(u64 head)
{
	u64 six = head & 0xffffffffffffULL;

	return marks.lookup(&head) || marks.lookup(&six);
}

/* The marks of the environment whose pointers begin at an address, into the scratch; where those of the vector behind begin. */
static inline u64 find_marks(struct text_scratch *s, u64 pointers)
{
	u64 at = 0;
	long n;

	s->length = 0;
	s->quality = 0;
	*(u64 *)s->text = 0;
	for (int i = 0; i < MARK_VARS; i++) {
		if (bpf_probe_read_user(&at, 8, (void *)pointers))
			return 0;
		pointers += 8;
		if (!at)
			return pointers;
		if (s->length >= MARK_ROOM)
			continue;
		n = bpf_probe_read_user_str(&s->text[s->length & (TEXT_ROOM - 1)], MARK_ROOM, (void *)at);
		if (n > 6 && may_be_mark(*(u64 *)&s->text[s->length & (TEXT_ROOM - 1)]))
			s->length += n; /* kept: the next variable is read behind it */
	}
	return 0;
}

/* An entry of the auxiliary vector; 0 where there is none. */
static inline u64 auxiliary(u64 vector, u64 wanted)
{
	u64 pair[2] = {};

	for (int i = 0; i < 40; i++) {
		if (!vector || bpf_probe_read_user(pair, sizeof(pair), (void *)vector) || !pair[0])
			return 0;
		if (pair[0] == wanted)
			return pair[1];
		vector += 16;
	}
	return 0;
}

/*
 * A program that has been started, at the return of its exec: the kernel has just laid out its stack and no
 * instruction of it has run. System V ABI: argc, the pointers of argv, those of the environment, the auxiliary vector.
 */
static inline u64 environment(const struct call *c)
{
	u64 argc = 0;

	bpf_probe_read_user(&argc, 8, (void *)c->sp);
	return c->sp + 8 * ((argc & 0xffffff) + 2);
}

/* The place behind a program that was started by descriptor: the kernel calls it /dev/fd/N. */
static inline u32 behind_descriptor(const struct text_scratch *s, u32 pid)
{
	u64 key;
	u32 fd = 0, *place;

	if (*(u64 *)s->text != 0x2f64662f7665642fULL || s->length < 9 || s->length > 12) /* "/dev/fd/" */
		return 0;
	for (u32 at = 8; at < 12; at++)
		if (at < s->length)
			fd = fd * 10 + (s->text[at] - '0');
	key = descriptor(pid, fd);
	place = folders.lookup(&key);
	return place ? *place : 0;
}

/* Where its arguments are, and which path was asked for. */
static inline void started(struct work *w, struct text_scratch *s, struct settings *set)
{
	struct event *e = &w->e;
	u64 first = 0, end = 0, name = auxiliary(w->c.vector, AT_NAME);

	bpf_probe_read_user(&first, 8, (void *)(w->c.sp + 8));
	bpf_probe_read_user(&end, 8, (void *)environment(&w->c));
	if (!end)
		end = name; /* no environment: the path stands right behind the arguments */
	w->c.argv = first;
	w->c.pieces = 0;
	if (first && end > first) {
		e->exec.argv_len = end - first;
		e->exec.argv = next_text(set->epoch);
	}
	w->c.argv_sent = e->exec.argv_len > ARGV_ROOM ? ARGV_ROOM : e->exec.argv_len;
	if (e->exec.argv_len > ARGV_ROOM)
		e->quality |= Q_TRUNCATED;
	if (!name) {
		e->quality |= Q_UNRESOLVED;
		return;
	}
	read_path(s, name);
	e->exec.cwd = behind_descriptor(s, w->c.pid); /* the folder itself is the place in dev */
	e->exec.path = intern(s, set);
	e->quality |= s->quality;
}

/* The next pieces of the arguments; 1 while there are more. */
static inline int send_arguments(struct work *w)
{
	u32 index = w->c.pieces, total = w->c.argv_sent;

	if (!w->e.exec.argv)
		total = 0;
	for (int i = 0; i < PIECES_AT_ONCE; i++, index++) {
		if (index * CHUNK_DATA >= total) {
			if (total)
				count_text(0);
			else
				w->e.quality |= Q_UNRESOLVED;
			return 0;
		}
		if (put_piece(0, w->e.exec.argv, total, index, w->c.argv)) {
			count_text(1);
			w->e.exec.argv = 0;
			w->e.quality |= Q_UNRESOLVED;
			return 0;
		}
	}
	w->c.pieces = index;
	return 1;
}
