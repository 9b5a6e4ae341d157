// SPDX-License-Identifier: GPL-2.0-only
/*
 * What does not come back. Nothing stops a descriptor that is in flight:
 * terminating ptdma's crashes the kernel. So its channel gets no more, and its
 * pages stay pinned, and the module loaded, until it comes back after all.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>

#include "bridge.h"
#include "trace.h"

static s64 pages_of(const struct bridge_chunk *chunk)
{
	return (s64)(chunk->src.pages + chunk->dst.pages);
}

static void quarantine(struct bridge_channel *channel,
		       struct bridge_chunk *chunk)
{
	int error = -ETIMEDOUT;

	trace_migsim_dma_quarantine(chunk, chunk->group->id);
	__module_get(THIS_MODULE);
	list_move_tail(&chunk->node, &channel->quarantined);
	if (bridge_unmap_revokes(channel)) {
		bridge_unmap(chunk);
		bridge_chunk_unpin(chunk);
		error = -EIO;
	}
	bridge_count(BRIDGE_QUARANTINED_PAGES, pages_of(chunk));
	bridge_pieces_end(chunk, error);
}

/* It came back: the last of its descriptors, at least. */
void bridge_drained(struct bridge_chunk *chunk)
{
	struct bridge_channel *channel = chunk->channel;

	trace_migsim_dma_drained(chunk, 0);
	bridge_count(BRIDGE_QUARANTINED_PAGES, -pages_of(chunk));
	bridge_unmap(chunk);
	bridge_chunk_unpin(chunk);
	bridge_chunk_free(chunk);
	if (atomic_dec_and_test(&channel->held))
		wake_up_all(&channel->idle);
	/* This thread is stopped before the module goes. */
	module_put(THIS_MODULE);
}

static bool overdue(const struct bridge_chunk *chunk)
{
	return time_after(jiffies, chunk->deadline);
}

static void hangs(struct bridge_channel *channel)
{
	if (channel->state != BRIDGE_ALIVE)
		return;
	WRITE_ONCE(channel->state, BRIDGE_HUNG);
	bridge_count(BRIDGE_TIMEOUTS, 1);
	pr_warn_ratelimited("migsim_dma: %s (%s) hangs and is given up\n",
			    channel->name, channel->driver);
}

void bridge_expire(struct bridge_channel *channel)
{
	struct bridge_chunk *chunk, *next;

	chunk = channel->current_chunk;
	/* One of which nothing is out has only waited for the others. */
	if (chunk && overdue(chunk) && atomic_read(&chunk->left) > 1) {
		hangs(channel);
		bridge_issue_stop(channel);
	}
	list_for_each_entry_safe(chunk, next, &channel->issued, node) {
		if (!overdue(chunk) || !atomic_read(&chunk->left))
			continue;
		hangs(channel);
		quarantine(channel, chunk);
	}
}

/* In jiffies from now. */
long bridge_next_deadline(struct bridge_channel *channel)
{
	struct bridge_chunk *chunk, *current_chunk = channel->current_chunk;
	long least = MAX_SCHEDULE_TIMEOUT, left;

	if (channel->refused)
		return 1;
	list_for_each_entry(chunk, &channel->issued, node) {
		left = (long)(chunk->deadline - jiffies);
		least = min(least, max(left, 0L) + 1);
	}
	if (current_chunk) {
		left = (long)(current_chunk->deadline - jiffies);
		least = min(least, max(left, 0L) + 1);
	}
	return least;
}
