/* SPDX-License-Identifier: MIT */
/* Several flush groups in flight, and when their folios are remapped. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scene.h"

static struct scene sc;
static char story[8192];

/* @groups in flight of @admit pages; folios of one page. */
static void window(size_t n, uint32_t groups, uint32_t admit)
{
	scene_new(&sc, n, 0);
	sc.options.policy = "script";
	script.groups = groups;
	script.answer.admit = admit;
}

static void a_window_of_eight_groups(void **state)
{
	(void)state;
	window(100, 8, 4);
	fake_engine.copy_ns = 100000;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(script.max_groups, 8);
	assert_int_equal(sc.s.groups, 25);
	assert_int_equal(sc.s.flushes, 25);
	assert_int_equal(sc.s.max_pages_in_flight, 32);
	scene_free(&sc);
}

static void groups_end_in_any_order(void **state)
{
	static const enum fake_order orders[] = {
		ORDER_FIRST, ORDER_LAST, ORDER_RANDOM,
	};
	size_t i, remap;

	(void)state;
	for (i = 0; i < 3; i++)
		for (remap = MIGSIM_REMAP_BATCH; remap <= MIGSIM_REMAP_FOLIO;
		     remap++) {
			window(200, 8, 5);
			script.answer.remap = (uint32_t)remap;
			script.answer.submit = 3;
			fake_engine.order = orders[i];
			fake_engine.per_reap = 2;
			fake_engine.copy_ns = 20000;
			scene_run(&sc);
			assert_int_equal(sc.rc, 0);
			assert_int_equal(sc.s.groups, 40);
			assert_int_equal(fake.count[OP_COPY], 0);
			scene_free(&sc);
		}
}

/* Six folios, submit groups of two, one completion at a time, the last first. */
static void remapped(enum migsim_remap remap, const char *expected)
{
	window(6, 1, 6);
	script.answer.remap = remap;
	script.answer.submit = 2;
	fake_engine.order = ORDER_LAST;
	fake_engine.per_reap = 1;
	fake_engine.copy_ns = 0;
	scene_run(&sc);
	fake_space_story(1u << OP_ENGINE_COPY | 1u << OP_REMAP, story,
			 sizeof(story));
	assert_string_equal(story, expected);
	assert_int_equal(sc.s.groups, 1);
	scene_free(&sc);
}

static void remap_by_batch_group_or_folio(void **state)
{
	(void)state;
	remapped(MIGSIM_REMAP_FOLIO,
		 "engine 5 remap 5 engine 4 remap 4 engine 3 remap 3 "
		 "engine 2 remap 2 engine 1 remap 1 engine 0 remap 0");
	remapped(MIGSIM_REMAP_GROUP,
		 "engine 5 engine 4 remap 4 remap 5 engine 3 engine 2 "
		 "remap 2 remap 3 engine 1 engine 0 remap 0 remap 1");
	remapped(MIGSIM_REMAP_BATCH,
		 "engine 5 engine 4 engine 3 engine 2 engine 1 engine 0 "
		 "remap 0 remap 1 remap 2 remap 3 remap 4 remap 5");
}

static void units_that_end_together_are_remapped_together(void **state)
{
	(void)state;
	window(6, 1, 6);
	script.answer.remap = MIGSIM_REMAP_FOLIO;
	scene_run(&sc);
	fake_space_story(1u << OP_ENGINE_COPY | 1u << OP_REMAP, story,
			 sizeof(story));
	assert_string_equal(story, "engine 0 engine 1 engine 2 engine 3 "
		"engine 4 engine 5 remap 0 remap 1 remap 2 remap 3 remap 4 "
		"remap 5");
	scene_free(&sc);
}

/* The mark of a folio that is not moved for its group is kept for it. */
static void eagain_waits_for_the_rest_of_its_group(void **state)
{
	(void)state;
	window(4, 1, 4);
	script.answer.remap = MIGSIM_REMAP_FOLIO;
	fake.folio[0].remap = (struct fake_fault){ 1, -EAGAIN };
	fake_engine.per_reap = 1;
	fake_engine.copy_ns = 100000;
	scene_run(&sc);
	fake_space_story(1u << OP_REMAP | 1u << OP_COPY, story, sizeof(story));
	assert_string_equal(story, "remap 0 remap 1 remap 2 remap 3 copy 0 "
				   "remap 0");
	scene_free(&sc);
}

static void out_of_memory_drains_every_group(void **state)
{
	(void)state;
	window(100, 8, 4);
	fake.folio[22].alloc = (struct fake_fault){ 1, 0 };
	fake_engine.copy_ns = 1000000;
	fake_engine.order = ORDER_RANDOM;
	scene_run(&sc);
	assert_int_equal(sc.rc, -ENOMEM);
	assert_int_equal(sc.s.migrated, 22);
	assert_int_equal(sc.s.nr_untried_pages, 78);
	assert_int_equal(sc.s.groups, 6);
	assert_int_equal(fake.count[OP_LEAVE], 1);
	scene_free(&sc);
}

