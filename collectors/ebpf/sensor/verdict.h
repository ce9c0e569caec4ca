/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Verdicts. A rule is a bit of a set of 64; each condition gives the set of rules that it
 * satisfies, and the rules that hold are the intersection. The strongest action of those
 * wins; an allow lifts the default and nothing else. The verdict is found here, in the
 * hook, and never waits for a ring.
 */
#ifndef LICTOR_VERDICT_H
#define LICTOR_VERDICT_H

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
	else if (bits & s->audit) { verdict = V_AUDIT; rule = lowest_bit(bits & s->audit); }
	else if (bits & s->allow) { verdict = V_ALLOW; rule = lowest_bit(bits & s->allow); }
	else { verdict = s->defaults[op & (KERNEL_OPS - 1)]; rule = RULE_DEFAULT; }
	if (verdict == V_NONE)
		return;
	if (out->verdict != V_NONE && out->verdict >= verdict)
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

/* The process dies before it returns to user mode: whatever it opened, it reads no byte of. */
static __always_inline void stop_process(struct event *e, const struct scope *s)
{
	if (e->verdict == V_NONE || e->verdict < V_DENY || !s->enforce)
		return;
	if (bpf_send_signal(SIGKILL) == 0)
		e->enforced = ENFORCED_KERNEL;
}

#endif
