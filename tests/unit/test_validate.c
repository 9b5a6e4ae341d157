/* SPDX-License-Identifier: MIT */
/*
 * validate: from results with figures by hand to verdicts, each with its
 * bound; what was not measured decides nothing and stands in no format as a
 * number.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench.h"
#include "doc.h"
#include "outcome.h"
#include "render.h"
#include "validate.h"

#define MAX	32
#define RUNS	5

static struct validation v;

static int set_up(void **state)
{
	(void)state;
	v = (struct validation){ .tolerance = NAN, .seed = 1,
				 .no_model = "there is none" };
	v.plan.configs = calloc(MAX, sizeof(*v.plan.configs));
	v.rs.result = calloc(MAX, sizeof(*v.rs.result));
	assert_non_null(v.plan.configs);
	assert_non_null(v.rs.result);
	assert_int_equal(migsim_profile_open(&v.start, "zen3-ptdma"), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	validate_free(&v);
	return 0;
}

/* What scatters, run by run; its median is 1. */
static const double scatter[RUNS] = { 1, -1, 0, 0.5, -0.5 };

/* As measured: @pages a call, @noise relative; @first 0: not seen. */
static struct result *add(int backend, unsigned int order, uint64_t pages,
			  double gib_s, double first, double noise)
{
	struct result *r = &v.rs.result[v.rs.n];
	struct config *c = &v.plan.configs[v.rs.n];
	double x[RUNS], y[RUNS];
	unsigned int i;

	assert_true(v.rs.n < MAX);
	v.plan.n = ++v.rs.n;
	*c = (struct config){
		.backend = strdup(validate_backend[backend]),
		.engine = backend == UFFD ? strdup("memcpy") : NULL,
		.policy = backend == UFFD ? strdup("batch:pages=512") : NULL,
		.mix = { .n = 1, .part = { { order, 100 } } },
		.folios_per_call = pages >> order, .total = 256 << 20,
		.to = 1, .runs = RUNS,
	};
	*r = (struct result){
		.config = c, .nr_samples = RUNS,
		.samples = calloc(RUNS, sizeof(struct sample)),
		.sum = { .space_sees = first > 0, .calls = 1,
			 .bytes = 1 << 30, .nr_succeeded = 1000,
			 .phases_us = { .alloc = 100, .unmap = 300,
					.flush = -1, .copy = 500,
					.remap = 100 } },
	};
	assert_non_null(r->samples);
	for (i = 0; i < RUNS; i++) {
		x[i] = gib_s * (1 + noise * scatter[i]);
		y[i] = first * (1 + noise * scatter[i]);
		r->samples[i] = (struct sample){
			.run = i, .gib_s = x[i],
			.first_us = first > 0 ? y[i] : NAN,
		};
	}
	assert_int_equal(migsim_stats_of(x, RUNS, 1, &r->gib_s), 0);
	if (first > 0)
		assert_int_equal(migsim_stats_of(y, RUNS, 1, &r->first_us), 0);
	return r;
}

/* Both backends at one N of 4K; equal first-folio latencies. */
static void both(uint64_t pages, double uffd, double kernel, double noise)
{
	add(UFFD, 0, pages, uffd, (double)pages, noise);
	add(KERNEL, 0, pages, kernel, (double)pages, noise / 2);
}

static const struct validate_verdict *judged(enum validate_metric m)
{
	if (!v.n) {
		assert_int_equal(validate_tables(&v), 0);
		assert_int_equal(validate_judge(&v), 0);
	}
	assert_true(v.n > 0);
	return &v.table[0].verdict[m];
}

static enum agreement verdict(enum validate_metric m)
{
	return judged(m)->agreement;
}

static void assert_near(double a, double b)
{
	assert_true(fabs(a - b) < 1e-6 * fmax(1, fabs(b)));
}

/* One error with its interval against a bound of 10 %. */
static enum agreement decided(double lo, double pct, double hi)
{
	struct validate_verdict d = { .bound_pct = 10 };
	struct validate_error e = { 8, pct, { lo, hi } };

	validate_decide(&d, &e, 1, 1);
	assert_int_equal(!d.note[0], d.agreement != NOT_DECIDED);
	return d.agreement;
}

static void an_interval_decides(void **state)
{
	(void)state;
	assert_int_equal(decided(-10, 0, 10), AGREES);
	assert_int_equal(decided(-10.01, 0, 10), NOT_DECIDED);
	assert_int_equal(decided(-10, 0, 10.01), NOT_DECIDED);
	assert_int_equal(decided(9, 12, 30), NOT_DECIDED);
	assert_int_equal(decided(10, 12, 30), NOT_DECIDED);
	assert_int_equal(decided(10.01, 12, 30), DIFFERS);
	assert_int_equal(decided(-30, -12, -10.01), DIFFERS);
	assert_int_equal(decided(-30, -12, -9), NOT_DECIDED);
	assert_int_equal(decided(-100, 0, 100), NOT_DECIDED);
	assert_int_equal(decided(NAN, 0, NAN), NOT_DECIDED);
}

