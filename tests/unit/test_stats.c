/* SPDX-License-Identifier: MIT */
/* Statistics against values worked out by other means. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <migsim/stats.h>

#define LENGTH(a)	(sizeof(a) / sizeof(*(a)))
#define assert_near(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

static void describes_by_hand(void **state)
{
	const double x[] = { 9, 2, 5, 4, 4, 7, 4, 5 };
	double copy[LENGTH(x)];
	struct migsim_stats s;

	(void)state;
	memcpy(copy, x, sizeof(x));
	assert_int_equal(migsim_stats_of(x, LENGTH(x), 1, &s), 0);
	assert_memory_equal(copy, x, sizeof(x));
	assert_int_equal(s.n, 8);
	assert_near(s.mean, 5, 1e-12);
	assert_near(s.median, 4.5, 0);
	assert_near(s.sd, 2.1380899352993950, 1e-12); /* sqrt(32 / 7) */
	assert_true(s.ci95[0] >= 2 && s.ci95[0] <= 4.5);
	assert_true(s.ci95[1] >= 4.5 && s.ci95[1] <= 9);

	assert_int_equal(migsim_stats_of(x, 7, 1, &s), 0);
	assert_near(s.median, 4, 0);
}

static void spread_survives_a_large_mean(void **state)
{
	const double x[] = { 1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16 };
	struct migsim_stats s;

	(void)state;
	assert_int_equal(migsim_stats_of(x, LENGTH(x), 1, &s), 0);
	assert_near(s.mean, 1e9 + 10, 0);
	assert_near(s.sd, sqrt(30), 1e-9);
}

static void one_sample_has_no_spread(void **state)
{
	const double x = 3.25;
	struct migsim_stats s;

	(void)state;
	assert_int_equal(migsim_stats_of(&x, 1, 1, &s), 0);
	assert_int_equal(s.n, 1);
	assert_near(s.median, 3.25, 0);
	assert_near(s.mean, 3.25, 0);
	assert_near(s.sd, 0, 0);
	assert_near(s.ci95[0], 3.25, 0);
	assert_near(s.ci95[1], 3.25, 0);
}

/* Of two samples a quarter of the resamples is twice the same one. */
static void interval_of_two_is_both(void **state)
{
	const double x[] = { 8, 6 };
	struct migsim_stats s;

	(void)state;
	assert_int_equal(migsim_stats_of(x, 2, 1, &s), 0);
	assert_near(s.median, 7, 0);
	assert_near(s.ci95[0], 6, 0);
	assert_near(s.ci95[1], 8, 0);
}

/*
 * The median of a resample of 11 is at most the k-th sample when at least 6
 * of 11 draws hit the first k: 0.7 % for k = 2 and 5.1 % for k = 3. So the
 * interval goes from the third to the ninth, whatever the seed.
 */
static void interval_is_the_exact_bootstrap(void **state)
{
	const double x[] = { 11, 1, 10, 2, 9, 3, 8, 4, 7, 5, 6 };
	struct migsim_stats s;

	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		assert_int_equal(migsim_stats_of(x, LENGTH(x), seed, &s), 0);
		assert_near(s.median, 6, 0);
		assert_near(s.ci95[0], 3, 0);
		assert_near(s.ci95[1], 9, 0);
	}
}

static void a_seed_repeats(void **state)
{
	struct migsim_stats s, again;
	unsigned int differ = 0;
	double x[40];

	(void)state;
	srand(7);
	for (size_t i = 0; i < LENGTH(x); i++)
		x[i] = rand() / (double)RAND_MAX;
	for (uint64_t seed = 0; seed < 20; seed++) {
		memset(&s, 0, sizeof(s));
		memset(&again, 0xff, sizeof(again));
		assert_int_equal(migsim_stats_of(x, 40, seed, &s), 0);
		assert_int_equal(migsim_stats_of(x, 40, seed, &again), 0);
		assert_near(s.ci95[0], again.ci95[0], 0);
		assert_near(s.ci95[1], again.ci95[1], 0);
		assert_int_equal(migsim_stats_of(x, 40, seed + 1, &again), 0);
		differ += fabs(s.ci95[0] - again.ci95[0]) > 0 ||
			  fabs(s.ci95[1] - again.ci95[1]) > 0;
	}
	assert_true(differ > 0);
}

static void refuses_what_is_no_sample(void **state)
{
	const double good[] = { 1, 2 };
	const double nan[] = { 1, NAN };
	const double inf[] = { INFINITY, 1 };
	struct migsim_comparison c;
	struct migsim_stats s;

	(void)state;
	assert_int_equal(migsim_stats_of(good, 0, 1, &s), -EINVAL);
	assert_int_equal(migsim_stats_of(nan, 2, 1, &s), -EINVAL);
	assert_int_equal(migsim_stats_of(inf, 2, 1, &s), -EINVAL);
	assert_int_equal(migsim_stats_compare(good, 0, good, 2, 1, &c),
			 -EINVAL);
	assert_int_equal(migsim_stats_compare(good, 2, good, 0, 1, &c),
			 -EINVAL);
	assert_int_equal(migsim_stats_compare(nan, 2, good, 2, 1, &c),
			 -EINVAL);
	assert_int_equal(migsim_stats_compare(good, 2, inf, 2, 1, &c),
			 -EINVAL);
}

