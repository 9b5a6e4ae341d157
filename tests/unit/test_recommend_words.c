/* SPDX-License-Identifier: MIT */
/*
 * What recommend tries: words that the policies take, within what a call
 * holds; and what two predictions of one profile say of each other.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench.h"
#include "recommend.h"

static const struct bounds bounds = { 500, INFINITY };
static struct value words;

static void try(unsigned int order, uint64_t call_pages, bool is_cpu, bool real)
{
	static const struct value all = { 0 };
	const struct grid_ask ask = {
		.policies = &all, .bounds = &bounds, .order = order,
		.call_pages = call_pages, .cpu = is_cpu, .real = real,
	};

	assert_int_equal(candidates(&ask, &words), 0);
}

static void forget(void)
{
	free_words(words.words, words.n);
	free(words.where);
	words = (struct value){ 0 };
}

static bool tries(const char *word)
{
	size_t i;

	for (i = 0; i < words.n; i++)
		if (!strcmp(words.words[i], word))
			return true;
	return false;
}

static size_t count_kind(const char *kind)
{
	size_t i, n = 0, len = strlen(kind);

	for (i = 0; i < words.n; i++)
		n += !strncmp(words.words[i], kind, len) &&
		     (words.words[i][len] == ':' || !words.words[i][len]);
	return n;
}

/* Every kind of the registry, every word understood, and none twice. */
static void every_word_is_understood(void **state)
{
	const struct migsim_policy_ops *ops;
	unsigned int order, k, p;
	size_t i, j;

	(void)state;
	for (order = 0; order <= 9; order++) {
		for (k = 0; k < 4; k++) {
			try(order, 1 << 18, k & 1, k & 2);
			for (i = 0; i < words.n; i++) {
				assert_int_equal(migsim_policy_check(
						 words.words[i]), 0);
				for (j = 0; j < i; j++)
					assert_string_not_equal(
						words.words[i], words.words[j]);
			}
			for (p = 0; (ops = migsim_policy_get(p)); p++)
				assert_in_range(count_kind(ops->name), 1, 200);
			forget();
		}
	}
}

static void the_thread_s_batches_are_tried(void **state)
{
	(void)state;
	try(9, 1 << 18, false, false);
	assert_true(tries("batch:pages=8192"));
	assert_true(tries("batch:pages=65536"));
	assert_false(tries("batch:pages=256"));
	assert_false(tries("batch:pages=8192,copy=inline"));
	forget();
	try(0, 1 << 18, true, false);
	assert_true(tries("batch:pages=512,copy=inline"));
	assert_true(tries("batch:pages=16"));
	forget();
}

/* A call is the longest batch: beyond it nothing new is learnt. */
static void no_batch_is_longer_than_a_call(void **state)
{
	size_t i;

	(void)state;
	try(9, 4096, false, false);
	assert_true(tries("batch:pages=4096"));
	for (i = 0; i < words.n; i++)
		assert_in_range(migsim_policy_window(words.words[i]), 0, 65536);
	assert_false(tries("batch:pages=8192"));
	forget();
}

static void what_fits_today_is_not_cut(void **state)
{
	size_t i;

	(void)state;
	try(9, 1 << 18, false, false);
	for (i = 0; i < words.n; i++) {
		if (strstr(words.words[i], "split="))
			assert_string_equal(migsim_policy_kind(words.words[i]),
					    "async");
		assert_false(!strncmp(words.words[i], "batch:", 6) &&
			     strstr(words.words[i], "split="));
	}
	forget();
}

static void what_is_asked_for(void **state)
{
	static char *asked[] = { "batch", "sliding:window=7" };
	const struct value v = { .words = asked, .n = 2 };
	const struct grid_ask ask = { .policies = &v, .bounds = &bounds,
				      .order = 9, .call_pages = 1 << 18 };

	(void)state;
	assert_int_equal(candidates(&ask, &words), 0);
	assert_int_equal(words.n, 9);
	assert_true(tries("batch:pages=512"));
	assert_true(tries("sliding:window=7"));
	assert_true(asks_for_kind(&v, "batch"));
	assert_false(asks_for_kind(&v, "sliding"));
	forget();
}