static void stop_at_the_third_flush(enum fake_op op, uint32_t nth)
{
	if (op == OP_FLUSH && nth == 3)
		migsim_migrator_stop(sc.migrator);
}

static void stop_drains_every_group(void **state)
{
	(void)state;
	window(100, 8, 4);
	fake_engine.copy_ns = 1000000;
	fake.on_event = stop_at_the_third_flush;
	scene_run(&sc);
	assert_int_equal(sc.rc, -EINTR);
	assert_int_equal(sc.s.migrated, 12);
	assert_int_equal(sc.s.nr_untried_pages, 88);
	scene_free(&sc);
}

static void a_hang_gives_up_every_group(void **state)
{
	static const int errs[] = { 0, -EINPROGRESS };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		fake_engine_reset();
		window(64, 8, 4);
		fake_engine.copy_ns = 1000000;
		fake_engine.hang_at = 1;
		fake_engine.cancel_err = errs[i];
		scene_run(&sc);
		assert_int_equal(sc.rc, i ? 32 : 0);
		assert_int_equal(sc.s.cpu_fallback, i ? 32 : 64);
		assert_int_equal(fake_engine.nr_cancels, i ? 8 : 16);
		scene_free(&sc);
	}
}

/* Told to stop, it does not wait the whole ten seconds for an engine. */
static void stop_is_quick_though_the_engine_hangs(void **state)
{
	(void)state;
	window(64, 8, 4);
	fake_engine.hang_at = 1;
	fake.on_event = stop_at_the_third_flush;
	scene_run(&sc);
	assert_int_equal(sc.rc, -EINTR);
	assert_true(sc.s.elapsed_us > 1e5 && sc.s.elapsed_us < 1e6);
	scene_free(&sc);
}

static void a_death_ends_every_group(void **state)
{
	(void)state;
	window(64, 8, 4);
	fake_engine.copy_ns = 1000000;
	fake_engine.die_at = 11;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(sc.s.cpu_fallback, 54);
	scene_free(&sc);
}

/* Retries alone wait until the window is empty; the space checks the rest. */
static void sync_drains_before_it_retries(void **state)
{
	size_t i;

	(void)state;
	window(100, 8, 4);
	sc.options.mode = MIGSIM_MODE_SYNC;
	fake_engine.copy_ns = 50000;
	for (i = 0; i < 100; i += 9)
		fake.folio[i].unmap = (struct fake_fault){ 4, -EAGAIN };
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(fake.folio[9].unmaps, 5);
	scene_free(&sc);
}

/* A policy that only waits cannot stop a migration. */
static void a_policy_that_admits_nothing(void **state)
{
	(void)state;
	window(5, 0, 0);
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(sc.s.groups, 5);
	scene_free(&sc);
}

/* Five folios of four pages a group, whatever the pages; the rest is three. */
static void a_group_of_so_many_folios(void **state)
{
	(void)state;
	scene_new(&sc, 23, 2);
	sc.options.policy = "script";
	script.groups = 1;
	script.answer.admit = 1000;
	script.answer.folios = 5;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(sc.s.groups, 5);
	assert_int_equal(sc.s.max_pages_in_flight, 20);
	scene_free(&sc);

	/* More than are handled at once, and no whole number of those. */
	window(2000, 1, 100000);
	script.answer.folios = 700;
	scene_run(&sc);
	assert_int_equal(sc.s.groups, 3);
	assert_int_equal(sc.s.max_pages_in_flight, 700);
	scene_free(&sc);
}

/* It names a deadline and is asked again by then. */
static void a_tick_bounds_the_wait(void **state)
{
	uint32_t asked;

	(void)state;
	window(8, 1, 4);
	fake_engine.copy_ns = 1000000;
	scene_run(&sc);
	asked = script.asked;
	scene_free(&sc);

	script.asked = 0;
	window(8, 1, 4);
	script.answer.tick = 100000;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_true(script.asked >= asked + 8);
	scene_free(&sc);
}

/* More groups than the core has room for: it waits. */
static void there_is_an_end_to_groups(void **state)
{
	(void)state;
	window(6000, 1000000, 1);
	fake_engine.copy_ns = 100000000;
	fake_engine.depth = 8192;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(sc.s.groups, 6000);
	scene_free(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_window_of_eight_groups,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(stop_is_quick_though_the_engine_hangs,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_group_of_so_many_folios,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(groups_end_in_any_order,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(remap_by_batch_group_or_folio,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(units_that_end_together_are_remapped_together,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(eagain_waits_for_the_rest_of_its_group,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(out_of_memory_drains_every_group,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(stop_drains_every_group,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_hang_gives_up_every_group,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_death_ends_every_group,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(sync_drains_before_it_retries,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_policy_that_admits_nothing,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_tick_bounds_the_wait,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(there_is_an_end_to_groups,
				scene_setup, scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
