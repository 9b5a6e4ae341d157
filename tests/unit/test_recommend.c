/* SPDX-License-Identifier: MIT */
/*
 * recommend: from results with figures by hand to the best of each kind, the
 * front, the knees, and what is not named.
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

static struct advice a;

static int set_up(void **state)
{
	(void)state;
	a = (struct advice){ .bounds = { 500, INFINITY } };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	advice_free(&a);
	return 0;
}

struct figures {
	const char *engine, *policy;
	long channels, pages;
	double gib_s, doubt;	/* relative half of both intervals */
	double first, away;
};

/* As a run on memory of five samples, so that nothing is extrapolated. */
static struct point *add(const struct figures *f)
{
	struct config c = {
		.backend = "uffd", .engine = (char *)f->engine,
		.policy = (char *)f->policy,
		.mix = { .n = 1, .part = { { 9, 100 } } },
	};
	struct result r = {
		.config = &c, .channels = f->channels,
		.batch_pages = f->pages, .window_pages = f->pages,
		.nr_samples = 5,
		.gib_s = { 5, f->gib_s, f->gib_s, 0,
			   { f->gib_s * (1 - f->doubt),
			     f->gib_s * (1 + f->doubt) } },
		.first_us = { 5, f->first, f->first, 0,
			      { f->first * (1 - f->doubt),
				f->first * (1 + f->doubt) } },
		.sum = { .calls = 1, .bytes = 1 << 30,
			 .inaccessible_us = { .n = 1, .p99 = f->away } },
	};

	assert_int_equal(advice_add(&a, &r, false), 0);
	return a.point[a.n - 1];
}

static struct point *batch(long pages, double gib_s, double doubt, double first)
{
	char word[64];
	struct figures f = { "mt:threads=2", word, 2, pages, gib_s, doubt,
			     first, 2 * first };

	snprintf(word, sizeof(word), "batch:pages=%ld", pages);
	return add(&f);
}

static struct point *sliding(double gib_s, double doubt, double first)
{
	return add(&(struct figures){ "mt:threads=2", "sliding:window=2048", 2,
				      -1, gib_s, doubt, first, 2 * first });
}

static struct entry *chosen(const char *kind)
{
	size_t i;

	if (!a.nr_groups)
		assert_int_equal(advice_choose(&a), 0);
	assert_int_equal(a.nr_groups, 1);
	for (i = 0; i < a.group[0].n; i++)
		if (!strcmp(a.group[0].entry[i].kind, kind))
			return &a.group[0].entry[i];
	fail_msg("no entry of kind %s", kind);
	return NULL;
}

static void the_fastest_within_the_bound(void **state)
{
	const struct point *best;
	struct entry *e;

	(void)state;
	batch(512, 10, 0.02, 100);
	batch(1024, 20, 0.02, 200);
	best = batch(2048, 40, 0.02, 400);
	batch(4096, 50, 0.02, 800);
	e = chosen("batch");
	assert_ptr_equal(e->best, best);
	assert_ptr_equal(e->largest, best);
	assert_int_equal(e->met, 3);
	assert_non_null(strstr(e->reason, "batch:pages=4096 has 50.00 GiB/s"));
}

/* Little is known: alike by the interval, but only 95 % count as alike. */
static void of_those_as_good_the_least_latency(void **state)
{
	const struct point *best;

	(void)state;
	batch(512, 35, 0.5, 100);
	best = batch(1024, 38.5, 0.5, 200);
	batch(2048, 40, 0.5, 400);
	assert_ptr_equal(chosen("batch")->best, best);
	assert_int_equal(chosen("batch")->largest->batch_pages, 2048);
}

/* Within 95 %, but told apart. */
static void the_fastest_when_told_apart(void **state)
{
	(void)state;
	batch(1024, 39, 0.001, 200);
	batch(2048, 40, 0.001, 400);
	assert_int_equal(chosen("batch")->best->batch_pages, 2048);
}

