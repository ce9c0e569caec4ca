/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel structures that the probes read, named by hand: only the members in use,
 * relocated at load (CO-RE) against the running kernel's BTF, so that no generated
 * 130,000-line header stands in the tree. Checked on 6.1 and 6.18.
 */
#ifndef LICTOR_KERNEL_H
#define LICTOR_KERNEL_H

#define CORE __attribute__((preserve_access_index))

typedef struct { int counter; } atomic_t;

/* Read whole, in one go: the hash of the dentry cache in the low half of the first word, the length in the high half. */
struct qstr { __u64 hash_len; const unsigned char *name; };
struct super_block { __u32 s_dev; unsigned long s_magic; } CORE;
struct inode { __u16 i_mode; __u32 i_generation; unsigned long i_ino; struct super_block *i_sb; } CORE;
struct dentry { struct dentry *d_parent; struct qstr d_name; struct inode *d_inode; } CORE;
struct vfsmount { struct dentry *mnt_root; } CORE;
struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; } CORE;
struct path { struct vfsmount *mnt; struct dentry *dentry; } CORE;
struct file { __u32 f_mode; __u32 f_flags; struct inode *f_inode; struct path f_path; void *private_data; } CORE;
struct ovl_file { struct file *realfile; } CORE; /* since 6.13; before, the real file is private_data itself */
struct fdtable { __u32 max_fds; struct file **fd; } CORE;
struct files_struct { struct fdtable *fdt; } CORE;
struct fs_struct { struct path pwd; } CORE;
struct mm_struct { struct file *exe_file; unsigned long arg_start, arg_end, env_start, env_end; } CORE;
struct kuid_t_ { __u32 val; } CORE;
struct cred { struct kuid_t_ euid; } CORE;
typedef struct { unsigned long sig[1]; } sigset_t;
struct sigpending { sigset_t signal; } CORE;
struct signal_struct { atomic_t live; int group_exit_code; unsigned int flags; struct sigpending shared_pending; } CORE;
struct thread_info { __u32 status; } CORE;
struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	unsigned long jobctl;
	int pid, tgid, exit_code;
	__u64 start_boottime;
	struct task_struct *group_leader;
	struct mm_struct *mm;
	struct files_struct *files;
	struct fs_struct *fs;
	struct signal_struct *signal;
	const struct cred *cred;
	void *bpf_storage;
} CORE;
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; } CORE;
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; } CORE;
struct linux_binprm { struct file *file; const char *filename; const char *interp; } CORE;
struct in6_addr_ { __u8 bytes[16]; };
struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	struct in6_addr_ skc_v6_daddr, skc_v6_rcv_saddr;
} CORE;
struct sock { struct sock_common __sk_common; __u16 sk_protocol; } CORE;
struct socket { short type; struct sock *sk; } CORE;
struct sockaddr_un { unsigned short sun_family; } CORE;
struct unix_address { int len; struct sockaddr_un name[0]; } CORE;
struct unix_sock { struct unix_address *addr; struct sock *peer; } CORE;

#define FMODE_READ 1
#define FMODE_WRITE 2
#define FMODE_PATH 0x4000
#define FMODE_CREATED 0x100000
#define PF_IO_WORKER 0x10
#define SIGNAL_GROUP_EXIT 4
#define CLONE_THREAD 0x10000
#define O_ACCMODE 3
#define O_CREAT 0100
#define O_TRUNC 01000
#define O_PATH 010000000
#define AT_FDCWD -100
#define AT_REMOVEDIR 0x200
#define OVERLAYFS_MAGIC 0x794c7630
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define EINPROGRESS 115
#define SIGKILL 9
#define SIGSTOP 19
#define JOBCTL_STOP_PENDING (1UL << 17)
#define MAX_ERRNO 4095

#endif
