/* SPDX-License-Identifier: MIT */
/*
 * Which pages a load meets: the frequencies of zipf against the formula, the
 * scattering, and the percentiles of its stalls against sorted values.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "load_pattern.h"
#include "load_times.h"

#define DRAWS	1000000

/* Pearson's sum over the cells of which at least 20 are expected. */
static double chi_square(const uint64_t *seen, const double *share, size_t n,
			 size_t *cells)
{
	double chi = 0, rest = 0, rest_seen = 0;
	size_t i;

	*cells = 0;
	for (i = 0; i < n; i++) {
		double want = share[i] * DRAWS;

		if (want < 20) {
			rest += want;
			rest_seen += (double)seen[i];
			continue;
		}
		chi += pow((double)seen[i] - want, 2) / want;
		++*cells;
	}
	if (rest >= 20) {
		chi += pow(rest_seen - rest, 2) / rest;
		++*cells;
	}
	return chi;
}

static void draw(enum load_pattern pattern, size_t n,
		 uint64_t (*next)(const struct load_pages *p, uint64_t *state),
		 const double *share)
{
	uint64_t *seen = calloc(n, sizeof(*seen)), state = 42, at;
	struct load_pages p;
	size_t i, cells;
	double chi;

	assert_non_null(seen);
	load_pages_init(&p, pattern, n);
	for (i = 0; i < DRAWS; i++) {
		at = next(&p, &state);
		assert_true(at < n);
		seen[at]++;
	}
	chi = chi_square(seen, share, n, &cells);
	/* Five standard deviations of its distribution. */
	assert_true(chi < (double)cells + 5 * sqrt(2 * (double)cells) + 5);
	free(seen);
}

static double *zipf_shares(size_t n)
{
	double *share = calloc(n, sizeof(*share)), sum = 0;
	size_t i;

	assert_non_null(share);
	for (i = 0; i < n; i++)
		sum += share[i] = 1 / pow((double)(i + 1), 0.99);
	for (i = 0; i < n; i++)
		share[i] /= sum;
	return share;
}

static void zipf_follows_the_formula(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 10, 1000, 262144 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		double *share = zipf_shares(sizes[i]);

		draw(LOAD_ZIPF, sizes[i], load_rank, share);
		free(share);
	}
}

/* What operations meet, and not only the ranks before. */
static void hot_pages_are_hot(void **state)
{
	const size_t n = 1000;
	double *ranked = zipf_shares(n), *share = calloc(n, sizeof(*share));
	struct load_pages p;
	size_t i;

	(void)state;
	assert_non_null(share);
	load_pages_init(&p, LOAD_ZIPF, n);
	for (i = 0; i < n; i++)
		share[load_scatter(&p, i)] = ranked[i];
	draw(LOAD_ZIPF, n, load_page, share);
	free(ranked);
	free(share);
}

static void uniform_is_even(void **state)
{
	static const size_t sizes[] = { 1, 7, 512, 10007 };
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		double *share = calloc(sizes[i], sizeof(*share));

		assert_non_null(share);
		for (k = 0; k < sizes[i]; k++)
			share[k] = 1 / (double)sizes[i];
		draw(LOAD_UNIFORM, sizes[i], load_page, share);
		free(share);
	}
}

static void a_page_for_each_rank(void **state)
{
	static const size_t sizes[] = {
		1, 2, 3, 4, 5, 511, 512, 513, 1000, 65536, 65537, 262144,
		300000,
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *met = calloc(sizes[i], 1);
		struct load_pages p;

		assert_non_null(met);
		load_pages_init(&p, LOAD_ZIPF, sizes[i]);
		for (k = 0; k < sizes[i]; k++) {
			uint64_t page = load_scatter(&p, k);

			assert_true(page < sizes[i]);
			assert_false(met[page]++);
		}
		free(met);
	}
}

/* Of 100 pages anywhere among 262144 one pair in 2600 would be neighbours. */
static void hot_pages_are_no_neighbours(void **state)
{
	struct load_pages p;
	unsigned int i, k, near = 0, parts = 0;
	char part[8] = { 0 };

	(void)state;
	load_pages_init(&p, LOAD_ZIPF, 262144);
	for (i = 0; i < 100; i++) {
		uint64_t a = load_scatter(&p, i);

		part[a / (262144 / 8)] = 1;
		for (k = 0; k < i; k++)
			near += llabs((long long)(a - load_scatter(&p, k))) < 8;
	}
	for (i = 0; i < 8; i++)
		parts += (unsigned int)part[i];
	assert_int_equal(parts, 8);
	assert_true(near < 8);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Each of eight octaves of times, in two parts that are put together. */
static void percentiles(void **state)
{
	static struct load_times one, two;
	static uint64_t value[10000];
	struct migsim_latency l;
	uint64_t seed = 3;
	double sum = 0;
	size_t i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		value[i] = load_random(&seed) >> (30 + i % 30);
		value[i] &= 0xffffffff;
		sum += (double)value[i];
		load_times_add(i % 3 ? &one : &two, value[i]);
	}
	load_times_merge(&one, &two);
	load_times_latency(&one, &l);
	qsort(value, 10000, sizeof(value[0]), by_value);
	assert_int_equal(l.n, 10000);
	assert_true(fabs(l.p50 * 1e3 / (double)value[4999] - 1) < 0.008);
	assert_true(fabs(l.p95 * 1e3 / (double)value[9499] - 1) < 0.008);
	assert_true(fabs(l.p99 * 1e3 / (double)value[9899] - 1) < 0.008);
	assert_true(fabs(l.max * 1e3 - (double)value[9999]) < 1);
	assert_true(fabs(l.mean * 1e3 / (sum / 10000) - 1) < 1e-9);
}

static void few_values(void **state)
{
	static struct load_times none, times;
	struct migsim_latency l;

	(void)state;
	load_times_latency(&none, &l);
	assert_int_equal(l.n, 0);
	load_times_add(&times, 0);
	load_times_add(&times, UINT64_MAX);
	load_times_latency(&times, &l);
	assert_int_equal(l.n, 2);
	assert_true(l.p50 < 1e-9);
	assert_true(fabs(l.max / 18446744073709551.615 - 1) < 1e-9);
	assert_true(fabs(l.p99 / l.max - 1) < 0.008);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zipf_follows_the_formula),
		cmocka_unit_test(hot_pages_are_hot),
		cmocka_unit_test(uniform_is_even),
		cmocka_unit_test(a_page_for_each_rank),
		cmocka_unit_test(hot_pages_are_no_neighbours),
		cmocka_unit_test(percentiles),
		cmocka_unit_test(few_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
