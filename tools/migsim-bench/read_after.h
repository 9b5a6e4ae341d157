/* SPDX-License-Identifier: MIT */
/*
 * What the application pays to read what was migrated: an engine that stores
 * past the cache leaves it cold.
 */
#ifndef MIGSIM_BENCH_READ_AFTER_H
#define MIGSIM_BENCH_READ_AFTER_H

#include <stdatomic.h>
#include <stdint.h>

#include <migsim/types.h>

/* What was read, and in which time. */
struct read_after {
	uint64_t bytes;
	uint64_t ns;
	uint64_t sum;		/* of all words, so that they must be read */
};

/*
 * Adds up every word of @n folios in the order of the list, as an application
 * that goes over its memory does, and adds bytes and time to @r. 0, or -EINTR
 * when *@stop became true.
 */
int read_after(const struct migsim_folio *list, uint64_t n,
	       const atomic_int *stop, struct read_after *r);

/* 2^30 bytes per second; NAN when nothing was read. */
double read_after_gib_s(const struct read_after *r);

#endif
