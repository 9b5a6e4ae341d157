/* SPDX-License-Identifier: MIT */
/*
 * Zipf without a table, which the operations would evict: Hörmann's and
 * Derflinger's rejection-inversion (1996). A draw from the integral of x^-s,
 * rounded, is a rank; the few draws that lie above its bar are drawn anew.
 */
#include <math.h>

#include "load_pattern.h"

#define REST	(1 - LOAD_ZIPF_EXPONENT)

/* The integral of x^-s from 1 on, and its inverse. */
static double integral(double x)
{
	return expm1(REST * log(x)) / REST;
}

static double inverse(double area)
{
	return exp(log1p(REST * area) / REST);
}

static double weight(double rank)
{
	return exp(-LOAD_ZIPF_EXPONENT * log(rank));
}

void load_pages_init(struct load_pages *p, enum load_pattern pattern,
		     uint64_t n)
{
	unsigned int bits = n > 1 ? 64u - (unsigned int)__builtin_clzll(n - 1) :
				    0;

	*p = (struct load_pages){
		.n = n, .pattern = pattern,
		.mask = ((uint64_t)1 << bits) - 1, .shift = bits / 2 + 1,
		.low = integral(1.5) - weight(1),
		.high = integral((double)n + 0.5),
		.sure = 2 - inverse(integral(2.5) - weight(2)),
	};
}

/* splitmix64: a counter, and a mixer behind it. */
uint64_t load_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

uint64_t load_rank(const struct load_pages *p, uint64_t *state)
{
	double part, area, x, k;

	do {
		part = ldexp((double)(load_random(state) >> 11), -53);
		area = p->high + part * (p->low - p->high);
		x = inverse(area);
		k = fmin(fmax(round(x), 1), (double)p->n);
	} while (k - x > p->sure && area < integral(k + 0.5) - weight(k));
	return (uint64_t)k - 1;
}

/* Each step can be undone, so that no two ranks meet. */
static uint64_t mix(const struct load_pages *p, uint64_t x)
{
	x = (x + 0x632be5ab) * 0x9e3779b97f4a7c15 & p->mask;
	x ^= x >> p->shift;
	x = x * 0xd1342543de82ef95 & p->mask;
	return x ^ x >> p->shift;
}

/* What falls behind the last page is mixed again: it came from a rank there. */
uint64_t load_scatter(const struct load_pages *p, uint64_t rank)
{
	do {
		rank = mix(p, rank);
	} while (rank >= p->n);
	return rank;
}

uint64_t load_page(const struct load_pages *p, uint64_t *state)
{
	if (p->pattern == LOAD_ZIPF)
		return load_scatter(p, load_rank(p, state));
	return (uint64_t)((unsigned __int128)load_random(state) * p->n >> 64);
}
