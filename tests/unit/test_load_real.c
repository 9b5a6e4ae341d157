/* SPDX-License-Identifier: MIT */
/*
 * The threads of a load over memory that nobody migrates: what they touch, what
 * they leave as it was, and that losing a CPU is no stall.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench.h"
#include "busy.h"
#include "load_run.h"
#include "verify.h"

static const atomic_int go_on;
static const atomic_int stopped = 1;

static struct region *open_region(const char *mix_words, enum layout layout)
{
	const struct region_limits limits = { .memory = 64 << 20 };
	const struct region_route route = { -1, -1, false };
	struct config c = { .backend = "uffd", .total = 1 << 20,
			    .layout = layout, .seed = 3 };
	struct region_shape shape;
	struct region *region;

	assert_int_equal(parse_mix(mix_words, &c.mix), 0);
	assert_int_equal(region_shape_of(&shape, &c, route, &limits), 0);
	assert_int_equal(region_open(&region, &shape), 0);
	return region;
}

static struct load *open_load(struct load_words words)
{
	struct config c = { .backend = "uffd", .seed = 5, .load = words };
	struct load *l;

	assert_int_equal(load_open(&l, &c), 0);
	assert_non_null(l);
	return l;
}

/* A call in which nothing migrates. */
static void idle_call(struct load *l)
{
	load_call_begins(l);
	usleep(50000);
	assert_int_equal(load_call_ended(l), 0);
}

static bool is_resident(const struct region *region, uint64_t page)
{
	unsigned char in = 0;

	assert_int_equal(mincore(region->start + page * MIGSIM_PAGE_SIZE,
				 MIGSIM_PAGE_SIZE, &in), 0);
	return in & 1;
}

/* What was never touched is not there; writing makes it appear. */
static void every_page_and_no_other(void **state)
{
	static const struct {
		const char *mix;
		enum layout layout;
		enum load_pattern pattern;
	} how[] = {
		{ "4K", LAYOUT_CONTIGUOUS, LOAD_UNIFORM },
		{ "16K", LAYOUT_SCATTERED, LOAD_ZIPF },
		{ "4K:50/64K:50", LAYOUT_SCATTERED, LOAD_UNIFORM },
	};
	uint64_t page, met;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		struct region *region = open_region(how[i].mix, how[i].layout);
		struct load *l = open_load((struct load_words){
			2, how[i].pattern, 100, 0 });

		assert_int_equal(load_start(l, region, &go_on), 0);
		idle_call(l);
		load_end(l, NULL);
		for (page = met = 0; page < region->pages; page++) {
			bool folio = region_page_kind(region, page) ==
				     PAGE_OF_FOLIO;

			assert_int_equal(is_resident(region, page), folio);
			met += folio;
		}
		assert_int_equal(met * MIGSIM_PAGE_SIZE, region->shape.bytes);
		load_close(l);
		region_close(region);
	}
}

/* More threads than CPUs: they lose theirs all the time. */
static void losing_the_cpu_is_no_stall(void **state)
{
	struct region *region = open_region("4K", LAYOUT_CONTIGUOUS);
	struct load *l = open_load((struct load_words){
		8, LOAD_UNIFORM, 50, 0 });
	struct verify_bad bad = { 0 };
	struct sample sample;
	int i;

	(void)state;
	assert_int_equal(verify_fill(region, &go_on), 0);
	assert_int_equal(busy_start(4, &go_on), 0);
	assert_int_equal(load_start(l, region, &go_on), 0);
	for (i = 0; i < 4; i++)
		idle_call(l);
	load_end(l, NULL);
	busy_stop();
	assert_int_equal(l->stalls.n, 0);
	assert_true(l->count.ops > 0 && l->count.base_ops > 0);
	assert_true(l->count.seconds > 0 && l->count.base_seconds > 0);
	load_take(l, &sample);
	assert_true(sample.ops_per_s > 0 && sample.baseline_ops_per_s > 0);
	/* Half of the operations wrote, and nothing has changed. */
	assert_int_equal(verify_walk(region, &go_on, &bad), 0);
	assert_int_equal(verify_sum(&bad), 0);
	load_close(l);
	region_close(region);
}

/* Sleeping until its turn comes is none either, nor goes it faster. */
static void waits_for_its_turn(void **state)
{
	struct region *region = open_region("4K", LAYOUT_CONTIGUOUS);
	struct load *l = open_load((struct load_words){ 2, LOAD_ZIPF, 0, 100 });
	double turns;

	(void)state;
	assert_int_equal(verify_fill(region, &go_on), 0);
	assert_int_equal(load_start(l, region, &go_on), 0);
	idle_call(l);
	load_end(l, NULL);
	assert_int_equal(l->stalls.n, 0);
	/* Each thread may have begun before, and be caught up with one turn. */
	turns = 2 * (100 * l->count.base_seconds + 2);
	assert_true(l->count.base_ops <= turns);
	turns = 2 * (100 * l->count.seconds + 2);
	assert_true((double)l->count.ops <= turns);
	load_close(l);
	region_close(region);
}

static void stops(void **state)
{
	struct region *region = open_region("4K", LAYOUT_CONTIGUOUS);
	struct load *l = open_load((struct load_words){ 64, LOAD_ZIPF, 0, 0 });

	(void)state;
	assert_int_equal(load_start(l, region, &stopped), -EINTR);
	assert_null(l->crowd);
	load_end(l, NULL);
	load_close(l);
	region_close(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_and_no_other),
		cmocka_unit_test(losing_the_cpu_is_no_stall),
		cmocka_unit_test(waits_for_its_turn),
		cmocka_unit_test(stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
