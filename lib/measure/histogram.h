/* SPDX-License-Identifier: MIT */
/*
 * Log-linear histogram of u64 values: 256 buckets an octave, so a percentile
 * is within 0.4 %. Count, sum and max are exact.
 */
#ifndef MIGSIM_HISTOGRAM_H
#define MIGSIM_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS	8
#define HISTOGRAM_BUCKETS	((64 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
	uint64_t n;
	uint64_t max;
	unsigned __int128 sum;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

/* Index of the bucket of @v: exact below 256, then its 8 bits behind the top. */
static inline unsigned int histogram_index(uint64_t v)
{
	unsigned int shift;

	if (v < (1u << HISTOGRAM_SUB_BITS))
		return (unsigned int)v;
	shift = 63u - (unsigned int)__builtin_clzll(v) - HISTOGRAM_SUB_BITS;
	return ((shift + 1) << HISTOGRAM_SUB_BITS) +
	       (unsigned int)(v >> shift) - (1u << HISTOGRAM_SUB_BITS);
}

static inline void histogram_add(struct histogram *h, uint64_t v)
{
	h->n++;
	h->sum += v;
	if (v > h->max)
		h->max = v;
	h->bucket[histogram_index(v)]++;
}

/* Adds all of @other to @h. */
void histogram_merge(struct histogram *h, const struct histogram *other);

/* The value below which a share of 0 <= @q <= 1 lies; 0 when empty. */
double histogram_quantile(const struct histogram *h, double q);

/* Arithmetic mean; 0 when empty. */
double histogram_mean(const struct histogram *h);

#endif
