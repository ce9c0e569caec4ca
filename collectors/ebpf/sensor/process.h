/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Probes of a process's life: task_newtask, sched_process_exec, sched_process_exit.
 * The tag is copied to each new task here, so attribution needs no look-up of pids or
 * parents and survives setsid, double forks and reparenting.
 */
#ifndef LICTOR_PROCESS_H
#define LICTOR_PROCESS_H

#define MARK_VARS 512 /* environment variables looked at */
#define MARK_NAME 24
#define MARK_ROOM 2048 /* bytes of all marks together */

/* match-proto:v6.18: trace_task_newtask(struct task_struct *task, u64 clone_flags), from copy_process: io workers too */
SEC("tp_btf/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *child, __u64 clone_flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct tag *tag = tag_of(task), *copy;
	struct event e = {};

	if (!tag)
		return 0;
	copy = bpf_task_storage_get(&tags, child, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (copy) {
		*copy = *tag;
		copy->pending = 0;
		copy->stop = 0;
	} else {
		count_lost(CLASS_PROCESS, LOST_TASK_MAP);
	}
	if (clone_flags & CLONE_THREAD)
		return 0;
	e.class = CLASS_PROCESS;
	e.op = OP_FORK;
	e.verdict = V_NONE;
	describe_task(&e, task);
	describe_tag(&e, tag);
	e.fork.child_pid = child->tgid;
	e.fork.child_start = child->start_boottime;
	if (!copy)
		e.quality |= Q_PARENT_UNKNOWN;
	emit(&e);
	return 0;
}

/* Whether the variable that stands at text[at] is a mark. */
__noinline int is_mark(__u32 slot, __u32 at)
{
	struct scratch *s = scratch(slot);
	struct mark_name name = {};

	if (!s)
		return 0;
	for (int k = 0; k < MARK_NAME; k++) {
		__u8 c = s->text[(at + k) & (TEXT_SIZE - 1)];

		if (c == '=' || c == 0)
			break;
		name.name[k] = c;
	}
	return bpf_map_lookup_elem(&marks, &name) != NULL;
}

/*
 * The marks of an environment, as NAME=VALUE parted by NUL, into the scratch. The new
 * program's memory is read after exec: at sys_enter a page that nobody has touched yet
 * reads as empty.
 */
__noinline int find_marks(__u32 slot, __u64 at, __u64 end)
{
	struct scratch *s = scratch(slot);
	long n;

	if (!s)
		return 0;
	begin_text(s);
	for (int i = 0; i < MARK_VARS; i++) {
		if (at >= end || s->length >= MARK_ROOM)
			break;
		n = bpf_probe_read_user_str(&s->text[s->length & (TEXT_SIZE - 1)], MARK_ROOM, (void *)at);
		if (n <= 0)
			break;
		at += n;
		if (is_mark(slot, s->length))
			s->length += n; /* kept: the next variable is read behind it */
	}
	hash_text(slot);
	return 0;
}

/* Path of a script behind the working directory that stands in the scratch; links in it are not followed. */
__noinline int script_path(__u64 filename)
{
	struct scratch *s = scratch(SLOT_EXEC);
	__u32 at = 0;
	char first = 0;
	long n;

	if (!s)
		return 0;
	bpf_probe_read_kernel(&first, 1, (const void *)filename);
	if (first != '/') {
		at = s->length > PATH_MAX ? PATH_MAX : s->length;
		if (at > 1)
			s->text[at++ & (TEXT_SIZE - 1)] = '/';
	}
	n = bpf_probe_read_kernel_str(&s->text[at & (TEXT_SIZE - 1)], PATH_MAX, (const void *)filename);
	s->length = (at + (n > 1 ? n - 1 : 0)) & (TEXT_SIZE - 1);
	hash_text(SLOT_EXEC);
	return 0;
}

static __always_inline void describe_program(struct event *e, struct linux_binprm *bprm, __u32 scope)
{
	struct file *file = read(bprm->file);
	struct inode *inode = read(file->f_inode);
	const char *filename = read(bprm->filename), *interp = read(bprm->interp);
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *s = scratch(SLOT_EXEC);
	__u64 start, end;

	if (!s)
		return;
	e->exec.ino = read(inode->i_ino);
	e->exec.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	e->exec.mode = read(inode->i_mode);

	begin_text(s);
	base_path(SLOT_EXEC, AT_FDCWD);
	e->exec.cwd = intern(SLOT_EXEC);
	if (filename != interp) { /* a script: its interpreter is what runs */
		script_path((__u64)filename);
		e->exec.script = intern(SLOT_EXEC);
		e->quality |= Q_CLAIMED;
	}
	start = BPF_CORE_READ(task, mm, env_start);
	end = BPF_CORE_READ(task, mm, env_end);
	find_marks(SLOT_EXEC, start, end);
	e->exec.marks = intern(SLOT_EXEC);

	start = BPF_CORE_READ(task, mm, arg_start);
	end = BPF_CORE_READ(task, mm, arg_end);
	e->exec.argv_len = end - start;
	e->exec.argv = send_user(start, end - start);
	if (end - start > ARGV_MAX)
		e->quality |= Q_TRUNCATED;
	if (!e->exec.argv && end > start)
		e->quality |= Q_UNRESOLVED;

	file_path(SLOT_EXEC, scope, file); /* last: its bits are wanted by the caller */
	e->exec.path = intern(SLOT_EXEC);
	e->quality |= s->quality;
}

/* match-proto:v6.18: trace_sched_process_exec(struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm) */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct tag *tag = tag_of(task);
	struct settings *set = settings();
	struct verdict_result result = { V_NONE, RULE_DEFAULT };
	struct scratch *s = scratch(SLOT_EXEC);
	struct event e = {};
	struct scope *rules;

	if (!set || !s || (!tag && !set->watch))
		return 0;
	if (tag)
		follow(task, tag);
	if (tag && is_escaping(task))
		bpf_send_signal(SIGKILL);
	e.class = tag ? CLASS_PROCESS : CLASS_AGENT; /* a candidate: user space looks whether it is an agent */
	e.op = OP_EXEC;
	e.verdict = V_NONE;
	describe_task(&e, task);
	describe_program(&e, bprm, tag ? tag->scope : 0);
	if (!tag) {
		emit(&e);
		return 0;
	}
	tag->image = __sync_fetch_and_add(&next_image, 1);
	describe_tag(&e, tag);
	rules = scope_of(tag->scope);
	if (rules && tag->scope) {
		tag->exe_bits = program_bits(rules, tag->scope, e.exec.dev, e.exec.ino);
		decide(&result, rules, K_EXEC, (s->bits | rules->any_path) & tag->exe_bits);
		e.verdict = result.verdict;
		e.rule = result.rule;
		stop_process(&e, rules); /* before the new program's first instruction */
	}
	emit(&e);
	return 0;
}