static void too_few_runs_tell_nothing(void **state)
{
	struct point *x = batch(512, 10, 0.01, 100);
	struct point *y = batch(1024, 20, 0.01, 200);

	(void)state;
	assert_int_equal(told_apart(y, x, MIGSIM_METRIC_GIB_S), 1);
	assert_int_equal(told_apart(x, y, MIGSIM_METRIC_GIB_S), -1);
	assert_int_equal(told_apart(x, y, MIGSIM_METRIC_FIRST_US), -1);
	y->knows_interval = false;
	assert_int_equal(told_apart(y, x, MIGSIM_METRIC_GIB_S), 0);
}

static void nothing_within_the_bound(void **state)
{
	struct entry *e;

	(void)state;
	batch(512, 10, 0.02, 600);
	batch(1024, 20, 0.02, 700);
	e = chosen("batch");
	assert_null(e->best);
	assert_null(e->largest);
	assert_int_equal(e->met, 0);
	assert_non_null(strstr(e->reason, "the least is 600 us"));
	assert_non_null(strstr(e->reason, "batch:pages=512"));
	assert_null(a.group[0].winner);
}

static void the_second_bound(void **state)
{
	(void)state;
	a.bounds.away_us = 300;
	batch(512, 10, 0.02, 100);
	batch(1024, 20, 0.02, 200);
	assert_int_equal(chosen("batch")->best->batch_pages, 512);
}

static void a_winner_by_throughput(void **state)
{
	(void)state;
	batch(512, 10, 0.02, 100);
	sliding(20, 0.02, 101);
	assert_string_equal(chosen("sliding")->kind, "sliding");
	assert_non_null(a.group[0].winner);
	assert_string_equal(a.group[0].winner->kind, "sliding");
	assert_ptr_equal(chosen("batch")->beaten_by, a.group[0].winner);
}

static void a_winner_by_latency(void **state)
{
	(void)state;
	batch(512, 20, 0.02, 400);
	sliding(20.1, 0.02, 100);
	assert_string_equal(chosen("sliding")->kind, "sliding");
	assert_non_null(a.group[0].winner);
	assert_string_equal(a.group[0].winner->kind, "sliding");
}

static void no_winner_where_intervals_overlap(void **state)
{
	(void)state;
	batch(512, 20, 0.1, 100);
	sliding(22, 0.1, 95);
	assert_true(chosen("batch")->unbeaten);
	assert_null(a.group[0].winner);
	assert_non_null(strstr(a.group[0].sentence, "no winner"));
	assert_non_null(strstr(a.group[0].sentence, "overlap"));
}

static void no_winner_where_each_has_something(void **state)
{
	(void)state;
	batch(512, 40, 0.02, 400);
	sliding(20, 0.02, 100);
	assert_true(chosen("batch")->unbeaten);
	assert_true(chosen("sliding")->unbeaten);
	assert_null(a.group[0].winner);
	assert_non_null(strstr(a.group[0].sentence, "most throughput"));
}

static struct point *other(const char *policy, double gib_s, double doubt,
			   double first)
{
	return add(&(struct figures){ "mt:threads=2", policy, 2, -1, gib_s,
				      doubt, first, 2 * first });
}

/* The best of batch is later, but another batch has more of both. */
static void no_winner_that_a_candidate_dominates(void **state)
{
	(void)state;
	batch(256, 3.73, 0.015, 110);
	batch(512, 3.87, 0.015, 208);
	sliding(3.61, 0.07, 163);
	assert_int_equal(chosen("batch")->best->batch_pages, 512);
	assert_null(a.group[0].winner);
	assert_true(chosen("batch")->unbeaten);
	assert_non_null(strstr(a.group[0].sentence, "batch:pages=256 is earlier"));
}

