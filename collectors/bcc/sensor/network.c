/* SPDX-License-Identifier: GPL-2.0 */
/* A connect, from the address that the program gave, read when the call returns; the protocol from its socket(2). */

#define SOCK_TYPE 0xf

static inline void note_socket(u32 pid, s64 fd, u32 family, u32 type, u32 protocol)
{
	u64 key = descriptor(pid, fd);
	u32 value = (family & 0xff) << 24 | (type & SOCK_TYPE) << 16 | (protocol & 0xffff);

	if (fd >= 0)
		sockets.update(&key, &value);
}

static inline u8 protocol_of(u32 socket)
{
	if (socket & 0xffff)
		return socket;
	switch (socket >> 16 & SOCK_TYPE) {
	case 1: return 6; /* a stream is TCP, where nothing else was asked for */
	case 2: return 17;
	}
	return 0;
}

static inline void map_ipv4(u8 *to, const u8 *from)
{
	to[10] = to[11] = 0xff;
	__builtin_memcpy(to + 12, from, 4);
}

/* Name of a unix socket into the scratch; an abstract one shows its leading NUL as '@'. */
static inline void unix_name(struct text_scratch *s, u64 address, u32 length)
{
	s->length = 0;
	s->quality = Q_CLAIMED;
	if (length <= 2 || length > 110)
		return;
	length = (length - 2) & 127; /* behind the family */
	if (bpf_probe_read_user(s->text, length, (void *)(address + 2)))
		return;
	if (s->text[0] == 0) {
		s->text[0] = '@';
		s->length = length;
		return;
	}
	for (u32 i = 0; i < 108; i++) { /* a path ends at its NUL, wherever the length says */
		if (i >= length || s->text[i] == 0)
			break;
		s->length = i + 1;
	}
}

static inline void connected(struct work *w, struct text_scratch *s, struct settings *set)
{
	u64 key = descriptor(w->c.pid, w->c.a0);
	u32 length = w->c.a2, *socket = sockets.lookup(&key);
	struct event *e = &w->e;
	u8 raw[28] = {};

	e->quality |= Q_CLAIMED;
	if (length < 2 || bpf_probe_read_user(raw, length < 28 ? length & 31 : 28, (void *)w->c.a1)) {
		e->quality |= Q_UNRESOLVED;
		return;
	}
	e->net.family = raw[0] | raw[1] << 8;
	if (socket)
		e->net.protocol = protocol_of(*socket);
	if (e->net.family == 1) {
		unix_name(s, w->c.a1, length);
		e->net.path = intern(s, set);
		return;
	}
	if (e->net.family == 2)
		map_ipv4(e->net.dst, raw + 4);
	else if (e->net.family == 10)
		__builtin_memcpy(e->net.dst, raw + 8, 16);
	else
		return;
	e->net.dst_port = raw[2] << 8 | raw[3];
}