static void every_n_must_agree(void **state)
{
	struct validate_verdict d = { .bound_pct = 10 };
	struct validate_error e[] = {
		{ 8, 1, { 0, 2 } }, { 16, -9, { -12, -6 } },
		{ 32, 3, { 2, 4 } }, { 64, -5, { -11, 1 } },
	};

	(void)state;
	validate_decide(&d, e, 4, 6);
	assert_int_equal(d.agreement, NOT_DECIDED);
	assert_near(d.median_pct, 4);
	assert_near(d.worst_pct, -9);
	assert_int_equal(d.worst_pages, 16);
	assert_int_equal(d.n, 4);
	assert_int_equal(d.of, 6);
	assert_non_null(strstr(d.note, "N = 16, [-12, -6] %"));
	e[0].ci[0] = e[0].ci[1] = e[0].pct = 11;
	d.note[0] = '\0';
	validate_decide(&d, e, 4, 6);
	assert_int_equal(d.agreement, DIFFERS);
	assert_string_equal(d.note, "");
}

static void nothing_measured_is_said(void **state)
{
	struct validate_verdict d = { .bound_pct = 10 };

	(void)state;
	validate_decide(&d, NULL, 0, 3);
	assert_int_equal(d.agreement, NOT_MEASURED);
	assert_true(isnan(d.median_pct) && isnan(d.worst_pct));
	validate_doubt(&d, true, "never");
	assert_int_equal(d.agreement, NOT_MEASURED);
}

static void levels(void **state)
{
	(void)state;
	both(8, 1.4, 1, 0.01);
	both(64, 0.6, 1, 0.01);
	both(512, 1, 1, 0.01);
	assert_int_equal(verdict(VALIDATE_GIB_S), AGREES);
	assert_near(judged(VALIDATE_GIB_S)->median_pct, 40);
	assert_near(v.table[0].cell[0].ratio[MIGSIM_METRIC_GIB_S], 1.4);
	assert_int_equal(verdict(VALIDATE_FIRST), AGREES);
	assert_near(judged(VALIDATE_FIRST)->worst_pct, 0);
}

static void levels_apart(void **state)
{
	(void)state;
	both(8, 1.6, 1, 0.01);
	both(64, 1, 1, 0.01);
	assert_int_equal(verdict(VALIDATE_GIB_S), DIFFERS);
	assert_near(judged(VALIDATE_GIB_S)->worst_pct, 60);
}

static void levels_too_near_to_the_bound(void **state)
{
	(void)state;
	both(8, 1.5, 1, 0.05);
	both(64, 1, 1, 0.05);
	assert_int_equal(verdict(VALIDATE_GIB_S), NOT_DECIDED);
	assert_non_null(strstr(judged(VALIDATE_GIB_S)->note, "N = 8"));
}

static void a_tolerance_replaces_bounds(void **state)
{
	(void)state;
	v.tolerance = 70;
	both(8, 1.6, 1, 0.01);
	both(64, 1, 1, 0.01);
	assert_int_equal(verdict(VALIDATE_GIB_S), AGREES);
	assert_near(judged(VALIDATE_SHAPE)->bound_pct, 70);
}

/* Three times slower everywhere: another level, the same shape. */
static void shapes_alike(void **state)
{
	(void)state;
	both(8, 1, 3, 0.02);
	both(64, 2, 6, 0.02);
	both(512, 4, 12, 0.02);
	both(4096, 4, 12, 0.02);
	assert_int_equal(verdict(VALIDATE_GIB_S), DIFFERS);
	assert_int_equal(verdict(VALIDATE_SHAPE), AGREES);
	assert_int_equal(verdict(VALIDATE_PLATEAU), AGREES);
	assert_string_equal(judged(VALIDATE_PLATEAU)->note,
			    "uffd from N = 512; kernel from N = 512");
	assert_int_equal(judged(VALIDATE_SHAPE)->n, 4);
}

static void shapes_apart(void **state)
{
	(void)state;
	both(8, 1, 1, 0.02);
	both(64, 2, 4, 0.02);
	both(512, 4, 4, 0.02);
	both(4096, 4, 4, 0.02);
	assert_int_equal(verdict(VALIDATE_SHAPE), DIFFERS);
	assert_near(judged(VALIDATE_SHAPE)->worst_pct, -50);
	assert_int_equal(judged(VALIDATE_SHAPE)->worst_pages, 64);
	assert_int_equal(verdict(VALIDATE_PLATEAU), DIFFERS);
	assert_near(judged(VALIDATE_PLATEAU)->worst_pct, 700);
	assert_string_equal(judged(VALIDATE_PLATEAU)->note,
			    "uffd from N = 512; kernel from N = 64");
}

