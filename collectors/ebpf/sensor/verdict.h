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

/* The process dies before it returns to user mode: whatever it opened, it reads no byte of. */
static __always_inline void stop_process(struct event *e, const struct scope *s)
{
	if (e->verdict == V_NONE || e->verdict < V_DENY || !s->enforce)
		return;
	if (bpf_send_signal(SIGKILL) == 0)
		e->enforced = ENFORCED_KERNEL;
}

#endif
