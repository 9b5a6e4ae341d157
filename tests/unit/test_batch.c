/* SPDX-License-Identifier: MIT */
/* The batch: the cut, the passes, the order of steps, out of memory, undo. */
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

#define STEPS (1u << OP_UNMAP | 1u << OP_FLUSH | 1u << OP_COPY | \
	       1u << OP_ENGINE_COPY | 1u << OP_REMAP | 1u << OP_UNDO)

static struct scene sc;
static char story[4096];

static void assert_story(uint32_t ops, const char *expected)
{
	fake_space_story(ops, story, sizeof(story));
	assert_string_equal(story, expected);
}

/* Runs a mix of orders and returns the folios of every flush group. */
static void groups_of(const char *policy, const unsigned char *orders, size_t n,
		      const char *expected)
{
	size_t i, at = 0;
	unsigned int folios = 0;

	scene_new(&sc, n, 0);
	for (i = 0; i < n; i++)
		sc.folios[i].order = orders[i];
	sc.options.policy = policy;
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	for (i = 0; i < fake.nr_events; i++) {
		folios += fake.event[i].op == OP_UNMAP;
		if (fake.event[i].op == OP_FLUSH) {
			at += (size_t)snprintf(story + at, sizeof(story) - at,
					       "%s%u", at ? " " : "", folios);
			folios = 0;
		}
	}
	assert_string_equal(story, expected);
	scene_free(&sc);
}

static void the_cut_takes_the_folio_that_crosses(void **state)
{
	static const unsigned char base[10], mixed[] = { 0, 2, 0, 3, 0, 0, 9, 0 };

	(void)state;
	groups_of("batch:pages=4", base, 10, "4 4 2");
	groups_of("batch:pages=5", base, 10, "5 5");
	groups_of("batch:pages=1", base, 3, "1 1 1");
	groups_of("batch:pages=512", base, 10, "10");
	/* 1+4 >= 4 | 1+8 >= 4 | 1+1+512 >= 4 | 1 */
	groups_of("batch:pages=4", mixed, 8, "2 2 3 1");
	/* 1+4+1+8 = 14 >= 13 | 1+1+512 | 1 */
	groups_of("batch:pages=13", mixed, 8, "4 3 1");
	/* 14+1 = 15, +1 = 16 >= 16 | 512 | 1 */
	groups_of("batch:pages=16", mixed, 8, "6 1 1");
}

/* Longer than the vectors in which the core hands folios to the space. */
static void a_group_may_be_longer_than_a_vector(void **state)
{
	(void)state;
	scene_new(&sc, 1700, 0);
	sc.options.policy = "batch:pages=1600";
	fake.folio[600].unmap = (struct fake_fault){ 2, -EAGAIN };
	fake.folio[1400].unmap = (struct fake_fault){ 1, -EBUSY };
	fake.folio[1590].remap = (struct fake_fault){ 3, -EAGAIN };
	scene_run(&sc);
	assert_int_equal(sc.rc, 1);
	assert_int_equal(sc.s.groups, 2);
	assert_int_equal(sc.s.flushes, 2);
	assert_int_equal(sc.s.max_pages_in_flight, 1599);
	assert_int_equal(sc.s.retried, 5);
	assert_int_equal(fake.folio[1400].unmaps, 1);
	scene_free(&sc);
}

static void a_batch_copies_all_before_it_remaps(void **state)
{
	(void)state;
	scene_new(&sc, 3, 0);
	sc.options.policy = "batch:pages=2,copy=batch";
	scene_run(&sc);
	assert_story(STEPS | 1u << OP_ENTER | 1u << OP_LEAVE,
		     "enter unmap 0 unmap 1 flush engine 0 engine 1 "
		     "remap 0 remap 1 leave "
		     "enter unmap 2 flush engine 2 remap 2 leave");
	assert_int_equal(sc.s.first_us.n, 2);
	scene_free(&sc);
}

static void in_line_each_folio_is_remapped_before_the_next(void **state)
{
	(void)state;
	scene_new(&sc, 3, 1);
	sc.options.policy = "batch:pages=512,copy=inline";
	scene_run(&sc);
	assert_story(STEPS, "unmap 0 unmap 1 unmap 2 flush engine 0 remap 0 "
			    "engine 1 remap 1 engine 2 remap 2");
	scene_free(&sc);
}

