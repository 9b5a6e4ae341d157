/* SPDX-License-Identifier: MIT */
/* Engines that decline, take little, fail, lie, hang or die. */
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

static void declined_copies_fall_back_to_the_cpu(void **state)
{
	static const int errs[] = { -EOPNOTSUPP, -EBUSY, -ENODEV };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		scene_new(&sc, 20, 1);
		fake_engine.decline_every = 1;
		fake_engine.decline_err = errs[i];
		scene_run(&sc);
		assert_int_equal(sc.rc, 0);
		assert_int_equal(sc.s.declined, 20);
		assert_int_equal(sc.s.cpu_fallback, 20);
		assert_int_equal(fake.count[OP_COPY], 20);
		scene_free(&sc);
	}
}

/* Busy with copies of ours: they are reaped and it is asked again. */
static void busy_means_later(void **state)
{
	(void)state;
	scene_new(&sc, 20, 0);
	fake_engine.take = 3;
	fake_engine.decline_every = 2;
	fake_engine.decline_err = -EBUSY;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(sc.s.declined, 0);
	assert_int_equal(sc.s.cpu_fallback, 0);
	assert_int_equal(fake_engine.nr_copies, 20);
	scene_free(&sc);
}

static void every_other_submit_is_declined(void **state)
{
	(void)state;
	scene_new(&sc, 20, 0);
	fake_engine.take = 3;
	fake_engine.decline_every = 2;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(sc.s.declined, 17);
	assert_int_equal(sc.s.cpu_fallback, 17);
	assert_int_equal(fake_engine.nr_completed, 3);
	scene_free(&sc);
}

static void a_shallow_engine_is_filled_again(void **state)
{
	static const uint32_t depths[] = { 1, 2, 7 };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		fake_engine_reset();
		scene_new(&sc, 50, 2);
		sc.options.policy = "script";
		script.answer.pieces = 4;
		script.answer.admit = 512;
		fake_engine.depth = depths[i];
		fake_engine.take = 2;
		fake_engine.per_reap = 1;
		scene_run(&sc);
		assert_int_equal(sc.rc, 0);
		assert_int_equal(fake_engine.max_in_flight, depths[i]);
		assert_int_equal(fake_engine.nr_completed, 200);
		assert_int_equal(fake.count[OP_COPY], 0);
		scene_free(&sc);
	}
}

static void a_failed_copy_is_done_by_the_cpu(void **state)
{
	(void)state;
	scene_new(&sc, 21, 0);
	fake_engine.fail_every = 7;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(sc.s.cpu_fallback, 3);
	assert_int_equal(sc.s.declined, 0);
	assert_int_equal(fake.folio[6].copies, 1);
	assert_int_equal(fake.folio[5].copies, 0);
	scene_free(&sc);
}

/* One bad piece of four: the folio is not marked, and copied as a whole. */
static void a_failed_piece_marks_no_folio(void **state)
{
	(void)state;
	scene_new(&sc, 6, 2);
	sc.options.policy = "script";
	script.answer.pieces = 4;
	script.answer.fan = 2;
	fake_engine.fail_every = 10;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(fake_engine.nr_copies, 24);
	assert_int_equal(fake_engine.max_piece, 3);
	assert_int_equal(fake_engine.max_lane, 1);
	assert_int_equal(fake.folio[2].copies, 1);
	assert_int_equal(fake.folio[4].copies, 1);
	assert_int_equal(fake.count[OP_COPY], 2);
	assert_int_equal(sc.s.cpu_fallback, 2);
	scene_free(&sc);
}

