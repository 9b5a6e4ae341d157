/* SPDX-License-Identifier: MIT */
/* Sync and async, calls that are refused, calls that are stopped or held. */
#include <pthread.h>
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

static void sync_scene(size_t n, unsigned int order)
{
	scene_new(&sc, n, order);
	sc.options.mode = MIGSIM_MODE_SYNC;
}

static void sync_tries_three_times_and_then_seven_alone(void **state)
{
	(void)state;
	sync_scene(4, 0);
	fake.folio[1].unmap = (struct fake_fault){ 9, -EAGAIN };
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(fake.folio[1].unmaps, 10);
	assert_int_equal(sc.s.retried, 2 + 1 + 6);
	assert_int_equal(sc.s.groups, 2);
	assert_int_equal(sc.s.failed, 0);
	scene_free(&sc);

	sync_scene(4, 0);
	fake.folio[1].unmap = (struct fake_fault){ 10, -EAGAIN };
	scene_run(&sc);
	assert_int_equal(sc.rc, 1);
	assert_int_equal(fake.folio[1].unmaps, 10);
	assert_int_equal(sc.s.nr_failed_pages, 1);
	assert_int_equal(sc.folios[1].status, -EAGAIN);
	scene_free(&sc);
}

static void sync_moves_three_times_and_then_seven_alone(void **state)
{
	(void)state;
	sync_scene(4, 2);
	fake.folio[2].remap = (struct fake_fault){ 9, -EAGAIN };
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(fake.folio[2].remaps, 10);
	assert_int_equal(fake.folio[2].undos, 1);
	scene_free(&sc);

	sync_scene(4, 2);
	fake.folio[2].remap = (struct fake_fault){ 10, -EAGAIN };
	scene_run(&sc);
	assert_int_equal(sc.rc, 1);
	assert_int_equal(fake.folio[2].remaps, 10);
	assert_int_equal(fake.folio[2].undos, 2);
	scene_free(&sc);
}

/* Even what will never work is tried alone once, as the kernel does. */
static void sync_tries_every_failure_once_more(void **state)
{
	(void)state;
	sync_scene(3, 0);
	fake.folio[0].unmap = (struct fake_fault){ 1, -EBUSY };
	fake.folio[2].unmap = (struct fake_fault){ 2, -EBUSY };
	scene_run(&sc);
	assert_int_equal(sc.rc, 1);
	assert_int_equal(sc.folios[0].status, 0);
	assert_int_equal(sc.folios[2].status, -EBUSY);
	assert_int_equal(fake.folio[2].unmaps, 2);
	assert_int_equal(sc.s.failed, 1);
	scene_free(&sc);
}

static void sync_retries_before_the_next_batch(void **state)
{
	char story[256];

	(void)state;
	sync_scene(4, 0);
	sc.options.policy = "batch:pages=2";
	fake.folio[0].unmap = (struct fake_fault){ 1, -EBUSY };
	scene_run(&sc);
	fake_space_story(1u << OP_UNMAP | 1u << OP_REMAP, story, sizeof(story));
	assert_string_equal(story, "unmap 0 unmap 1 remap 1 unmap 0 remap 0 "
				   "unmap 2 unmap 3 remap 2 remap 3");
	scene_free(&sc);
}

/* Out of memory before the retry: the failures stay failures. */
static void sync_out_of_memory(void **state)
{
	(void)state;
	sync_scene(5, 0);
	fake.folio[0].unmap = (struct fake_fault){ 1, -EBUSY };
	fake.folio[3].alloc = (struct fake_fault){ 1, 0 };
	scene_run(&sc);
	assert_int_equal(sc.rc, -ENOMEM);
	assert_int_equal(sc.folios[0].status, -EBUSY);
	assert_int_equal(sc.s.nr_failed_pages, 1);
	assert_int_equal(sc.s.nr_untried_pages, 2);
	scene_free(&sc);
}

/* The retry itself finds no target. */
static void empty_the_pool(enum fake_op op, uint32_t nth)
{
	if (op == OP_LEAVE && nth == 1)
		fake.pool_pages = 0;
}

static void sync_out_of_memory_in_the_retry(void **state)
{
	(void)state;
	sync_scene(4, 0);
	fake.folio[1].unmap = (struct fake_fault){ 1, -EBUSY };
	fake.folio[2].remap = (struct fake_fault){ 1, -EIO };
	fake.on_event = empty_the_pool;
	scene_run(&sc);
	assert_int_equal(sc.rc, -ENOMEM);
	assert_int_equal(sc.s.migrated, 2);
	/* Both were tried and failed: none is untried. */
	assert_int_equal(sc.folios[1].status, -EBUSY);
	assert_int_equal(sc.folios[2].status, -EIO);
	assert_int_equal(sc.s.nr_failed_pages, 2);
	assert_int_equal(sc.s.nr_untried_pages, 0);
	scene_free(&sc);
}

