// SPDX-License-Identifier: GPL-2.0-only
/*
 * A chunk: what one channel copies at a time.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "bridge.h"

/* Belongs to the group until it is queued. */
struct bridge_chunk *bridge_chunk_new(struct bridge_group *group,
				      struct bridge_slot *slot)
{
	struct bridge_chunk *chunk = kzalloc(sizeof(*chunk), GFP_KERNEL);

	if (!chunk)
		return NULL;
	chunk->group = group;
	chunk->slot = slot;
	chunk->channel = slot->channel;
	chunk->any = true;
	list_add_tail(&chunk->node, &group->chunks);
	atomic_inc(&group->left);
	return chunk;
}

void bridge_chunk_add(struct bridge_chunk *chunk, struct bridge_piece *piece)
{
	if (chunk->last)
		chunk->last->next = piece;
	else
		chunk->first = piece;
	chunk->last = piece;
	piece->chunk = chunk;
	chunk->bytes += piece->len;
	if (piece->copy->channel != MIGSIM_DMA_CHANNEL_ANY)
		chunk->any = false;
	atomic_inc(&piece->copy->left);
}

/* To its slot; the thread of the channel owns it from here on. */
void bridge_chunk_queue(struct bridge_chunk *chunk)
{
	struct bridge_channel *channel = chunk->channel;
	struct bridge_slot *slot = chunk->slot;

	atomic64_add((s64)chunk->bytes, &channel->queued);
	spin_lock(&channel->lock);
	if (list_empty(&slot->chunks))
		list_add_tail(&slot->node, &channel->slots);
	list_add_tail(&chunk->node, &slot->chunks);
	spin_unlock(&channel->lock);
	wake_up(&channel->wait);
}

void bridge_chunk_unpin(struct bridge_chunk *chunk)
{
	bridge_unpin(&chunk->src, false);
	bridge_unpin(&chunk->dst, true);
	kvfree(chunk->runs);
	chunk->runs = NULL;
	bridge_uncharge(&chunk->charge);
}

void bridge_chunk_free(struct bridge_chunk *chunk)
{
	if (chunk->descs != &chunk->one)
		kvfree(chunk->descs);
	kfree(chunk);
}
