/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Strings: a keyed hash, and sending each string once. An event names strings by small
 * ids; the text follows in pieces of one size on a ring of its own, the first time only.
 * User space raises settings.epoch when it forgets, and the text is sent anew.
 */
#ifndef LICTOR_STRINGS_H
#define LICTOR_STRINGS_H

#define MIX 0x9E3779B97F4A7C15ULL /* 2^64 / golden ratio */
#define PATH_CHUNKS (TEXT_SIZE / CHUNK_DATA + 1)
#define ARGV_MAX 65536
#define ARGV_CHUNKS (ARGV_MAX / CHUNK_DATA + 1)

static __always_inline __u64 mix(__u64 h, __u64 word)
{
	h = (h ^ word) * MIX;
	return h ^ (h >> 29);
}

/*
 * Hash of a name of at most 255 bytes that stands at text[from], into name_hash; the same
 * in enforcer/linux/pathhash.py. A function of its own: inside a caller's loop the verifier
 * would follow every length of every name.
 */
__noinline int hash_name(__u32 slot, __u32 from, __u32 length)
{
	struct scratch *s = scratch(slot);
	struct settings *set = settings();
	__u64 h;

	if (!s || !set)
		return 0;
	*(__u64 *)(s->text + ((from + length) & (TEXT_SIZE - 1))) = 0; /* the last word ends in zeros */
	h = set->seed ^ length;
	for (__u32 at = 0; at < 256; at += 8) {
		if (at >= length)
			break;
		h = mix(h, *(__u64 *)(s->text + ((from + at) & (TEXT_SIZE - 1))));
	}
	s->name_hash = h;
	return 0;
}

/* Hash of the whole text of a scratch slot, into its hash. */
__noinline int hash_text(__u32 slot)
{
	struct scratch *s = scratch(slot);
	struct settings *set = settings();
	__u64 h;

	if (!s || !set)
		return 0;
	*(__u64 *)(s->text + (s->length & (TEXT_SIZE - 1))) = 0;
	h = ~set->seed ^ s->length;
	for (__u32 at = 0; at < TEXT_SIZE; at += 8) {
		if (at >= s->length)
			break;
		h = mix(h, *(__u64 *)(s->text + at));
	}
	s->hash = h;
	return 0;
}

/*
 * One piece of a string: of a scratch slot, or of the current program's memory. Global,
 * so that the verifier sees it once and not once for each of 631 turns of a loop.
 */
__noinline int put_chunk(__u32 id, __u32 total, __u32 index, __u32 slot, __u64 address)
{
	struct scratch *s = scratch(slot);
	struct settings *set = settings();
	__u32 length = total - index * CHUNK_DATA;
	struct chunk *c;
	long bad;

	if (!set)
		return -1;
	c = bpf_ringbuf_reserve(&strings, sizeof(*c), 0);
	if (!c)
		return -1;
	if (length > CHUNK_DATA)
		length = CHUNK_DATA;
	c->id = id;
	c->total = total;
	c->index = index;
	c->count = (total + CHUNK_DATA - 1) / CHUNK_DATA;
	c->length = length;
	c->epoch = set->epoch;
	if (s)
		bad = bpf_probe_read_kernel(c->data, length, s->text + ((index * CHUNK_DATA) & (TEXT_SIZE - 1)));
	else
		bad = bpf_probe_read_user(c->data, length, (const void *)address);
	if (bad)
		c->length = CHUNK_FAULT;
	bpf_ringbuf_submit(c, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline void count_strings(int lost)
{
	struct counters *c = counters();

	if (!c)
		return;
	__sync_fetch_and_add(&c->strings, 1);
	if (lost)
		__sync_fetch_and_add(&c->strings_lost, 1);
}

__noinline int send_text(__u32 slot, __u32 id)
{
	struct scratch *s = scratch(slot);

	if (!s)
		return -1;
	for (__u32 i = 0; i < PATH_CHUNKS; i++) {
		if (i * CHUNK_DATA >= s->length)
			break;
		if (put_chunk(id, s->length, i, slot, 0))
			return -1;
	}
	return 0;
}

/* Send length bytes of the current program's memory; returns the id, 0 when it could not be sent. */
__noinline int send_user(__u64 address, __u32 length)
{
	__u32 id;

	if (!length)
		return 0;
	if (length > ARGV_MAX)
		length = ARGV_MAX;
	id = __sync_fetch_and_add(&next_string, 1);
	for (__u32 i = 0; i < ARGV_CHUNKS; i++) {
		if (i * CHUNK_DATA >= length)
			break;
		if (put_chunk(id, length, i, NO_SLOT, address + i * CHUNK_DATA)) {
			count_strings(1);
			return 0;
		}
	}
	count_strings(0);
	return id;
}

/* Id of the text in a scratch slot, whose hash is set; sends the text when it is new. */
__noinline int intern(__u32 slot)
{
	struct scratch *s = scratch(slot);
	struct settings *set = settings();
	struct interned *old, new;
	__u64 key;

	if (!s || !set || !s->length)
		return 0;
	key = s->hash;
	old = bpf_map_lookup_elem(&known, &key);
	if (old && old->epoch == set->epoch)
		return old->id;
	new.epoch = set->epoch;
	new.id = __sync_fetch_and_add(&next_string, 1);
	if (send_text(slot, new.id)) {
		count_strings(1);
		s->quality |= Q_UNRESOLVED;
		return 0;
	}
	count_strings(0);
	bpf_map_update_elem(&known, &key, &new, BPF_ANY);
	return new.id;
}

#endif