static void pieces_are_whole_pages(void **state)
{
	static const struct { unsigned int order, pieces, copies; } want[] = {
		{ 0, 4, 1 }, { 1, 4, 2 }, { 3, 3, 3 }, { 9, 32, 32 },
		{ 9, 1000, 32 }, { 2, 0, 1 }, { 4, 5, 5 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		scene_new(&sc, 2, want[i].order);
		sc.options.policy = "script";
		script.answer.pieces = want[i].pieces;
		fake_engine.order = ORDER_LAST;
		scene_run(&sc);
		assert_int_equal(sc.rc, 0);
		assert_int_equal(fake_engine.nr_copies, 2 * want[i].copies);
		fake_engine.nr_copies = 0;
		scene_free(&sc);
	}
}

static void a_completion_that_comes_twice_is_counted(void **state)
{
	(void)state;
	scene_new(&sc, 20, 1);
	sc.options.policy = "script";
	script.answer.pieces = 2;
	fake_engine.twice_every = 5;
	fake_engine.order = ORDER_RANDOM;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(sc.s.completion_errors, 8);
	assert_int_equal(sc.s.cpu_fallback, 0);
	scene_free(&sc);
}

static void a_completion_of_nobody_is_counted(void **state)
{
	(void)state;
	scene_new(&sc, 20, 0);
	fake_engine.unknown_every = 4;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(sc.s.completion_errors, 5);
	scene_free(&sc);
}

/* Cancelled: nobody writes any more, and the engine may be asked again. */
static void a_hung_engine_is_cancelled(void **state)
{
	(void)state;
	scene_new(&sc, 20, 0);
	sc.options.policy = "batch:pages=10";
	fake_engine.hang_at = 5;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(fake_engine.nr_cancels, 2);
	assert_int_equal(sc.s.cpu_fallback, 16);
	assert_int_equal(fake.count[OP_COPY], 16);
	assert_int_equal(fake.count[OP_QUARANTINE], 0);
	assert_true(sc.s.phases_us.wait >= 2 * 10e6);
	scene_free(&sc);
}

static void the_timeout_is_an_option(void **state)
{
	(void)state;
	scene_new(&sc, 4, 0);
	sc.options.copy_timeout_ms = 3;
	fake_engine.hang_at = 1;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_true(sc.s.phases_us.wait >= 3e3 && sc.s.phases_us.wait < 4e3);
	scene_free(&sc);
}

/* Slow is not hung: every completion gives it its time again. */
static void a_slow_engine_is_waited_for(void **state)
{
	(void)state;
	scene_new(&sc, 5, 0);
	sc.options.copy_timeout_ms = 10;
	sc.options.policy = "batch:pages=512,copy=inline";
	fake_engine.copy_ns = 9000000;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(fake_engine.nr_cancels, 0);
	assert_int_equal(sc.s.cpu_fallback, 0);
	scene_free(&sc);
}

static void a_hung_copy_in_line_is_noticed(void **state)
{
	(void)state;
	scene_new(&sc, 5, 0);
	sc.options.policy = "batch:pages=512,copy=inline";
	fake_engine.hang_at = 3;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(fake_engine.nr_cancels, 3);
	assert_int_equal(sc.s.cpu_fallback, 3);
	scene_free(&sc);
}

/* Busy without end, or talkative without sense, is hung as well. */
static void a_babbling_engine_is_hung(void **state)
{
	(void)state;
	scene_new(&sc, 5, 0);
	fake_engine.hang_at = 2;
	fake_engine.babble = true;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_true(sc.s.completion_errors > 0);
	assert_int_equal(fake_engine.nr_cancels, 1);
	assert_int_equal(sc.s.cpu_fallback, 4);
	scene_free(&sc);
}

/* Asking a full engine again and again is no progress of its. */
static void a_full_engine_that_hangs_is_noticed(void **state)
{
	(void)state;
	/* With folios left to admit, so that the policy is asked and ticks. */
	scene_new(&sc, 80, 0);
	sc.options.policy = "script";
	script.answer.admit = 40;
	script.answer.tick = 1000000;
	fake_engine.depth = 10;
	fake_engine.hang_at = 6;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_true(fake_engine.nr_cancels > 0);
	assert_true(sc.s.phases_us.wait >= 10e6);
	scene_free(&sc);
}

/* It may write for ever: undone, set apart, and never asked again. */
static void a_stuck_target_is_set_apart(const char *engine)
{
	scene_new(&sc, 20, 1);
	sc.options.policy = "batch:pages=20";
	sc.options.engine = engine;
	fake_engine.hang_at = 4;
	fake_engine.cancel_err = -EINPROGRESS;
	scene_run(&sc);
	assert_int_equal(sc.rc, 7);
	assert_int_equal(sc.folios[2].status, 0);
	assert_int_equal(sc.folios[3].status, -ETIMEDOUT);
	assert_int_equal(sc.folios[9].status, -ETIMEDOUT);
	assert_int_equal(fake.count[OP_QUARANTINE], 7);
	/* The second batch is the CPU's. */
	assert_int_equal(fake_engine.nr_copies, 10);
	assert_int_equal(sc.s.cpu_fallback, 10);
	assert_int_equal(sc.s.declined, 10);
	assert_int_equal(sc.s.migrated, 13);
}

static void an_engine_that_cannot_be_cancelled_is_left(void **state)
{
	(void)state;
	a_stuck_target_is_set_apart("fake");
	/* Nor in the next call. */
	assert_int_equal(migsim_migrate(sc.migrator, sc.folios, sc.n, NULL), 0);
	assert_int_equal(fake_engine.nr_copies, 10);
	scene_free(&sc);
}

static void an_engine_without_cancel_is_left(void **state)
{
	(void)state;
	a_stuck_target_is_set_apart("fake-nocancel");
	scene_free(&sc);
}

/* Alone it gets another target, and the CPU copies. */
static void sync_retries_what_was_stuck(void **state)
{
	(void)state;
	scene_new(&sc, 6, 2);
	sc.options.mode = MIGSIM_MODE_SYNC;
	fake_engine.hang_at = 3;
	fake_engine.cancel_err = -EINPROGRESS;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(fake.count[OP_QUARANTINE], 4);
	assert_int_equal(fake.count[OP_COPY], 4);
	scene_free(&sc);
}

/* One channel of several is lost: its copies are, and the others go on. */
static void a_stuck_copy_is_set_apart_alone(void **state)
{
	(void)state;
	scene_new(&sc, 20, 1);
	sc.options.policy = "batch:pages=20";
	fake_engine.stuck_every = 6;
	scene_run(&sc);
	assert_int_equal(sc.rc, 3);
	assert_int_equal(sc.folios[5].status, -ETIMEDOUT);
	assert_int_equal(sc.folios[11].status, -ETIMEDOUT);
	assert_int_equal(sc.folios[17].status, -ETIMEDOUT);
	assert_int_equal(sc.folios[6].status, 0);
	assert_int_equal(fake.count[OP_QUARANTINE], 3);
	assert_int_equal(fake_engine.nr_copies, 20);
	assert_int_equal(fake_engine.nr_cancels, 0);
	assert_int_equal(sc.s.cpu_fallback, 0);
	assert_int_equal(sc.s.migrated, 17);
	scene_free(&sc);
}

/* Alone it gets another target, and the engine that goes on copies. */
static void sync_retries_a_stuck_copy_by_the_engine(void **state)
{
	(void)state;
	scene_new(&sc, 9, 2);
	sc.options.mode = MIGSIM_MODE_SYNC;
	fake_engine.stuck_every = 9;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(fake.count[OP_QUARANTINE], 1);
	assert_int_equal(fake.count[OP_COPY], 0);
	assert_int_equal(fake_engine.nr_copies, 10);
	scene_free(&sc);
}

/* The last piece of its folio ends well; the folio does not. */
static void one_stuck_piece_of_four(void **state)
{
	(void)state;
	scene_new(&sc, 4, 3);
	sc.options.policy = "script";
	script.answer.pieces = 4;
	fake_engine.stuck_every = 6;
	scene_run(&sc);
	assert_int_equal(sc.rc, 2);
	assert_int_equal(sc.folios[1].status, -ETIMEDOUT);
	assert_int_equal(sc.folios[2].status, -ETIMEDOUT);
	assert_int_equal(fake.count[OP_QUARANTINE], 2);
	assert_int_equal(fake.count[OP_COPY], 0);
	scene_free(&sc);
}

/* Half of a folio's pieces hang, the other half was never taken. */
static void hung_pieces(void **state)
{
	static const int errs[] = { 0, -EINPROGRESS };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		fake_engine_reset();
		scene_new(&sc, 4, 3);
		sc.options.policy = "script";
		script.answer.pieces = 8;
		fake_engine.depth = 12;
		fake_engine.hang_at = 5;
		fake_engine.cancel_err = errs[i];
		scene_run(&sc);
		assert_int_equal(sc.rc, i ? 2 : 0);
		if (i)
			assert_int_equal(sc.folios[1].status, -ETIMEDOUT);
		scene_free(&sc);
	}
}

