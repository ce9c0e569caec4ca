/* SPDX-License-Identifier: GPL-2.0 */
/* What a call was, from its registers at its return: the kind of event, and where its paths are. */

static inline u8 intent_of(u32 flags)
{
	u8 intent = 0;

	if (flags & O_PATH)
		return 0;
	if ((flags & O_ACCMODE) != O_WRONLY)
		intent |= INTENT_READ;
	if ((flags & O_ACCMODE) != O_RDONLY)
		intent |= INTENT_WRITE;
	if (flags & O_TRUNC)
		intent |= INTENT_TRUNCATE;
	if (flags & O_CREAT)
		intent |= INTENT_CREATE;
	return intent;
}

/* Whether an open made its file is certain only where it had to. */
static inline u8 open_operation(u8 intent, u32 flags, s64 ret)
{
	if (ret >= 0 && (flags & O_CREAT) && (flags & O_EXCL))
		return OP_CREATE;
	if (intent & (INTENT_WRITE | INTENT_TRUNCATE))
		return OP_WRITE;
	return intent & INTENT_READ ? OP_READ : OP_OPEN;
}

static inline void of_file(struct work *w, u8 op, int dirfd, u64 path)
{
	w->e.class = CLASS_FILE;
	w->e.op = op;
	w->c.dirfd = dirfd;
	w->c.path = path;
}

static inline void of_open(struct work *w, int dirfd, u64 path, u32 flags)
{
	of_file(w, 0, dirfd, path);
	w->e.file.open_flags = flags;
	w->e.intent = intent_of(flags);
	w->e.op = open_operation(w->e.intent, flags, w->c.ret);
}

static inline void of_two(struct work *w, u8 op, int dirfd, u64 path, int dirfd_to, u64 path_to)
{
	of_file(w, op, dirfd, path);
	w->c.dirfd_to = dirfd_to;
	w->c.path_to = path_to;
}

static inline void of_place(struct work *w, int dirfd, u64 path)
{
	w->e.class = CLASS_PLACE;
	w->c.dirfd = dirfd;
	w->c.path = path;
}

/* A 32-bit program's call, told as the 64-bit one that means the same; 0 for one that nobody asks for. */
static inline int widen(struct call *c, const struct pt_regs *r)
{
	u32 b = r->bx, x = r->cx, d = r->dx, s = r->si;

	c->a0 = b;
	c->a1 = x;
	c->a2 = d;
	c->a3 = s;
	switch (c->nr) {
	case 5: c->nr = __NR_open; return 1;
	case 8: c->nr = __NR_creat; return 1;
	case 10: c->nr = __NR_unlink; return 1;
	case 11: c->nr = __NR_execve; return 1;
	case 12: c->nr = __NR_chdir; return 1;
	case 38: c->nr = __NR_rename; return 1;
	case 40: c->nr = __NR_rmdir; return 1;
	case 133: c->nr = __NR_fchdir; return 1;
	case 295: c->nr = __NR_openat; return 1;
	case 301: c->nr = __NR_unlinkat; return 1;
	case 302: c->nr = __NR_renameat; return 1;
	case 353: c->nr = __NR_renameat2; return 1;
	case 358: c->nr = __NR_execveat; return 1;
	case 362: c->nr = __NR_connect; return 1;
	case 437: c->nr = __NR_openat2; return 1;
	}
	return 0;
}

/* Kind and paths of the call; 0 for one that is not told. */
static inline int describe(struct work *w)
{
	struct call *c = &w->c;
	struct open_how how = {};

	switch (c->nr) {
	case __NR_open: of_open(w, AT_FDCWD, c->a0, c->a1); return 1;
	case __NR_creat: of_open(w, AT_FDCWD, c->a0, O_WRONLY | O_CREAT | O_TRUNC); return 1;
	case __NR_openat: of_open(w, c->a0, c->a1, c->a2); return 1;
	case __NR_openat2:
		bpf_probe_read_user(&how, sizeof(how), (void *)c->a2);
		of_open(w, c->a0, c->a1, how.flags);
		return 1;
	case __NR_open_by_handle_at: of_open(w, c->a0, 0, c->a2); return 1;
	case __NR_unlink: case __NR_rmdir: of_file(w, OP_DELETE, AT_FDCWD, c->a0); return 1;
	case __NR_unlinkat: of_file(w, OP_DELETE, c->a0, c->a1); return 1;
	case __NR_mkdir: of_file(w, OP_MKDIR, AT_FDCWD, c->a0); return 1;
	case __NR_mkdirat: of_file(w, OP_MKDIR, c->a0, c->a1); return 1;
	case __NR_ftruncate: of_file(w, OP_TRUNCATE, c->a0, 0); return 1;
	case __NR_fchmod: of_file(w, OP_CHMOD, c->a0, 0); w->e.file.mode = c->a1; return 1;
	case __NR_truncate: of_file(w, OP_TRUNCATE, AT_FDCWD, c->a0); return 1;
	case __NR_chmod: of_file(w, OP_CHMOD, AT_FDCWD, c->a0); w->e.file.mode = c->a1; return 1;
	case __NR_fchmodat: case 452: /* fchmodat2, since 6.6 */
		of_file(w, OP_CHMOD, c->a0, c->a1); w->e.file.mode = c->a2; return 1;
	case __NR_rename: of_two(w, OP_RENAME, AT_FDCWD, c->a0, AT_FDCWD, c->a1); return 1;
	case __NR_renameat: case __NR_renameat2: of_two(w, OP_RENAME, c->a0, c->a1, c->a2, c->a3); return 1;
	case __NR_link: of_two(w, OP_LINK, AT_FDCWD, c->a0, AT_FDCWD, c->a1); return 1;
	case __NR_linkat: of_two(w, OP_LINK, c->a0, c->a1, c->a2, c->a3); return 1;
	case __NR_symlink: of_two(w, OP_SYMLINK, AT_FDCWD, c->a0, AT_FDCWD, c->a1); return 1;
	case __NR_symlinkat: of_two(w, OP_SYMLINK, AT_FDCWD, c->a0, c->a1, c->a2); return 1;
	case __NR_chdir: of_place(w, AT_FDCWD, c->a0); return c->ret == 0;
	case __NR_fchdir: of_place(w, c->a0, 0); return c->ret == 0;
	case __NR_execve: w->e.class = CLASS_PROCESS; w->e.op = OP_EXEC; w->c.path = c->a0; return 1;
	case __NR_execveat:
		w->e.class = CLASS_PROCESS; w->e.op = OP_EXEC; w->c.dirfd = c->a0; w->c.path = c->a1; return 1;
	case __NR_connect: w->e.class = CLASS_NETWORK; w->e.op = OP_CONNECT; return 1;
	case __NR_io_uring_setup: w->e.class = CLASS_KERNEL; w->e.op = OP_IO_URING; return 1;
	}
	return 0;
}
