/* SPDX-License-Identifier: MIT */
/*
 * Did every byte arrive, and nothing else? Before a run every page of a
 * region, gaps and guards too, gets words that say when (generation), what
 * (kind) and where (page, word) they are; a hash before and after the run must
 * agree. Where it does not, the words tell what went wrong.
 */
#ifndef MIGSIM_BENCH_VERIFY_H
#define MIGSIM_BENCH_VERIFY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "region.h"

/* Bad base pages, by what is wrong with them. */
struct verify_bad {
	uint64_t not_copied;	/* zeroes, or words of an older generation */
	uint64_t outside;	/* a gap or a guard was written to */
	uint64_t wrong_page;	/* words of another page */
	uint64_t other;		/* words that nobody wrote */
};

/*
 * Write every page of a region anew. -EINTR when *@stop became true; the
 * region then holds two generations.
 */
int verify_fill(struct region *region, const atomic_int *stop);

/* Hash over all of a region, guards included. 0, -EINTR or -ENOMEM. */
int verify_hash(const struct region *region, const atomic_int *stop,
		uint64_t *hash);

/* Looks at every page of a region and adds the bad ones to @bad. */
int verify_walk(const struct region *region, const atomic_int *stop,
		struct verify_bad *bad);

uint64_t verify_sum(const struct verify_bad *bad);

/* One sentence with the counts. */
void verify_sentence(const struct verify_bad *bad, char *buf, size_t len);

#endif