static void a_dead_engine_is_left(void **state)
{
	(void)state;
	scene_new(&sc, 20, 0);
	sc.options.policy = "batch:pages=10";
	fake_engine.die_at = 4;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(sc.s.cpu_fallback, 17);
	assert_int_equal(fake_engine.nr_copies, 10);
	assert_int_equal(fake.count[OP_QUARANTINE], 0);
	scene_free(&sc);
}

static void a_dead_engine_in_line(void **state)
{
	(void)state;
	scene_new(&sc, 6, 0);
	sc.options.policy = "batch:copy=inline";
	fake_engine.die_at = 3;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(sc.s.cpu_fallback, 4);
	scene_free(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(declined_copies_fall_back_to_the_cpu,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(busy_means_later,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(every_other_submit_is_declined,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_shallow_engine_is_filled_again,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_failed_copy_is_done_by_the_cpu,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_failed_piece_marks_no_folio,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(pieces_are_whole_pages,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_completion_that_comes_twice_is_counted,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_completion_of_nobody_is_counted,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_hung_engine_is_cancelled,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(the_timeout_is_an_option,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_slow_engine_is_waited_for,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_hung_copy_in_line_is_noticed,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_babbling_engine_is_hung,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_full_engine_that_hangs_is_noticed,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(an_engine_that_cannot_be_cancelled_is_left,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(an_engine_without_cancel_is_left,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(sync_retries_what_was_stuck,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_stuck_copy_is_set_apart_alone,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(sync_retries_a_stuck_copy_by_the_engine,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(one_stuck_piece_of_four,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(hung_pieces,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_dead_engine_is_left,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_dead_engine_in_line,
				scene_setup, scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