/* Slower by less than can be told, and earlier. */
static void no_winner_that_a_candidate_precedes(void **state)
{
	(void)state;
	batch(128, 3.01, 0.01, 45.4);
	batch(256, 3.11, 0.01, 86.7);
	sliding(3.03, 0.06, 50.5);
	assert_int_equal(chosen("batch")->best->batch_pages, 256);
	assert_null(a.group[0].winner);
	assert_true(chosen("batch")->unbeaten);
}

static void no_winner_that_the_sought_one_denies(void **state)
{
	(void)state;
	batch(512, 3.87, 0.015, 208);
	batch(600, 3.73, 0.015, 110)->sought = true;
	sliding(3.61, 0.07, 163);
	assert_int_equal(chosen("batch")->n, 1);
	assert_null(a.group[0].winner);
}

static void what_breaks_a_bound_takes_no_win(void **state)
{
	struct point *p;

	(void)state;
	a.bounds.away_us = 1000;
	p = add(&(struct figures){ "mt:threads=2", "batch:pages=256", 2, 256,
				   3.73, 0.015, 110, 1001 });
	batch(512, 3.87, 0.015, 208);
	sliding(3.61, 0.07, 163);
	assert_false(p->meets);
	assert_ptr_equal(chosen("batch")->beaten_by, chosen("sliding"));
	assert_ptr_equal(a.group[0].winner, chosen("sliding"));
}

static void a_kind_without_a_best_hinders_no_winner(void **state)
{
	(void)state;
	batch(512, 10, 0.02, 100);
	other("double:pages=512", 30, 0.02, 501);
	sliding(20, 0.02, 100);
	assert_null(chosen("double")->best);
	assert_ptr_equal(a.group[0].winner, chosen("sliding"));
}

/* Sliding beats double, double beats batch, but a batch is like sliding. */
static void one_that_is_unbeaten_and_no_winner(void **state)
{
	(void)state;
	batch(512, 14.5, 0.01, 95);
	batch(1024, 15, 0.01, 200);
	other("double:pages=512", 21, 0.01, 200);
	sliding(20, 0.3, 100);
	assert_ptr_equal(chosen("batch")->beaten_by, chosen("double"));
	assert_ptr_equal(chosen("double")->beaten_by, chosen("sliding"));
	assert_true(chosen("sliding")->unbeaten);
	assert_null(a.group[0].winner);
	assert_null(strstr(a.group[0].sentence, "among"));
	assert_non_null(strstr(a.group[0].sentence,
			       "it does not beat batch;"));
}

static bool mailed_today(const char *policy)
{
	char *text, *at;
	bool is;

	assert_int_equal(advice_choose(&a), 0);
	text = today_sentence(&a);
	assert_non_null(text);
	at = strstr(text, "series is ");
	assert_non_null(at);
	at += strlen("series is ");
	is = !strncmp(at, policy, strlen(policy)) && at[strlen(policy)] == ' ';
	free(text);
	return is;
}

static void today_s_best_may_be_the_sought_one(void **state)
{
	struct point *p;

	(void)state;
	batch(2048, 25.3, 0.02, 289);
	p = batch(3584, 39, 0.02, 316);
	p->sought = true;
	assert_true(mailed_today("batch:pages=3584"));
	assert_int_equal(a.group[0].entry[0].best->batch_pages, 2048);
	/* As good: the least latency. */
	p->gib_s = 25.4;
	p->gib_s_ci[0] = 25;
	p->gib_s_ci[1] = 26;
	assert_true(mailed_today("batch:pages=2048"));
}

static void today_s_best_need_not_be_batch(void **state)
{
	(void)state;
	batch(2048, 25, 0.02, 200);
	other("bytes:bytes=8M", 25.1, 0.02, 200);
	sliding(60, 0.02, 100);
	assert_true(mailed_today("batch:pages=2048"));
	other("time:us=320", 30, 0.02, 300);
	assert_true(mailed_today("time:us=320"));
}

