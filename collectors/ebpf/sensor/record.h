/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The records that cross from kernel to user space. collectors/kernel/records.py has the
 * same layout as numpy types; a test compares the two through the object's BTF.
 *
 * Every record of a ring has one size, so that user space reads the mapped ring as an
 * array: 8 bytes of ring header and 120 of payload make a stride of 128, which divides
 * every ring size and so never straddles its end.
 */
#ifndef LICTOR_RECORD_H
#define LICTOR_RECORD_H

#define RECORD_SIZE 120
#define CHUNK_DATA 104
#define CHUNK_FAULT 0xffff /* length of a piece whose page was not there */

enum activity_class { CLASS_PROCESS = 0, CLASS_FILE = 1, CLASS_NETWORK = 2, CLASS_KERNEL = 5, CLASS_AGENT = 7 };
#define CLASSES 16 /* a power of two: an index is bounded by a mask, which the compiler cannot move away */

enum operation {
	OP_FORK = 1, OP_EXEC = 2, OP_EXIT = 3,
	OP_OPEN = 10, OP_READ = 11, OP_WRITE = 12, OP_CREATE = 13, OP_DELETE = 14, OP_RENAME = 15,
	OP_LINK = 16, OP_SYMLINK = 17, OP_CHMOD = 18, OP_MKDIR = 19, OP_TRUNCATE = 20,
	OP_CONNECT = 30, OP_BIND = 31, OP_LISTEN = 32, OP_ACCEPT = 33, OP_SEND = 34,
	OP_IO_URING = 40,
};

enum intent { INTENT_READ = 1, INTENT_WRITE = 2, INTENT_CREATE = 4, INTENT_TRUNCATE = 8 };

enum quality { Q_TRUNCATED = 1, Q_UNRESOLVED = 2, Q_FROM_PROC = 4, Q_PARENT_UNKNOWN = 8, Q_LATE = 16, Q_CLAIMED = 32 };

/* Positions in the schema's list of verdicts. */
enum verdict { V_ALLOW = 0, V_AUDIT = 1, V_ASK = 2, V_DENY = 3, V_FREEZE = 4, V_ISOLATE = 6, V_KILL = 7, V_NONE = 255 };
#define RULE_DEFAULT 255 /* no rule decided: the default of the operation did */
#define RULE_ISOLATED 254 /* no rule decided: the run has no network any more */

enum enforced { ENFORCED_NONE = 0, ENFORCED_KERNEL = 1 };

/* Strings travel as ids; 0 is "no string". */
struct file_part {
	__u32 path;
	__u32 path_to;
	__u64 ino;
	__u32 dev;
	__u32 open_flags;
	__u32 mode;
};

struct net_part {
	__u32 path; /* unix sockets */
	__u16 family;
	__u8 protocol;
	__u8 type;
	__u8 src[16]; /* IPv4 stands as ::ffff:a.b.c.d */
	__u8 dst[16];
	__u16 src_port;
	__u16 dst_port;
};

struct exec_part {
	__u32 path; /* the executable */
	__u32 script;
	__u64 ino;
	__u32 dev;
	__u32 mode;
	__u32 cwd;
	__u32 argv; /* words parted by NUL */
	__u32 marks; /* NAME=VALUE parted by NUL */
	__u32 argv_len; /* true length, also when less was sent */
};

struct fork_part {
	__u64 child_start;
	__u32 child_pid;
};

struct exit_part {
	__s32 code; /* as wait(2) reports it */
};

struct event {
	__u64 time; /* boot clock, ns */
	__u64 seq; /* counts per processor and class, from 0 */
	__u32 pid;
	__u32 tid;
	__u64 start; /* boot clock start of the thread group leader, ns */
	__u32 run; /* number that user space gave the run; 0 = not an agent's */
	__u32 uid;
	__u32 image; /* number of the exec that made this program */
	__s32 ret; /* what the call returned */
	__u16 cpu;
	__u8 class;
	__u8 op;
	__u8 intent;
	__u8 verdict;
	__u8 rule; /* bit of the rule that decided */
	__u8 enforced;
	__u16 quality;
	__u16 scope;
	__u32 reserved;
	union {
		struct file_part file;
		struct net_part net;
		struct exec_part exec;
		struct fork_part fork;
		struct exit_part exit;
		__u8 raw[56]; /* fills the record */
	};
};