/* 64 lies at 0.9 of the best, more or less: no word about where it begins. */
static void a_plateau_that_intervals_forbid_to_name(void **state)
{
	unsigned int i;
	struct result *r;

	(void)state;
	both(8, 1, 1, 0);
	both(64, 3.6, 4, 0);
	both(512, 4, 4, 0);
	both(4096, 4, 4, 0);
	r = &v.rs.result[2];
	for (i = 0; i < RUNS; i++)
		r->samples[i].gib_s *= 1 + 0.05 * scatter[i];
	assert_int_equal(verdict(VALIDATE_PLATEAU), NOT_DECIDED);
	assert_string_equal(judged(VALIDATE_PLATEAU)->note,
			    "uffd from N = 64 to 512, the intervals overlap; kernel from N = 64");
}

static void no_plateau_to_compare(void **state)
{
	(void)state;
	both(8, 1, 1, 0.01);
	both(64, 2, 2, 0.01);
	both(512, 4, 4, 0.01);
	assert_int_equal(verdict(VALIDATE_PLATEAU), NOT_DECIDED);
	assert_non_null(strstr(judged(VALIDATE_PLATEAU)->note,
			       "kernel still rises towards N = 512"));
}

/* By its median 64 is below 0.9 of the best, by its interval it need not be. */
static void a_last_n_that_may_not_be_the_first(void **state)
{
	unsigned int i;

	(void)state;
	both(8, 1, 1, 0);
	both(64, 3.55, 4, 0);
	both(512, 4, 4, 0);
	for (i = 0; i < RUNS; i++)
		v.rs.result[2].samples[i].gib_s *= 1 + 0.05 * scatter[i];
	assert_int_equal(verdict(VALIDATE_PLATEAU), NOT_DECIDED);
	assert_string_equal(judged(VALIDATE_PLATEAU)->note,
			    "uffd from N = 64 to 512, the intervals overlap; kernel from N = 64");
}

static void one_levels_off_and_one_does_not(void **state)
{
	(void)state;
	both(8, 4, 1, 0.01);
	both(64, 4, 2, 0.01);
	both(512, 4, 4, 0.01);
	assert_int_equal(verdict(VALIDATE_PLATEAU), DIFFERS);
}

static void a_curve_takes_two_points(void **state)
{
	(void)state;
	both(8, 1, 1, 0.01);
	assert_int_equal(verdict(VALIDATE_GIB_S), AGREES);
	assert_int_equal(verdict(VALIDATE_SHAPE), NOT_MEASURED);
	assert_int_equal(verdict(VALIDATE_PLATEAU), NOT_MEASURED);
	assert_int_equal(verdict(VALIDATE_GROWTH), NOT_MEASURED);
	assert_non_null(strstr(judged(VALIDATE_GROWTH)->note, "one N"));
}

/* Latencies as N to the power of @u and @k. */
static void grow(double u, double k)
{
	uint64_t pages;

	for (pages = 8; pages <= 512; pages *= 4) {
		add(UFFD, 0, pages, 1, 7 * pow((double)pages, u), 0.01);
		add(KERNEL, 0, pages, 1, pow((double)pages, k), 0.02);
	}
}

static void growth_alike(void **state)
{
	(void)state;
	grow(0.9, 1);
	assert_int_equal(verdict(VALIDATE_FIRST), DIFFERS);
	assert_int_equal(verdict(VALIDATE_GROWTH), AGREES);
	assert_near(judged(VALIDATE_GROWTH)->worst_pct, -10);
	assert_non_null(strstr(judged(VALIDATE_GROWTH)->note,
			       "uffd 0.90 [0.90, 0.90], kernel 1.00"));
}

static void growth_apart(void **state)
{
	(void)state;
	grow(0.5, 1);
	assert_int_equal(verdict(VALIDATE_GROWTH), DIFFERS);
	assert_near(judged(VALIDATE_GROWTH)->worst_pct, -50);
}

/* Each run has another slope, so that nobody knows it. */
static void growth_not_decided(void **state)
{
	unsigned int i, k;

	(void)state;
	grow(1, 1);
	for (i = 0; i < v.rs.n; i += 2)
		for (k = 0; k < RUNS; k++)
			v.rs.result[i].samples[k].first_us *=
				pow((double)(v.rs.result[i].config->
					     folios_per_call),
				    0.5 * scatter[k]);
	assert_int_equal(verdict(VALIDATE_GROWTH), NOT_DECIDED);
}

static void what_the_kernel_does_not_see(void **state)
{
	uint64_t pages;

	(void)state;
	for (pages = 8; pages <= 512; pages *= 8) {
		add(UFFD, 0, pages, 1, 100, 0.01);
		add(KERNEL, 0, pages, 1, 0, 0.01);
	}
	assert_int_equal(verdict(VALIDATE_GIB_S), AGREES);
	assert_int_equal(verdict(VALIDATE_FIRST), NOT_MEASURED);
	assert_int_equal(verdict(VALIDATE_GROWTH), NOT_MEASURED);
	assert_int_equal(verdict(VALIDATE_PHASES), NOT_MEASURED);
	assert_string_equal(judged(VALIDATE_FIRST)->note,
			    "backend kernel saw calls, but no folio of them; the warnings may say why");
	assert_int_equal(judged(VALIDATE_FIRST)->of, 3);
}

