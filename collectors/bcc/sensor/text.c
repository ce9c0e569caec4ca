/* SPDX-License-Identifier: GPL-2.0 */
/* Texts: read from the program, hashed, sent once in pieces; as collectors/ebpf/sensor/strings.h does it. */

#define MIX 0x9E3779B97F4A7C15ULL /* 2^64 / golden ratio */
#define KEEP(variable) asm volatile("" : "+r"(variable))

static inline int put_piece(struct text_scratch *s, u32 id, u32 total, u32 index, u64 address)
{
	u64 length = total - index * CHUNK_DATA;
	struct chunk *c = strings.ringbuf_reserve(sizeof(*c));
	long bad;

	if (!c)
		return -1;
	KEEP(length); /* the verifier must see the bound on the very register that is used */
	if (length > CHUNK_DATA)
		length = CHUNK_DATA;
	KEEP(length);
	c->id = id;
	c->total = total;
	c->index = index;
	c->count = (total + CHUNK_DATA - 1) / CHUNK_DATA;
	c->length = length;
	c->epoch = 0;
	if (address)
		bad = bpf_probe_read_user(c->data, length, (void *)(address + index * CHUNK_DATA));
	else
		bad = bpf_probe_read_kernel(c->data, length, s->text + ((index * CHUNK_DATA) & (TEXT_ROOM - 1)));
	if (bad)
		c->length = CHUNK_FAULT;
	strings.ringbuf_submit(c, BPF_RB_NO_WAKEUP);
	return 0;
}

static inline void hash_text(struct text_scratch *s, u64 seed)
{
	u64 h = seed ^ s->length;

	*(u64 *)(s->text + (s->length & (TEXT_ROOM - 1))) = 0; /* the last word ends in zeros */
	for (u32 at = 0; at < PATH_ROOM; at += 8) {
		if (at >= s->length)
			break;
		h = (h ^ *(u64 *)(s->text + at)) * MIX;
		h ^= h >> 29;
	}
	s->hash = h;
}

/* Number of the text in the scratch, which is sent when it is new; 0 where it could not be. */
static inline u32 intern(struct text_scratch *s, struct settings *set)
{
	struct known_text *old, new = {};
	u64 key;

	if (!s->length)
		return 0;
	hash_text(s, set->seed);
	key = s->hash;
	old = known.lookup(&key);
	if (old && old->epoch == set->epoch)
		return old->id;
	new.epoch = set->epoch;
	new.id = next_text(set->epoch);
	if (!new.id) {
		count_text(1);
		s->quality |= Q_UNRESOLVED;
		return 0;
	}
	for (u32 i = 0; i < PATH_ROOM / CHUNK_DATA + 1; i++) {
		if (i * CHUNK_DATA >= s->length)
			break;
		if (put_piece(s, new.id, s->length, i, 0)) {
			count_text(1);
			s->quality |= Q_UNRESOLVED;
			return 0;
		}
	}
	count_text(0);
	known.update(&key, &new);
	return new.id;
}

/* A text of the program by its address into the scratch: a path as it was given. */
static inline void read_path(struct text_scratch *s, u64 address)
{
	long n = bpf_probe_read_user_str(s->text, PATH_ROOM, (void *)address);

	s->quality = Q_CLAIMED;
	s->length = n > 1 ? (n - 1) & (TEXT_ROOM - 1) : 0;
	if (n <= 0)
		s->quality |= Q_UNRESOLVED;
	if (n == PATH_ROOM)
		s->quality |= Q_TRUNCATED;
}

/* Where a path starts: 0 for the root. */
static inline u32 place_of(const struct text_scratch *s, const struct process *p, u32 pid, int dirfd)
{
	u64 key = descriptor(pid, dirfd);
	u32 *place;

	if (s->length && s->text[0] == '/')
		return 0;
	if (dirfd == AT_FDCWD)
		return p->place;
	place = folders.lookup(&key);
	return place ? *place : NOWHERE;
}