static void without_offload_the_cpu_copies_in_line(void **state)
{
	(void)state;
	scene_new(&sc, 2, 1);
	sc.options.policy = "script";
	script.answer.no_offload = 1;
	scene_run(&sc);
	assert_story(STEPS, "unmap 0 unmap 1 flush copy 0 remap 0 copy 1 "
			    "remap 1");
	assert_int_equal(sc.s.cpu_fallback, 0);
	assert_int_equal(sc.s.declined, 0);
	scene_free(&sc);
}

/* One folio of two that fails @times times, in every phase. */
static void fails(struct fake_fault unmap, struct fake_fault remap)
{
	scene_new(&sc, 2, 0);
	fake.folio[1].unmap = unmap;
	fake.folio[1].remap = remap;
	scene_run(&sc);
}

static void async_tries_to_unmap_ten_times(void **state)
{
	(void)state;
	fails((struct fake_fault){ 9, -EAGAIN }, (struct fake_fault){ 0, 0 });
	assert_int_equal(sc.rc, 0);
	assert_int_equal(fake.folio[1].unmaps, 10);
	assert_int_equal(sc.s.retried, 9);
	scene_free(&sc);

	fails((struct fake_fault){ 10, -EAGAIN }, (struct fake_fault){ 0, 0 });
	assert_int_equal(sc.rc, 1);
	assert_int_equal(fake.folio[1].unmaps, 10);
	assert_int_equal(sc.folios[1].status, -EAGAIN);
	assert_int_equal(sc.s.retried, 9);
	assert_int_equal(sc.s.nr_failed_pages, 1);
	scene_free(&sc);
}

static void async_tries_to_move_ten_times(void **state)
{
	(void)state;
	fails((struct fake_fault){ 0, 0 }, (struct fake_fault){ 9, -EAGAIN });
	assert_int_equal(sc.rc, 0);
	assert_int_equal(fake.folio[1].remaps, 10);
	assert_int_equal(sc.s.retried, 9);
	scene_free(&sc);

	fails((struct fake_fault){ 0, 0 }, (struct fake_fault){ 10, -EAGAIN });
	assert_int_equal(sc.rc, 1);
	assert_int_equal(fake.folio[1].remaps, 10);
	assert_int_equal(fake.folio[1].undos, 1);
	assert_int_equal(sc.folios[1].status, -EAGAIN);
	scene_free(&sc);
}

static void other_errors_are_for_good(void **state)
{
	(void)state;
	fails((struct fake_fault){ FAKE_FOREVER, -ENOENT },
	      (struct fake_fault){ 0, 0 });
	assert_int_equal(sc.rc, 1);
	assert_int_equal(fake.folio[1].unmaps, 1);
	assert_int_equal(fake.count[OP_PUT], 1);
	assert_int_equal(sc.folios[1].status, -ENOENT);
	scene_free(&sc);

	fails((struct fake_fault){ 0, 0 }, (struct fake_fault){ 1, -EBUSY });
	assert_int_equal(sc.rc, 1);
	assert_int_equal(fake.folio[1].remaps, 1);
	assert_int_equal(fake.folio[1].undos, 1);
	assert_int_equal(sc.folios[1].status, -EBUSY);
	assert_int_equal(sc.s.retried, 0);
	scene_free(&sc);
}

/* I5: the content may have changed since, so that the CPU copies again. */
static void the_mark_is_consumed_at_its_first_read(void **state)
{
	(void)state;
	scene_new(&sc, 2, 0);
	fake.folio[0].remap = (struct fake_fault){ 2, -EAGAIN };
	scene_run(&sc);
	assert_int_equal(sc.rc, 0);
	assert_story(STEPS, "unmap 0 unmap 1 flush engine 0 engine 1 remap 0 "
			    "remap 1 copy 0 remap 0 copy 0 remap 0");
	assert_int_equal(sc.s.cpu_fallback, 0);
	assert_int_equal(sc.s.retried, 2);
	scene_free(&sc);
}