static struct migsim_comparison compare(const double *a, size_t na,
					const double *b, size_t nb)
{
	struct migsim_comparison c;

	assert_int_equal(migsim_stats_compare(a, na, b, nb, 1, &c), 0);
	assert_true(isfinite(c.difference) && isfinite(c.ratio));
	assert_true(isfinite(c.ci95[0]) && isfinite(c.ci95[1]));
	assert_true(c.ci95[0] <= c.ci95[1]);
	assert_true(c.p >= 0 && c.p <= 1);
	assert_true(c.effect >= -1 && c.effect <= 1);
	return c;
}

/* Samples without ties of which B is greater in @u pairs. */
static void samples_with_u(double *a, size_t na, double *b, size_t nb,
			   size_t u)
{
	for (size_t i = 0; i < na; i++)
		a[i] = (double)(i + 1);
	for (size_t i = 0; i < nb; i++) {
		size_t above = u < na ? u : na;

		/* between a[above - 1] and a[above], each its own value */
		b[i] = (double)above + (double)(i + 1) / 64;
		u -= above;
	}
	assert_int_equal(u, 0);
}

static double p_of_u(size_t na, size_t nb, size_t u)
{
	double a[64], b[64];
	struct migsim_comparison c;

	samples_with_u(a, na, b, nb, u);
	c = compare(a, na, b, nb);
	assert_near(c.effect,
		    2 * (double)u / ((double)na * (double)nb) - 1, 1e-12);
	return c.p;
}

/* Greatest U that is significant, two-sided, as the textbooks tabulate it. */
static void agrees_with_published_tables(void **state)
{
	static const struct {
		size_t na, nb, u;
		double alpha;
	} table[] = {
		{ 4, 4, 0, 0.05 },    { 3, 5, 0, 0.05 },
		{ 5, 5, 2, 0.05 },    { 5, 8, 6, 0.05 },
		{ 8, 8, 13, 0.05 },   { 7, 12, 18, 0.05 },
		{ 10, 10, 23, 0.05 }, { 12, 12, 37, 0.05 },
		{ 15, 15, 64, 0.05 }, { 10, 20, 55, 0.05 },
		{ 20, 20, 127, 0.05 }, { 5, 5, 0, 0.01 },
		{ 8, 8, 7, 0.01 },    { 10, 10, 16, 0.01 },
		{ 15, 15, 51, 0.01 }, { 20, 20, 105, 0.01 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(table); i++) {
		size_t na = table[i].na, nb = table[i].nb, u = table[i].u;

		assert_true(p_of_u(na, nb, u) <= table[i].alpha);
		assert_true(p_of_u(na, nb, u + 1) > table[i].alpha);
		assert_true(p_of_u(na, nb, na * nb - u) <= table[i].alpha);
		assert_true(p_of_u(nb, na, u) <= table[i].alpha);
		assert_true(p_of_u(nb, na, u + 1) > table[i].alpha);
	}
}

/* Permeability of membranes, Hollander and Wolfe: one-sided 0.1272. */
static void agrees_with_a_textbook_example(void **state)
{
	const double b[] = { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64,
			     0.73, 1.46 };
	const double a[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };
	struct migsim_comparison c = compare(a, 5, b, 10);

	(void)state;
	assert_near(c.p, 0.2544, 1e-4);
	assert_near(c.effect, 2 * 35.0 / 50 - 1, 1e-12);
	assert_near(c.difference, 1.415 - 0.90, 1e-12);
	assert_near(c.ratio, 1.415 / 0.90, 1e-12);
}

/* How many pairs B wins when @mask says which ranks belong to B. */
static unsigned int u_of_mask(unsigned int mask, unsigned int n)
{
	unsigned int in_a = 0, u = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (mask >> i & 1)
			u += in_a;
		else
			in_a++;
	}
	return u;
}

/* Share of all ways to deal @n ranks that lie as far out as @u. */
static double brute_force_p(unsigned int n, unsigned int nb, unsigned int u)
{
	unsigned int twice = nb * (n - nb);
	unsigned int far = 0, all = 0;
	int off = abs(2 * (int)u - (int)twice);

	for (unsigned int mask = 0; mask < 1u << n; mask++) {
		if ((unsigned int)__builtin_popcount(mask) != nb)
			continue;
		all++;
		far += abs(2 * (int)u_of_mask(mask, n) - (int)twice) >= off;
	}
	return (double)far / all;
}

static void agrees_with_brute_force(void **state)
{
	(void)state;
	for (unsigned int na = 1; na <= 6; na++)
		for (unsigned int nb = 1; nb <= 6; nb++)
			for (unsigned int u = 0; u <= na * nb; u++)
				assert_near(p_of_u(na, nb, u),
					    brute_force_p(na + nb, nb, u),
					    1e-12);
}

/*
 * B wins 2 + 3.5 + 3.5 + 4 = 13 of 16 pairs; two groups of three equal ones:
 * variance 16 / 12 * (9 - 48 / 56), z = (5 - 0.5) / sqrt(10.857142857).
 */
