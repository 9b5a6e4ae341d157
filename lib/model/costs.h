/* SPDX-License-Identifier: MIT */
/*
 * What things cost, in whole picoseconds, worked out from a profile when it is
 * loaded: while events run, there is integer arithmetic only.
 */
#ifndef MIGSIM_MODEL_COSTS_H
#define MIGSIM_MODEL_COSTS_H

#include "keys.h"

#define ORDERS	(MIGSIM_MAX_ORDER + 1)
#define LEVELS	4	/* of I/O translation: see level_of() */

/* What the CPU's time is spent on. Those that end in _0 are one an order. */
enum cost {
	COST_CALL,
	COST_COLD_CALL,
	COST_COLD_UNMAP,
	COST_SPILL_UNMAP,
	COST_SPILL_REMAP,
	COST_FLUSH,
	COST_FLUSH_END,
	COST_COPY,
	COST_COLD_COPY,
	COST_CHANNEL,
	COST_MAP_PAGE,
	COST_MAP_LARGE,
	COST_RELEASE_PAGE,
	COST_RELEASE_LARGE,
	COST_PIECE,
	COST_COMPLETION,
	COST_IRQ,
	COST_WAKE,
	COST_TIMEOUT,		/* waited, and nothing came */
	COST_ISOLATE_0,
	COST_UNMAP_0 = COST_ISOLATE_0 + ORDERS,
	COST_REMAP_0 = COST_UNMAP_0 + ORDERS,
	COST_PUTBACK_0 = COST_REMAP_0 + ORDERS,
	COST_COLD_ISOLATE_0 = COST_PUTBACK_0 + ORDERS,
	COST_WAIT_0 = COST_COLD_ISOLATE_0 + ORDERS, /* see costs_wait() */
	COSTS = COST_WAIT_0 + LEVELS * 2 * (MODEL_MAX_CHANNELS + 1),
};

/*
 * Waiting for a channel that copies on a level, while so many are active and
 * its port is shared or not. Its cost is that of a page.
 */
static inline unsigned int costs_wait(unsigned int level, unsigned int active,
				      bool shared)
{
	return COST_WAIT_0 +
	       (level * (MODEL_MAX_CHANNELS + 1) + active) * 2 + shared;
}

struct costs {
	uint64_t ps[COSTS];		/* of one unit of each */
	uint8_t level[ORDERS];
	uint64_t map_pages[ORDERS];	/* of a folio, that are mapped for DMA */
	bool map_large[ORDERS], single_entry[ORDERS];
	uint64_t cold_unmap_folios;
	uint64_t cold_isolate_folios;
	uint64_t cold_copy_pages;
	uint64_t spill_pages;
	uint32_t ports, channels;
	bool irq, per_group;
};

/* @value: by key */
void costs_of(const double *value, struct costs *c);

/* What one unit costs, in us. */
double cost_us(const double *value, unsigned int cost);

/*
 * After so many folios of a call, all of one order, nothing is cold any more.
 * @copies: the CPU copies.
 */
uint64_t costs_cold_folios(const struct costs *c, unsigned int order,
			   bool copies);

/*
 * The cold part of an unmap decays by 1/folios from one to the next. It is
 * kept in 2^-20 ps, so that it comes down to nothing.
 */
#define COLD_SHIFT 20

static inline uint64_t cold_next(const struct costs *c, uint64_t cold)
{
	cold -= cold / c->cold_unmap_folios;
	return cold >> COLD_SHIFT ? cold : 0;
}

#endif