/* The library's own reason stands in the place of what follows from it. */
static void why_the_kernel_was_not_traced(void **state)
{
	(void)state;
	add(UFFD, 0, 8, 1, 100, 0.01);
	add(KERNEL, 0, 8, 1, 0, 0.01);
	assert_int_equal(outcome_say(&v.rs, "Something else."), 0);
	assert_int_equal(outcome_say(&v.rs, "backend kernel reports throughput "
				     "alone, no latencies: no tracefs"), 0);
	assert_int_equal(verdict(VALIDATE_FIRST), NOT_MEASURED);
	assert_string_equal(judged(VALIDATE_FIRST)->note,
			    "backend kernel reports throughput alone, no latencies: no tracefs");
	assert_string_equal(judged(VALIDATE_PHASES)->note,
			    judged(VALIDATE_FIRST)->note);
}

/* Untraced at @gib_s, and then traced: half as fast, and seen. */
static void both_ways(uint64_t pages, double gib_s, double noise)
{
	add(UFFD, 0, pages, gib_s, (double)pages, noise);
	add(KERNEL, 0, pages, gib_s, 0, noise)->config->untraced = true;
	add(KERNEL, 0, pages, gib_s / 2, (double)pages, noise)->traced = true;
	v.traced = true;
}

static void tracing_is_none_of_the_kernels_throughput(void **state)
{
	const struct validate_cell *c;

	(void)state;
	both_ways(8, 1, 0.01);
	both_ways(64, 2, 0.01);
	assert_int_equal(verdict(VALIDATE_GIB_S), AGREES);
	assert_near(judged(VALIDATE_GIB_S)->worst_pct, 0);
	assert_int_equal(verdict(VALIDATE_SHAPE), AGREES);
	assert_int_equal(verdict(VALIDATE_FIRST), AGREES);
	assert_int_equal(verdict(VALIDATE_GROWTH), AGREES);
	assert_int_equal(verdict(VALIDATE_PHASES), AGREES);
	c = &v.table[0].cell[1];
	assert_near(c->ratio[MIGSIM_METRIC_GIB_S], 1);
	assert_near(c->ratio[MIGSIM_METRIC_FIRST_US], 1);
	assert_near(c->trace_cost, 0.5);
}

/* In whichever of the kernel's runs they stayed. */
static void pages_that_stayed_when_traced(void **state)
{
	(void)state;
	both_ways(8, 1, 0.01);
	v.rs.result[2].sum.nr_succeeded = 998;
	v.rs.result[2].sum.nr_untried_pages = 2;
	assert_near(judged(VALIDATE_COMPLETE)->worst_pct, 0.2);
}

/* Ctrl-C between the two: no throughput is taken from the traced one. */
static void only_the_traced_run(void **state)
{
	(void)state;
	add(UFFD, 0, 8, 1, 8, 0.01);
	add(KERNEL, 0, 8, 0.5, 8, 0.01)->traced = true;
	v.traced = true;
	assert_int_equal(verdict(VALIDATE_GIB_S), NOT_MEASURED);
	assert_int_equal(verdict(VALIDATE_FIRST), AGREES);
	assert_true(isnan(v.table[0].cell[0].trace_cost));
}

static void phases(double uffd_unmap, double kernel_unmap)
{
	both(8, 1, 1, 0.01);
	v.rs.result[0].sum.phases_us = (struct migsim_phases){
		.alloc = 10, .unmap = uffd_unmap - 10, .flush = -1,
		.submit = -1, .copy = 990 - uffd_unmap, .remap = 10,
		.other = 5000,
	};
	v.rs.result[1].sum.phases_us = (struct migsim_phases){
		.alloc = -1, .unmap = kernel_unmap, .flush = -1, .submit = -1,
		.wait = -1, .copy = 1000 - kernel_unmap, .reap = -1,
		.remap = -1, .other = -1,
	};
}

static void shares_of_phases(void **state)
{
	(void)state;
	phases(449, 300);
	assert_int_equal(verdict(VALIDATE_PHASES), AGREES);
	assert_near(judged(VALIDATE_PHASES)->worst_pct, 14.9);
}

static void shares_of_phases_apart(void **state)
{
	(void)state;
	phases(300, 452);
	assert_int_equal(verdict(VALIDATE_PHASES), DIFFERS);
	assert_near(judged(VALIDATE_PHASES)->worst_pct, -15.2);
}

static void a_phase_that_is_null(void **state)
{
	(void)state;
	phases(300, 300);
	v.rs.result[1].sum.phases_us.unmap = -1;
	assert_int_equal(verdict(VALIDATE_PHASES), NOT_MEASURED);
	assert_non_null(strstr(judged(VALIDATE_PHASES)->note, "no span"));
}