static void poison_undoes_its_folio_only(void **state)
{
	(void)state;
	scene_new(&sc, 3, 0);
	sc.options.policy = "script";
	script.answer.no_offload = 1;
	fake.folio[1].copy = (struct fake_fault){ FAKE_FOREVER, -EFAULT };
	scene_run(&sc);
	assert_int_equal(sc.rc, 1);
	assert_int_equal(sc.folios[1].status, -EFAULT);
	assert_int_equal(fake.folio[1].copies, 1);
	assert_int_equal(fake.folio[1].undos, 1);
	scene_free(&sc);
}

static void out_of_memory_finishes_what_is_unmapped(void **state)
{
	(void)state;
	scene_new(&sc, 6, 0);
	sc.options.policy = "batch:pages=4";
	fake.folio[1].unmap = (struct fake_fault){ 1, -EAGAIN };
	fake.folio[2].alloc = (struct fake_fault){ FAKE_FOREVER, 0 };
	scene_run(&sc);
	assert_int_equal(sc.rc, -ENOMEM);
	assert_story(STEPS, "unmap 0 unmap 1 flush engine 0 remap 0");
	assert_int_equal(sc.folios[0].status, 0);
	assert_int_equal(sc.folios[1].status, MIGSIM_UNTRIED);
	assert_int_equal(sc.folios[5].status, MIGSIM_UNTRIED);
	assert_int_equal(sc.s.nr_untried_pages, 5);
	assert_int_equal(sc.s.nr_failed_pages, 0);
	scene_free(&sc);
}

static void out_of_memory_with_nothing_unmapped_ends_at_once(void **state)
{
	(void)state;
	scene_new(&sc, 3, 0);
	fake.pool_pages = 0;
	scene_run(&sc);
	assert_int_equal(sc.rc, -ENOMEM);
	assert_story(STEPS, "");
	assert_int_equal(sc.s.groups, 0);
	assert_int_equal(sc.s.nr_untried_pages, 3);
	scene_free(&sc);
}

static void empty_the_pool(enum fake_op op, uint32_t nth)
{
	if (op == OP_PUT && nth == 1)
		fake.pool_pages = 0;
}

static void out_of_memory_in_a_later_pass(void **state)
{
	(void)state;
	scene_new(&sc, 3, 0);
	fake.folio[1].unmap = (struct fake_fault){ 1, -EAGAIN };
	fake.on_event = empty_the_pool;
	scene_run(&sc);
	assert_int_equal(sc.rc, -ENOMEM);
	assert_int_equal(sc.s.migrated, 2);
	assert_int_equal(sc.folios[1].status, MIGSIM_UNTRIED);
	scene_free(&sc);
}

/* Large folios that find no target are migrated as base pages, at the end. */
static void split(enum migsim_reason reason, struct fake_fault alloc,
		  struct fake_fault how, unsigned int order)
{
	scene_new(&sc, 3, order);
	sc.options.reason = reason;
	fake.folio[1].alloc = alloc;
	fake.folio[1].split = how;
	scene_run(&sc);
}

static void a_large_folio_is_split_and_migrated_in_pieces(void **state)
{
	(void)state;
	split(MIGSIM_REASON_SYSCALL, (struct fake_fault){ 1, 0 },
	      (struct fake_fault){ 0, 0 }, 9);
	/* Counted as failed once, as the kernel does, though it migrated. */
	assert_int_equal(sc.rc, 1);
	assert_int_equal(sc.folios[1].status, 0);
	assert_int_equal(sc.s.nr_thp_split, 1);
	assert_int_equal(sc.s.nr_thp_failed, 1);
	assert_int_equal(sc.s.nr_thp_succeeded, 2);
	assert_int_equal(sc.s.nr_succeeded, 3 * 512);
	assert_int_equal(sc.s.nr_failed_pages, 0);
	scene_free(&sc);

	split(MIGSIM_REASON_SYSCALL, (struct fake_fault){ 1, 0 },
	      (struct fake_fault){ 0, 0 }, 3);
	assert_int_equal(sc.rc, 1);
	assert_int_equal(sc.s.nr_split, 1);
	assert_int_equal(sc.s.nr_thp_split, 0);
	scene_free(&sc);
}

