/* SPDX-License-Identifier: MIT */
/*
 * Which base page the next operation meets.
 */
#ifndef MIGSIM_BENCH_LOAD_PATTERN_H
#define MIGSIM_BENCH_LOAD_PATTERN_H

#include "load_words.h"

/* The page of rank k, from 1, is met in proportion to k^-LOAD_ZIPF_EXPONENT. */
#define LOAD_ZIPF_EXPONENT	0.99

struct load_pages {
	uint64_t n;		/* at least 1 */
	enum load_pattern pattern;
	uint64_t mask;		/* the power of two from n on, less 1 */
	unsigned int shift;
	double low, high;	/* what the zipf draw is taken from */
	double sure;		/* how near to its rank a draw always counts */
};

void load_pages_init(struct load_pages *p, enum load_pattern pattern,
		     uint64_t n);

/* The next number of a sequence that its state begins. */
uint64_t load_random(uint64_t *state);

/* The next page, from 0. */
uint64_t load_page(const struct load_pages *p, uint64_t *state);

/* The rank of a zipf draw, from 0, and the page of a rank: a permutation. */
uint64_t load_rank(const struct load_pages *p, uint64_t *state);
uint64_t load_scatter(const struct load_pages *p, uint64_t rank);

#endif