static void ties_by_hand(void **state)
{
	const double a[] = { 2, 1, 3, 2 };
	const double b[] = { 3, 4, 3, 2 };
	struct migsim_comparison c = compare(a, 4, b, 4);
	double z = 4.5 / sqrt(10.857142857142858);

	(void)state;
	assert_near(c.p, erfc(z / sqrt(2)), 1e-12);
	assert_near(c.p, 0.172034, 1e-6);
	assert_near(c.effect, 13.0 / 8 - 1, 1e-12);
}

/* Beyond 20 samples the approximation starts where the exact one ended. */
static void approximation_is_close(void **state)
{
	static double ways[43][22 * 42];
	double far = 0, all = 0;

	(void)state;
	/* sums of 21 of the ranks 0 to 41: one rank after the other */
	ways[0][0] = 1;
	for (int r = 0; r < 42; r++)
		for (int k = 20; k >= 0; k--)
			for (int s = 22 * 42 - 1 - r; s >= 0; s--)
				ways[k + 1][s + r] += ways[k][s];
	for (int s = 210; s <= 210 + 441; s++) {
		all += ways[21][s];
		if (s - 210 <= 150 || s - 210 >= 441 - 150)
			far += ways[21][s];
	}
	assert_near(all, 538257874440, 0); /* 42 over 21 */
	assert_near(p_of_u(21, 21, 150), far / all, 5e-4);
	assert_true(p_of_u(21, 21, 0) < 1e-6);
	assert_near(p_of_u(21, 21, 220), 1, 1e-12);
}

static void deterministic_results_differ_plainly(void **state)
{
	const double a = 4, b = 5;
	struct migsim_comparison c = compare(&a, 1, &b, 1);

	(void)state;
	assert_near(c.difference, 1, 0);
	assert_near(c.ci95[0], 1, 0);
	assert_near(c.ci95[1], 1, 0);
	assert_near(c.ratio, 1.25, 0);
	assert_near(c.p, 1, 0);
	assert_near(c.effect, 1, 0);
}

static void equal_samples_tell_nothing(void **state)
{
	const double x[30] = { 0 };
	struct migsim_comparison c;

	(void)state;
	for (size_t n = 1; n <= 30; n++) {
		c = compare(x, n, x, 31 - n);
		assert_near(c.difference, 0, 0);
		assert_near(c.ci95[0], 0, 0);
		assert_near(c.ci95[1], 0, 0);
		assert_near(c.ratio, 0, 0);
		assert_near(c.p, 1, 0);
		assert_near(c.effect, 0, 0);
	}
}

static void turns_round(void **state)
{
	double a[12], b[9];
	struct migsim_comparison ab, ba;

	(void)state;
	srand(3);
	for (size_t i = 0; i < LENGTH(a); i++)
		a[i] = 10 + rand() % 50;
	for (size_t i = 0; i < LENGTH(b); i++)
		b[i] = 25 + rand() % 50;
	ab = compare(a, LENGTH(a), b, LENGTH(b));
	ba = compare(b, LENGTH(b), a, LENGTH(a));
	assert_near(ab.difference, -ba.difference, 0);
	assert_near(ab.effect, -ba.effect, 1e-12);
	assert_near(ab.p, ba.p, 1e-12);
	assert_near(ab.ratio * ba.ratio, 1, 1e-12);
}

/* A shift beyond all noise is found, and the interval holds it. */
static void finds_a_shift(void **state)
{
	double a[15], b[15];
	struct migsim_comparison c;

	(void)state;
	srand(5);
	for (size_t i = 0; i < LENGTH(a); i++) {
		a[i] = 100 + rand() / (double)RAND_MAX;
		b[i] = 103 + rand() / (double)RAND_MAX;
	}
	c = compare(a, LENGTH(a), b, LENGTH(b));
	assert_true(c.ci95[0] > 2 && c.ci95[1] < 4);
	assert_true(c.ci95[0] <= c.difference && c.difference <= c.ci95[1]);
	assert_true(c.ci95[0] < c.ci95[1]);
	assert_near(c.p, 2 / 155117520.0, 1e-14); /* 30 over 15 */
	assert_near(c.effect, 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(describes_by_hand),
		cmocka_unit_test(spread_survives_a_large_mean),
		cmocka_unit_test(one_sample_has_no_spread),
		cmocka_unit_test(interval_of_two_is_both),
		cmocka_unit_test(interval_is_the_exact_bootstrap),
		cmocka_unit_test(a_seed_repeats),
		cmocka_unit_test(refuses_what_is_no_sample),
		cmocka_unit_test(agrees_with_published_tables),
		cmocka_unit_test(agrees_with_a_textbook_example),
		cmocka_unit_test(agrees_with_brute_force),
		cmocka_unit_test(ties_by_hand),
		cmocka_unit_test(approximation_is_close),
		cmocka_unit_test(deterministic_results_differ_plainly),
		cmocka_unit_test(equal_samples_tell_nothing),
		cmocka_unit_test(turns_round),
		cmocka_unit_test(finds_a_shift),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
