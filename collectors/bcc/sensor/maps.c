/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Maps, and the numbers that name texts, programs and places. Compiled by BCC on the machine, for its kernel: no
 * structure of the kernel is read here, only what tracepoints hand over, the registers of a call, and the program's
 * own memory. The parts of this folder are joined in the order that collectors/bcc/compiler.py states.
 */
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <uapi/asm/unistd_64.h>
#include <uapi/linux/fcntl.h>
#include <uapi/linux/openat2.h>
#include "record.h"

#define PATH_ROOM 4096
#define TEXT_ROOM 8192 /* a power of two, so that an offset is bounded by a mask */
#define NOWHERE 0xffffffffU /* a place that is not known */
#define SLOTS (PROCESSORS + 1) /* who gives out numbers: each processor, and user space as the last */
#define EPOCH_BITS 22 /* numbers of texts of one epoch */
#define CLASS_PLACE 15 /* not an event of the schema: a change of the working directory */

/* A process of a run; user space writes the first of a run, each fork a copy. collectors/bcc/records.py has the same. */
struct process {
	u64 start; /* boot clock of its fork, ns; for the first of a run that of /proc */
	u32 run; /* 0: nobody's, between the exec of a possible agent and its return */
	u32 image;
	u32 place; /* working directory */
	s32 threads;
	u32 status; /* as wait(2) will report it, once something has ended the process */
	u16 ended;
	u16 signal; /* one that was sent and has not been handled */
};

struct numbers { u32 epoch, texts, images, places; };
struct known_text { u32 id, epoch; };

struct text_scratch {
	u32 length;
	u32 quality;
	u64 hash;
	u8 text[TEXT_ROOM + PATH_ROOM]; /* a read that starts at the last offset still fits */
};

/* A call that has returned: what kind of event it is, and where its arguments are. */
struct call {
	u64 nr, a0, a1, a2, a3;
	s64 ret;
	u64 sp; /* stack pointer */
	u64 vector; /* address of the auxiliary vector of a new program */
	u64 argv; /* address of its arguments, of which pieces have been sent */
	u32 argv_sent, pieces;
	int dirfd, dirfd_to;
	u64 path, path_to; /* addresses in the program */
	u32 pid;
	u32 narrow; /* a 32-bit program's */
};

struct work { struct event e; struct call c; };

BPF_RINGBUF_OUTPUT(events, EVENTS_PAGES);
BPF_RINGBUF_OUTPUT(priority, PRIORITY_PAGES);
BPF_RINGBUF_OUTPUT(strings, STRINGS_PAGES);
BPF_HASH(tags, u32, struct process, 65536);
BPF_PERCPU_ARRAY(counts, struct counters, 1);
BPF_PERCPU_ARRAY(given, struct numbers, 1);
BPF_PERCPU_ARRAY(scratches, struct text_scratch, 1);
BPF_PERCPU_ARRAY(works, struct work, 1);
BPF_ARRAY(setup, struct settings, 1);
BPF_TABLE("lru_hash", u64, struct known_text, known, 131072);
BPF_TABLE("lru_hash", u64, u32, folders, 65536); /* process and descriptor: the place that was opened there */
BPF_TABLE("lru_hash", u64, u32, sockets, 65536); /* process and descriptor: family, type and protocol of a socket */
BPF_HASH(marks, u64, u32, 64); /* how the names of marks begin */
BPF_PROG_ARRAY(parts, 4);

static inline u64 descriptor(u32 pid, u32 fd) { return (u64)pid << 32 | fd; }

/* Programs of one processor do not interrupt each other here, and old kernels cannot add and fetch: plain counting. */
static inline u32 next_text(u32 epoch)
{
	int zero = 0;
	struct numbers *n = given.lookup(&zero);
	u32 id;

	if (!n)
		return 0;
	if (n->epoch != epoch) {
		n->epoch = epoch;
		n->texts = 0;
	}
	id = n->texts++ * SLOTS + bpf_get_smp_processor_id() + 1;
	if (id >> EPOCH_BITS) /* used up: the text is told as lost */
		return 0;
	return ((epoch - 1) << EPOCH_BITS) + id;
}

static inline u32 next_image(void)
{
	int zero = 0;
	struct numbers *n = given.lookup(&zero);

	return n ? (n->images++ * SLOTS + bpf_get_smp_processor_id() + 1) & 0x7fffffff : 0;
}

static inline u32 next_place(void)
{
	int zero = 0;
	struct numbers *n = given.lookup(&zero);

	return n ? (n->places++ * SLOTS + bpf_get_smp_processor_id() + 1) & 0x7fffffff : 0;
}

static inline void count_lost(u32 class, u32 reason)
{
	int zero = 0;
	struct counters *c = counts.lookup(&zero);

	if (c)
		c->lost[class & (CLASSES - 1)][reason & (REASONS - 1)]++;
}

static inline void count_text(int lost)
{
	int zero = 0;
	struct counters *c = counts.lookup(&zero);

	if (!c)
		return;
	c->strings++;
	if (lost)
		c->strings_lost++;
}

/* An event without its own part: who, when. */
static inline void begin_event(struct event *e, const struct process *p, u64 pid_tgid)
{
	__builtin_memset(e, 0, sizeof(*e));
	e->time = bpf_ktime_get_boot_ns();
	e->pid = pid_tgid >> 32;
	e->tid = pid_tgid;
	e->start = p->start;
	e->run = p->run;
	e->image = p->image;
	e->uid = bpf_get_current_uid_gid();
	e->cpu = bpf_get_smp_processor_id();
	e->verdict = V_NONE;
}

/* The number is taken before the ring is asked for room: what finds none leaves a gap, and the gap is counted. */
static inline void emit(struct event *e)
{
	int zero = 0;
	struct counters *c = counts.lookup(&zero);
	struct event *slot;

	if (!c)
		return;
	e->seq = c->seq[e->class & (CLASSES - 1)]++;
	if (e->class == CLASS_PROCESS || e->class == CLASS_AGENT || e->class == CLASS_PLACE) {
		slot = priority.ringbuf_reserve(sizeof(*slot));
		if (!slot) {
			count_lost(e->class, LOST_PRIORITY_FULL);
			return;
		}
		__builtin_memcpy(slot, e, sizeof(*slot));
		priority.ringbuf_submit(slot, 0);
		return;
	}
	slot = events.ringbuf_reserve(sizeof(*slot));
	if (!slot) {
		count_lost(e->class, LOST_RING_FULL);
		return;
	}
	__builtin_memcpy(slot, e, sizeof(*slot));
	events.ringbuf_submit(slot, 0);
}
