/* SPDX-License-Identifier: MIT */
/*
 * Statistics over a handful of runs: robust where they can be (median,
 * bootstrap, ranks), since times of a machine are anything but normal.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <migsim/stats.h>

#define RESAMPLES	2000
#define TAIL		(RESAMPLES / 40)	/* 2.5 % on either side */
#define EXACT_MAX	20	/* samples a side for the exact distribution */

/* Samples in ascending order, and room to draw from them. */
struct pool {
	double *x;
	size_t n;
	size_t *drawn;	/* how often each sample is in the resample */
};

/* The rank test, as counts: enough for U, its variance and Cliff's delta. */
struct ranks {
	double u;	/* pairs in which B is greater; a tie is half a pair */
	double ties;	/* sum of t^3 - t over the groups of t equal samples */
};

/* splitmix64: one addition and a mixer; every seed is a good one. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static size_t random_below(uint64_t *state, size_t n)
{
	return (size_t)(((unsigned __int128)next_random(state) * n) >> 64);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static void pool_free(struct pool *p)
{
	free(p->x);
	free(p->drawn);
}

static int pool_init(struct pool *p, const double *x, size_t n)
{
	if (!n)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (!isfinite(x[i]))
			return -EINVAL;

	p->n = n;
	p->x = calloc(n, sizeof(*p->x));
	p->drawn = calloc(n, sizeof(*p->drawn));
	if (!p->x || !p->drawn) {
		pool_free(p);
		return -ENOMEM;
	}
	memcpy(p->x, x, n * sizeof(*x));
	qsort(p->x, n, sizeof(*p->x), ascending);
	return 0;
}

static double pool_median(const struct pool *p)
{
	return (p->x[(p->n - 1) / 2] + p->x[p->n / 2]) / 2;
}

/*
 * Median of as many samples drawn with replacement. The pool is sorted, so
 * counting the draws sorts the resample too.
 */
static double resampled_median(struct pool *p, uint64_t *state)
{
	size_t low = (p->n - 1) / 2;
	size_t high = p->n / 2;
	size_t seen = 0;
	size_t i, j;

	memset(p->drawn, 0, p->n * sizeof(*p->drawn));
	for (i = 0; i < p->n; i++)
		p->drawn[random_below(state, p->n)]++;

	for (i = 0; seen + p->drawn[i] <= low; i++)
		seen += p->drawn[i];
	for (j = i; seen + p->drawn[j] <= high; j++)
		seen += p->drawn[j];
	return (p->x[i] + p->x[j]) / 2;
}

/* Percentile interval of median(@b) - median(@a), or of median(@b) alone. */
static void bootstrap(struct pool *a, struct pool *b, uint64_t seed,
		      double ci95[2])
{
	double m[RESAMPLES];

	for (size_t i = 0; i < RESAMPLES; i++) {
		m[i] = resampled_median(b, &seed);
		if (a)
			m[i] -= resampled_median(a, &seed);
	}
	qsort(m, RESAMPLES, sizeof(*m), ascending);
	ci95[0] = m[TAIL - 1];
	ci95[1] = m[RESAMPLES - TAIL];
}

int migsim_stats_of(const double *x, size_t n, uint64_t seed,
		    struct migsim_stats *s)
{
	double squares = 0;
	double mean = 0;
	struct pool p;
	int err;

	err = pool_init(&p, x, n);
	if (err)
		return err;

	/* Welford: no cancellation where the spread is small beside the mean */
	for (size_t i = 0; i < n; i++) {
		double delta = x[i] - mean;

		mean += delta / (double)(i + 1);
		squares += delta * (x[i] - mean);
	}
	s->n = n;
	s->mean = mean;
	s->sd = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
	s->median = pool_median(&p);
	bootstrap(NULL, &p, seed, s->ci95);
	pool_free(&p);
	return 0;
}

/* Walks both pools upwards, one value at a time. */
static void rank(const struct pool *a, const struct pool *b, struct ranks *r)
{
	size_t i = 0, j = 0;

	r->u = 0;
	r->ties = 0;
	while (i < a->n || j < b->n) {
		bool from_a = j == b->n || (i < a->n && a->x[i] <= b->x[j]);
		double v = from_a ? a->x[i] : b->x[j];
		double below = (double)i;
		double in_a = 0, in_b = 0, t;

		for (; i < a->n && a->x[i] <= v; i++)
			in_a++;
		for (; j < b->n && b->x[j] <= v; j++)
			in_b++;
		t = in_a + in_b;
		r->u += in_b * (below + in_a / 2);
		r->ties += t * t * t - t;
	}
}

/*
 * Probability of a U as far from the middle as @u, over all interleavings of
 * @na and @nb distinct values. How many of them have which U are the
 * coefficients of the product over k of (1 - q^(nb + k)) / (1 - q^k), built
 * here a factor at a time. None exceeds binomial(40, 20), which fits.
 */
static double exact_p(double u, size_t na, size_t nb)
{
	int64_t ways[EXACT_MAX * EXACT_MAX + 1] = { 1 };
	size_t top = na * nb;
	double tail = 0;
	double all = 0;

	for (size_t k = 1; k <= na; k++) {
		for (size_t i = top; i >= nb + k; i--)
			ways[i] -= ways[i - nb - k];
		for (size_t i = k; i <= top; i++)
			ways[i] += ways[i - k];
	}
	u = fmin(u, (double)top - u);
	for (size_t i = 0; i <= top; i++) {
		all += (double)ways[i];
		if ((double)i <= u)
			tail += (double)ways[i];
	}
	return fmin(1, 2 * tail / all);
}

/* Normal approximation, corrected for ties and for U moving in steps. */
static double approximate_p(const struct ranks *r, double na, double nb)
{
	double n = na + nb;
	double off = fabs(r->u - na * nb / 2) - 0.5;
	double var = na * nb / 12 * (n + 1 - r->ties / (n * (n - 1)));

	if (off <= 0 || var <= 0)
		return 1;
	return erfc(off / sqrt(2 * var));
}

static double rank_test(const struct ranks *r, size_t na, size_t nb)
{
	if (na <= EXACT_MAX && nb <= EXACT_MAX && r->ties <= 0)
		return exact_p(r->u, na, nb);
	return approximate_p(r, (double)na, (double)nb);
}

int migsim_stats_compare(const double *a, size_t na, const double *b,
			 size_t nb, uint64_t seed, struct migsim_comparison *c)
{
	double median_a, median_b;
	struct pool pa, pb;
	struct ranks r;
	int err;

	err = pool_init(&pa, a, na);
	if (err)
		return err;
	err = pool_init(&pb, b, nb);
	if (err)
		goto free_a;

	median_a = pool_median(&pa);
	median_b = pool_median(&pb);
	c->difference = median_b - median_a;
	c->ratio = fabs(median_a) > 0 ? median_b / median_a : 0;
	bootstrap(&pa, &pb, seed, c->ci95);
	rank(&pa, &pb, &r);
	c->p = rank_test(&r, na, nb);
	c->effect = 2 * r.u / ((double)na * (double)nb) - 1;
	pool_free(&pb);
free_a:
	pool_free(&pa);
	return err;
}
