/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "costs.h"

static double pages_of(unsigned int order)
{
	return (double)(1u << order);
}

static bool single_entry(const double *v, unsigned int order)
{
	return !order || order >= v[KEY_HUGE_ORDER];
}

/* Classes of folio sizes by what I/O translation costs them. */
enum { LEVEL_HUGE, LEVEL_LARGE, LEVEL_SMALL, LEVEL_BASE };

static unsigned int level_of(const double *v, unsigned int order)
{
	if (!order)
		return LEVEL_BASE;
	if (order <= v[KEY_SMALL_ORDER])
		return LEVEL_SMALL;
	return order < v[KEY_HUGE_ORDER] ? LEVEL_LARGE : LEVEL_HUGE;
}

static double levels(const double *v, unsigned int level)
{
	return level == LEVEL_BASE ? v[KEY_BASE_LEVEL] : level;
}

/* Every entry of a page table but the first. */
static double entries_us(const double *v, unsigned int order)
{
	return single_entry(v, order) ? 0 :
	       v[KEY_PTE] * (pages_of(order) - 1);
}

static double unmap_us(const double *v, unsigned int order)
{
	return v[KEY_UNMAP] + v[KEY_PTE_UNMAP] * entries_us(v, order);
}

/* Isolate, remap and putback together. */
static double remap_us(const double *v, unsigned int order)
{
	if (order && single_entry(v, order))
		return v[KEY_REMAP] * v[KEY_HUGE_REMAP];
	return v[KEY_REMAP] + (1 - v[KEY_PTE_UNMAP]) * entries_us(v, order);
}

static double flush_us(const double *v)
{
	return v[KEY_FLUSH_SHARE] * v[KEY_FLUSH_BASE] +
	       v[KEY_FLUSH_PER_CPU] * (v[KEY_CPUS] - 1);
}

/*
 * A page on one of so many active channels. A channel is held up by its own
 * translation, by the port it shares, and by the link that all share.
 */
static double page_us(const double *v, unsigned int level, unsigned int active,
		      bool shared)
{
	double nr = levels(v, level);
	double own = v[KEY_STREAM] + v[KEY_TRANSLATE] * nr;
	double link = v[KEY_LINK] * (1 + v[KEY_LINK_LEVEL] * nr);

	if (shared)
		own = fmax(own, 2 * v[KEY_PORT]);
	return hypot(own, active * link);
}

static double wait_us(const double *v, unsigned int state)
{
	unsigned int active = state / 2 % (MODEL_MAX_CHANNELS + 1);
	unsigned int level = state / 2 / (MODEL_MAX_CHANNELS + 1);

	return page_us(v, level, active, state % 2);
}

static double per_order_us(const double *v, unsigned int cost)
{
	double isolate = v[KEY_ISOLATE_SHARE], putback = v[KEY_PUTBACK_SHARE];

	if (cost >= COST_WAIT_0)
		return wait_us(v, cost - COST_WAIT_0);
	if (cost >= COST_COLD_ISOLATE_0)
		return v[KEY_COLD_ISOLATE] *
		       remap_us(v, cost - COST_COLD_ISOLATE_0);
	if (cost >= COST_PUTBACK_0)
		return putback * remap_us(v, cost - COST_PUTBACK_0);
	if (cost >= COST_REMAP_0)
		return (1 - isolate - putback) *
		       remap_us(v, cost - COST_REMAP_0);
	if (cost >= COST_UNMAP_0)
		return unmap_us(v, cost - COST_UNMAP_0);
	return isolate * remap_us(v, cost - COST_ISOLATE_0);
}

double cost_us(const double *v, unsigned int cost)
{
	switch (cost) {
	case COST_CALL:		return v[KEY_CALL];
	case COST_COLD_CALL:	return v[KEY_COLD_CALL];
	case COST_COLD_UNMAP:	return v[KEY_COLD_UNMAP];
	case COST_SPILL_UNMAP:	return v[KEY_SPILL_UNMAP] * v[KEY_SPILL];
	case COST_SPILL_REMAP:	return (1 - v[KEY_SPILL_UNMAP]) * v[KEY_SPILL];
	case COST_FLUSH:	return flush_us(v);
	case COST_FLUSH_END:	return (1 - v[KEY_FLUSH_SHARE]) *
				       v[KEY_FLUSH_BASE];
	case COST_COPY:		return v[KEY_COPY];
	case COST_COLD_COPY:	return v[KEY_COLD_COPY] * v[KEY_COPY];
	case COST_CHANNEL:	return v[KEY_CHANNEL];
	case COST_MAP_PAGE:	return v[KEY_MAP_PAGE];
	case COST_MAP_LARGE:	return v[KEY_MAP_LARGE];
	case COST_RELEASE_PAGE:	return v[KEY_RELEASE] * v[KEY_MAP_PAGE];
	case COST_RELEASE_LARGE: return v[KEY_RELEASE] * v[KEY_MAP_LARGE];
	case COST_PIECE:	return v[KEY_PIECE];
	case COST_COMPLETION:	return v[KEY_COMPLETION_US];
	case COST_IRQ:		return v[KEY_IRQ];
	case COST_WAKE:		return v[KEY_WAKE];
	case COST_TIMEOUT:	return 0;
	default:		return per_order_us(v, cost);
	}
}

static uint64_t map_pages(const double *v, unsigned int order)
{
	double most = v[KEY_SMALL_ORDER];

	if (order >= v[KEY_HUGE_ORDER])
		return 0;
	return (uint64_t)1 << (order < most ? order : (unsigned int)most);
}

void costs_of(const double *v, struct costs *c)
{
	unsigned int i;

	for (i = 0; i < COSTS; i++)
		c->ps[i] = (uint64_t)llround(cost_us(v, i) * 1e6);
	for (i = 0; i < ORDERS; i++) {
		c->level[i] = (uint8_t)level_of(v, i);
		c->single_entry[i] = single_entry(v, i);
		c->map_pages[i] = map_pages(v, i);
		c->map_large[i] = i && i < v[KEY_HUGE_ORDER];
	}
	c->cold_unmap_folios = (uint64_t)v[KEY_COLD_UNMAP_FOLIOS];
	c->cold_isolate_folios = (uint64_t)v[KEY_COLD_ISOLATE_FOLIOS];
	c->cold_copy_pages = (uint64_t)v[KEY_COLD_COPY_PAGES];
	c->spill_pages = (uint64_t)v[KEY_SPILL_PAGES];
	c->ports = (uint32_t)v[KEY_PORTS];
	c->channels = (uint32_t)v[KEY_CHANNELS];
	c->irq = v[KEY_COMPLETION] == COMPLETION_IRQ;
	c->per_group = v[KEY_COMPLETION_PER] == PER_GROUP;
}

uint64_t costs_cold_folios(const struct costs *c, unsigned int order,
			   bool copies)
{
	uint64_t cold = c->ps[COST_COLD_UNMAP] << COLD_SHIFT, n = 0;
	uint64_t copied = (c->cold_copy_pages + (1u << order) - 1) >> order;

	for (; cold; cold = cold_next(c, cold))
		n++;
	if (n < c->cold_isolate_folios)
		n = c->cold_isolate_folios;
	return copies && n < copied ? copied : n;
}
