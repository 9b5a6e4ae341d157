/* SPDX-License-Identifier: MIT */
/*
 * The memory that the library has mapped for itself, so that no call migrates
 * it: whoever touches a folio in flight waits, the migrating thread too.
 */
#ifndef MIGSIM_OWN_H
#define MIGSIM_OWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct extent {
	uint64_t lo, hi;
};

static inline struct extent extent_of(const void *p, size_t bytes)
{
	uint64_t lo = (uint64_t)(uintptr_t)p;

	return (struct extent){ lo, lo + bytes };
}

static inline bool extents_meet(struct extent a, struct extent b)
{
	return a.lo < b.hi && b.lo < a.hi;
}

/* False without memory to remember it. */
bool own_add(const void *p, size_t bytes);
void own_remove(const void *p);

/*
 * Adds the variables of the C library, the dynamic linker and this library,
 * once; those of the program itself are its own affair.
 */
void own_add_libraries(void);

/*
 * Adds the variables of the loaded object that holds this symbol. False
 * without memory to remember them.
 */
bool own_add_object(const void *symbol);

/*
 * The next extent that meets @span, from *@i on, which then stands behind it.
 * Others may add and remove meanwhile: what was there all the time is found.
 */
bool own_next(struct extent span, size_t *i, struct extent *found);

#endif