static void pages_that_stayed(void **state)
{
	(void)state;
	both(8, 1, 1, 0.01);
	both(64, 1, 1, 0.01);
	v.rs.result[0].sum.nr_succeeded = 999;
	v.rs.result[0].sum.nr_failed_pages = 1;
	assert_int_equal(verdict(VALIDATE_COMPLETE), AGREES);
	assert_non_null(strstr(judged(VALIDATE_COMPLETE)->note,
			       "uffd 99.90 %, kernel 100.00 %"));
}

static void more_pages_that_stayed(void **state)
{
	size_t i;

	(void)state;
	both(8, 1, 1, 0.01);
	v.rs.result[1].sum.nr_succeeded = 998;
	v.rs.result[1].sum.nr_untried_pages = 2;
	assert_int_equal(verdict(VALIDATE_COMPLETE), DIFFERS);
	assert_near(judged(VALIDATE_COMPLETE)->worst_pct, 0.2);
	v.tolerance = 50;
	assert_int_equal(validate_judge(&v), 0);
	assert_int_equal(verdict(VALIDATE_COMPLETE), DIFFERS);
	/* Neither moved anything: that is no agreement. */
	for (i = 0; i < v.rs.n; i++)
		v.rs.result[i].sum.nr_succeeded = 0;
	assert_int_equal(validate_judge(&v), 0);
	assert_int_equal(verdict(VALIDATE_COMPLETE), NOT_MEASURED);
}

static void few_runs_decide_nothing(void **state)
{
	size_t i;

	(void)state;
	both(8, 1, 1, 0.01);
	both(64, 1, 1, 0.01);
	for (i = 0; i < v.rs.n; i++) {
		struct result *r = &v.rs.result[i];

		r->nr_samples = r->gib_s.n = r->first_us.n = 3;
	}
	assert_int_equal(verdict(VALIDATE_GIB_S), NOT_DECIDED);
	assert_int_equal(verdict(VALIDATE_SHAPE), NOT_DECIDED);
	assert_int_equal(verdict(VALIDATE_PLATEAU), NOT_DECIDED);
	assert_int_equal(verdict(VALIDATE_GROWTH), NOT_DECIDED);
	assert_int_equal(verdict(VALIDATE_COMPLETE), AGREES);
	assert_string_equal(judged(VALIDATE_GIB_S)->note, validate_few);
	assert_string_equal(judged(VALIDATE_PLATEAU)->note, validate_few);
}

/* Of five runs of the kernel two were seen: two make no interval. */
static void runs_that_were_not_seen_do_not_count(void **state)
{
	const double two[] = { 64, 64.1 };
	struct result *r;
	unsigned int i;

	(void)state;
	both(8, 1, 1, 0.01);
	both(64, 1, 1, 0.01);
	r = &v.rs.result[3];
	for (i = 0; i < RUNS; i++)
		r->samples[i].first_us = i < 2 ? two[i] : NAN;
	assert_int_equal(migsim_stats_of(two, 2, 1, &r->first_us), 0);
	assert_int_equal(verdict(VALIDATE_FIRST), NOT_DECIDED);
	assert_string_equal(judged(VALIDATE_FIRST)->note, validate_few);
	assert_int_equal(verdict(VALIDATE_GIB_S), AGREES);
}

/* Levels and shares of an emulated CPU mean nothing; shapes and counts do. */
static void emulated_times_decide_nothing(void **state)
{
	(void)state;
	v.emulated = true;
	both(8, 1, 1, 0.01);
	both(64, 1, 1, 0.01);
	assert_int_equal(verdict(VALIDATE_GIB_S), NOT_DECIDED);
	assert_int_equal(verdict(VALIDATE_FIRST), NOT_DECIDED);
	assert_int_equal(verdict(VALIDATE_PHASES), NOT_DECIDED);
	assert_int_equal(verdict(VALIDATE_SHAPE), AGREES);
	assert_int_equal(verdict(VALIDATE_GROWTH), AGREES);
	assert_int_equal(verdict(VALIDATE_COMPLETE), AGREES);
	assert_string_equal(judged(VALIDATE_GIB_S)->note, EMULATED);
}

/* Ctrl-C: an N of one backend only, and runs of unequal number. */
static void half_a_measurement(void **state)
{
	(void)state;
	both(8, 1, 1, 0.01);
	both(64, 1, 1, 0.01);
	add(UFFD, 0, 512, 1, 512, 0.01);
	v.rs.result[1].nr_samples = 4;
	assert_int_equal(verdict(VALIDATE_SHAPE), AGREES);
	assert_int_equal(judged(VALIDATE_SHAPE)->n, 2);
	assert_int_equal(judged(VALIDATE_SHAPE)->of, 3);
	assert_true(isnan(v.table[0].cell[2].ratio[MIGSIM_METRIC_GIB_S]));
	assert_int_equal(verdict(VALIDATE_MODEL_GIB_S), NOT_MEASURED);
	assert_string_equal(judged(VALIDATE_MODEL_GIB_S)->note,
			    "there is none");
}

