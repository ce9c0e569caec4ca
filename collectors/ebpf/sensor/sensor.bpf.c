// SPDX-License-Identifier: GPL-2.0
/*
 * Lictor's sensor, tracepoint tier: for kernels that refuse LSM and fentry programs.
 *
 * One program at the return of system calls, three at a process's turning points, four
 * cgroup hooks for addresses, one that user space runs to find who is left. Each family of probes has a header of its own; this file
 * joins them and sends each system call to its family. Nothing is attached at system call
 * entry: it would double the price that every untagged process pays, and user pointers
 * read there can be empty or rewritten.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#ifndef NULL
#define NULL ((void *)0)
#endif

#include "record.h"
#include "kernel.h"
#include "arch.h"
#include "maps.h"
#include "emit.h"
#include "strings.h"
#include "paths.h"
#include "verdict.h"
#include "process.h"
#include "file.h"
#include "network.h"
#include "walk.h"

static __always_inline void begin_event(struct event *e, const struct call *c, const struct tag *tag)
{
	__builtin_memset(e, 0, sizeof(*e));
	e->verdict = V_NONE;
	describe_task(e, bpf_get_current_task_btf());
	describe_tag(e, tag);
	e->ret = c->ret;
}

static __always_inline void route(struct event *e, const struct call *c, struct tag *tag)
{
	switch (c->nr) {
	case __NR_open: case __NR_creat: case __NR_openat: case __NR_openat2: case __NR_open_by_handle_at:
		on_open(e, c, tag); return;
	case __NR_unlink: case __NR_rmdir:
		on_name(e, OP_DELETE, AT_FDCWD, c->a0); return;
	case __NR_unlinkat:
		on_name(e, OP_DELETE, c->a0, c->a1); return;
	case __NR_mkdir:
		on_name(e, OP_MKDIR, AT_FDCWD, c->a0); return;
	case __NR_mkdirat:
		on_name(e, OP_MKDIR, c->a0, c->a1); return;
	case __NR_chmod:
		e->file.mode = c->a1; on_name(e, OP_CHMOD, AT_FDCWD, c->a0); return;
	case __NR_fchmodat: case 452: /* fchmodat2, since 6.6 */
		e->file.mode = c->a2; on_name(e, OP_CHMOD, c->a0, c->a1); return;
	case __NR_fchmod:
		on_descriptor(e, OP_CHMOD, c->a0, tag->scope); return;
	case __NR_truncate:
		on_name(e, OP_TRUNCATE, AT_FDCWD, c->a0); return;
	case __NR_ftruncate:
		on_descriptor(e, OP_TRUNCATE, c->a0, tag->scope); return;
	case __NR_rename:
		on_two_names(e, OP_RENAME, AT_FDCWD, c->a0, AT_FDCWD, c->a1); return;
	case __NR_renameat: case __NR_renameat2:
		on_two_names(e, OP_RENAME, c->a0, c->a1, c->a2, c->a3); return;
	case __NR_link:
		on_two_names(e, OP_LINK, AT_FDCWD, c->a0, AT_FDCWD, c->a1); return;
	case __NR_linkat:
		on_two_names(e, OP_LINK, c->a0, c->a1, c->a2, c->a3); return;
	case __NR_symlink:
		on_two_names(e, OP_SYMLINK, AT_FDCWD, c->a0, AT_FDCWD, c->a1); return;
	case __NR_symlinkat:
		on_two_names(e, OP_SYMLINK, AT_FDCWD, c->a0, c->a1, c->a2); return;
	case __NR_execve: case __NR_execveat:
		exec_failed(e, c); return;
	case __NR_connect:
		on_connect(e, c, tag); return;
	case __NR_bind:
		on_bind(e, c); return;
	case __NR_listen:
		on_socket(e, OP_LISTEN, c->a0, c->ret < 0); return;
	case __NR_accept: case __NR_accept4:
		on_socket(e, OP_ACCEPT, c->ret >= 0 ? c->ret : c->a0, c->ret < 0); return;
	case __NR_io_uring_setup:
		e->class = CLASS_KERNEL; e->op = OP_IO_URING; emit(e); return;
	}
}

/* The return of the exec that it may be held for. */
static __always_inline int is_exec(struct pt_regs *regs, long ret)
{
	struct call c = {};

	read_call(&c, regs, ret);
	return ret == 0 && (c.nr == __NR_execve || c.nr == __NR_execveat);
}

/* match-proto:v6.18: trace_sys_exit(struct pt_regs *regs, long ret) */
SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct tag *tag = tag_of(task);
	struct call c = {};
	struct event e;

	if (!tag)
		return 0;
	follow(task, tag);
	if (tag->stop) {
		tag->stop = 0;
		hold(task);
	} else if (is_escaping(task) && !is_exec(regs, ret)) {
		bpf_send_signal(SIGKILL); /* it was continued, and not by us */
	}
	if (task->thread_info.status & TS_COMPAT) {
		if (!read_compat_open(&c, regs, ret))
			return 0;
	} else {
		read_call(&c, regs, ret);
	}
	if (tag->pending && c.nr != __NR_connect) {
		begin_event(&e, &c, tag);
		e.class = CLASS_NETWORK;
		e.op = OP_CONNECT;
		describe_pending(&e, tag);
		e.ret = e.enforced ? -1 : 0; /* the connect's own result went to the ring of io_uring */
		emit(&e);
	}
	begin_event(&e, &c, tag);
	route(&e, &c, tag);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