static void sync_splits_too(void **state)
{
	(void)state;
	sync_scene(3, 9);
	fake.folio[0].unmap = (struct fake_fault){ 1, -EBUSY };
	fake.folio[1].alloc = (struct fake_fault){ 1, 0 };
	scene_run(&sc);
	assert_int_equal(sc.rc, 1);
	assert_int_equal(sc.s.migrated, 3);
	assert_int_equal(sc.s.nr_thp_split, 1);
	scene_free(&sc);
}

static void an_empty_list_is_done(void **state)
{
	(void)state;
	scene_new(&sc, 0, 0);
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(sc.s.calls, 1);
	assert_int_equal(fake.count[OP_ENTER], 0);
	assert_int_equal(fake.count[OP_BEGIN], 1);
	assert_int_equal(fake.count[OP_END], 1);
	scene_free(&sc);
}

static void a_report_is_not_needed(void **state)
{
	struct migsim_report *keep;
	int i;

	(void)state;
	scene_new(&sc, 20, 0);
	keep = sc.report;
	scene_open(&sc);
	for (i = 0; i < 3; i++)
		assert_int_equal(migsim_migrate(sc.migrator, sc.folios, sc.n,
						NULL), 0);
	assert_int_equal(fake.count[OP_REMAP], 60);
	sc.report = keep;
	scene_free(&sc);
}

/* Nothing of the space is asked for a call that is refused. */
static void refused(long expected)
{
	assert_int_equal(migsim_migrate(sc.migrator, sc.folios, sc.n,
					sc.report), expected);
	assert_int_equal(fake.nr_events, 0);
	sc.s.size = sizeof(sc.s);
	migsim_report_summary(sc.report, &sc.s);
	assert_int_equal(sc.s.calls, 0);
	assert_int_equal(sc.s.nr_untried_pages, 0);
	scene_free(&sc);
}

static void a_misaligned_folio_is_refused(void **state)
{
	(void)state;
	scene_new(&sc, 3, 0);
	sc.folios[2].addr += 8;
	scene_open(&sc);
	refused(-EINVAL);

	scene_new(&sc, 3, 4);
	sc.folios[1].addr += MIGSIM_PAGE_SIZE;
	scene_open(&sc);
	refused(-EINVAL);

	scene_new(&sc, 3, MIGSIM_MAX_ORDER + 1);
	scene_open(&sc);
	refused(-EINVAL);
}

static void own_memory_is_refused(void **state)
{
	int on_stack = 0;
	const void *own[2];
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		scene_new(&sc, 3, 0);
		own[0] = sc.folios;
		own[1] = &on_stack;
		sc.folios[1].addr = (uint64_t)(uintptr_t)own[i] &
				    ~(MIGSIM_PAGE_SIZE - 1);
		scene_open(&sc);
		refused(-EDEADLK);
	}
}

static void the_space_may_refuse(void **state)
{
	(void)state;
	scene_new(&sc, 3, 1);
	fake.begin_err = -EPERM;
	scene_run(&sc);
	assert_int_equal(sc.rc, -EPERM);
	assert_int_equal(sc.s.nr_untried_pages, 6);
	assert_int_equal(fake.count[OP_ENTER], 0);
	assert_int_equal(fake.count[OP_END], 1);
	scene_free(&sc);
}

static enum fake_op stop_op;
static uint32_t stop_nth;

static void stop_at(enum fake_op op, uint32_t nth)
{
	if (op == stop_op && nth == stop_nth)
		migsim_migrator_stop(sc.migrator);
}

static void stop_in(enum fake_op op, uint32_t nth)
{
	stop_op = op;
	stop_nth = nth;
	fake.on_event = stop_at;
	sc.options.policy = "batch:pages=2";
	scene_run(&sc);
	assert_int_equal(sc.rc, -EINTR);
}

/* The flight in which it is asked is finished, nothing new is begun. */
static void stop_finishes_what_is_in_flight(void **state)
{
	static const enum fake_op ops[] = {
		OP_UNMAP, OP_FLUSH, OP_OFFER, OP_ENGINE_COPY, OP_REMAP, OP_LEAVE,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		scene_new(&sc, 8, 0);
		stop_in(ops[i], 2);
		assert_int_equal(sc.s.migrated,
				 ops[i] == OP_FLUSH || ops[i] == OP_LEAVE ?
				 4 : 2);
		/* It holds for later calls too. */
		fake.begin_err = 0;
		assert_int_equal(migsim_migrate(sc.migrator, sc.folios, sc.n,
						NULL), -EINTR);
		scene_free(&sc);
	}
}

static void stop_ends_the_retries(void **state)
{
	size_t i;

	(void)state;
	sync_scene(8, 0);
	for (i = 0; i < 8; i++)
		fake.folio[i].unmap = (struct fake_fault){ FAKE_FOREVER,
							   -EBUSY };
	sc.options.policy = "batch";
	stop_op = OP_UNMAP;
	stop_nth = 10;
	fake.on_event = stop_at;
	scene_run(&sc);
	assert_int_equal(sc.rc, -EINTR);
	assert_int_equal(fake.count[OP_UNMAP], 10);
	assert_int_equal(sc.s.failed, 8);
	scene_free(&sc);
}

