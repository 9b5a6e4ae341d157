// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command comes in: who sends it, and which one it is.
 */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/sched.h>

#include "bridge.h"
#include "compat.h"

/* The entry is in memory that the process can change at any moment. */
static struct migsim_dma_cmd read_once(const struct io_uring_cmd *cmd)
{
	const struct migsim_dma_cmd *ring = compat_cmd(cmd);
	struct migsim_dma_cmd c;

	c.addr = READ_ONCE(ring->addr);
	c.count = READ_ONCE(ring->count);
	c.flags = READ_ONCE(ring->flags);
	return c;
}

static int dispatch(struct bridge_file *file, struct io_uring_cmd *cmd,
		    const struct migsim_dma_cmd *c, unsigned int issue_flags)
{
	u32 op = READ_ONCE(cmd->cmd_op);

	if (op == MIGSIM_DMA_OP_COPY)
		return bridge_copy(file, cmd, c, issue_flags);
	if (c->flags)
		return -EINVAL;
	switch (op) {
	case MIGSIM_DMA_OP_INFO:
		return bridge_info(file, c->addr, c->count);
	case MIGSIM_DMA_OP_CHANNELS:
		return bridge_channels(file, c->addr, c->count);
	case MIGSIM_DMA_OP_CLAIM:
		return bridge_claim(file, c->addr, c->count);
	case MIGSIM_DMA_OP_RELEASE:
		return c->addr || c->count ? -EINVAL : bridge_release(file);
	case MIGSIM_DMA_OP_CANCEL:
		return c->count ? -EINVAL : bridge_cancel(file, c->addr);
	}
	return -EOPNOTSUPP;
}

int bridge_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct bridge_file *file = cmd->file->private_data;
	struct migsim_dma_cmd c;
	u64 begin;
	int rc;

	if (compat_is_cancel(issue_flags)) {
		bridge_cancel_cmd(file, cmd);
		return 0;
	}
	/* The pages of another process are none of this file's business. */
	if (current->mm != file->mm)
		return -EPERM;
	/* Every command may sleep: io_uring has threads for such. */
	if (issue_flags & IO_URING_F_NONBLOCK) {
		compat_keep_cmd(cmd);
		return -EAGAIN;
	}
	begin = ktime_get_ns();
	c = read_once(cmd);
	rc = dispatch(file, cmd, &c, issue_flags);
	/* The worker holds the command, even if it is over, and so the file. */
	atomic64_add((s64)(ktime_get_ns() - begin), &file->cmd_ns);
	if (rc == -EIOCBQUEUED)
		return rc;
	if (rc < 0)
		bridge_count(BRIDGE_REFUSED, 1);
	/* 6.1 loses commands that return more than 0 in a thread of its own. */
	compat_cmd_done(cmd, rc, issue_flags);
	return -EIOCBQUEUED;
}