static void a_split_folio_gets_one_pass(void **state)
{
	(void)state;
	scene_new(&sc, 3, 4);
	fake.folio[1].alloc = (struct fake_fault){ 1, 0 };
	fake.folio[1].unmap = (struct fake_fault){ 1, -EAGAIN };
	scene_run(&sc);
	assert_int_equal(sc.rc, 1);
	assert_int_equal(fake.folio[1].unmaps, 1);
	assert_int_equal(sc.folios[1].status, -EAGAIN);
	assert_int_equal(sc.s.nr_failed_pages, 16);
	scene_free(&sc);
}

/* The kernel ignores how the split ones fare; their pages are counted. */
static void a_split_folio_may_find_no_target_either(void **state)
{
	(void)state;
	split(MIGSIM_REASON_SYSCALL, (struct fake_fault){ 2, 0 },
	      (struct fake_fault){ 0, 0 }, 4);
	assert_int_equal(sc.rc, 1);
	assert_int_equal(sc.folios[1].status, -ENOMEM);
	assert_int_equal(sc.s.nr_failed_pages, 16);
	assert_int_equal(sc.s.nr_split, 1);
	scene_free(&sc);
}

static void numa_faults_do_not_split(void **state)
{
	(void)state;
	split(MIGSIM_REASON_NUMA_MISPLACED, (struct fake_fault){ 1, 0 },
	      (struct fake_fault){ 0, 0 }, 9);
	assert_int_equal(sc.rc, -ENOMEM);
	assert_int_equal(fake.folio[1].splits, 0);
	assert_int_equal(sc.s.nr_untried_pages, 1024);
	scene_free(&sc);
}

static void a_folio_that_cannot_be_split_ends_the_call(void **state)
{
	(void)state;
	split(MIGSIM_REASON_SYSCALL, (struct fake_fault){ 1, 0 },
	      (struct fake_fault){ FAKE_FOREVER, -EBUSY }, 9);
	assert_int_equal(sc.rc, -ENOMEM);
	assert_int_equal(sc.s.nr_untried_pages, 1024);
	scene_free(&sc);

	split(MIGSIM_REASON_SYSCALL, (struct fake_fault){ 1, 0 },
	      (struct fake_fault){ FAKE_FOREVER, -EAGAIN }, 9);
	assert_int_equal(sc.rc, -ENOMEM);
	scene_free(&sc);
}

static void a_longterm_pin_tries_the_split_again(void **state)
{
	(void)state;
	split(MIGSIM_REASON_LONGTERM_PIN, (struct fake_fault){ 3, 0 },
	      (struct fake_fault){ FAKE_FOREVER, -EAGAIN }, 9);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(fake.folio[1].splits, 3);
	assert_int_equal(fake.folio[1].allocs, 4);
	scene_free(&sc);

	split(MIGSIM_REASON_LONGTERM_PIN, (struct fake_fault){ FAKE_FOREVER, 0 },
	      (struct fake_fault){ FAKE_FOREVER, -EAGAIN }, 9);
	assert_int_equal(sc.rc, 1);
	assert_int_equal(fake.folio[1].allocs, 10);
	assert_int_equal(sc.folios[1].status, -EAGAIN);
	scene_free(&sc);

	split(MIGSIM_REASON_LONGTERM_PIN, (struct fake_fault){ FAKE_FOREVER, 0 },
	      (struct fake_fault){ FAKE_FOREVER, -EBUSY }, 9);
	assert_int_equal(sc.rc, -ENOMEM);
	scene_free(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_cut_takes_the_folio_that_crosses,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_group_may_be_longer_than_a_vector,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_batch_copies_all_before_it_remaps,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(in_line_each_folio_is_remapped_before_the_next,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(without_offload_the_cpu_copies_in_line,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(async_tries_to_unmap_ten_times,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(async_tries_to_move_ten_times,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(other_errors_are_for_good,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(the_mark_is_consumed_at_its_first_read,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(poison_undoes_its_folio_only,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(out_of_memory_finishes_what_is_unmapped,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(out_of_memory_with_nothing_unmapped_ends_at_once,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(out_of_memory_in_a_later_pass,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_large_folio_is_split_and_migrated_in_pieces,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_split_folio_gets_one_pass,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_split_folio_may_find_no_target_either,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(numa_faults_do_not_split,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_folio_that_cannot_be_split_ends_the_call,
				scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_longterm_pin_tries_the_split_again,
				scene_setup, scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
