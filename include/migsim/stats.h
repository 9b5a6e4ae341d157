/* SPDX-License-Identifier: MIT */
/*
 * Statistics over the samples of runs. Deterministic for a seed.
 */
#ifndef MIGSIM_STATS_H
#define MIGSIM_STATS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct migsim_stats - what a set of samples says; in the samples' unit
 * @n: samples
 * @median: middle value (mean of the middle two)
 * @mean: arithmetic mean
 * @sd: sample standard deviation; 0 for one sample
 * @ci95: bootstrap 95 % interval of the median; both equal the median for
 *        one sample
 */
struct migsim_stats {
	size_t n;
	double median;
	double mean;
	double sd;
	double ci95[2];
};

/**
 * migsim_stats_of - describe samples
 * @x: samples; unchanged
 * @n: their number, at least 1
 * @seed: of the bootstrap
 * @s: filled
 * Return: 0, -EINVAL for no sample, -ENOMEM.
 */
int migsim_stats_of(const double *x, size_t n, uint64_t seed,
		    struct migsim_stats *s);

/**
 * struct migsim_comparison - B against A
 * @difference: median(B) - median(A)
 * @ci95: bootstrap 95 % interval of @difference
 * @ratio: median(B) / median(A); 0 when median(A) is 0
 * @p: two-sided Mann-Whitney U test, exact for small samples without ties;
 *     1 when it cannot tell
 * @effect: Cliff's delta, -1 (every B below every A) to 1
 */
struct migsim_comparison {
	double difference;
	double ci95[2];
	double ratio;
	double p;
	double effect;
};

/**
 * migsim_stats_compare - is B different from A
 * @a: samples of A
 * @na: at least 1
 * @b: samples of B
 * @nb: at least 1
 * @seed: of the bootstrap
 * @c: filled
 * Return: 0, -EINVAL for no sample, -ENOMEM.
 */
int migsim_stats_compare(const double *a, size_t na, const double *b,
			 size_t nb, uint64_t seed, struct migsim_comparison *c);

#ifdef __cplusplus
}
#endif
#endif
