// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which channel copies what. Copies without a wish are seen as one stretch of
 * bytes, in the order of the array, of which every living channel gets an equal
 * part, the least loaded one the first: neighbours stay together. A whole copy
 * goes where its middle lies.
 */
#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "bridge.h"

/* Shorter pieces of a copy are not worth a channel. */
#define LEAST_PIECE	(64u << 10)

struct deal {
	struct bridge_group *group;
	struct bridge_slot *slots[BRIDGE_MAX_CHANNELS];
	s64 load[BRIDGE_MAX_CHANNELS];
	unsigned int nr;
	struct bridge_chunk *open[BRIDGE_MAX_CHANNELS];	/* by index */
	u64 total;		/* of the copies that anyone may have */
	u64 step;		/* of one channel, when copies are cut */
	u64 at;
	u32 pieces;
};

static bool alive(const struct bridge_slot *slot)
{
	return READ_ONCE(slot->channel->state) == BRIDGE_ALIVE;
}

/* NULL: none of them lives. */
struct bridge_slot *bridge_least_loaded(struct bridge_file *file)
{
	struct bridge_slot *best = NULL;
	s64 load, least = S64_MAX;
	unsigned int i;

	for (i = 0; i < file->nr; i++) {
		if (!alive(&file->slots[i]))
			continue;
		load = atomic64_read(&file->slots[i].channel->queued);
		if (load >= least)
			continue;
		best = &file->slots[i];
		least = load;
	}
	return best;
}

static void insert(struct deal *d, struct bridge_slot *slot)
{
	s64 load = atomic64_read(&slot->channel->queued);
	unsigned int i;

	for (i = d->nr++; i && d->load[i - 1] > load; i--) {
		d->slots[i] = d->slots[i - 1];
		d->load[i] = d->load[i - 1];
	}
	d->slots[i] = slot;
	d->load[i] = load;
}

static bool anyone(struct deal *d, const struct bridge_copy *copy)
{
	return copy->channel == MIGSIM_DMA_CHANNEL_ANY ||
	       !alive(&d->group->file->slots[copy->channel]);
}

static int look(struct deal *d)
{
	struct bridge_group *group = d->group;
	unsigned int i;

	for (i = 0; i < group->file->nr; i++) {
		if (alive(&group->file->slots[i]))
			insert(d, &group->file->slots[i]);
	}
	if (!d->nr)
		return -ENODEV;
	/* A channel that dies from here on leaves its share to all. */
	for (i = 0; i < group->count; i++) {
		if (!anyone(d, &group->copies[i]))
			continue;
		group->copies[i].channel = MIGSIM_DMA_CHANNEL_ANY;
		d->total += group->copies[i].len;
	}
	d->step = max_t(u64, LEAST_PIECE,
			PAGE_ALIGN(DIV_ROUND_UP_ULL(d->total, d->nr)));
	return 0;
}

static int add(struct deal *d, struct bridge_slot *slot,
	       struct bridge_copy *copy, u32 offset, u32 len)
{
	size_t i = (size_t)(slot - d->group->file->slots);
	struct bridge_piece *piece = &d->group->pieces[d->pieces++];
	struct bridge_chunk *chunk = d->open[i];

	if (!chunk) {
		chunk = bridge_chunk_new(d->group, slot);
		if (!chunk)
			return -ENOMEM;
		d->open[i] = chunk;
	}
	piece->next = NULL;
	piece->error = 0;
	piece->copy = copy;
	piece->offset = offset;
	piece->len = len;
	bridge_chunk_add(chunk, piece);
	if (chunk->bytes >= READ_ONCE(bridge_chunk_bytes))
		d->open[i] = NULL;
	return 0;
}

static int deal_whole(struct deal *d, struct bridge_copy *copy)
{
	u64 middle = d->at + copy->len / 2;
	u64 i = div64_u64(middle * d->nr, d->total);

	d->at += copy->len;
	return add(d, d->slots[i], copy, 0, copy->len);
}

static int deal_cut(struct deal *d, struct bridge_copy *copy)
{
	u32 offset = 0, len;
	u64 i;
	int rc;

	while (offset < copy->len) {
		i = div64_u64(d->at, d->step);
		len = (u32)min_t(u64, copy->len - offset,
				 (i + 1) * d->step - d->at);
		rc = add(d, d->slots[i], copy, offset, len);
		if (rc)
			return rc;
		offset += len;
		d->at += len;
	}
	return 0;
}

static int deal_one(struct deal *d, struct bridge_copy *copy)
{
	if (copy->channel != MIGSIM_DMA_CHANNEL_ANY)
		return add(d, &d->group->file->slots[copy->channel], copy, 0,
			   copy->len);
	return d->group->split ? deal_cut(d, copy) : deal_whole(d, copy);
}

/* Makes the group's chunks. -ENODEV: no channel lives; -ENOMEM. */
int bridge_deal(struct bridge_group *group)
{
	struct deal *d = kzalloc(sizeof(*d), GFP_KERNEL);
	int rc = -ENOMEM;
	u32 i;

	if (!d)
		return -ENOMEM;
	d->group = group;
	rc = look(d);
	if (rc)
		goto out;
	/* Every channel's part may begin within a copy. */
	group->pieces = kvmalloc_array((size_t)group->count + d->nr,
				       sizeof(*group->pieces), GFP_KERNEL);
	rc = group->pieces ? 0 : -ENOMEM;
	for (i = 0; i < group->count && !rc; i++)
		rc = deal_one(d, &group->copies[i]);
	group->nr_pieces = d->pieces;
out:
	kfree(d);
	return rc;
}