/* A string is sent once, in pieces of one size. */
struct chunk {
	__u32 id;
	__u32 total; /* bytes sent of the whole string */
	__u16 index;
	__u16 count;
	__u16 length; /* bytes of this piece */
	__u16 epoch;
	__u8 data[CHUNK_DATA];
};

_Static_assert(sizeof(struct event) == RECORD_SIZE, "an event fills its record");
_Static_assert(sizeof(struct chunk) == RECORD_SIZE, "a chunk fills its record");

/* Why an event did not reach its ring. */
enum reason { LOST_RING_FULL = 0, LOST_PRIORITY_FULL = 1, LOST_TASK_MAP = 2 };
#define REASONS 4

/* One per processor; only ever grows, user space takes differences. */
struct counters {
	__u64 seq[CLASSES];
	__u64 lost[CLASSES][REASONS];
	__u64 strings;
	__u64 strings_lost;
};

/* What a task carries, copied to each child at fork. */
struct tag {
	__u32 run;
	__u32 scope;
	__u32 image;
	__u32 stop; /* stop the task at its next return: it was refused a connection, and a person is to decide */
	__u64 exe_bits; /* rules whose condition on the program holds */
	/* an address that the cgroup hook saw and whose call has not returned yet */
	__u8 dst[16];
	__u16 dst_port;
	__u16 family;
	__u8 protocol;
	__u8 pending;
	__u8 verdict;
	__u8 rule;
};

/* Rules are bits of a set of 64; see enforcer/linux/kernel.py for how they are compiled. */
enum kernel_op { K_READ = 0, K_WRITE = 1, K_EXEC = 2, K_CONNECT = 3, K_SEND = 4 };
#define KERNEL_OPS 8
#define PORT_RANGES 32
#define SCOPES 256
#define INODE_BLOOM 64 /* words of the filter in front of the inode map */
#define NAME_BLOOM 16 /* the same in front of the path and name maps */

struct port_range {
	__u16 low;
	__u16 high;
	__u32 reserved;
	__u64 bits;
};

struct scope {
	__u64 op_bits[KERNEL_OPS];
	__u64 kill;
	__u64 deny;
	__u64 freeze;
	__u64 ask;
	__u64 audit;
	__u64 allow;
	__u64 any_path; /* rules without a condition on the path */
	__u64 any_exe;
	__u64 any_address;
	__u64 any_port;
	__u64 tree_bits; /* rules over directories that stop something: match where a walk is too deep to tell */
	__u64 tcp_bits; /* rules that hold for this protocol */
	__u64 udp_bits;
	__u8 defaults[KERNEL_OPS];
	__u8 enforce;
	__u8 has_inodes;
	__u8 has_paths;
	__u8 has_names;
	__u32 port_ranges;
	struct port_range ports[PORT_RANGES];
	__u64 inode_bloom[INODE_BLOOM];
	__u64 name_bloom[NAME_BLOOM];
	__u32 successor; /* the scope that took this one's place; 0: none */
	__u32 reserved;
};

struct inode_key {
	__u64 ino;
	__u32 dev;
	__u32 scope;
};

struct process_id {
	__u64 start; /* boot clock start of the thread group leader, ns */
	__u32 pid;
	__u32 reserved;
};

/* A live process of a run, as the walk tells it. */
struct member {
	__u64 start; /* as above */
	__u32 pid;
	__u32 run;
	__u8 exe[32]; /* last name of its program, cut off there; empty where it has none any more */
};

struct hash_key {
	__u64 hash;
	__u32 scope;
	__u32 reserved;
};

/* Bits for the object itself and for what lies below it. */
struct path_bits {
	__u64 self;
	__u64 below;
};

struct address_key {
	__u32 prefix_len; /* 32 bits of scope come first */
	__u32 scope;
	__u8 address[16];
};

struct settings {
	__u64 seed;
	__u32 epoch; /* raised by user space when it forgets old strings */
	__u32 watch; /* report the execs of untagged tasks, to find agents */
	__u32 isolating; /* whether any run has lost its network */
	__u32 reserved;
};

#endif
