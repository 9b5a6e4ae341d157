/* SPDX-License-Identifier: MIT */
/*
 * An arena: address space in slots of one size, each empty or with a page
 * behind it. Full slots are taken in the order in which they were filled
 * (first in, first out), so that a page is not reused while it is still in
 * the cache.
 */
#ifndef MIGSIM_ARENA_H
#define MIGSIM_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum slot {
	SLOT_EMPTY,	/* no page */
	SLOT_FULL,	/* a page that is nobody's */
	SLOT_BUSY,	/* belongs to a folio in flight */
	SLOT_BAD,	/* an engine may write to it for ever */
};

struct arena {
	uint64_t base;		/* address; 0: not open */
	uint64_t unit;		/* bytes of a slot: 4K or 2M */
	unsigned int shift;	/* of unit */
	size_t nr;
	uint8_t *slot;		/* enum slot, one byte each */
	size_t next_full;	/* where the next full slot is looked for */
	size_t next_empty;
	size_t nr_full;
	int node;
	uint64_t budget;	/* bytes to allocate before memory is looked at */
};

/* @node: -1 for any. 0, -ENOMEM, or what mlock2(2) or mbind(2) says. */
int arena_open(struct arena *a, uint64_t unit, size_t nr, int node,
	       bool locked);
void arena_close(struct arena *a);

/*
 * Up to @n neighbouring empty slots, as far as there is memory for them; they
 * become busy. Returns how many, from *@addr on; 0: none.
 */
size_t arena_claim(struct arena *a, size_t n, uint64_t *addr);

/* Gives pages to slots, which the caller then sets to full. 0 or -errno. */
int arena_populate(const struct arena *a, uint64_t addr, size_t n);

/* Gives pages to @n empty slots. Returns how many it could. */
size_t arena_fill(struct arena *a, size_t n);

/* @n neighbouring slots that are @state; they become busy. 0: there are none. */
uint64_t arena_take(struct arena *a, enum slot state, size_t n);

/* Slots from @addr on are @state from now on. */
void arena_set(struct arena *a, uint64_t addr, size_t n, enum slot state);

/* Gives the pages back to the system; the slots become empty. */
void arena_release(struct arena *a, uint64_t addr, size_t n);

static inline bool arena_has(const struct arena *a, uint64_t addr)
{
	return addr - a->base < a->nr * a->unit;
}

#endif
