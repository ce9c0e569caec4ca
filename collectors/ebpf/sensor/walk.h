/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The walk over all processes: one line for each that carries a tag and still runs.
 *
 * Run by a read of the iterator's descriptor. A look into /proc for each process of a machine takes 20 µs and more, this
 * one 2: a run of a thousand processes must be dead in a tenth of a second.
 */
#ifndef LICTOR_WALK_H
#define LICTOR_WALK_H

SEC("iter/task")
int walk(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct member m = {};
	struct tag *tag;

	if (!task || task->group_leader != task || !task->bpf_storage)
		return 0;
	tag = bpf_task_storage_get(&tags, task, NULL, 0);
	/* A leader may have ended long before its other threads: what counts is whether any of them runs. */
	if (!tag || !tag->run || task->signal->live.counter <= 0)
		return 0;
	m.start = task->start_boottime;
	m.pid = task->tgid;
	m.run = tag->run;
	bpf_probe_read_kernel_str(m.exe, sizeof(m.exe), BPF_CORE_READ(task, mm, exe_file, f_path.dentry, d_name.name));
	bpf_seq_write(ctx->meta->seq, &m, sizeof(m));
	return 0;
}

#endif
