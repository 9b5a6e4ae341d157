/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that this is built for, 6.1 to 7.3: all of
 * it is the interface of IORING_OP_URING_CMD.
 */
#ifndef MIGSIM_DMA_COMPAT_H
#define MIGSIM_DMA_COMPAT_H

#include <linux/string.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#include <linux/io_uring/cmd.h>
#else
#include <linux/io_uring.h>
#endif

/* The inline bytes of the entry; of the ring itself at first: read once. */
static inline const void *compat_cmd(const struct io_uring_cmd *cmd)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	return cmd->sqe->cmd;
#else
	return cmd->cmd;
#endif
}

/*
 * What a worker is to do reads the entry again. From 6.10 until 6.14 it is still
 * that of the ring, which is another command's by then: the kernel keeps a copy
 * and does not look at it.
 */
static inline void compat_keep_cmd(struct io_uring_cmd *cmd)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0) && \
	LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
	void *kept = cmd_to_io_kiocb(cmd)->async_data;

	if (!kept || cmd->sqe == kept)
		return;
	memcpy(kept, cmd->sqe, sizeof(*cmd->sqe));
	cmd->sqe = kept;
#endif
}

static inline void compat_cmd_done(struct io_uring_cmd *cmd, int result,
				   unsigned int issue_flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
	io_uring_cmd_done(cmd, result, issue_flags);
#else
	io_uring_cmd_done(cmd, result, 0, issue_flags);
#endif
}

/*
 * Before 6.7 a ring that ends waits for its commands, which the timeout of the
 * channels bounds.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static inline void compat_mark_cancelable(struct io_uring_cmd *cmd,
					  unsigned int issue_flags)
{
	io_uring_cmd_mark_cancelable(cmd, issue_flags);
}

static inline bool compat_is_cancel(unsigned int issue_flags)
{
	return issue_flags & IO_URING_F_CANCEL;
}

#ifdef IO_URING_CMD_TASK_WORK_ISSUE_FLAGS
static inline void compat_done_in_task(struct io_tw_req tw_req,
				       io_tw_token_t tw)
{
	struct io_uring_cmd *cmd = io_uring_cmd_from_tw(tw_req);
	unsigned int issue_flags = IO_URING_CMD_TASK_WORK_ISSUE_FLAGS;
#else
static inline void compat_done_in_task(struct io_uring_cmd *cmd,
				       unsigned int issue_flags)
{
#endif
	compat_cmd_done(cmd, *(int *)cmd->pdu, issue_flags);
}

/*
 * From a thread of ours. The lock that a cancelable command takes is the ring's,
 * which its process may hold for as long as it likes: that process completes it.
 */
static inline void compat_cmd_done_elsewhere(struct io_uring_cmd *cmd,
					     int result)
{
	*(int *)cmd->pdu = result;
	io_uring_cmd_complete_in_task(cmd, compat_done_in_task);
}
#else
static inline void compat_mark_cancelable(struct io_uring_cmd *cmd,
					  unsigned int issue_flags)
{
}

static inline bool compat_is_cancel(unsigned int issue_flags)
{
	return false;
}

static inline void compat_cmd_done_elsewhere(struct io_uring_cmd *cmd,
					     int result)
{
	compat_cmd_done(cmd, result, IO_URING_F_UNLOCKED);
}
#endif

#endif