/* Every point against every other, by the definition. */
static void the_front_is_what_nothing_dominates(void **state)
{
	unsigned short seed[3] = { 1, 2, 3 };
	size_t i, k, front = 0;

	(void)state;
	for (i = 0; i < 60; i++)
		add(&(struct figures){ "mt:threads=2", i % 2 ?
			"batch:pages=512" : "double:pages=512", 2, -1,
			1 + (double)(nrand48(seed) % 20), 0.02,
			1 + (double)(nrand48(seed) % 20),
			1 + (double)(nrand48(seed) % 20) });
	assert_int_equal(advice_choose(&a), 0);
	for (i = 0; i < a.n; i++) {
		const struct point *p = a.point[i];
		bool dominated = false;

		for (k = 0; k < a.n; k++) {
			const struct point *q = a.point[k];
			bool no_worse = q->gib_s >= p->gib_s &&
				q->first_us <= p->first_us &&
				q->away_p99 <= p->away_p99;
			bool better = q->gib_s > p->gib_s ||
				q->first_us < p->first_us ||
				q->away_p99 < p->away_p99;

			dominated |= no_worse && (better || k < i);
		}
		assert_int_equal(p->pareto, !dominated);
		front += p->pareto;
		if (p->pareto && i % 2)
			assert_true(p->pareto_today);
		if (p->pareto_today)
			assert_true(i % 2);
	}
	assert_in_range(front, 2, 40);
}

/* Steep, then flat: all three see the bend. */
static void knees_that_agree(void **state)
{
	struct entry *e;

	(void)state;
	batch(512, 10, 0.01, 100);
	batch(1024, 40, 0.01, 110);
	batch(2048, 41, 0.001, 1000);
	e = chosen("batch");
	assert_true(e->knees_agree);
	assert_int_equal(e->knee[KNEE_CHORD].at->batch_pages, 1024);
	assert_int_equal(e->knee[KNEE_95].at->batch_pages, 1024);
	assert_int_equal(e->knee[KNEE_POWER].at->batch_pages, 1024);
}

/* Power 0.1 and 0.099 and 0.05, chord at the second, 95 % at the last. */
static void knees_that_disagree(void **state)
{
	char *words;
	struct entry *e;

	(void)state;
	batch(512, 10, 0.001, 100);
	batch(1024, 30, 0.001, 303);
	batch(2048, 40, 0.001, 800);
	e = chosen("batch");
	assert_false(e->knees_agree);
	assert_int_equal(e->knee[KNEE_CHORD].at->batch_pages, 1024);
	assert_int_equal(e->knee[KNEE_95].at->batch_pages, 2048);
	assert_int_equal(e->knee[KNEE_POWER].at->batch_pages, 512);
	words = knee_words(e);
	assert_non_null(strstr(words, "disagree"));
	free(words);
}

/* Nothing rises above the chord, and the others are at its end. */
static void a_knee_that_one_criterion_lacks(void **state)
{
	struct entry *e;
	char *words;

	(void)state;
	batch(512, 10, 0.001, 100);
	batch(1024, 10.5, 0.001, 200);
	batch(2048, 44, 0.001, 400);
	e = chosen("batch");
	assert_null(e->knee[KNEE_CHORD].at);
	assert_int_equal(e->knee[KNEE_95].at->batch_pages, 2048);
	assert_ptr_equal(e->knee[KNEE_POWER].at, e->knee[KNEE_95].at);
	assert_false(e->knees_agree);
	words = knee_words(e);
	assert_non_null(strstr(words, "disagree: chord none"));
	free(words);
}

static void no_knee_where_all_is_flat(void **state)
{
	struct entry *e;
	unsigned int i;

	(void)state;
	batch(512, 10, 0.1, 100);
	batch(1024, 11, 0.1, 200);
	batch(2048, 11.5, 0.1, 400);
	e = chosen("batch");
	for (i = 0; i < KNEES; i++)
		assert_null(e->knee[i].at);
}

