/* SPDX-License-Identifier: MIT */
/*
 * What is read from a histogram. Adding is in the header, for it is done in
 * the hot path.
 */
#include <math.h>

#include "histogram.h"

/* The value that stands for a bucket: its middle. */
static double bucket_middle(unsigned int i)
{
	unsigned int octave = i >> HISTOGRAM_SUB_BITS;
	unsigned int sub = i & ((1u << HISTOGRAM_SUB_BITS) - 1);
	uint64_t low, width;

	if (!octave)
		return i;
	width = (uint64_t)1 << (octave - 1);
	low = (sub + ((uint64_t)1 << HISTOGRAM_SUB_BITS)) * width;
	return (double)low + (double)(width - 1) / 2;
}

/*
 * How many values lie at or below the quantile, at least one. The product is
 * a little above the whole number that it should be for many a q (0.07 of
 * 100), so a hair is taken off before it is rounded up.
 */
static uint64_t quantile_rank(uint64_t n, double q)
{
	double r = ceil(q * (double)n * (1 - 0x1p-50));

	return r > 1 ? (uint64_t)r : 1;
}

void histogram_merge(struct histogram *h, const struct histogram *other)
{
	h->n += other->n;
	h->sum += other->sum;
	if (other->max > h->max)
		h->max = other->max;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		h->bucket[i] += other->bucket[i];
}

double histogram_quantile(const struct histogram *h, double q)
{
	uint64_t seen = 0;
	uint64_t rank;

	if (!h->n)
		return 0;
	if (q >= 1)
		return (double)h->max;
	rank = quantile_rank(h->n, q);
	if (rank == h->n)
		return (double)h->max;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= rank)
			return fmin(bucket_middle(i), (double)h->max);
	}
	return (double)h->max;
}

double histogram_mean(const struct histogram *h)
{
	return h->n ? (double)h->sum / (double)h->n : 0;
}
