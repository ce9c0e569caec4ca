/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Paths from kernel objects. A path is a label; the identity of a file is its inode.
 * The walk to the root collects both: the names for people and name rules, the inodes of
 * all ancestors for rules over directories. It takes no lock: a rename at the same moment
 * can give a path that never was, but an inode that is listed is found all the same.
 */
#ifndef LICTOR_PATHS_H
#define LICTOR_PATHS_H

#define read(field) ({ typeof(field) v_; bpf_core_read(&v_, sizeof(v_), &(field)); v_; })

/* Whether a key can be in a map at all: most are not, and a look-up costs ten times this. */
static __always_inline int may_hold(const __u64 *bloom, __u32 words, __u64 hash)
{
	return bloom[(hash >> 6) & (words - 1)] >> (hash & 63) & 1;
}

static __always_inline void add_inode_bits(struct scratch *s, const struct scope *rules, __u32 scope, struct inode *inode, int self)
{
	struct inode_key key = { .scope = scope };
	struct path_bits *found;

	if (!inode)
		return;
	key.ino = read(inode->i_ino);
	if (!may_hold(rules->inode_bloom, INODE_BLOOM, mix(0, key.ino)))
		return;
	key.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	found = bpf_map_lookup_elem(&inodes, &key);
	if (found)
		s->bits |= self ? found->self | found->below : found->below;
}

/* Rules over a directory and its ancestors within their file system, whatever is mounted where. */
__noinline int match_ancestors(__u32 slot, __u32 scope, __u64 dentry, int self)
{
	struct scratch *s = scratch(slot);
	struct scope *rules = scope_of(scope);
	struct dentry *d = (void *)dentry, *parent;

	if (!s || !rules)
		return 0;
	for (int i = 0; i < DEPTH; i++) {
		add_inode_bits(s, rules, scope, read(d->d_inode), i == 0 && self);
		parent = read(d->d_parent);
		if (parent == d || !parent)
			return 0;
		d = parent;
	}
	s->bits |= rules->tree_bits; /* too deep to tell: closed */
	return 0;
}

/*
 * First half of the walk: dentries from leaf to root into the scratch, across mounts.
 * What changes from step to step stands in the scratch and not in registers: the verifier
 * would otherwise follow each combination of depth and mounts crossed (1,000,000
 * instructions on 6.18 against 9,000 so).
 */
__noinline int collect(__u32 slot, __u32 scope, __u64 vfsmount, __u64 dentry)
{
	struct scratch *s = scratch(slot);
	struct scope *rules = scope_of(scope);
	struct dentry *d, *parent;
	struct mount *m, *above;
	__u32 depth;

	if (!s || !rules)
		return 0;
	s->dentry = dentry;
	s->mount = vfsmount - bpf_core_field_offset(struct mount, mnt);
	m = (void *)s->mount;
	s->root = (__u64)read(m->mnt.mnt_root);
	s->depth = 0;
	for (int i = 0; i < DEPTH + 16; i++) {
		d = (void *)s->dentry;
		m = (void *)s->mount;
		if (s->dentry == s->root) {
			/* The root of a mount is a directory as well, and with a bind mount one with ancestors of its own. */
			if (rules->has_inodes)
				match_ancestors(slot, scope, s->dentry, s->depth == 0);
			above = read(m->mnt_parent);
			if (above == m)
				return 0;
			s->dentry = (__u64)read(m->mnt_mountpoint);
			s->mount = (__u64)above;
			s->root = (__u64)read(above->mnt.mnt_root);
			continue;
		}
		if (rules->has_inodes)
			add_inode_bits(s, rules, scope, read(d->d_inode), s->depth == 0);
		depth = s->depth;
		if (depth >= DEPTH)
			break;
		s->dentries[depth & (DEPTH - 1)] = s->dentry;
		s->depth = depth + 1;
		parent = read(d->d_parent);
		if (parent == d || !parent) {
			s->quality |= Q_UNRESOLVED; /* detached mount, memfd: no way to the root */
			return 0;
		}
		s->dentry = (__u64)parent;
	}
	s->quality |= Q_TRUNCATED;
	s->bits |= rules->tree_bits;
	return 0;
}

static __always_inline void add_hash_bits(
	struct scratch *s, const struct scope *rules, void *map, __u32 scope, __u64 hash, int self)
{
	struct hash_key key = { .hash = hash, .scope = scope };
	struct path_bits *found;

	if (!may_hold(rules->name_bloom, NAME_BLOOM, hash))
		return;
	found = bpf_map_lookup_elem(map, &key);
	if (found)
		s->bits |= self ? found->self | found->below : found->below;
}

/* Second half: the names from root to leaf, the hash, and the rules over names on the way. */
__noinline int spell(__u32 slot, __u32 scope)
{
	struct scratch *s = scratch(slot);
	struct settings *set = settings();
	struct scope *rules = scope_of(scope);
	struct qstr name;
	struct dentry *d;
	__u32 depth, at, length;

	if (!s || !set || !rules)
		return 0;
	s->hash = set->seed;
	if (rules->has_paths)
		add_hash_bits(s, rules, &paths, scope, s->hash, s->depth == 0);
	for (int i = 0; i < DEPTH; i++) {
		depth = s->depth;
		if (depth == 0)
			break;
		s->depth = --depth;
		d = (void *)s->dentries[depth & (DEPTH - 1)];
		name = read(d->d_name);
		length = (name.hash_len >> 32) & 0xff;
		at = s->length;
		if (at > PATH_MAX) { /* hashed and matched to the end, kept to PATH_MAX */
			at = PATH_MAX;
			s->quality |= Q_TRUNCATED;
		}
		s->text[at & (TEXT_SIZE - 1)] = '/';
		at = (at + 1) & (TEXT_SIZE - 1);
		bpf_probe_read_kernel(&s->text[at], length, name.name);
		hash_name(slot, at, length);
		s->length = at + length;
		s->hash = mix(s->hash, s->name_hash);
		if (rules->has_paths)
			add_hash_bits(s, rules, &paths, scope, s->hash, depth == 0);
		if (rules->has_names)
			add_hash_bits(s, rules, &names, scope, s->name_hash, depth == 0);
	}
	if (s->length == 0) {
		s->text[0] = '/';
		s->length = 1;
	}
	if (s->length > PATH_MAX)
		s->length = PATH_MAX;
	return 0;
}

