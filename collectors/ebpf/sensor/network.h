/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Network calls. The cgroup hooks see the address that the kernel has copied, decide and
 * refuse; the system call's return tells how it ended. A connect that no connect(2) asked
 * for (io_uring, TCP fast open) is told at the task's next return, or at once for an
 * io worker, which never returns.
 */
#ifndef LICTOR_NETWORK_H
#define LICTOR_NETWORK_H

static __always_inline void map_ipv4(__u8 *to, __u32 address)
{
	__builtin_memset(to, 0, 10);
	to[10] = to[11] = 0xff;
	__builtin_memcpy(to + 12, &address, 4);
}

static __always_inline void judge_address(struct verdict_result *out, struct tag *tag, struct scope *rules, __u32 op)
{
	struct address_key key = { .prefix_len = 32 + 128, .scope = tag->scope };
	__u64 *found, bits, ports = rules->any_port;

	__builtin_memcpy(key.address, tag->dst, 16);
	found = bpf_map_lookup_elem(&addresses, &key);
	bits = rules->any_address | (found ? *found : 0);
	for (__u32 i = 0; i < PORT_RANGES; i++) {
		if (i >= rules->port_ranges)
			break;
		if (tag->dst_port >= rules->ports[i].low && tag->dst_port <= rules->ports[i].high)
			ports |= rules->ports[i].bits;
	}
	bits &= ports & tag->exe_bits & rules->any_path;
	if (tag->protocol == 6)
		bits &= rules->tcp_bits;
	else if (tag->protocol == 17)
		bits &= rules->udp_bits;
	else
		bits &= rules->tcp_bits & rules->udp_bits;
	decide(out, rules, op, bits);
}

/* Source address and protocol of a socket into the event. */
static __always_inline void describe_socket(struct event *e, struct sock *sk)
{
	__u32 v4;

	e->net.family = read(sk->__sk_common.skc_family);
	e->net.protocol = read(sk->sk_protocol);
	if (e->net.family == AF_INET) {
		v4 = read(sk->__sk_common.skc_rcv_saddr);
		map_ipv4(e->net.src, v4);
	} else if (e->net.family == AF_INET6) {
		bpf_core_read(e->net.src, 16, &sk->__sk_common.skc_v6_rcv_saddr);
	}
	if (e->net.family == AF_INET || e->net.family == AF_INET6)
		e->net.src_port = read(sk->__sk_common.skc_num);
}

static __always_inline void describe_peer(struct event *e, struct sock *sk)
{
	__u32 v4;

	if (e->net.family == AF_INET) {
		v4 = read(sk->__sk_common.skc_daddr);
		map_ipv4(e->net.dst, v4);
	} else if (e->net.family == AF_INET6) {
		bpf_core_read(e->net.dst, 16, &sk->__sk_common.skc_v6_daddr);
	}
	e->net.dst_port = bpf_ntohs(read(sk->__sk_common.skc_dport));
}

static __always_inline void describe_pending(struct event *e, struct tag *tag)
{
	__builtin_memcpy(e->net.dst, tag->dst, 16);
	e->net.dst_port = tag->dst_port;
	e->net.family = tag->family;
	e->net.protocol = tag->protocol;
	e->verdict = tag->verdict;
	e->rule = tag->rule;
	if (tag->verdict != V_NONE && tag->verdict >= V_ASK && tag->pending == 2)
		e->enforced = ENFORCED_KERNEL;
	tag->pending = 0;
}

/* The flag spares everybody the look-up as long as no run is isolated. */
static __always_inline int is_isolated(__u32 run)
{
	struct settings *set = settings();

	return set && set->isolating && bpf_map_lookup_elem(&isolated, &run);
}

/* 1 lets the call go on, 0 makes it fail with EPERM. */
static __always_inline int on_address(struct bpf_sock_addr *ctx, __u32 op, int v6)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct verdict_result result = { V_NONE, RULE_DEFAULT };
	struct tag *tag = tag_of(task);
	struct event e = {};
	struct scope *rules;
	int refuse = 0;

	if (!tag)
		return 1;
	follow(task, tag);
	if (v6) {
		__u32 address[4] = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3] };

		__builtin_memcpy(tag->dst, address, 16);
	} else {
		map_ipv4(tag->dst, ctx->user_ip4);
	}
	tag->dst_port = bpf_ntohs(ctx->user_port);
	tag->family = ctx->family;
	tag->protocol = ctx->protocol;
	rules = scope_of(tag->scope);
	if (rules && tag->scope) {
		judge_address(&result, tag, rules, op);
		refuse = result.verdict != V_NONE && result.verdict >= V_ASK && rules->enforce;
	}
	if (is_isolated(tag->run)) {
		result.verdict = V_ISOLATE;
		result.rule = RULE_ISOLATED;
		refuse = 1;
	}
	tag->verdict = result.verdict;
	tag->rule = result.rule;
	tag->pending = refuse ? 2 : 1;
	/* No signal can be sent from here. A worker of io_uring never returns: the run is frozen a little later then. */
	tag->stop = refuse && is_hold(result.verdict) && !(task->flags & PF_IO_WORKER);
	if (op == K_SEND || (task->flags & PF_IO_WORKER)) {
		e.class = CLASS_NETWORK;
		e.op = op == K_SEND ? OP_SEND : OP_CONNECT;
		describe_task(&e, task);
		describe_tag(&e, tag);
		describe_pending(&e, tag);
		e.ret = refuse ? -1 : 0;
		emit(&e);
	}
	return !refuse;
}

