/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <migsim/types.h>

#include "arena.h"
#include "sys.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

/* Left to others on the node: a fault that finds nothing wakes the OOM killer. */
#define RESERVE_BYTES	((uint64_t)128 << 20)
/* So much is allocated between two looks at the node's free memory. */
#define BUDGET_BYTES	((uint64_t)64 << 20)

int arena_open(struct arena *a, uint64_t unit, size_t nr, int node, bool locked)
{
	void *base = sys_reserve(nr * unit);
	int err;

	*a = (struct arena){ .unit = unit, .nr = nr, .node = node };
	a->shift = (unsigned int)__builtin_ctzll(unit);
	a->slot = sys_map(nr);
	if (!base || !a->slot) {
		sys_unmap(base, nr * unit);
		sys_unmap(a->slot, nr);
		return -ENOMEM;
	}
	a->base = (uint64_t)(uintptr_t)base;
	/* A forked child must not share these pages: they would not move. */
	sys_advise(base, nr * unit, MADV_DONTFORK);
	sys_advise(base, nr * unit, unit > MIGSIM_PAGE_SIZE ? MADV_HUGEPAGE
							    : MADV_NOHUGEPAGE);
	err = sys_bind(base, nr * unit, node);
	if (!err && locked)
		err = sys_lock_on_fault(base, nr * unit);
	if (err)
		arena_close(a);
	return err;
}

void arena_close(struct arena *a)
{
	/* Where an engine may still write, nothing else must ever lie. */
	if (!memchr(a->slot, SLOT_BAD, a->nr))
		sys_unmap((void *)(uintptr_t)a->base, a->nr * a->unit);
	sys_unmap(a->slot, a->nr);
	*a = (struct arena){ 0 };
}

/* First of @n neighbours in this state, searched round from @at. */
static size_t find_run(const struct arena *a, enum slot state, size_t n,
		       size_t at)
{
	size_t run = 0, seen;

	for (seen = 0; seen < a->nr + n; seen++, at++) {
		if (at >= a->nr) {
			at = 0;
			run = 0;
		}
		run = a->slot[at] == state ? run + 1 : 0;
		if (run == n)
			return at + 1 - n;
	}
	return SIZE_MAX;
}

uint64_t arena_take(struct arena *a, enum slot state, size_t n)
{
	size_t *next = state == SLOT_FULL ? &a->next_full : &a->next_empty;
	size_t at;

	if (!a->base || (state == SLOT_FULL && a->nr_full < n))
		return 0;
	at = find_run(a, state, n, *next);
	if (at == SIZE_MAX)
		return 0;
	*next = at + n;
	arena_set(a, a->base + at * a->unit, n, SLOT_BUSY);
	return a->base + at * a->unit;
}

void arena_set(struct arena *a, uint64_t addr, size_t n, enum slot state)
{
	size_t at = (addr - a->base) >> a->shift, i;

	for (i = at; i < at + n; i++) {
		a->nr_full -= a->slot[i] == SLOT_FULL;
		a->slot[i] = (uint8_t)state;
	}
	if (state == SLOT_FULL)
		a->nr_full += n;
}

void arena_release(struct arena *a, uint64_t addr, size_t n)
{
	/* Plain MADV_DONTNEED refuses an arena of locked memory. */
	sys_advise((void *)(uintptr_t)addr, n * a->unit, MADV_DONTNEED_LOCKED);
	arena_set(a, addr, n, SLOT_EMPTY);
}

/* May so many bytes be allocated without starving the node? */
static bool affordable(struct arena *a, uint64_t bytes)
{
	uint64_t free_bytes;

	if (a->budget < bytes) {
		free_bytes = sys_free_bytes(a->node);
		if (free_bytes < bytes + RESERVE_BYTES)
			return false;
		a->budget = bytes + BUDGET_BYTES;
		if (a->budget > free_bytes - RESERVE_BYTES)
			a->budget = free_bytes - RESERVE_BYTES;
	}
	a->budget -= bytes;
	return true;
}

/* The longest run of empty slots from next_empty on, at most @max. */
static size_t empty_run(struct arena *a, size_t max)
{
	size_t at = find_run(a, SLOT_EMPTY, 1, a->next_empty), n = 0;

	if (at == SIZE_MAX)
		return 0;
	a->next_empty = at;
	while (n < max && at + n < a->nr && a->slot[at + n] == SLOT_EMPTY)
		n++;
	return n;
}

size_t arena_claim(struct arena *a, size_t n, uint64_t *addr)
{
	size_t run = empty_run(a, n);

	if (!run || !affordable(a, run * a->unit))
		return 0;
	*addr = a->base + a->next_empty * a->unit;
	arena_set(a, *addr, run, SLOT_BUSY);
	a->next_empty += run;
	return run;
}

int arena_populate(const struct arena *a, uint64_t addr, size_t n)
{
	return sys_advise((void *)(uintptr_t)addr, n * a->unit,
			  MADV_POPULATE_WRITE);
}

size_t arena_fill(struct arena *a, size_t n)
{
	size_t done = 0, run;
	uint64_t addr;

	while (done < n && (run = arena_claim(a, n - done, &addr))) {
		if (arena_populate(a, addr, run)) {
			arena_release(a, addr, run);
			break;
		}
		arena_set(a, addr, run, SLOT_FULL);
		done += run;
	}
	return done;
}