static __always_inline void begin_text(struct scratch *s)
{
	s->bits = 0;
	s->length = 0;
	s->quality = 0;
}

/*
 * The file behind an overlay mount: the overlay's own has an inode and a name of its own, so
 * rules over the file beneath would not hold for it.
 */
static __always_inline void match_beneath_overlay(__u32 slot, const struct scope *rules, __u32 scope, struct file *file)
{
	struct scratch *s = scratch(slot);
	struct inode *inode = read(file->f_inode);
	void *private = read(file->private_data);
	struct file *real = private;

	if (!s || !private || BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAYFS_MAGIC)
		return;
	if (bpf_core_type_exists(struct ovl_file))
		real = read(((struct ovl_file *)private)->realfile);
	add_inode_bits(s, rules, scope, read(real->f_inode), 1);
	match_ancestors(slot, scope, (__u64)read(real->f_path.dentry), 1);
}

/* Path of an open file into the scratch, with the bits of the rules that match it. */
static __always_inline void file_path(__u32 slot, __u32 scope, struct file *file)
{
	struct scratch *s = scratch(slot);
	struct scope *rules = scope_of(scope);
	struct inode *inode;
	struct path path;

	if (!s)
		return;
	begin_text(s);
	path.mnt = read(file->f_path.mnt);
	path.dentry = read(file->f_path.dentry);
	if (rules && rules->has_inodes) {
		/* f_inode is the identity that holds on overlay mounts, where the dentry's, met on the walk, may differ. */
		inode = read(file->f_inode);
		if (inode != read(path.dentry->d_inode))
			add_inode_bits(s, rules, scope, inode, 1);
		match_beneath_overlay(slot, rules, scope, file);
	}
	collect(slot, scope, (__u64)path.mnt, (__u64)path.dentry);
	spell(slot, scope);
}

/* Path of the directory that a relative path starts from: the working directory or a descriptor. */
__noinline int base_path(__u32 slot, int dirfd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct vfsmount *mnt;
	struct dentry *dentry;
	struct file *file, **fds;

	if (dirfd == AT_FDCWD) {
		mnt = BPF_CORE_READ(task, fs, pwd.mnt);
		dentry = BPF_CORE_READ(task, fs, pwd.dentry);
	} else {
		if (dirfd < 0 || (__u32)dirfd >= BPF_CORE_READ(task, files, fdt, max_fds))
			return 0;
		fds = BPF_CORE_READ(task, files, fdt, fd);
		if (bpf_probe_read_kernel(&file, sizeof(file), fds + dirfd) || !file)
			return 0;
		mnt = read(file->f_path.mnt);
		dentry = read(file->f_path.dentry);
	}
	collect(slot, 0, (__u64)mnt, (__u64)dentry);
	spell(slot, 0);
	return 0;
}

/*
 * A path as the program gave it, joined to its base: for calls that failed, and for names
 * that are gone when the call returns. Read at exit, when its page has been touched by the
 * kernel itself; another thread may have rewritten it since, so it is marked as claimed.
 */
__noinline int claimed_path(__u32 slot, int dirfd, __u64 address)
{
	struct scratch *s = scratch(slot);
	__u32 at;
	long n;

	if (!s)
		return 0;
	begin_text(s);
	s->text[0] = 0;
	bpf_probe_read_user(s->text, 1, (void *)address);
	if (s->text[0] != '/') {
		base_path(slot, dirfd);
		at = s->length;
		if (at > PATH_MAX)
			at = PATH_MAX;
		if (at > 1) /* the root is its own slash */
			s->text[at++ & (TEXT_SIZE - 1)] = '/';
	} else {
		at = 0;
	}
	n = bpf_probe_read_user_str(&s->text[at & (TEXT_SIZE - 1)], PATH_MAX, (void *)address);
	s->quality = Q_CLAIMED;
	if (n <= 0)
		s->quality |= Q_UNRESOLVED;
	if (n == PATH_MAX)
		s->quality |= Q_TRUNCATED;
	if (n > 1)
		at += n - 1;
	else if (at > 1)
		at--; /* nothing was appended: drop the slash */
	s->length = at & (TEXT_SIZE - 1);
	hash_text(slot);
	return 0;
}

static __always_inline struct file *file_of(struct task_struct *task, int fd)
{
	struct file *file = NULL, **fds;

	/* Typed pointers: plain loads, where BPF_CORE_READ would call a helper for each hop. */
	if (!task->files || fd < 0 || (__u32)fd >= task->files->fdt->max_fds)
		return NULL;
	fds = task->files->fdt->fd;
	bpf_probe_read_kernel(&file, sizeof(file), fds + fd);
	return file;
}

#endif
