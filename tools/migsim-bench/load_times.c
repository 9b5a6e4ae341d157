/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "load_times.h"

#define SUBS	((uint64_t)1 << LOAD_SUB_BITS)

/* Exact below SUBS; then the top bit, and the bits behind it. */
static unsigned int bucket_of(uint64_t ns)
{
	unsigned int shift;

	if (ns < SUBS)
		return (unsigned int)ns;
	shift = 63u - (unsigned int)__builtin_clzll(ns) - LOAD_SUB_BITS;
	return (unsigned int)(shift * SUBS + (ns >> shift));
}

/* The middle of a bucket. */
static double value_of(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < 2 * SUBS)
		return bucket;
	shift = (unsigned int)(bucket / SUBS - 1);
	return ldexp((double)(bucket - shift * SUBS) + 0.5, (int)shift) - 0.5;
}

void load_times_add(struct load_times *t, uint64_t ns)
{
	t->n++;
	t->sum += ns;
	t->max = ns > t->max ? ns : t->max;
	t->bucket[bucket_of(ns)]++;
}

void load_times_merge(struct load_times *t, const struct load_times *more)
{
	unsigned int i;

	t->n += more->n;
	t->sum += more->sum;
	t->max = more->max > t->max ? more->max : t->max;
	for (i = 0; i < LOAD_BUCKETS; i++)
		t->bucket[i] += more->bucket[i];
}

/* Of at least one value. */
static double quantile(const struct load_times *t, double q)
{
	uint64_t want = (uint64_t)ceil(q * (double)t->n), seen = 0;
	unsigned int i;

	for (i = 0; i < LOAD_BUCKETS; i++) {
		seen += t->bucket[i];
		if (seen && seen >= want)
			break;
	}
	return fmin(value_of(i), (double)t->max);
}

void load_times_latency(const struct load_times *t, struct migsim_latency *l)
{
	*l = (struct migsim_latency){ .n = t->n };
	if (!t->n)
		return;
	l->mean = (double)t->sum / (double)t->n / 1e3;
	l->p50 = quantile(t, 0.50) / 1e3;
	l->p95 = quantile(t, 0.95) / 1e3;
	l->p99 = quantile(t, 0.99) / 1e3;
	l->max = (double)t->max / 1e3;
}