static void every_second_n_is_held_out(void **state)
{
	size_t n, i;

	(void)state;
	for (n = 5; n; n--)	/* they are sorted */
		both(8 * n, 1, 1, 0.01);
	judged(VALIDATE_COMPLETE);
	for (i = 0; i < 5; i++)
		assert_int_equal(v.table[0].cell[i].held, i == 1 || i == 3);
	assert_int_equal(v.table[0].cell[0].pages, 8);
}

static void the_last_n_is_not_held_out(void **state)
{
	(void)state;
	both(8, 1, 1, 0.01);
	both(16, 1, 1, 0.01);
	v.no_model = NULL;
	assert_int_equal(verdict(VALIDATE_MODEL_GIB_S), NOT_MEASURED);
	assert_string_equal(judged(VALIDATE_MODEL_GIB_S)->note,
			    "to hold one N out takes three");
	assert_false(v.table[0].cell[1].held);
}

/* A kernel that is another machine, as the model of that machine has it. */
static void as_modelled(const char *word, double spoil)
{
	struct migsim_predictor *pr = migsim_predictor_open();
	struct migsim_prediction p;
	struct migsim_profile *other;
	uint64_t pages;

	assert_non_null(pr);
	assert_int_equal(migsim_profile_open(&other, word), 0);
	for (pages = 8; pages <= 2048; pages *= 4) {
		struct migsim_cell cell = {
			.copy_inline = true, .folios = pages,
			.batch_pages = 512,
		};
		double by = pages == 32 ? spoil : 1;

		assert_int_equal(migsim_predict(pr, other, &cell, &p), 0);
		add(UFFD, 0, pages, 1, 1, 0);
		add(KERNEL, 0, pages, by * p.value[MIGSIM_METRIC_GIB_S],
		    p.value[MIGSIM_METRIC_FIRST_US], 0.001);
	}
	migsim_profile_close(other);
	migsim_predictor_close(pr);
	v.no_model = NULL;
	assert_int_equal(validate_tables(&v), 0);
	assert_int_equal(validate_fit(&v), 0);
	assert_int_equal(validate_judge(&v), 0);
}

static void the_fit_finds_another_machine(void **state)
{
	(void)state;
	as_modelled("zen3-ptdma:copy_us=1.5,remap_us=2,call_us=20", 1);
	assert_non_null(v.fitted);
	assert_int_equal(v.nr_fitted, 6);
	assert_true(v.rms < 0.01);
	assert_int_equal(verdict(VALIDATE_MODEL_GIB_S), AGREES);
	assert_int_equal(verdict(VALIDATE_MODEL_FIRST), AGREES);
	assert_int_equal(judged(VALIDATE_MODEL_GIB_S)->n, 2);
	assert_true(fabs(judged(VALIDATE_MODEL_GIB_S)->worst_pct) < 5);
	assert_true(v.table[0].cell[1].predicted_ci[0][0] <
		    v.table[0].cell[1].predicted[0]);
}

/* Nothing is to be found but what the fit begins with: it runs what they ran. */
static void the_fit_of_the_start_itself(void **state)
{
	(void)state;
	as_modelled("zen3-ptdma", 1);
	assert_true(v.rms < 1e-5);
}

/* One of the N that are held out is what no fit to the others foresees. */
static void a_prediction_that_fails(void **state)
{
	(void)state;
	as_modelled("zen3-ptdma:copy_us=1.5", 2);
	assert_int_equal(verdict(VALIDATE_MODEL_GIB_S), DIFFERS);
	assert_int_equal(judged(VALIDATE_MODEL_GIB_S)->worst_pages, 32);
	assert_true(judged(VALIDATE_MODEL_GIB_S)->worst_pct < -40);
	assert_int_equal(verdict(VALIDATE_MODEL_FIRST), AGREES);
}

/* What was measured of an N that is held out is not known well enough. */
static void a_prediction_that_nothing_can_test(void **state)
{
	struct migsim_stats *s = &v.rs.result[3].gib_s;

	(void)state;
	as_modelled("zen3-ptdma:copy_us=1.5", 1);
	s->ci95[0] = 0.8 * s->median;
	assert_int_equal(validate_judge(&v), 0);
	assert_int_equal(verdict(VALIDATE_MODEL_GIB_S), NOT_DECIDED);
	s->ci95[0] = 0.7 * s->median;
	s->ci95[1] = 0.8 * s->median;
	assert_int_equal(validate_judge(&v), 0);
	assert_int_equal(verdict(VALIDATE_MODEL_GIB_S), DIFFERS);
	assert_int_equal(verdict(VALIDATE_MODEL_FIRST), AGREES);
}

