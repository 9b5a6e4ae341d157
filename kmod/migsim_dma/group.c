// SPDX-License-Identifier: GPL-2.0-only
/*
 * A COPY comes in, and is given up.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>

#include "bridge.h"
#include "compat.h"
#include "trace.h"

static atomic64_t all_bytes = ATOMIC64_INIT(0);
static atomic64_t last_id = ATOMIC64_INIT(0);

s64 bridge_all_bytes(s64 more)
{
	return atomic64_add_return(more, &all_bytes);
}

/* Among those of the file, if there is room. */
static int admit(struct bridge_file *file, struct bridge_group *group)
{
	u64 most = READ_ONCE(bridge_max_all);
	int rc = 0;

	if ((u64)bridge_all_bytes((s64)group->bytes) > most) {
		bridge_all_bytes(-(s64)group->bytes);
		return -EBUSY;
	}
	spin_lock(&file->lock);
	if (file->bytes + group->bytes > READ_ONCE(bridge_max_in_flight)) {
		rc = -EBUSY;
	} else {
		file->bytes += group->bytes;
		list_add_tail(&group->node, &file->groups);
	}
	spin_unlock(&file->lock);
	if (rc)
		bridge_all_bytes(-(s64)group->bytes);
	return rc;
}

static void dismiss(struct bridge_file *file, struct bridge_group *group)
{
	spin_lock(&file->lock);
	file->bytes -= group->bytes;
	list_del(&group->node);
	spin_unlock(&file->lock);
	bridge_all_bytes(-(s64)group->bytes);
}

static struct bridge_group *begin(struct bridge_file *file,
				  struct io_uring_cmd *cmd,
				  const struct migsim_dma_cmd *c)
{
	struct bridge_group *group;
	int rc;

	if (mutex_lock_killable(&file->claim))
		return ERR_PTR(-EINTR);
	group = file->nr ? bridge_group_read(file, c) : ERR_PTR(-ENODEV);
	if (!IS_ERR(group)) {
		group->cmd = cmd;
		group->id = (u64)atomic64_inc_return(&last_id);
		rc = admit(file, group);
		if (rc) {
			bridge_group_free(group);
			group = ERR_PTR(rc);
		}
	}
	mutex_unlock(&file->claim);
	return group;
}

/* The last chunk may end, and the group with it, before this returns. */
static void queue(struct bridge_group *group)
{
	struct bridge_chunk *chunk, *next;
	LIST_HEAD(chunks);

	list_splice_init(&group->chunks, &chunks);
	list_for_each_entry_safe(chunk, next, &chunks, node) {
		list_del(&chunk->node);
		bridge_chunk_queue(chunk);
	}
}

int bridge_copy(struct bridge_file *file, struct io_uring_cmd *cmd,
		const struct migsim_dma_cmd *c, unsigned int issue_flags)
{
	struct bridge_group *group = begin(file, cmd, c);
	int rc;

	if (IS_ERR(group))
		return PTR_ERR(group);
	rc = bridge_deal(group);
	if (!rc)
		rc = bridge_group_pin(group);
	if (rc) {
		dismiss(file, group);
		bridge_statuses_unpin(group);
		bridge_group_free(group);
		return rc;
	}
	bridge_count(BRIDGE_GROUPS, 1);
	bridge_count(BRIDGE_COPIES, group->count);
	bridge_count(BRIDGE_BYTES, (s64)group->bytes);
	trace_migsim_dma_submit(group->id, group->count, group->bytes);
	compat_mark_cancelable(cmd, issue_flags);
	queue(group);
	return -EIOCBQUEUED;
}

/* What has begun goes on; the threads drop the rest. */
static bool cancel(struct bridge_file *file, u64 addr, struct io_uring_cmd *cmd)
{
	struct bridge_group *group;
	bool found = false;

	spin_lock(&file->lock);
	list_for_each_entry(group, &file->groups, node) {
		if (cmd ? group->cmd != cmd : group->addr != addr)
			continue;
		WRITE_ONCE(group->cancelled, true);
		found = true;
	}
	spin_unlock(&file->lock);
	return found;
}

static void poke_all(struct bridge_file *file)
{
	unsigned int i;

	for (i = 0; i < file->nr; i++)
		bridge_poke(file->slots[i].channel);
}

int bridge_cancel(struct bridge_file *file, u64 addr)
{
	int rc = 0;

	if (mutex_lock_killable(&file->claim))
		return -EINTR;
	if (cancel(file, addr, NULL))
		poke_all(file);
	else
		rc = -ENOENT;
	mutex_unlock(&file->claim);
	return rc;
}

/*
 * The ring ends, and asks so perhaps more than once. Who releases the file's
 * channels meanwhile, when the group has just ended, leaves them for the grace
 * period.
 */
void bridge_cancel_cmd(struct bridge_file *file, struct io_uring_cmd *cmd)
{
	rcu_read_lock();
	if (cancel(file, 0, cmd))
		poke_all(file);
	rcu_read_unlock();
}
