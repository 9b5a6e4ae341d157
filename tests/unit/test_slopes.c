/* SPDX-License-Identifier: MIT */
/*
 * How far a prediction can be trusted: the slopes of any call, and what the
 * errors of the coefficients make of them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/model.h"
#include "model/profile.h"
#include "scene.h"

/* cmocka's own compares floats. */
#define assert_within(a, b, by)	assert_true(fabs((a) - (b)) <= (by))

static struct migsim_profile *profile;
static struct migsim_slopes slopes;

/* Nothing is known of any error. */
static void without_errors(void)
{
	assert_int_equal(migsim_profile_open(&profile, "zen3-ptdma"), 0);
	memset(profile->se, 0, sizeof(profile->se));
	memset(profile->correlation, 0, sizeof(profile->correlation));
	memset(&slopes, 0, sizeof(slopes));
	profile->value[KEY_SCATTER_GIB_S] = 0;
	profile->value[KEY_SCATTER_FIRST] = 0;
	profile->value[KEY_SCATTER_HUGE_GIB_S] = 0;
	profile->value[KEY_SCATTER_HUGE_FIRST] = 0;
}

/* The bounds around a prediction of 10 are so many times it, and a part. */
static void assert_interval(enum migsim_metric metric, double sd)
{
	double interval[2];

	migsim_profile_interval(profile, metric, 10, &slopes, interval);
	assert_within(interval[0], 10 * exp(-1.96 * sd), 1e-9);
	assert_within(interval[1], 10 * exp(1.96 * sd), 1e-9);
}

static void without_errors_there_is_no_interval(void **state)
{
	(void)state;
	without_errors();
	slopes.d[MIGSIM_METRIC_GIB_S][KEY_COPY] = -0.5;
	assert_interval(MIGSIM_METRIC_GIB_S, 0);
	/* An error that the value does not follow, and one of nothing. */
	profile->se[KEY_CALL] = 5;
	profile->value[KEY_COPY] = 0;
	profile->se[KEY_COPY] = 1;
	assert_interval(MIGSIM_METRIC_GIB_S, 0);
	migsim_profile_close(profile);
}

/*
 * 10 % of error with a slope of -0.5 makes -5 %, 10 % with -0.3 makes -3 %.
 * Correlated by 0.5: 25 + 9 + 2 * 0.5 * 15 = 49, which is 7 %.
 */
static void the_errors_of_two_keys_add_up_as_they_correlate(void **state)
{
	double *d = slopes.d[MIGSIM_METRIC_GIB_S];

	(void)state;
	without_errors();
	d[KEY_COPY] = -0.5;
	d[KEY_UNMAP] = -0.3;
	assert_int_equal(migsim_profile_set(profile, KEY_COPY, 1, 0.1, ""), 0);
	assert_int_equal(migsim_profile_set(profile, KEY_UNMAP, 2, 0.2, ""), 0);
	assert_interval(MIGSIM_METRIC_GIB_S, sqrt(25 + 9) / 100);
	migsim_profile_correlate(profile, KEY_COPY, KEY_UNMAP, 0.5);
	assert_interval(MIGSIM_METRIC_GIB_S, 0.07);
	migsim_profile_correlate(profile, KEY_UNMAP, KEY_COPY, -1);
	assert_interval(MIGSIM_METRIC_GIB_S, 0.02);
	/* Errors in the same direction that take each other back. */
	d[KEY_UNMAP] = -0.5;
	assert_interval(MIGSIM_METRIC_GIB_S, 0);
	/* Nothing of it is the other metric's. */
	assert_interval(MIGSIM_METRIC_FIRST_US, 0);
	migsim_profile_close(profile);
}

