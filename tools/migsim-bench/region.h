/* SPDX-License-Identifier: MIT */
/*
 * The memory that is migrated, and the list of its folios.
 *
 *	guard | part of the first order, and gaps | part of the next … | guard
 *
 * Every part begins at a multiple of 2M. The list names all folios in the
 * order of migration; calls take it piece by piece and walk round. A virtual
 * region is the list alone: its addresses are made up.
 */
#ifndef MIGSIM_BENCH_REGION_H
#define MIGSIM_BENCH_REGION_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

struct region_limits {
	uint64_t cache;		/* last-level cache, bytes */
	uint64_t memory;	/* what regions and pools may use, bytes */
};

/* The way of the folios. */
struct region_route {
	int from, to;		/* nodes; -1: as the library chooses */
	bool back;		/* two nodes: after from → to comes to → from */
};

struct region_part {
	uint64_t folios;
	uint64_t offset;	/* bytes from the region's begin */
	uint64_t length;	/* bytes, gaps included */
};

/* What a region is like; equal shapes can share one region. */
struct region_shape {
	struct mix mix;
	struct region_part part[MIGSIM_MAX_ORDER + 1];
	struct region_route route;
	enum layout layout;
	uint64_t seed;
	bool virtual;		/* a list without memory behind it */
	uint64_t call;		/* folios per call */
	uint64_t folios;	/* in the list, a multiple of call */
	uint64_t bytes;		/* of these folios */
	uint64_t length;	/* bytes between the guards */
};

enum region_page {
	PAGE_OF_FOLIO = 1,
	PAGE_OF_GAP,
	PAGE_OF_GUARD,
};

struct region {
	struct region_shape shape;
	void *map;		/* NULL: virtual */
	size_t map_length;
	uint8_t *start;		/* the guard in front, 4K before a 2M border */
	uint64_t pages;		/* with both guards */
	struct migsim_folio *folios;
	uint64_t cursor;	/* in folios */
	bool away;		/* folios from cursor on lie on the node `to` */
	uint32_t generation;	/* of its content; 0: never written */
};

#define REGION_HUGE	(MIGSIM_PAGE_SIZE << MIGSIM_MAX_ORDER)

/* shape.c: bytes of a folio of part @part, and the next folio's part */
uint64_t region_part_folio(const struct mix *mix, unsigned int part);
unsigned int region_mix_next(const struct mix *mix, uint64_t *given);

/* Places for folios that one folio takes: 2 where every second is a gap. */
uint64_t region_slot_stride(const struct region_shape *shape);

/* Folios of a mix that @bytes hold, at least 1. */
uint64_t region_mix_folios(const struct mix *mix, uint64_t bytes);

/*
 * The shape a configuration asks for, with a cold source where memory allows.
 * -ENOMEM: not even one call fits; shape->bytes says how much was tried.
 */
int region_shape_of(struct region_shape *shape, const struct config *cfg,
		    struct region_route route,
		    const struct region_limits *limits);

/* The list of one call of the model, which all of its calls go through. */
void region_shape_virtual(struct region_shape *shape,
			  const struct config *cfg);

/* Memory that a region of this shape takes, its list included. */
uint64_t region_shape_cost(const struct region_shape *shape);
bool region_shape_equal(const struct region_shape *a,
			const struct region_shape *b);

/* Maps and binds; pages appear when they are written. 0 or -errno. */
int region_open(struct region **region, const struct region_shape *shape);
void region_close(struct region *region);

/* The next @n folios of the walk, cleared for a call unless virtual. */
struct migsim_folio *region_next(struct region *region, uint64_t n);

/*
 * The @n folios that the walk comes to last, cleared for a call. *away says
 * where they lie. The walk does not move.
 */
struct migsim_folio *region_last(struct region *region, uint64_t n,
				 bool *away);

/* What page number @page, counted from the guard in front, belongs to. */
enum region_page region_page_kind(const struct region *region, uint64_t page);

#endif
