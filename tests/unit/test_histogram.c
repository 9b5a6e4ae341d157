/* SPDX-License-Identifier: MIT */
/* Histograms against sorted arrays. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "measure/histogram.h"

#define VALUES	20000
#define assert_near(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

static struct histogram h, other;
static uint64_t values[VALUES];

static int empty(void **state)
{
	(void)state;
	memset(&h, 0, sizeof(h));
	memset(&other, 0, sizeof(other));
	return 0;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Random bits, of a random length from 0 to @bits. */
static uint64_t random_value(unsigned int bits)
{
	uint64_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 16 | ((uint64_t)random() & 0xffff);
	bits = (unsigned int)random() % (bits + 1);
	return bits ? v >> (64 - bits) : 0;
}

static void of_nothing_is_zero(void **state)
{
	(void)state;
	assert_near(histogram_quantile(&h, 0), 0, 0);
	assert_near(histogram_quantile(&h, 0.5), 0, 0);
	assert_near(histogram_quantile(&h, 1), 0, 0);
	assert_near(histogram_mean(&h), 0, 0);
}

/* Of 0 to 99 the quantile q is the one with 100 q values up to it. */
static void is_exact_for_small_values(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		histogram_add(&h, i);
	for (unsigned int i = 1; i <= 100; i++)
		assert_near(histogram_quantile(&h, i / 100.0), i - 1, 0);
	assert_near(histogram_quantile(&h, 0), 0, 0);
	assert_near(histogram_mean(&h), 49.5, 0);
}

static void one_value_is_every_quantile(void **state)
{
	static const uint64_t one[] = {
		0, 1, 255, 256, 511, 512, 513, 1000003, UINT64_MAX / 2,
		UINT64_MAX / 2 + 1, UINT64_MAX,
	};

	for (size_t i = 0; i < sizeof(one) / sizeof(*one); i++) {
		double v = (double)one[i];

		empty(state);
		histogram_add(&h, one[i]);
		for (double q = 0; q < 1; q += 0.25) {
			double got = histogram_quantile(&h, q);

			assert_true(got <= v);
			assert_near(got, v, one[i] < 512 ? 0 : 0.004 * v);
		}
		assert_near(histogram_quantile(&h, 1), v, 0);
		assert_near(histogram_mean(&h), v, 0);
	}
}

/* The middle of a bucket is within half a bucket of both its ends. */
static void every_bucket_is_narrow(void **state)
{
	for (unsigned int shift = 9; shift < 64; shift++) {
		uint64_t low = (uint64_t)1 << shift;
		uint64_t high = low + (low >> 8) - 1;
		double middle;

		empty(state);
		assert_int_equal(histogram_index(low), histogram_index(high));
		assert_int_equal(histogram_index(high + 1),
				 histogram_index(high) + 1);
		histogram_add(&h, low);
		histogram_add(&h, UINT64_MAX);
		middle = histogram_quantile(&h, 0.5);
		assert_near(middle, (double)low + (double)(high - low) / 2,
			    1e-12 * middle);
	}
	assert_int_equal(histogram_index(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void check_against_sorted(size_t n)
{
	static const double qs[] = { 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9,
				     0.95, 0.99, 0.999 };
	double sum = 0;

	qsort(values, n, sizeof(*values), ascending);
	for (size_t i = 0; i < n; i++)
		sum += (double)values[i];
	for (size_t i = 0; i < sizeof(qs) / sizeof(*qs); i++) {
		size_t rank = (size_t)ceil(qs[i] * (double)n - 1e-6);
		double want = (double)values[rank ? rank - 1 : 0];
		double got = histogram_quantile(&h, qs[i]);

		assert_near(got, want, want < 512 ? 0 : 0.004 * want);
		assert_true(got <= (double)h.max);
	}
	assert_int_equal(h.n, n);
	assert_int_equal(h.max, values[n - 1]);
	assert_near(histogram_quantile(&h, 1), (double)values[n - 1], 0);
	assert_near(histogram_mean(&h), sum / (double)n,
		    1e-9 * sum / (double)n);
}

static void agrees_with_sorted_arrays(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 10, 100, 999, VALUES };

	srandom(11);
	for (unsigned int bits = 4; bits <= 64; bits += 10)
		for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
			empty(state);
			for (size_t i = 0; i < sizes[s]; i++) {
				values[i] = random_value(bits);
				histogram_add(&h, values[i]);
			}
			check_against_sorted(sizes[s]);
		}
}

static void never_passes_the_greatest(void **state)
{
	(void)state;
	/* both in one bucket, whose middle lies above them */
	histogram_add(&h, 1 << 20);
	histogram_add(&h, (1 << 20) + 1);
	assert_near(histogram_quantile(&h, 0.5), (1 << 20) + 1, 0);
}

static void merging_is_adding_all(void **state)
{
	static struct histogram all;

	(void)state;
	memset(&all, 0, sizeof(all));
	srandom(13);
	for (int i = 0; i < VALUES; i++) {
		uint64_t v = random_value(64);

		histogram_add(i % 3 ? &h : &other, v);
		histogram_add(&all, v);
	}
	histogram_merge(&h, &other);
	assert_memory_equal(&h, &all, sizeof(h));

	memset(&other, 0, sizeof(other));
	histogram_merge(&h, &other);
	assert_memory_equal(&h, &all, sizeof(h));
	histogram_merge(&other, &all);
	assert_memory_equal(&other, &all, sizeof(h));
}

/* The sum does not overflow where 64 bits would. */
static void mean_of_the_greatest(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		histogram_add(&h, UINT64_MAX);
	assert_near(histogram_mean(&h), (double)UINT64_MAX, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(of_nothing_is_zero, empty),
		cmocka_unit_test_setup(is_exact_for_small_values, empty),
		cmocka_unit_test_setup(one_value_is_every_quantile, empty),
		cmocka_unit_test_setup(every_bucket_is_narrow, empty),
		cmocka_unit_test_setup(agrees_with_sorted_arrays, empty),
		cmocka_unit_test_setup(never_passes_the_greatest, empty),
		cmocka_unit_test_setup(merging_is_adding_all, empty),
		cmocka_unit_test_setup(mean_of_the_greatest, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