/* Scatter is independent: 3 % and 4 % are 5 %. Each metric has its own. */
static void scatter_comes_on_top(void **state)
{
	(void)state;
	without_errors();
	slopes.d[MIGSIM_METRIC_GIB_S][KEY_COPY] = -0.3;
	assert_int_equal(migsim_profile_set(profile, KEY_COPY, 1, 0.1, ""), 0);
	profile->value[KEY_SCATTER_GIB_S] = 0.04;
	profile->value[KEY_SCATTER_FIRST] = 0.12;
	assert_interval(MIGSIM_METRIC_GIB_S, 0.05);
	assert_interval(MIGSIM_METRIC_FIRST_US, 0.12);
	slopes.d[MIGSIM_METRIC_FIRST_US][KEY_COPY] = 0.5;
	assert_interval(MIGSIM_METRIC_FIRST_US, 0.13);
	migsim_profile_close(profile);
}

/* Huge folios have their own: a half of 1 % squared and of 7 % is 25. */
static void scatter_is_that_of_the_folios(void **state)
{
	(void)state;
	without_errors();
	profile->value[KEY_SCATTER_GIB_S] = 0.07;
	profile->value[KEY_SCATTER_FIRST] = 0.04;
	profile->value[KEY_SCATTER_HUGE_GIB_S] = 0.01;
	profile->value[KEY_SCATTER_HUGE_FIRST] = 0.03;
	assert_interval(MIGSIM_METRIC_GIB_S, 0.07);
	assert_interval(MIGSIM_METRIC_FIRST_US, 0.04);
	slopes.huge = 1;
	assert_interval(MIGSIM_METRIC_GIB_S, 0.01);
	assert_interval(MIGSIM_METRIC_FIRST_US, 0.03);
	slopes.huge = 0.5;
	assert_interval(MIGSIM_METRIC_GIB_S, 0.05);
	migsim_profile_close(profile);
}

/*
 * Every cost is a sum of coefficients: with all of them doubled, a call takes
 * twice as long. So the slopes add up to one, whatever overlaps.
 */
static void slopes_add_up_to_one(void)
{
	double sum[MIGSIM_METRICS] = { 0 };
	unsigned int i, k;

	for (i = 0; i < MIGSIM_METRICS; i++) {
		for (k = 0; k < PROFILE_KEYS; k++) {
			assert_true(isfinite(slopes.d[i][k]));
			sum[i] += slopes.d[i][k];
		}
	}
	assert_within(sum[MIGSIM_METRIC_GIB_S], -1, 1e-4);
	assert_within(sum[MIGSIM_METRIC_FIRST_US], 1, 1e-4);
}

static void slopes_of_calls_that_overlap_are_whole(void **state)
{
	static const unsigned char shapes[][3] = {
		/* groups, fan, pieces */
		{ 1, 0, 1 }, { 3, 1, 1 }, { 3, 5, 1 }, { 2, 3, 7 },
		{ 4, 20, 32 },
	};
	struct scene sc;
	unsigned int i, order;

	(void)state;
	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		for (order = 0; order <= 9; order += 3) {
			script.groups = shapes[i][0];
			script.answer = (struct migsim_policy_answer){
				.admit = 40u << order, .fan = shapes[i][1],
				.pieces = shapes[i][2],
				.remap = MIGSIM_REMAP_FOLIO };
			without_errors();
			scene_new(&sc, 300, order);
			sc.options.space = "model";
			sc.options.engine = "model";
			sc.options.policy = "script";
			sc.options.profile = profile;
			scene_open(&sc);
			assert_int_equal(migsim_migrate(sc.migrator, sc.folios,
							sc.n, sc.report), 0);
			assert_int_equal(migsim_model_slopes(sc.migrator,
							     &slopes), 0);
			slopes_add_up_to_one();
			assert_within(slopes.huge, order == 9, 1e-9);
			scene_free(&sc);
			migsim_profile_close(profile);
		}
	}
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, scene_setup, scene_teardown)
	const struct CMUnitTest tests[] = {
		TEST(without_errors_there_is_no_interval),
		TEST(the_errors_of_two_keys_add_up_as_they_correlate),
		TEST(scatter_comes_on_top),
		TEST(scatter_is_that_of_the_folios),
		TEST(slopes_of_calls_that_overlap_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