static void a_fit_without_latency(void **state)
{
	uint64_t pages;

	(void)state;
	for (pages = 8; pages <= 512; pages *= 4) {
		add(UFFD, 0, pages, 1, 100, 0.01);
		add(KERNEL, 0, pages, 1, 0, 0.01);
	}
	v.no_model = NULL;
	assert_int_equal(validate_tables(&v), 0);
	assert_int_equal(validate_fit(&v), 0);
	assert_int_equal(validate_judge(&v), 0);
	assert_int_equal(v.nr_fitted, 3);
	assert_int_equal(judged(VALIDATE_MODEL_GIB_S)->n, 1);
	assert_int_equal(verdict(VALIDATE_MODEL_FIRST), NOT_MEASURED);
	assert_true(isnan(v.table[0].cell[1].error_pct[1]));
}

static char *written(int (*write)(FILE *, const struct validation *))
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(write(out, &v), 0);
	fclose(out);
	return text;
}

/* As on a machine whose kernel tells calls only. */
static void measure_blindly(bool emulated)
{
	uint64_t pages;

	for (pages = 8; pages <= 512; pages *= 4) {
		add(UFFD, 0, pages, 1.25, 100, 0.01);
		add(KERNEL, 0, pages, 2.5, 0, 0.01);
	}
	v.emulated = v.rs.sysinfo.emulated = emulated;
	v.no_model = NULL;
	assert_int_equal(validate_tables(&v), 0);
	assert_int_equal(validate_fit(&v), 0);
	assert_int_equal(validate_judge(&v), 0);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* With figures as wide as they come. */
static void a_mail_is_narrow(void **state)
{
	char *text, *line, *rest;

	(void)state;
	add(UFFD, 0, 2048, 0.01234, 123456, 0.5);
	add(KERNEL, 0, 2048, 1.234, 23456, 0.5);
	v.rs.result[1].sum.phases_us.copy = 123456789;
	measure_blindly(true);
	v.table[0].cell[4].error_pct[0] = -12345;
	text = rest = written(validate_lkml);
	assert_non_null(strstr(text, "0.50"));
	/* The machine, four titles, three notes. */
	assert_int_equal(count(text, EMULATED), 8);
	while ((line = strsep(&rest, "\n"))) {
		if (text_columns(line) > LKML_WIDTH)
			fail_msg("too wide: %s", line);
		assert_true(!*line || line[strlen(line) - 1] != ' ');
	}
	free(text);
}

static void no_label_where_times_count(void **state)
{
	char *text;

	(void)state;
	measure_blindly(false);
	text = written(validate_print);
	assert_int_equal(count(text, EMULATED), 0);
	assert_int_equal(count(text, "not measured"), 4);
	free(text);
	text = written(validate_csv);
	assert_int_equal(count(text, EMULATED), 0);
	free(text);
}

static void json_has_null(void **state)
{
	json_t *doc, *t, *c, *first, *verdicts, *it;
	char *text;
	size_t i;

	(void)state;
	measure_blindly(true);
	text = written(validate_json);
	doc = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(doc);
	assert_string_equal(json_string_value(json_object_get(doc, "note")),
			    EMULATED);
	t = json_array_get(json_object_get(doc, "validate"), 0);
	assert_int_equal(json_array_size(json_object_get(t, "cells")), 4);
	c = json_array_get(json_object_get(t, "cells"), 1);
	assert_true(json_is_true(json_object_get(c, "held_out")));
	first = json_object_get(c, "first_folio_us");
	assert_true(json_is_object(json_object_get(first, "uffd")));
	assert_true(json_is_null(json_object_get(first, "kernel")));
	assert_true(json_is_null(json_object_get(first, "ratio")));
	assert_true(json_is_null(json_object_get(first, "ratio_ci95")));
	assert_true(json_is_null(json_object_get(first, "error_pct")));
	assert_true(json_is_number(json_object_get(first, "predicted")));
	c = json_object_get(c, "throughput_gib_s");
	assert_near(json_real_value(json_object_get(c, "ratio")), 0.5);
	assert_int_equal(json_array_size(json_object_get(json_object_get(c,
					 "kernel"), "samples")), RUNS);
	verdicts = json_object_get(t, "verdicts");
	assert_int_equal(json_array_size(verdicts), VALIDATE_METRICS);
	json_array_foreach(verdicts, i, it)
		assert_non_null(json_string_value(json_object_get(it,
								  "verdict")));
	json_decref(doc);
	free(text);
}

/* No cell but the last, the note, holds a comma. */
static void csv_rows_are_whole(void **state)
{
	char *text, *line, *rest;
	size_t columns = 0, rows = 0;

	(void)state;
	measure_blindly(true);
	text = rest = written(validate_csv);
	assert_int_equal(strncmp(text, "table,order,folio_bytes,engine,"
				 "channels,folios_per_call,batch_pages,metric,"
				 "value,pm,flag,", 80), 0);
	while ((line = strsep(&rest, "\n")) && *line) {
		char *label = strstr(line, "\"" EMULATED "\"");
		char *notes = strrchr(line, '"');
		size_t n = count(line, ",");

		if (!columns) {
			columns = n;
			continue;
		}
		assert_non_null(label);
		n--;	/* that of the label */
		if (strstr(line, "_error_worst_pct")) {
			*notes = '\0';
			n -= count(strrchr(line, '"'), ",");
		}
		assert_int_equal(n, columns);
		rows++;
	}
	/* Both, ratio, model; uffd, model; two phases: of four N. Verdicts. */
	assert_int_equal(rows, 4 * (4 + 2 + 2) + VALIDATE_METRICS);
	free(text);
}

/* The model is fitted to the untraced throughput, and the traced latency. */
static void what_was_traced_is_shown(void **state)
{
	char *text;
	json_t *doc, *c;

	(void)state;
	both_ways(8, 1, 0.01);
	both_ways(64, 2, 0.01);
	both_ways(512, 4, 0.01);
	v.no_model = NULL;
	assert_int_equal(validate_tables(&v), 0);
	assert_int_equal(validate_fit(&v), 0);
	assert_int_equal(validate_judge(&v), 0);
	assert_int_equal(v.nr_fitted, 4);
	text = written(validate_json);
	doc = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_true(json_is_true(json_object_get(json_object_get(doc,
					"config"), "trace")));
	c = json_array_get(json_object_get(json_array_get(json_object_get(doc,
			"validate"), 0), "cells"), 1);
	c = json_object_get(c, "throughput_gib_s");
	assert_near(json_real_value(json_object_get(json_object_get(c,
					"kernel"), "median")), 2);
	assert_near(json_real_value(json_object_get(json_object_get(c,
					"kernel_traced"), "median")), 1);
	assert_near(json_real_value(json_object_get(c, "traced_ratio")), 0.5);
	assert_near(json_real_value(json_object_get(c, "error_pct")),
		    50 * (json_real_value(json_object_get(c, "predicted")) - 2));
	json_decref(doc);
	free(text);
	text = written(validate_csv);
	assert_int_equal(count(text, ",kernel,"), 3 * (2 + 1 + 2));
	assert_int_equal(count(text, ",,,off\n"), 3);
	assert_int_equal(count(text, ",,,on\n"), 3 * (2 + 2));
	free(text);
	text = written(validate_lkml);
	assert_non_null(strstr(text, "kernel traced/untraced: 0.50 at N = 8, "
			       "0.50 at N = 64, 0.50 at N = 512"));
	free(text);
}

static void nothing_is_marked_where_nothing_is_held_out(void **state)
{
	char *text;

	(void)state;
	both_ways(8, 1, 0.01);
	both_ways(64, 2, 0.01);
	v.no_model = NULL;
	assert_int_equal(validate_tables(&v), 0);
	assert_int_equal(validate_fit(&v), 0);
	assert_int_equal(validate_judge(&v), 0);
	text = written(validate_print);
	assert_non_null(strstr(text, "fitted to 4 values"));
	assert_null(strstr(text, "marked *"));
	free(text);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_interval_decides),
		TEST(every_n_must_agree),
		TEST(nothing_measured_is_said),
		TEST(levels),
		TEST(levels_apart),
		TEST(levels_too_near_to_the_bound),
		TEST(a_tolerance_replaces_bounds),
		TEST(shapes_alike),
		TEST(shapes_apart),
		TEST(a_plateau_that_intervals_forbid_to_name),
		TEST(no_plateau_to_compare),
		TEST(a_last_n_that_may_not_be_the_first),
		TEST(one_levels_off_and_one_does_not),
		TEST(a_curve_takes_two_points),
		TEST(growth_alike),
		TEST(growth_apart),
		TEST(growth_not_decided),
		TEST(what_the_kernel_does_not_see),
		TEST(why_the_kernel_was_not_traced),
		TEST(tracing_is_none_of_the_kernels_throughput),
		TEST(pages_that_stayed_when_traced),
		TEST(only_the_traced_run),
		TEST(what_was_traced_is_shown),
		TEST(nothing_is_marked_where_nothing_is_held_out),
		TEST(shares_of_phases),
		TEST(shares_of_phases_apart),
		TEST(a_phase_that_is_null),
		TEST(pages_that_stayed),
		TEST(more_pages_that_stayed),
		TEST(few_runs_decide_nothing),
		TEST(runs_that_were_not_seen_do_not_count),
		TEST(emulated_times_decide_nothing),
		TEST(half_a_measurement),
		TEST(every_second_n_is_held_out),
		TEST(the_last_n_is_not_held_out),
		TEST(the_fit_finds_another_machine),
		TEST(the_fit_of_the_start_itself),
		TEST(a_prediction_that_fails),
		TEST(a_prediction_that_nothing_can_test),
		TEST(a_fit_without_latency),
		TEST(a_mail_is_narrow),
		TEST(no_label_where_times_count),
		TEST(json_has_null),
		TEST(csv_rows_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