static void *stopper(void *arg)
{
	migsim_migrator_stop(arg);
	return NULL;
}

static void spawn_stopper(enum fake_op op, uint32_t nth)
{
	pthread_t thread;

	if (op != OP_REMAP || nth != 3)
		return;
	assert_int_equal(pthread_create(&thread, NULL, stopper, sc.migrator), 0);
	pthread_join(thread, NULL);
}

static void any_thread_may_stop(void **state)
{
	(void)state;
	scene_new(&sc, 8, 0);
	sc.options.policy = "batch:pages=2";
	fake.on_event = spawn_stopper;
	scene_run(&sc);
	assert_int_equal(sc.rc, -EINTR);
	assert_int_equal(sc.s.migrated, 4);
	scene_free(&sc);
}

/* With one group in flight there is nothing to hold; with more there is. */
static void hold_lets_the_flight_end(void **state)
{
	(void)state;
	scene_new(&sc, 64, 0);
	sc.options.policy = "script";
	script.groups = 8;
	script.answer.admit = 4;
	fake.hold_at = 3;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_true(fake.count[OP_HOLD] > 0);
	assert_true(fake.count[OP_ENTER] > 1);
	assert_int_equal(fake.count[OP_ENTER], fake.count[OP_LEAVE]);
	assert_int_equal(sc.s.migrated, 64);
	scene_free(&sc);
}

static void reports_add_up(void **state)
{
	struct migsim_report *sum = migsim_report_new();
	struct migsim_summary s = { .size = sizeof(s) };

	(void)state;
	scene_new(&sc, 30, 1);
	fake.folio[3].unmap = (struct fake_fault){ 1, -EBUSY };
	scene_run(&sc);
	migsim_report_add(sum, sc.report);
	migsim_report_add(sum, sc.report);
	migsim_report_summary(sum, &s);
	assert_int_equal(s.calls, 2);
	assert_int_equal(s.migrated, 58);
	assert_int_equal(s.failed, 2);
	assert_int_equal(s.first_us.n, 2);
	assert_int_equal(s.inaccessible_us.n, 58);
	assert_true(s.elapsed_us == 2 * sc.s.elapsed_us);
	assert_true(s.mean_pages_in_flight == sc.s.mean_pages_in_flight);
	assert_true(s.gib_s == sc.s.gib_s);
	migsim_report_free(sum);
	scene_free(&sc);
}

static void a_summary_writes_no_more_than_its_size(void **state)
{
	struct migsim_summary s;
	const unsigned char *p = (const unsigned char *)&s;
	size_t i;

	(void)state;
	scene_new(&sc, 3, 0);
	scene_run(&sc);
	memset(&s, 0x5a, sizeof(s));
	s.size = offsetof(struct migsim_summary, bytes);
	migsim_report_summary(sc.report, &s);
	assert_int_equal(s.calls, 1);
	for (i = s.size; i < sizeof(s); i++)
		assert_int_equal(p[i], 0x5a);
	scene_free(&sc);
}

static void bad_options_are_refused(void **state)
{
	struct migsim_migrator *m;
	struct migsim_options o = MIGSIM_OPTIONS_INIT;

	(void)state;
	scene_new(&sc, 1, 0);
	o.space = "fake";
	o.engine = "fake";
	assert_int_equal(migsim_migrator_open(&m, NULL), -EINVAL);
	o.mode = 7;
	assert_int_equal(migsim_migrator_open(&m, &o), -EINVAL);
	o.mode = MIGSIM_MODE_SYNC;
	o.reason = MIGSIM_REASONS;
	assert_int_equal(migsim_migrator_open(&m, &o), -EINVAL);
	o.reason = MIGSIM_REASON_SYSCALL;
	o.size = 8;
	assert_int_equal(migsim_migrator_open(&m, &o), -EINVAL);
	o.size = sizeof(o);
	o.engine = "nothing";
	assert_int_equal(migsim_migrator_open(&m, &o), -EINVAL);
	o.engine = "fake";
	fake_engine.depth = 0;
	assert_int_equal(migsim_migrator_open(&m, &o), -EINVAL);
	fake_engine.depth = 1;
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	migsim_migrator_close(m);
	migsim_migrator_close(NULL);
	scene_free(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sync_tries_three_times_and_then_seven_alone,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(sync_moves_three_times_and_then_seven_alone,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(sync_tries_every_failure_once_more,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(sync_retries_before_the_next_batch,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(sync_out_of_memory,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(sync_out_of_memory_in_the_retry,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(sync_splits_too,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(an_empty_list_is_done,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_report_is_not_needed,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_misaligned_folio_is_refused,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(own_memory_is_refused,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(the_space_may_refuse,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(stop_finishes_what_is_in_flight,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(stop_ends_the_retries,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(any_thread_may_stop,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(hold_lets_the_flight_end,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(reports_add_up,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_summary_writes_no_more_than_its_size,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(bad_options_are_refused,
				scene_setup, scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