SEC("cgroup/connect4") int on_connect4(struct bpf_sock_addr *ctx) { return on_address(ctx, K_CONNECT, 0); }
SEC("cgroup/connect6") int on_connect6(struct bpf_sock_addr *ctx) { return on_address(ctx, K_CONNECT, 1); }
SEC("cgroup/sendmsg4") int on_sendmsg4(struct bpf_sock_addr *ctx) { return on_address(ctx, K_SEND, 0); }
SEC("cgroup/sendmsg6") int on_sendmsg6(struct bpf_sock_addr *ctx) { return on_address(ctx, K_SEND, 1); }

static __always_inline struct sock *sock_of(struct task_struct *task, int fd)
{
	struct file *file = file_of(task, fd);
	struct socket *socket;
	struct inode *inode;

	if (!file)
		return NULL;
	inode = read(file->f_inode);
	if ((read(inode->i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = read(file->private_data);
	return socket ? read(socket->sk) : NULL;
}

/* Name of a unix socket address into the scratch; an abstract name shows its leading NUL as '@'. */
static __always_inline __u32 unix_name(const void *name, __u32 length, int user)
{
	struct scratch *s = scratch(SLOT_SYSCALL);
	long bad;

	if (!s || length <= 2 || length > 110)
		return 0;
	begin_text(s);
	length = (length - 2) & 127; /* behind the family */
	if (user)
		bad = bpf_probe_read_user(s->text, length, name + 2);
	else
		bad = bpf_probe_read_kernel(s->text, length, name + 2);
	if (bad)
		return 0;
	if (s->text[0] == 0) {
		s->text[0] = '@';
		s->length = length;
	} else {
		s->length = 0;
		for (__u32 i = 0; i < 108; i++) { /* a path ends at its NUL, wherever the length says */
			if (i >= length || s->text[i] == 0)
				break;
			s->length = i + 1;
		}
	}
	hash_text(SLOT_SYSCALL);
	return intern(SLOT_SYSCALL);
}

static __always_inline __u32 unix_socket_name(struct sock *sk)
{
	struct unix_address *address = read(((struct unix_sock *)sk)->addr);

	return address ? unix_name(&address->name, read(address->len), 0) : 0;
}

static __always_inline void claimed_address(struct event *e, __u64 user, __u32 length, int peer)
{
	__u8 raw[28] = {};
	__u16 port;

	if (length < 2 || bpf_probe_read_user(raw, length < 28 ? length & 31 : 28, (void *)user))
		return;
	e->net.family = raw[0] | raw[1] << 8;
	e->quality |= Q_CLAIMED;
	port = raw[2] << 8 | raw[3];
	if (e->net.family == AF_INET) {
		__u32 v4;

		__builtin_memcpy(&v4, raw + 4, 4);
		map_ipv4(peer ? e->net.dst : e->net.src, v4);
	} else if (e->net.family == AF_INET6) {
		__builtin_memcpy(peer ? e->net.dst : e->net.src, raw + 8, 16);
	} else {
		return;
	}
	if (peer)
		e->net.dst_port = port;
	else
		e->net.src_port = port;
}

static __always_inline void on_connect(struct event *e, const struct call *c, struct tag *tag)
{
	struct sock *sk = sock_of(bpf_get_current_task_btf(), c->a0);
	struct sock *peer;

	e->class = CLASS_NETWORK;
	e->op = OP_CONNECT;
	if (sk)
		describe_socket(e, sk);
	if (tag->pending) {
		describe_pending(e, tag);
	} else if (sk && e->net.family == AF_UNIX) {
		peer = c->ret == 0 ? read(((struct unix_sock *)sk)->peer) : NULL;
		if (peer)
			e->net.path = unix_socket_name(peer);
		if (!e->net.path) {
			e->net.path = unix_name((void *)c->a1, c->a2, 1);
			e->quality |= Q_CLAIMED;
		}
	} else {
		claimed_address(e, c->a1, c->a2, 1);
	}
	emit(e);
}

static __always_inline void on_bind(struct event *e, const struct call *c)
{
	struct sock *sk = sock_of(bpf_get_current_task_btf(), c->a0);

	e->class = CLASS_NETWORK;
	e->op = OP_BIND;
	if (sk)
		describe_socket(e, sk);
	if (e->net.family == AF_UNIX) {
		if (c->ret == 0)
			e->net.path = unix_socket_name(sk);
		if (!e->net.path) {
			e->net.path = unix_name((void *)c->a1, c->a2, 1);
			e->quality |= Q_CLAIMED;
		}
	} else if (c->ret < 0) {
		claimed_address(e, c->a1, c->a2, 0);
	}
	emit(e);
}

/* listen(fd) and accept() -> fd */
static __always_inline void on_socket(struct event *e, __u8 op, int fd, int failed)
{
	struct sock *sk = sock_of(bpf_get_current_task_btf(), fd);

	e->class = CLASS_NETWORK;
	e->op = op;
	if (sk) {
		describe_socket(e, sk);
		if (e->net.family == AF_UNIX)
			e->net.path = unix_socket_name(sk);
		else if (op == OP_ACCEPT && !failed)
			describe_peer(e, sk);
	} else {
		e->quality |= Q_UNRESOLVED;
	}
	emit(e);
}

#endif
