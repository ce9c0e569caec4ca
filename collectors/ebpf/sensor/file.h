/* SPDX-License-Identifier: GPL-2.0 */
/*
 * File calls, told when they return. An open is described from the file that it gave
 * (kernel objects, no user pointers); a call that failed, or whose name is gone, from the
 * path that the program passed, marked as claimed.
 */
#ifndef LICTOR_FILE_H
#define LICTOR_FILE_H

static __always_inline __u32 open_arguments(const struct call *c, int *dirfd, __u64 *path)
{
	__u64 flags = 0;

	*dirfd = AT_FDCWD;
	*path = c->a0;
	switch (c->nr) {
	case __NR_open:
		return c->a1;
	case __NR_creat:
		return 1 | O_CREAT | O_TRUNC; /* O_WRONLY */
	case __NR_openat:
		*dirfd = c->a0;
		*path = c->a1;
		return c->a2;
	case __NR_open_by_handle_at:
		*path = 0; /* a handle, not a path */
		return c->a2;
	}
	*dirfd = c->a0;
	*path = c->a1;
	bpf_probe_read_user(&flags, sizeof(flags), (void *)c->a2); /* openat2: struct open_how begins with flags */
	return flags;
}

static __always_inline __u8 intent_of(__u32 flags)
{
	__u8 intent = 0;

	if (flags & O_PATH)
		return 0;
	if ((flags & O_ACCMODE) != 1)
		intent |= INTENT_READ;
	if ((flags & O_ACCMODE) != 0)
		intent |= INTENT_WRITE;
	if (flags & O_TRUNC)
		intent |= INTENT_TRUNCATE;
	return intent;
}

static __always_inline __u8 open_operation(__u8 intent)
{
	if (intent & INTENT_CREATE)
		return OP_CREATE;
	if (intent & (INTENT_WRITE | INTENT_TRUNCATE))
		return OP_WRITE;
	return intent & INTENT_READ ? OP_READ : OP_OPEN;
}

static __always_inline void judge_open(struct event *e, const struct tag *tag, __u64 path_bits)
{
	struct verdict_result result = { V_NONE, RULE_DEFAULT };
	struct scope *rules = scope_of(tag->scope);
	__u64 held;

	if (!rules || !tag->scope)
		return;
	held = (path_bits | rules->any_path) & tag->exe_bits;
	if (e->intent & INTENT_READ)
		decide(&result, rules, K_READ, held);
	if (e->intent & ~INTENT_READ)
		decide(&result, rules, K_WRITE, held);
	e->verdict = result.verdict;
	e->rule = result.rule;
	stop_process(e, rules);
}

__noinline int describe_open_file(__u32 scope, __u64 file)
{
	file_path(SLOT_SYSCALL, scope, (struct file *)file);
	return intern(SLOT_SYSCALL);
}

static __always_inline void on_open(struct event *e, const struct call *c, const struct tag *tag)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *s = scratch(SLOT_SYSCALL);
	struct inode *inode;
	struct file *file;
	__u64 path;
	__u32 mode;
	int dirfd;

	if (!s)
		return;
	e->class = CLASS_FILE;
	e->file.open_flags = open_arguments(c, &dirfd, &path);
	e->intent = intent_of(e->file.open_flags);
	if (c->ret < 0) {
		if (e->file.open_flags & O_CREAT)
			e->intent |= INTENT_CREATE;
		if (path) {
			claimed_path(SLOT_SYSCALL, dirfd, path);
			e->file.path = intern(SLOT_SYSCALL);
		}
		/* Nothing was created: what was asked for shows in intent. */
		e->op = open_operation(e->intent & ~INTENT_CREATE);
		e->quality |= s->quality;
		emit(e);
		return;
	}
	file = file_of(task, c->ret);
	if (!file) {
		/* Another thread closed it, and may hold a copy: what it is cannot be told, so closed. */
		claimed_path(SLOT_SYSCALL, dirfd, path);
		e->file.path = intern(SLOT_SYSCALL);
		e->op = open_operation(e->intent);
		e->quality |= s->quality | Q_UNRESOLVED;
		judge_open(e, tag, ~0ULL);
		emit(e);
		return;
	}
	/* What was granted, from the file itself: open_how may have been rewritten meanwhile. */
	mode = read(file->f_mode);
	e->intent &= INTENT_TRUNCATE;
	if (mode & FMODE_READ)
		e->intent |= INTENT_READ;
	if (mode & FMODE_WRITE)
		e->intent |= INTENT_WRITE;
	if (mode & FMODE_CREATED)
		e->intent |= INTENT_CREATE;
	e->op = open_operation(e->intent);
	inode = read(file->f_inode);
	e->file.ino = read(inode->i_ino);
	e->file.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	e->file.mode = read(inode->i_mode);
	e->file.path = describe_open_file(tag->scope, (__u64)file);
	e->quality |= s->quality;
	judge_open(e, tag, s->bits);
	emit(e);
}

/* A call with one path: unlink, rmdir, mkdir, chmod, truncate. */
static __always_inline void on_name(struct event *e, __u8 op, int dirfd, __u64 path)
{
	struct scratch *s = scratch(SLOT_SYSCALL);

	if (!s)
		return;
	e->class = CLASS_FILE;
	e->op = op;
	claimed_path(SLOT_SYSCALL, dirfd, path);
	e->file.path = intern(SLOT_SYSCALL);
	e->quality |= s->quality;
	emit(e);
}

/* fchmod, ftruncate: the file is at hand. */
static __always_inline void on_descriptor(struct event *e, __u8 op, int fd, __u32 scope)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *s = scratch(SLOT_SYSCALL);
	struct file *file = file_of(task, fd);
	struct inode *inode;

	if (!s || !file)
		return;
	e->class = CLASS_FILE;
	e->op = op;
	inode = read(file->f_inode);
	e->file.ino = read(inode->i_ino);
	e->file.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	e->file.mode = read(inode->i_mode);
	e->file.path = describe_open_file(scope, (__u64)file);
	e->quality |= s->quality;
	emit(e);
}

/* A call with two paths: rename, link. A symlink's first one is text, not a path. */
static __always_inline void on_two_names(struct event *e, __u8 op, int from_fd, __u64 from, int to_fd, __u64 to)
{
	struct scratch *s = scratch(SLOT_SYSCALL);
	long n;

	if (!s)
		return;
	e->class = CLASS_FILE;
	e->op = op;
	if (op == OP_SYMLINK) {
		begin_text(s);
		n = bpf_probe_read_user_str(s->text, PATH_MAX, (void *)from);
		s->length = n > 1 ? (n - 1) & (TEXT_SIZE - 1) : 0;
		hash_text(SLOT_SYSCALL);
	} else {
		claimed_path(SLOT_SYSCALL, from_fd, from);
	}
	e->file.path = intern(SLOT_SYSCALL);
	e->quality |= s->quality;
	claimed_path(SLOT_SYSCALL, to_fd, to);
	e->file.path_to = intern(SLOT_SYSCALL);
	e->quality |= s->quality;
	emit(e);
}

#endif
