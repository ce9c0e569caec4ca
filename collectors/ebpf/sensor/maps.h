/* SPDX-License-Identifier: GPL-2.0 */
/* The maps that the probes share, and the small accessors that go with them. */
#ifndef LICTOR_MAPS_H
#define LICTOR_MAPS_H

#define PATH_MAX 4096
#define TEXT_SIZE 8192 /* a power of two, so that an offset is bounded by a mask; names may run past PATH_MAX to be hashed */
#define DEPTH 64 /* deepest path that is resolved; deeper is "too deep to tell" */

struct scratch {
	__u64 dentries[DEPTH];
	__u64 dentry, mount, root; /* where the walk stands */
	__u32 depth;
	__u64 bits; /* rules that the last walk matched */
	__u64 hash; /* of the last string */
	__u64 name_hash; /* of the last name of a path */
	__u32 length;
	__u32 quality;
	__u8 text[TEXT_SIZE + PATH_MAX]; /* a read that starts at the last offset still fits */
};

/* Programs that may interrupt each other use slots of their own. */
enum slot { SLOT_SYSCALL = 0, SLOT_EXEC = 1, SLOTS = 2, NO_SLOT = SLOTS };

struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 16 << 20); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 2 << 20); } priority SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 8 << 20); } strings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tag);
} tags SEC(".maps");

struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct counters); } counts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, SLOTS); __type(key, __u32); __type(value, struct scratch); } scratches SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct settings); } setup SEC(".maps");

struct interned { __u32 id; __u32 epoch; };
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 131072); __type(key, __u64); __type(value, struct interned); } known SEC(".maps");
struct mark_name { char name[24]; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, struct mark_name); __type(value, __u32); } marks SEC(".maps");

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, SCOPES); __type(key, __u32); __type(value, struct scope); } scopes SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16384); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, struct inode_key); __type(value, struct path_bits); } inodes SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16384); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, struct hash_key); __type(value, struct path_bits); } paths SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4096); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, struct hash_key); __type(value, struct path_bits); } names SEC(".maps");
/* Programs: self = rules switched on by this program, below = rules switched off. */
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4096); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, struct inode_key); __type(value, struct path_bits); } programs SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __uint(max_entries, 16384); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, struct address_key); __type(value, __u64); } addresses SEC(".maps");

struct stopped { __u64 since; __u32 tid; __u32 reserved; }; /* boot clock, ns, 0 while the signal is not sent; the thread that asked */
/* Processes that were stopped for a person to decide, until user space takes them out: right before they go on. */
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1024); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, struct process_id); __type(value, struct stopped); } held SEC(".maps");

/* Runs that have lost their network, whatever their policy says. */
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1024); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, __u32); __type(value, __u32); } isolated SEC(".maps");

/* Numbers given out since load. Strings begin at 1: 0 means none. */
__u32 next_string = 1;
__u32 next_image = 1;

/* Whether any process was ever held. Not one of the settings: user space writes those whole, and would take it back. */
__u32 holding = 0;

static __always_inline struct scratch *scratch(__u32 slot) { return bpf_map_lookup_elem(&scratches, &slot); }
static __always_inline struct settings *settings(void) { __u32 zero = 0; return bpf_map_lookup_elem(&setup, &zero); }
static __always_inline struct counters *counters(void) { __u32 zero = 0; return bpf_map_lookup_elem(&counts, &zero); }
static __always_inline struct scope *scope_of(__u32 scope) { return bpf_map_lookup_elem(&scopes, &scope); }

/*
 * The tag of a task. One that is nobody's, the common case, costs two loads and no helper
 * call. User space can tag a process that runs already by its leader only (pidfd names
 * threads since 6.9): its other threads get their copy here, when they are first seen.
 */
static __always_inline struct tag *tag_of(struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;
	struct tag *tag = NULL, *first;

	if (task->bpf_storage)
		tag = bpf_task_storage_get(&tags, task, NULL, 0);
	if (tag || leader == task || !leader->bpf_storage)
		return tag;
	first = bpf_task_storage_get(&tags, leader, NULL, 0);
	if (!first)
		return NULL;
	tag = bpf_task_storage_get(&tags, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (tag) {
		*tag = *first;
		tag->pending = 0;
		tag->stop = 0;
	}
	return tag;
}

#endif
