// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a channel's queues to its provider, by the thread of the channel: a
 * callback must neither prepare nor issue.
 */
#include <linux/dmaengine.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "bridge.h"
#include "trace.h"

/*
 * In any context, hard interrupts too: only counts. The chunk may be gone when
 * it is on the list, the channel not before all callbacks have returned.
 */
static void called_back(void *param, const struct dmaengine_result *result)
{
	struct bridge_desc *desc = param;
	struct bridge_chunk *chunk = desc->chunk;
	struct bridge_channel *channel = chunk->channel;
	bool wake = false;
	int out;

	rcu_read_lock();
	if (result && result->result != DMA_TRANS_NOERROR)
		desc->error = -EIO;
	if (atomic_dec_and_test(&chunk->left)) {
		llist_add(&chunk->done, &channel->done);
		wake = true;
	}
	out = atomic_dec_return(&channel->out);
	if (READ_ONCE(channel->starved))
		wake |= out <= READ_ONCE(channel->low);
	if (wake)
		wake_up(&channel->wait);
	rcu_read_unlock();
}

/* Fair between files: one chunk of each in turn. */
static struct bridge_chunk *next_chunk(struct bridge_channel *channel)
{
	struct bridge_chunk *chunk = NULL;
	struct bridge_slot *slot;

	spin_lock(&channel->lock);
	slot = list_first_entry_or_null(&channel->slots, struct bridge_slot,
					node);
	if (slot) {
		chunk = list_first_entry(&slot->chunks, struct bridge_chunk,
					 node);
		list_del(&chunk->node);
		if (list_empty(&slot->chunks))
			list_del(&slot->node);
		else
			list_move_tail(&slot->node, &channel->slots);
	}
	spin_unlock(&channel->lock);
	return chunk;
}

/* ptdma has one completion interrupt for all: each has to ask for it. */
static bool submit(struct bridge_channel *channel, struct bridge_desc *d)
{
	struct dma_async_tx_descriptor *tx;

	tx = dmaengine_prep_dma_memcpy(channel->chan, d->dst, d->src, d->len,
				       DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!tx)
		return false;
	tx->callback_result = called_back;
	tx->callback_param = d;
	atomic_inc(&channel->out);
	atomic_inc(&d->chunk->left);
	if (dma_submit_error(dmaengine_submit(tx))) {
		atomic_dec(&d->chunk->left);
		atomic_dec(&channel->out);
		return false;
	}
	if (channel->issue_each)
		dma_async_issue_pending(channel->chan);
	return true;
}

/* What is left of the chunk is never issued. */
static void give_up(struct bridge_chunk *chunk, int error)
{
	for (; chunk->next < chunk->nr_descs; chunk->next++)
		chunk->descs[chunk->next].error = error;
}

/* Without room the thread comes back when half of it has been done. */
static bool has_room(struct bridge_channel *channel)
{
	int depth = (int)READ_ONCE(bridge_depth);

	WRITE_ONCE(channel->low, depth / 2);
	return atomic_read(&channel->out) < depth;
}

/*
 * No memory, or no room at the provider, which may make some only after it has
 * called back. With nothing out nobody says when: it is tried again, for as long
 * as a copy may take.
 */
static void stall(struct bridge_channel *channel, struct bridge_chunk *chunk,
		  int out)
{
	if (!out && time_after(jiffies, chunk->deadline)) {
		give_up(chunk, -ENOMEM);
		return;
	}
	WRITE_ONCE(channel->low, min(channel->low, out - 1));
	channel->refused = !out;
}

static void issue_descs(struct bridge_channel *channel,
			struct bridge_chunk *chunk)
{
	unsigned int before = chunk->next;

	channel->refused = false;
	while (chunk->next < chunk->nr_descs && has_room(channel)) {
		int out = atomic_read(&channel->out);

		if (!submit(channel, &chunk->descs[chunk->next])) {
			stall(channel, chunk, out);
			break;
		}
		chunk->next++;
		bridge_count(BRIDGE_DESCRIPTORS, 1);
	}
	if (chunk->next == before)
		return;
	if (!channel->issue_each)
		dma_async_issue_pending(channel->chan);
	chunk->deadline = jiffies +
			  msecs_to_jiffies(READ_ONCE(bridge_timeout_ms));
}

/* All that will ever be issued of it is. */
static void issued(struct bridge_channel *channel, struct bridge_chunk *chunk)
{
	channel->current_chunk = NULL;
	list_add_tail(&chunk->node, &channel->issued);
	trace_migsim_dma_issue(chunk, chunk->group->id);
	if (atomic_dec_and_test(&chunk->left))
		llist_add(&chunk->done, &channel->done);
}

/* NULL: there is none, or this one has ended at once. */
static bool begin(struct bridge_channel *channel)
{
	struct bridge_chunk *chunk = next_chunk(channel);
	int rc;

	if (!chunk)
		return false;
	if (READ_ONCE(chunk->group->cancelled)) {
		bridge_chunk_end(chunk, -ECANCELED);
		return true;
	}
	bridge_poison(chunk);
	rc = bridge_map(chunk);
	if (rc) {
		bridge_chunk_end(chunk, -ENOMEM);
		return true;
	}
	atomic_set(&chunk->left, 1);
	chunk->deadline = jiffies +
			  msecs_to_jiffies(READ_ONCE(bridge_timeout_ms));
	channel->current_chunk = chunk;
	return true;
}

void bridge_issue(struct bridge_channel *channel)
{
	/* The driver may be on its way out. */
	while (READ_ONCE(channel->state) == BRIDGE_ALIVE && has_room(channel)) {
		struct bridge_chunk *chunk = channel->current_chunk;

		if (!chunk) {
			if (!begin(channel))
				return;
			continue;
		}
		issue_descs(channel, chunk);
		/* And low says when to go on. */
		if (chunk->next < chunk->nr_descs)
			return;
		issued(channel, chunk);
	}
}

/* Another channel of the file, if any would do. */
static bool reroute(struct bridge_chunk *chunk)
{
	struct bridge_slot *slot;

	if (!chunk->any)
		return false;
	slot = bridge_least_loaded(chunk->group->file);
	if (!slot)
		return false;
	atomic64_sub((s64)chunk->bytes, &chunk->channel->queued);
	chunk->slot = slot;
	chunk->channel = slot->channel;
	bridge_chunk_queue(chunk);
	return true;
}

/* The channel is dead: what has begun stays so, the rest goes elsewhere. */
void bridge_issue_stop(struct bridge_channel *channel)
{
	struct bridge_chunk *chunk = channel->current_chunk;

	if (chunk) {
		channel->refused = false;
		give_up(chunk, -ENODEV);
		issued(channel, chunk);
	}
	while ((chunk = next_chunk(channel))) {
		if (READ_ONCE(chunk->group->cancelled))
			bridge_chunk_end(chunk, -ECANCELED);
		else if (!reroute(chunk))
			bridge_chunk_end(chunk, -ENODEV);
	}
}
