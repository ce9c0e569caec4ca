/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The return of every system call: the only program that all processes of the machine pay for, one look into a table.
 * A raw tracepoint hands over the registers, so nothing needs to be attached to calls one by one or at their entry.
 * What is long goes on in programs of its own (collectors/bcc/compiler.py numbers them), so that the verifier sees it once.
 */
enum part { PART_PATHS = 0, PART_MARKS = 1, PART_STARTED = 2, PART_ARGUMENTS = 3 };

static inline void open_place(struct work *w, u32 place)
{
	u64 key = descriptor(w->c.pid, w->c.ret);

	folders.update(&key, &place);
}

static inline void copy_descriptor(u32 pid, u32 from, s64 to)
{
	u64 old = descriptor(pid, from), new = descriptor(pid, to);
	u32 *place = folders.lookup(&old), *socket = sockets.lookup(&old), value;

	if (to < 0)
		return;
	if (place) {
		value = *place;
		folders.update(&new, &value);
	}
	if (socket) {
		value = *socket;
		sockets.update(&new, &value);
	}
}

static inline void forget_descriptor(u32 pid, u32 fd)
{
	u64 key = descriptor(pid, fd);

	folders.delete(&key);
}

/* Calls that make no event and that later ones are understood by; 1 where it was one. */
static inline int kept_in_mind(const struct call *c)
{
	switch (c->nr) {
	case __NR_socket: note_socket(c->pid, c->ret, c->a0, c->a1, c->a2); return 1;
	case __NR_close: forget_descriptor(c->pid, c->a0); return 1;
	case __NR_dup: case __NR_dup2: case __NR_dup3: copy_descriptor(c->pid, c->a0, c->ret); return 1;
	case __NR_fcntl:
		if (c->a1 == F_DUPFD || c->a1 == F_DUPFD_CLOEXEC)
			copy_descriptor(c->pid, c->a0, c->ret);
		return 1;
	}
	return 0;
}

static inline void tell_paths(struct work *w, struct process *p, struct text_scratch *s, struct settings *set)
{
	struct event *e = &w->e;
	u32 place, made = 0;
	int which;

	/* One pass for each path, so that the text is read and sent in one place of the program. */
	for (which = 0; which < 2; which++) {
		u64 address = which ? w->c.path_to : w->c.path;
		u32 id = 0;

		if (which && !address)
			break;
		s->length = 0;
		s->quality = 0;
		if (address)
			read_path(s, address);
		place = place_of(s, p, w->c.pid, which ? w->c.dirfd_to : w->c.dirfd);
		if (which == 0 && e->op == OP_SYMLINK && e->class == CLASS_FILE)
			place = 0; /* a text, not a path */
		id = intern(s, set);
		e->quality |= s->quality;
		if (which) {
			e->file.path_to = id;
			e->file.ino = place;
		} else {
			e->file.path = id; /* of an exec that failed, too: the parts agree here */
			e->file.dev = place;
		}
	}
	if (e->class == CLASS_PLACE) {
		made = p->place = next_place();
	} else if (e->class == CLASS_FILE && e->op >= OP_OPEN && e->op <= OP_CREATE && w->c.ret >= 0) {
		made = next_place(); /* it may be a folder that others are opened from, or be acted on by its descriptor */
		open_place(w, made);
	}
	e->file.ino |= (u64)made << 32;
}

struct at_hand { struct work *w; struct text_scratch *s; struct settings *set; };

static inline int take_up(struct at_hand *h)
{
	int zero = 0;

	h->w = works.lookup(&zero);
	h->s = scratches.lookup(&zero);
	h->set = setup.lookup(&zero);
	return h->w && h->s && h->set;
}

int part_paths(struct bpf_raw_tracepoint_args *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct process *p = tags.lookup(&pid);
	struct at_hand h;

	if (!p || !take_up(&h))
		return 0;
	tell_paths(h.w, p, h.s, h.set);
	emit(&h.w->e);
	return 0;
}

int part_marks(struct bpf_raw_tracepoint_args *ctx)
{
	struct at_hand h;

	if (!take_up(&h))
		return 0;
	h.w->c.vector = find_marks(h.s, environment(&h.w->c));
	h.w->e.exec.marks = intern(h.s, h.set);
	parts.call(ctx, PART_STARTED);
	return 0;
}

int part_started(struct bpf_raw_tracepoint_args *ctx)
{
	struct at_hand h;

	if (!take_up(&h))
		return 0;
	started(h.w, h.s, h.set);
	parts.call(ctx, PART_ARGUMENTS);
	return 0;
}

int part_arguments(struct bpf_raw_tracepoint_args *ctx)
{
	struct at_hand h;

	if (!take_up(&h))
		return 0;
	if (send_arguments(h.w))
		parts.call(ctx, PART_ARGUMENTS);
	emit(&h.w->e);
	return 0;
}

RAW_TRACEPOINT_PROBE(sys_exit)
{
	u64 now = bpf_get_current_pid_tgid();
	u32 pid = now >> 32;
	struct process *p = tags.lookup(&pid);
	struct text_scratch *s;
	struct settings *set;
	struct pt_regs regs;
	struct work *w;
	int zero = 0;

	if (!p)
		return 0;
	s = scratches.lookup(&zero);
	set = setup.lookup(&zero);
	w = works.lookup(&zero);
	if (!s || !set || !w || bpf_probe_read_kernel(&regs, sizeof(regs), (void *)ctx->args[0]))
		return 0;
	w->c.nr = regs.orig_ax & ~0x40000000UL; /* x32 has the same numbers */
	w->c.ret = (s64)ctx->args[1];
	w->c.pid = pid;
	w->c.narrow = regs.cs == 0x23;
	if (w->c.narrow) {
		w->c.nr = (u32)regs.orig_ax;
		if (!(w->c.ret == 0 && w->c.nr == __NR_execve) && !widen(&w->c, &regs))
			return 0;
	} else {
		w->c.a0 = regs.di;
		w->c.a1 = regs.si;
		w->c.a2 = regs.dx;
		w->c.a3 = regs.r10;
	}
	if (kept_in_mind(&w->c))
		return 0;
	begin_event(&w->e, p, now);
	w->e.ret = w->c.ret;
	w->c.sp = regs.sp;
	w->c.dirfd = w->c.dirfd_to = AT_FDCWD;
	w->c.path = w->c.path_to = 0;
	if (!describe(w))
		return 0;
	if (w->e.class == CLASS_PROCESS && w->c.ret == 0) {
		p->image = w->e.image = next_image();
		p->ended = p->status = 0; /* what ended its other threads has not ended it */
		w->e.exec.dev = p->place;
		if (!w->e.run) {
			w->e.class = CLASS_AGENT;
			tags.delete(&pid);
		}
		if (!w->c.narrow)
			parts.call(ctx, PART_MARKS);
		w->e.quality |= Q_UNRESOLVED; /* the stack of a 32-bit program has words of four bytes: user space looks into /proc */
	} else if (!w->e.run) {
		return 0;
	} else if (w->e.class == CLASS_NETWORK) {
		connected(w, s, set);
	} else if (w->e.class != CLASS_KERNEL) {
		parts.call(ctx, PART_PATHS);
	}
	emit(&w->e);
	return 0;
}