static void a_range_where_neighbours_overlap(void **state)
{
	struct entry *e;

	(void)state;
	batch(512, 10, 0.06, 100);
	batch(1024, 37, 0.06, 200);
	batch(2048, 40, 0.06, 400);
	batch(4096, 41, 0.06, 800);
	e = chosen("batch");
	assert_int_equal(e->knee[KNEE_95].at->batch_pages, 2048);
	assert_int_equal(e->knee[KNEE_95].from->batch_pages, 1024);
}

static void cpu(const char *policy, long pages, double gib_s, double first)
{
	add(&(struct figures){ "memcpy", policy, 0, pages, gib_s, 0.02, first,
			       first });
}

static struct entry *offloaded(void)
{
	size_t i;

	if (!a.nr_groups)
		assert_int_equal(advice_choose(&a), 0);
	for (i = 0; i < a.nr_groups; i++)
		if (!a.group[i].first->cpu)
			return &a.group[i].entry[0];
	fail_msg("no engine but the CPU");
	return NULL;
}

/* At 512 it is faster and later, at 1024 both ways better, at 2048 as well. */
static void the_smallest_batch_that_pays(void **state)
{
	(void)state;
	cpu("batch:pages=512", 512, 10, 50);
	cpu("batch:pages=1024", 1024, 10, 300);
	cpu("batch:pages=2048", 2048, 10, 600);
	batch(512, 20, 0.02, 100);
	batch(1024, 20, 0.02, 200);
	batch(2048, 20, 0.02, 400);
	assert_int_equal(offloaded()->pays->batch_pages, 1024);
}

static void the_kernel_without_the_series_counts(void **state)
{
	struct entry *e;

	(void)state;
	cpu("batch:pages=1024", 1024, 10, 300);
	cpu("batch:pages=1024,copy=inline", 1024, 19.8, 300);
	batch(1024, 20, 0.02, 200);
	e = offloaded();
	assert_null(e->pays);
	assert_true(e->has_cpu && e->has_inline);
}

static void the_cpu_of_another_setting_does_not_count(void **state)
{
	struct entry *e;
	char *words;

	(void)state;
	cpu("batch:pages=1024", 1024, 10, 300);
	a.point[0]->setting = 1;
	batch(1024, 20, 0.02, 200);
	e = offloaded();
	assert_null(e->pays);
	assert_false(e->has_cpu);
	words = offload_words(e);
	assert_non_null(strstr(words, "no result of the CPU"));
	free(words);
}

static void without_a_cpu_nothing_is_said(void **state)
{
	char *words;

	(void)state;
	batch(1024, 20, 0.02, 200);
	assert_null(offloaded()->pays);
	words = offload_words(offloaded());
	assert_non_null(strstr(words, "no result of the CPU"));
	free(words);
}

#define test(f)	cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_fastest_within_the_bound),
		test(of_those_as_good_the_least_latency),
		test(the_fastest_when_told_apart),
		test(too_few_runs_tell_nothing),
		test(nothing_within_the_bound),
		test(the_second_bound),
		test(a_winner_by_throughput),
		test(a_winner_by_latency),
		test(no_winner_where_intervals_overlap),
		test(no_winner_where_each_has_something),
		test(no_winner_that_a_candidate_dominates),
		test(no_winner_that_a_candidate_precedes),
		test(no_winner_that_the_sought_one_denies),
		test(what_breaks_a_bound_takes_no_win),
		test(a_kind_without_a_best_hinders_no_winner),
		test(one_that_is_unbeaten_and_no_winner),
		test(today_s_best_may_be_the_sought_one),
		test(today_s_best_need_not_be_batch),
		test(the_front_is_what_nothing_dominates),
		test(knees_that_agree),
		test(knees_that_disagree),
		test(a_knee_that_one_criterion_lacks),
		test(no_knee_where_all_is_flat),
		test(a_range_where_neighbours_overlap),
		test(the_smallest_batch_that_pays),
		test(the_kernel_without_the_series_counts),
		test(the_cpu_of_another_setting_does_not_count),
		test(without_a_cpu_nothing_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
