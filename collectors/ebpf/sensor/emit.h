/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sending an event. The sequence number is given out before the ring is asked for room,
 * so a record that finds none leaves a gap, and the gap is counted under its reason.
 */
#ifndef LICTOR_EMIT_H
#define LICTOR_EMIT_H

/* The counter may be preempted by another program of the same processor: hence atomic. */
static __always_inline __u64 take_seq(__u32 class)
{
	struct counters *c = counters();

	if (!c)
		return 0;
	return __sync_fetch_and_add(&c->seq[class & (CLASSES - 1)], 1);
}

static __always_inline void count_lost(__u32 class, __u32 reason)
{
	struct counters *c = counters();

	if (c)
		__sync_fetch_and_add(&c->lost[class & (CLASSES - 1)][reason & (REASONS - 1)], 1);
}

static __always_inline void describe_task(struct event *e, struct task_struct *task)
{
	e->time = bpf_ktime_get_boot_ns();
	e->cpu = bpf_get_smp_processor_id();
	e->pid = task->tgid;
	e->tid = task->pid;
	e->start = task->group_leader->start_boottime;
	e->uid = task->cred->euid.val;
}

static __always_inline void describe_tag(struct event *e, const struct tag *tag)
{
	e->run = tag->run;
	e->image = tag->image;
	e->scope = tag->scope;
}

/*
 * Processes, and whatever was stopped, go through the small ring of their own: a flood of
 * file events can neither break the process tree nor hide a denial. Half of it is kept for
 * processes: whoever floods it with refused connects finds the large ring.
 */
static __always_inline void emit(struct event *e)
{
	int urgent = e->class == CLASS_PROCESS || e->class == CLASS_AGENT;
	struct event *slot;

	if (e->verdict != V_NONE && e->verdict >= V_ASK)
		urgent = urgent || bpf_ringbuf_query(&priority, BPF_RB_AVAIL_DATA) <
					   bpf_ringbuf_query(&priority, BPF_RB_RING_SIZE) / 2;
	e->seq = take_seq(e->class);
	/* Two call sites: the verifier lets each helper call follow one map only. */
	if (urgent) {
		slot = bpf_ringbuf_reserve(&priority, sizeof(*slot), 0);
		if (!slot) {
			count_lost(e->class, LOST_PRIORITY_FULL);
			return;
		}
		*slot = *e;
		bpf_ringbuf_submit(slot, 0); /* wakes the reader only where it had caught up: once per drain */
		return;
	}
	slot = bpf_ringbuf_reserve(&events, sizeof(*slot), 0);
	if (!slot) {
		count_lost(e->class, LOST_RING_FULL);
		return;
	}
	*slot = *e;
	bpf_ringbuf_submit(slot, 0); /* wakes the reader only where it had caught up: once per drain */
}

#endif