/*
 * Both hang on the same coefficient alike: its error cancels in the ratio, and
 * the scatter remains, twice. The intervals hold the error, and overlap.
 */
static void shared_errors_cancel(void **state)
{
	int key = migsim_profile_find("copy_us");
	int scatter = migsim_profile_find("scatter_gib_s");
	struct migsim_profile *profile;
	struct migsim_slopes same = { .huge = 0 }, other = { .huge = 0 };
	struct point x = { .knows_interval = true, .slopes = &same };
	struct point y = { .knows_interval = true, .slopes = &same };
	double doubt;

	(void)state;
	assert_int_equal(migsim_profile_open(&profile, "zen3-ptdma"), 0);
	x.model = y.model = profile;
	assert_int_equal(migsim_profile_set(profile, (unsigned int)key, 1, 0.5,
					    NULL), 0);
	assert_int_equal(migsim_profile_set(profile, (unsigned int)scatter,
					    0.02, 0, NULL), 0);
	same.d[MIGSIM_METRIC_GIB_S][key] = -1;
	doubt = 1.96 * sqrt(2) * 0.02;
	x.gib_s = 10;
	y.gib_s = 10 * exp(1.01 * doubt);
	migsim_profile_interval(profile, MIGSIM_METRIC_GIB_S, x.gib_s, &same,
				x.gib_s_ci);
	migsim_profile_interval(profile, MIGSIM_METRIC_GIB_S, y.gib_s, &same,
				y.gib_s_ci);
	assert_int_equal(told_apart(&y, &x, MIGSIM_METRIC_GIB_S), 1);
	assert_int_equal(told_apart(&x, &y, MIGSIM_METRIC_GIB_S), -1);
	assert_int_equal(intervals_apart(&y, &x, MIGSIM_METRIC_GIB_S), 0);
	y.gib_s = 10 * exp(0.99 * doubt);
	assert_int_equal(told_apart(&y, &x, MIGSIM_METRIC_GIB_S), 0);
	/* One that does not hang on it has nothing to cancel. */
	y.gib_s = 10 * exp(1.01 * doubt);
	y.slopes = &other;
	assert_int_equal(told_apart(&y, &x, MIGSIM_METRIC_GIB_S), 0);
	migsim_profile_close(profile);
}

/* What the ratio tells apart is no winner while the intervals overlap. */
static void a_winner_needs_intervals_apart(void **state)
{
	int key = migsim_profile_find("copy_us");
	struct migsim_slopes same = { .huge = 0 };
	struct point x = { .knows_interval = true, .slopes = &same,
			   .gib_s = 10, .gib_s_ci = { 5, 15 },
			   .first_us = 1, .first_ci = { 0.5, 2 } };
	struct point y = x;
	struct entry e[] = { { .best = &x }, { .best = &y } };
	struct group g = { .entry = e, .n = 2 };
	struct migsim_profile *profile;

	(void)state;
	assert_int_equal(migsim_profile_open(&profile, "zen3-ptdma"), 0);
	same.d[MIGSIM_METRIC_GIB_S][key] = -1;
	x.model = y.model = profile;
	y.gib_s = 14;
	y.gib_s_ci[0] = 9;
	y.gib_s_ci[1] = 19;
	group_winner(&g);
	assert_int_equal(told_apart(&y, &x, MIGSIM_METRIC_GIB_S), 1);
	assert_null(g.winner);
	assert_true(e[0].unbeaten && e[1].unbeaten);
	y.gib_s_ci[0] = 15.1;
	group_winner(&g);
	assert_ptr_equal(g.winner, &e[1]);
	assert_ptr_equal(e[0].beaten_by, &e[1]);
	migsim_profile_close(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_is_understood),
		cmocka_unit_test(the_thread_s_batches_are_tried),
		cmocka_unit_test(no_batch_is_longer_than_a_call),
		cmocka_unit_test(what_fits_today_is_not_cut),
		cmocka_unit_test(what_is_asked_for),
		cmocka_unit_test(shared_errors_cancel),
		cmocka_unit_test(a_winner_needs_intervals_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
