/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a system call's number and arguments are found when it returns, per architecture.
 * On x86-64 the argument registers survive the call and orig_ax keeps the number; a
 * 32-bit call (int 0x80) has numbers of its own and TS_COMPAT set in the thread.
 */
#ifndef LICTOR_ARCH_H
#define LICTOR_ARCH_H

#if !defined(__TARGET_ARCH_x86)
#error "the sensor knows the system call registers of x86-64 only"
#endif

#include <asm/unistd_64.h>

struct pt_regs { unsigned long bx, cx, dx, si, di, bp, r8, r9, r10, orig_ax; } CORE;

#define TS_COMPAT 2
#define X32_BIT 0x40000000UL

/* 32-bit numbers of the calls that open files */
#define IA32_OPEN 5
#define IA32_CREAT 8
#define IA32_OPENAT 295
#define IA32_OPENAT2 437

struct call {
	__u64 nr;
	__u64 a0, a1, a2, a3, a4;
	__s64 ret;
};

static __always_inline void read_call(struct call *c, const struct pt_regs *regs, long ret)
{
	c->nr = regs->orig_ax & ~X32_BIT;
	c->a0 = regs->di;
	c->a1 = regs->si;
	c->a2 = regs->dx;
	c->a3 = regs->r10;
	c->a4 = regs->r8;
	c->ret = ret;
}

/* A 32-bit open, told as the 64-bit call that means the same; 0 when it is not one. */
static __always_inline int read_compat_open(struct call *c, const struct pt_regs *regs, long ret)
{
	__u32 nr = regs->orig_ax, b = regs->bx, x = regs->cx, d = regs->dx;

	c->ret = ret;
	switch (nr) {
	case IA32_OPEN: c->nr = __NR_open; c->a0 = b; c->a1 = x; return 1;
	case IA32_CREAT: c->nr = __NR_creat; c->a0 = b; return 1;
	case IA32_OPENAT: c->nr = __NR_openat; c->a0 = (__s32)b; c->a1 = x; c->a2 = d; return 1;
	case IA32_OPENAT2: c->nr = __NR_openat2; c->a0 = (__s32)b; c->a1 = x; c->a2 = d; return 1;
	}
	return 0;
}

#endif