/* match-proto:v6.18: trace_sched_process_exit(struct task_struct *p, bool group_dead); before 6.16 without group_dead */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct tag *tag = tag_of(task);
	struct event e = {};

	if (!tag || task->signal->live.counter != 0)
		return 0;
	forget_held(task);
	e.class = CLASS_PROCESS;
	e.op = OP_EXIT;
	e.verdict = V_NONE;
	describe_task(&e, task);
	describe_tag(&e, tag);
	if (task->signal->flags & SIGNAL_GROUP_EXIT)
		e.exit.code = task->signal->group_exit_code;
	else
		e.exit.code = task->group_leader->exit_code;
	emit(&e);
	return 0;
}

/* A failed execve or execveat, told by sys_exit; one that worked told itself above. */
static __always_inline void exec_failed(struct event *e, const struct call *c)
{
	struct scratch *s = scratch(SLOT_SYSCALL);

	if (!s || c->ret >= 0)
		return;
	e->class = CLASS_PROCESS;
	e->op = OP_EXEC;
	if (c->nr == __NR_execve)
		claimed_path(SLOT_SYSCALL, AT_FDCWD, c->a0);
	else
		claimed_path(SLOT_SYSCALL, c->a0, c->a1);
	e->exec.path = intern(SLOT_SYSCALL);
	e->quality |= s->quality;
	emit(e);
}

#endif
