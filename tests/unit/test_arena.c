/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "space/arena.h"

#define PAGE 4096u

static struct arena a;

static int open_eight(void **state)
{
	(void)state;
	assert_int_equal(arena_open(&a, PAGE, 8, -1, false), 0);
	return 0;
}

static int close_it(void **state)
{
	(void)state;
	arena_close(&a);
	assert_int_equal(a.base, 0);
	return 0;
}

static uint64_t slot(size_t i)
{
	return a.base + i * PAGE;
}

static void opens_empty_and_aligned(void **state)
{
	(void)state;
	assert_int_equal(a.base % (2u << 20), 0);
	assert_int_equal(a.nr_full, 0);
	assert_int_equal(arena_take(&a, SLOT_FULL, 1), 0);
	assert_true(arena_has(&a, slot(0)));
	assert_true(arena_has(&a, slot(7) + PAGE - 1));
	assert_false(arena_has(&a, slot(8)));
	assert_false(arena_has(&a, a.base - 1));
}

static void filled_pages_are_zero_and_writable(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(arena_fill(&a, 3), 3);
	assert_int_equal(a.nr_full, 3);
	for (i = 0; i < 3 * PAGE; i++)
		assert_int_equal(((char *)a.base)[i], 0);
	memset((void *)a.base, 1, 3 * PAGE);
	/* No more than there is room for. */
	assert_int_equal(arena_fill(&a, 100), 5);
	assert_int_equal(arena_fill(&a, 1), 0);
	assert_int_equal(a.nr_full, 8);
}

static void full_slots_come_first_in_first_out(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(arena_fill(&a, 8), 8);
	for (i = 0; i < 8; i++)
		assert_int_equal(arena_take(&a, SLOT_FULL, 1), slot(i));
	assert_int_equal(arena_take(&a, SLOT_FULL, 1), 0);
	/* What was given back last comes last. */
	arena_set(&a, slot(0), 1, SLOT_FULL);
	arena_set(&a, slot(1), 1, SLOT_FULL);
	assert_int_equal(arena_take(&a, SLOT_FULL, 1), slot(0));
	arena_set(&a, slot(0), 1, SLOT_FULL);
	assert_int_equal(arena_take(&a, SLOT_FULL, 1), slot(1));
	assert_int_equal(arena_take(&a, SLOT_FULL, 1), slot(0));
}

static void neighbours_are_neighbours(void **state)
{
	(void)state;
	assert_int_equal(arena_fill(&a, 8), 8);
	assert_int_equal(arena_take(&a, SLOT_FULL, 3), slot(0));
	assert_int_equal(arena_take(&a, SLOT_FULL, 3), slot(3));
	/* Slots 6 and 7 are left, and do not go on at 0. */
	arena_set(&a, slot(0), 2, SLOT_FULL);
	assert_int_equal(a.nr_full, 4);
	assert_int_equal(arena_take(&a, SLOT_FULL, 3), 0);
	assert_int_equal(a.nr_full, 4);
	assert_int_equal(arena_take(&a, SLOT_FULL, 2), slot(6));
	assert_int_equal(arena_take(&a, SLOT_FULL, 2), slot(0));
}

static void states_do_not_mix(void **state)
{
	(void)state;
	assert_int_equal(arena_fill(&a, 2), 2);
	assert_int_equal(arena_take(&a, SLOT_EMPTY, 2), slot(2));
	assert_int_equal(arena_take(&a, SLOT_FULL, 1), slot(0));
	arena_set(&a, slot(1), 1, SLOT_BAD);
	assert_int_equal(a.nr_full, 0);
	assert_int_equal(arena_take(&a, SLOT_FULL, 1), 0);
	assert_int_equal(arena_take(&a, SLOT_EMPTY, 5), 0);
	assert_int_equal(arena_take(&a, SLOT_EMPTY, 4), slot(4));
	assert_int_equal(arena_take(&a, SLOT_EMPTY, 1), 0);
	/* A bad slot is filled as little as a busy one. */
	assert_int_equal(arena_fill(&a, 1), 0);
}

static void released_pages_are_gone(void **state)
{
	(void)state;
	assert_int_equal(arena_fill(&a, 2), 2);
	memset((void *)a.base, 1, 2 * PAGE);
	arena_release(&a, slot(0), 2);
	assert_int_equal(a.nr_full, 0);
	assert_int_equal(((char *)a.base)[0], 0);
	assert_int_equal(((char *)a.base)[PAGE], 0);
}

/* Plain MADV_DONTNEED would refuse, and the pages would stay. */
static void locked_pages_are_released_too(void **state)
{
	(void)state;
	if (arena_open(&a, PAGE, 8, -1, true)) {
		print_message("mlock is not allowed\n");
		skip();
	}
	assert_int_equal(arena_fill(&a, 2), 2);
	memset((void *)a.base, 1, 2 * PAGE);
	arena_release(&a, slot(0), 2);
	assert_int_equal(((char *)a.base)[0], 0);
	assert_int_equal(((char *)a.base)[PAGE], 0);
	arena_close(&a);
}

static void too_large_is_no_memory(void **state)
{
	(void)state;
	assert_true(arena_open(&a, PAGE, (size_t)1 << 40, -1, false) < 0);
	assert_int_equal(a.base, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(opens_empty_and_aligned,
						open_eight, close_it),
		cmocka_unit_test_setup_teardown(
			filled_pages_are_zero_and_writable, open_eight,
			close_it),
		cmocka_unit_test_setup_teardown(
			full_slots_come_first_in_first_out, open_eight,
			close_it),
		cmocka_unit_test_setup_teardown(neighbours_are_neighbours,
						open_eight, close_it),
		cmocka_unit_test_setup_teardown(states_do_not_mix, open_eight,
						close_it),
		cmocka_unit_test_setup_teardown(released_pages_are_gone,
						open_eight, close_it),
		cmocka_unit_test(locked_pages_are_released_too),
		cmocka_unit_test(too_large_is_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
