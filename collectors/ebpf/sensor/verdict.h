/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Verdicts. A rule is a bit of a set of 64; each condition gives the set of rules that it
 * satisfies, and the rules that hold are the intersection. The strongest action of those
 * wins; an allow lifts the default and nothing else. The verdict is found here, in the
 * hook, and never waits for a ring.
 */
#ifndef LICTOR_VERDICT_H
#define LICTOR_VERDICT_H

/*
 * What stops most, first: a process that is denied dies, one that is held for a person may go on later. In the order
 * of verdicts a freeze is the stronger one, since user space does more about it.
 */
static __always_inline __u8 rank(__u8 verdict) { return verdict == V_DENY ? V_ISOLATE : verdict; }

static __always_inline int is_hold(__u8 verdict) { return verdict == V_ASK || verdict == V_FREEZE; }

struct verdict_result { __u8 verdict; __u8 rule; };

static __always_inline __u8 lowest_bit(__u64 bits)
{
	__u8 n = 0;

	/* BPF has no count of trailing zeros. */
	if (!(bits & 0xffffffffULL)) { n += 32; bits >>= 32; }
	if (!(bits & 0xffff)) { n += 16; bits >>= 16; }
	if (!(bits & 0xff)) { n += 8; bits >>= 8; }
	if (!(bits & 0xf)) { n += 4; bits >>= 4; }
	if (!(bits & 3)) { n += 2; bits >>= 2; }
	if (!(bits & 1)) n += 1;
	return n;
}

static __always_inline void decide(struct verdict_result *out, const struct scope *s, __u32 op, __u64 held)
{
	__u8 verdict, rule;
	__u64 bits = held & s->op_bits[op & (KERNEL_OPS - 1)];

	if (bits & s->kill) { verdict = V_KILL; rule = lowest_bit(bits & s->kill); }
	else if (bits & s->deny) { verdict = V_DENY; rule = lowest_bit(bits & s->deny); }
	else if (bits & s->freeze) { verdict = V_FREEZE; rule = lowest_bit(bits & s->freeze); }
	else if (bits & s->ask) { verdict = V_ASK; rule = lowest_bit(bits & s->ask); }
	else if (bits & s->audit) { verdict = V_AUDIT; rule = lowest_bit(bits & s->audit); }
	else if (bits & s->allow) { verdict = V_ALLOW; rule = lowest_bit(bits & s->allow); }
	else { verdict = s->defaults[op & (KERNEL_OPS - 1)]; rule = RULE_DEFAULT; }
	if (verdict == V_NONE)
		return;
	if (out->verdict != V_NONE && rank(out->verdict) >= rank(verdict))
		return;
	out->verdict = verdict;
	out->rule = rule;
}

/* Rules that hold for a program: those without a condition on it, plus and minus its own. */
static __always_inline __u64 program_bits(const struct scope *rules, __u32 scope, __u32 dev, __u64 ino)
{
	struct inode_key key = { .ino = ino, .dev = dev, .scope = scope };
	struct path_bits *own = bpf_map_lookup_elem(&programs, &key);

	return own ? (rules->any_exe | own->self) & ~own->below : rules->any_exe;
}

/*
 * A policy that was replaced leaves its scope behind with the number of its successor, which is complete
 * by then. Each task follows at its own next event, before that is judged: so every event
 * is judged by the old policy or by the new one, and none by half of either.
 */
static __always_inline void follow(struct task_struct *task, struct tag *tag)
{
	struct scope *rules = scope_of(tag->scope);
	struct inode *inode;
	__u32 next;

	if (!rules || !tag->scope)
		return;
	next = rules->successor;
	if (!next)
		return;
	rules = scope_of(next);
	if (!rules)
		return;
	inode = BPF_CORE_READ(task, mm, exe_file, f_inode);
	tag->exe_bits = program_bits(rules, next, BPF_CORE_READ(inode, i_sb, s_dev), read(inode->i_ino));
	tag->scope = next;
}

static __always_inline void identify(struct process_id *id, struct task_struct *task)
{
	id->start = task->group_leader->start_boottime;
	id->pid = task->tgid;
	id->reserved = 0;
}

/*
 * Stops a process for a person to decide; 0 when that was done. Anybody of the same user can send it SIGCONT: so it is
 * remembered, and where it moves on without a person's word it dies (is_escaping). Where there is no room to
 * remember it, it dies at once. Other threads of it are told only when the signal is on its way: until then they have not
 * been stopped, and are not to be taken for escaping.
 */
static __always_inline int hold(struct task_struct *task)
{
	struct stopped how = { .tid = task->pid };
	struct process_id id = {};
	long failed;

	identify(&id, task);
	if (bpf_map_update_elem(&held, &id, &how, BPF_ANY))
		return bpf_send_signal(SIGKILL);
	holding = 1;
	failed = bpf_send_signal(SIGSTOP);
	how.since = bpf_ktime_get_boot_ns();
	bpf_map_update_elem(&held, &id, &how, BPF_ANY);
	return failed;
}

/*
 * Whether a process that was stopped runs again, and user space has not let it go. SIGCONT takes back a stop that is
 * pending. Between the moment in which one thread takes the signal and that in which it has told the others, nothing shows
 * on them: a thread that makes a call every microsecond is often seen just there. So the others have a millisecond; the one
 * that asked has none.
 */
#define STOP_NS 1000000

static __always_inline int is_escaping(struct task_struct *task)
{
	struct process_id id = {};
	struct stopped *how;

	if (!holding)
		return 0;
	identify(&id, task);
	how = bpf_map_lookup_elem(&held, &id);
	if (!how || !how->since)
		return 0;
	if ((task->signal->shared_pending.signal.sig[0] & 1UL << (SIGSTOP - 1)) || (task->jobctl & JOBCTL_STOP_PENDING))
		return 0;
	return how->tid == (__u32)task->pid || bpf_ktime_get_boot_ns() - how->since > STOP_NS;
}

static __always_inline void forget_held(struct task_struct *task)
{
	struct process_id id = {};

	if (!holding)
		return;
	identify(&id, task);
	bpf_map_delete_elem(&held, &id);
}

/*
 * The process dies, or where a person is to be asked it stands still, before it returns to user mode: whatever it
 * opened, it reads no byte of.
 */
static __always_inline void stop_process(struct event *e, const struct scope *s)
{
	if (e->verdict == V_NONE || e->verdict < V_ASK || !s->enforce)
		return;
	if ((is_hold(e->verdict) ? hold(bpf_get_current_task_btf()) : bpf_send_signal(SIGKILL)) == 0)
		e->enforced = ENFORCED_KERNEL;
}

#endif
