// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a group: what follows one another in memory is looked up
 * together, and then dealt out to the chunks, which give their pages back by
 * themselves.
 */
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "bridge.h"

static u64 address(const struct bridge_piece *p, bool write)
{
	return (write ? p->copy->dst : p->copy->src) + p->offset;
}

static struct bridge_pins *pins_of(const struct bridge_piece *p, bool write)
{
	return write ? &p->chunk->dst : &p->chunk->src;
}

/* From the first of several pieces on that follow one another: @len bytes. */
static int pin_stretch(const struct bridge_piece *p, u64 len, bool write,
		       struct page **batch)
{
	u64 addr = address(p, write), left = p->len, bytes;
	unsigned int n;
	int got, used;

	while (len) {
		got = bridge_look_up(addr, len, write, batch);
		if (got < 0)
			return got;
		for (used = 0; used < got; used += (int)n) {
			n = (unsigned int)min_t(unsigned long,
						bridge_pages_of(addr, left),
						(unsigned int)(got - used));
			bytes = bridge_add_runs(pins_of(p, write), batch + used,
						n, addr, left);
			addr += bytes;
			left -= bytes;
			len -= bytes;
			if (!left && len)
				left = (++p)->len;
		}
	}
	return 0;
}

/* Who begins within a page needs a pin of its own for that page. */
static bool follows(const struct bridge_piece *p, u64 end, bool write)
{
	return address(p, write) == end && !offset_in_page(end);
}

static int pin_side(struct bridge_group *group, bool write,
		    struct page **batch)
{
	const struct bridge_piece *p = group->pieces, *next;
	const struct bridge_piece *end = p + group->nr_pieces;
	u64 len;
	int rc;

	for (; p < end; p = next) {
		next = p + 1;
		len = p->len;
		while (next < end && follows(next, address(p, write) + len,
					     write))
			len += next++->len;
		rc = pin_stretch(p, len, write, batch);
		if (rc)
			return rc;
	}
	return 0;
}

/* Room for all pages of both sides, should no two lie beside each other. */
static int make_room(struct bridge_chunk *chunk)
{
	unsigned long src = 0, dst = 0;
	struct bridge_piece *p;
	int rc;

	for (p = chunk->first; p; p = p->next) {
		src += bridge_pages_of(address(p, false), p->len);
		dst += bridge_pages_of(address(p, true), p->len);
	}
	rc = bridge_charge(&chunk->charge, chunk->group, src + dst);
	if (rc)
		return rc;
	chunk->runs = kvmalloc_array(src + dst, sizeof(*chunk->runs),
				     GFP_KERNEL);
	if (!chunk->runs)
		return -ENOMEM;
	chunk->src = (struct bridge_pins){ .runs = chunk->runs, .join = true };
	chunk->dst = (struct bridge_pins){ .runs = chunk->runs + src,
					   .join = true };
	return 0;
}

/* A status is found by the number of its page: those are not joined. */
static int pin_statuses(struct bridge_group *group, struct page **batch)
{
	u64 addr = group->addr, bytes;
	u64 len = (u64)group->count * sizeof(struct migsim_dma_copy);
	unsigned long pages = bridge_pages_of(addr, len);
	int got = bridge_charge(&group->charge, group, pages);

	if (got)
		return got;
	group->statuses.runs = kvmalloc_array(
		pages, sizeof(*group->statuses.runs), GFP_KERNEL);
	if (!group->statuses.runs)
		return -ENOMEM;
	for (; len; addr += bytes, len -= bytes) {
		got = bridge_look_up(addr, len, true, batch);
		if (got < 0)
			return got;
		bytes = bridge_add_runs(&group->statuses, batch,
					(unsigned int)got, addr, len);
	}
	return 0;
}

static int pin_all(struct bridge_group *group, struct page **batch)
{
	struct bridge_chunk *chunk;
	int rc = pin_statuses(group, batch);

	list_for_each_entry(chunk, &group->chunks, node) {
		if (rc)
			return rc;
		rc = make_room(chunk);
	}
	if (!rc)
		rc = pin_side(group, false, batch);
	return rc ? rc : pin_side(group, true, batch);
}

/* What was pinned until an error is undone with the group. */
int bridge_group_pin(struct bridge_group *group)
{
	/* BRIDGE_BATCH pages. */
	struct page **batch = (struct page **)__get_free_page(GFP_KERNEL);
	int rc;

	if (!batch)
		return -ENOMEM;
	group->limited = !capable(CAP_IPC_LOCK);
	rc = pin_all(group, batch);
	free_page((unsigned long)batch);
	return rc;
}

void bridge_statuses_unpin(struct bridge_group *group)
{
	bridge_unpin(&group->statuses, true);
	kvfree(group->statuses.runs);
	group->statuses.runs = NULL;
	bridge_uncharge(&group->charge);
}
