// SPDX-License-Identifier: GPL-2.0-only
/*
 * The thread of a channel: ends what is done, gives up what hangs, issues what
 * waits; sleeps otherwise.
 */
#include <linux/kthread.h>
#include <linux/slab.h>

#include "bridge.h"

/* In the order in which they were done. */
static void reap(struct bridge_channel *channel)
{
	struct llist_node *done = llist_del_all(&channel->done);
	struct bridge_chunk *chunk, *next;

	done = llist_reverse_order(done);
	llist_for_each_entry_safe(chunk, next, done, done) {
		list_del(&chunk->node);
		if (chunk->group)
			bridge_chunk_done(chunk);
		else
			bridge_drained(chunk);
	}
}

/* Those that wait, of groups that were given up. */
static void drop_cancelled(struct bridge_channel *channel)
{
	struct bridge_chunk *chunk, *next_chunk;
	struct bridge_slot *slot, *next;
	LIST_HEAD(cancelled);

	spin_lock(&channel->lock);
	list_for_each_entry_safe(slot, next, &channel->slots, node) {
		list_for_each_entry_safe(chunk, next_chunk, &slot->chunks,
					 node) {
			if (READ_ONCE(chunk->group->cancelled))
				list_move_tail(&chunk->node, &cancelled);
		}
		if (list_empty(&slot->chunks))
			list_del(&slot->node);
	}
	spin_unlock(&channel->lock);
	list_for_each_entry_safe(chunk, next_chunk, &cancelled, node) {
		list_del(&chunk->node);
		bridge_chunk_end(chunk, -ECANCELED);
	}
}

static bool waits(struct bridge_channel *channel)
{
	return channel->current_chunk || !list_empty_careful(&channel->slots);
}

static bool has_work(struct bridge_channel *channel)
{
	if (!llist_empty(&channel->done) || READ_ONCE(channel->poked) ||
	    kthread_should_stop())
		return true;
	if (!waits(channel))
		return false;
	if (READ_ONCE(channel->state) != BRIDGE_ALIVE)
		return true;
	WRITE_ONCE(channel->starved, true);
	/* Before a look at what is out; called_back() counts, then looks. */
	smp_mb();
	return atomic_read(&channel->out) <= channel->low;
}

static void turn(struct bridge_channel *channel)
{
	WRITE_ONCE(channel->starved, false);
	if (READ_ONCE(channel->poked)) {
		WRITE_ONCE(channel->poked, false);
		smp_mb();
		drop_cancelled(channel);
	}
	reap(channel);
	bridge_expire(channel);
	if (READ_ONCE(channel->state) == BRIDGE_ALIVE) {
		bridge_issue(channel);
		return;
	}
	bridge_issue_stop(channel);
	if (!channel->stopped) {
		smp_store_release(&channel->stopped, true);
		wake_up_all(&channel->idle);
	}
}

int bridge_thread(void *arg)
{
	struct bridge_channel *channel = arg;

	while (!kthread_should_stop()) {
		wait_event_idle_timeout(channel->wait, has_work(channel),
					bridge_next_deadline(channel));
		turn(channel);
		cond_resched();
	}
	return 0;
}
