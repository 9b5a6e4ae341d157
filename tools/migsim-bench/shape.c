/* SPDX-License-Identifier: MIT */
/*
 * What the region of a configuration must be like, before any memory is taken.
 */
#include <errno.h>
#include <string.h>

#include "region.h"

#define USUAL_SIZE	((uint64_t)1 << 30)

uint64_t region_part_folio(const struct mix *mix, unsigned int part)
{
	return MIGSIM_PAGE_SIZE << mix->part[part].order;
}

uint64_t region_slot_stride(const struct region_shape *shape)
{
	return shape->layout == LAYOUT_SCATTERED ? 2 : 1;
}

/*
 * Gives the bytes out by their shares, one folio at a time (by Webster's
 * method), so that the sizes are interleaved evenly and every beginning of
 * the sequence is as near to the shares as whole folios can be.
 */
unsigned int region_mix_next(const struct mix *mix, uint64_t *given)
{
	unsigned int best = 0;
	double least = 0;

	for (unsigned int i = 0; i < mix->n; i++) {
		uint64_t size = region_part_folio(mix, i);
		double turn = (double)(given[i] + size / 2) /
			      mix->part[i].percent;

		if (i == 0 || turn < least) {
			least = turn;
			best = i;
		}
	}
	given[best] += region_part_folio(mix, best);
	return best;
}

uint64_t region_mix_folios(const struct mix *mix, uint64_t bytes)
{
	uint64_t given[MIGSIM_MAX_ORDER + 1] = { 0 };
	uint64_t used = 0, n = 0;

	if (mix->n == 1) {
		n = bytes / region_part_folio(mix, 0);
	} else {
		for (;;) {
			used += region_part_folio(mix, region_mix_next(mix, given));
			if (used > bytes)
				break;
			n++;
		}
	}
	return n ? n : 1;
}

static void place_parts(struct region_shape *shape)
{
	uint64_t offset = 0;

	for (unsigned int i = 0; i < shape->mix.n; i++) {
		struct region_part *part = &shape->part[i];

		part->offset = offset;
		part->length = part->folios * region_slot_stride(shape) *
			       region_part_folio(&shape->mix, i);
		part->length = (part->length + REGION_HUGE - 1) & ~(REGION_HUGE - 1);
		offset += part->length;
	}
	shape->length = offset;
}

uint64_t region_shape_cost(const struct region_shape *shape)
{
	uint64_t list = shape->folios * sizeof(struct migsim_folio);

	return shape->virtual ? list :
	       shape->length + 2 * MIGSIM_PAGE_SIZE + list;
}

/* Whole calls of at least @bytes in sum. */
static int fit_shape(struct region_shape *shape, uint64_t bytes, uint64_t limit)
{
	uint64_t given[MIGSIM_MAX_ORDER + 1] = { 0 };

	memset(shape->part, 0, sizeof(shape->part));
	shape->folios = 0;
	shape->bytes = 0;
	do {
		unsigned int i = region_mix_next(&shape->mix, given);

		shape->part[i].folios++;
		shape->folios++;
		shape->bytes += region_part_folio(&shape->mix, i);
		if (shape->bytes > limit)
			return -ENOMEM;
	} while (shape->bytes < bytes || shape->folios % shape->call);
	place_parts(shape);
	return region_shape_cost(shape) > limit ? -ENOMEM : 0;
}

int region_shape_of(struct region_shape *shape, const struct config *cfg,
		    struct region_route route,
		    const struct region_limits *limits)
{
	uint64_t bytes = cfg->total < USUAL_SIZE ? cfg->total : USUAL_SIZE;

	memset(shape, 0, sizeof(*shape));
	shape->mix = cfg->mix;
	shape->layout = cfg->layout;
	shape->route = route;
	shape->seed = cfg->seed;
	shape->call = cfg->folios_per_call;
	if (!shape->call)
		shape->call = region_mix_folios(&cfg->mix, cfg->total);

	/* Half of the memory: the targets need as much again. */
	if (bytes < 2 * limits->cache)
		bytes = 2 * limits->cache;
	if (!fit_shape(shape, bytes, limits->memory / 2))
		return 0;
	return fit_shape(shape, 0, limits->memory - limits->memory / 8);
}

void region_shape_virtual(struct region_shape *shape, const struct config *cfg)
{
	memset(shape, 0, sizeof(*shape));
	shape->mix = cfg->mix;
	shape->route = (struct region_route) { -1, -1, false };
	shape->virtual = true;
	shape->call = cfg->folios_per_call;
	if (!shape->call)
		shape->call = region_mix_folios(&cfg->mix, cfg->total);
	fit_shape(shape, 0, UINT64_MAX);
}

static bool mix_equal(const struct mix *a, const struct mix *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned int i = 0; i < a->n; i++) {
		if (a->part[i].order != b->part[i].order ||
		    a->part[i].percent < b->part[i].percent ||
		    a->part[i].percent > b->part[i].percent)
			return false;
	}
	return true;
}

bool region_shape_equal(const struct region_shape *a,
			const struct region_shape *b)
{
	if (a->virtual != b->virtual ||
	    a->folios != b->folios || a->layout != b->layout ||
	    a->route.from != b->route.from || a->route.back != b->route.back ||
	    !mix_equal(&a->mix, &b->mix))
		return false;
	if (a->layout == LAYOUT_SCATTERED && a->seed != b->seed)
		return false;
	/*
	 * A walk that goes back and forth must not skip a folio, or it would
	 * later be taken for one of the other node: one size of call only.
	 */
	return !a->route.back ||
	       (a->route.to == b->route.to && a->call == b->call);
}
