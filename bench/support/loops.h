/* SPDX-License-Identifier: MIT */
/*
 * Copy loops as STREAM has them, a[i] = b[i], to hold engines against. They
 * share nothing with the engines' own routines.
 */
#ifndef BENCH_LOOPS_H
#define BENCH_LOOPS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct loop - a copy loop
 * @name: in a few letters
 * @copy: @bytes, a multiple of 64, from @src to @dst, both aligned to 64; what
 *        it wrote is visible to other threads when it returns
 * @usable: can this CPU do it
 */
struct loop {
	const char *name;
	void (*copy)(void *dst, const void *src, size_t bytes);
	bool (*usable)(void);
};

/* Ends with a name of NULL. */
extern const struct loop loops[];

#endif
