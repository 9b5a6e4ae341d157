/* SPDX-License-Identifier: MIT */
/*
 * Pages really move: every page frame differs afterwards, no byte does, THPs
 * stay THPs, and nothing is left behind in the application's address space.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "memory.h"

#define BYTES by_cpu(16 * MIB, 4 * MIB)
#define PAGES (BYTES / PAGE)

static uint64_t before[16 * MIB / PAGE];

static void assert_moved(char *p, unsigned int order,
			 const struct migsim_folio *folios, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		assert_int_equal(folios[i].status, 0);
	assert_int_equal(pages_unmoved(p, PAGES, before), 0);
	assert_int_equal(memory_check(p, BYTES, order), -1);
	assert_false(smaps_flag(p, "um"));
	if (order == MIGSIM_MAX_ORDER)
		assert_int_equal(smaps_kb(p, "AnonHugePages:"), BYTES >> 10);
}

static void assert_report(struct migsim_report *r, size_t n)
{
	struct migsim_summary s = { .size = sizeof(s) };

	migsim_report_summary(r, &s);
	assert_int_equal(s.migrated, n);
	assert_int_equal(s.failed, 0);
	assert_int_equal(s.bytes, BYTES);
	assert_int_equal(s.nr_succeeded, PAGES);
	assert_int_equal(s.inaccessible_us.n, n);
	assert_int_equal(s.not_huge, 0);
	assert_int_equal(s.completion_errors, 0);
	assert_true(s.max_pages_in_flight >= 512);
}

static void move_once(const char *policy, unsigned int order, bool scattered)
{
	struct migsim_migrator *m = open_migrator("memcpy", policy);
	struct migsim_report *r = migsim_report_new();
	char *p = memory_map(BYTES, order);
	struct migsim_folio *folios = folios_of(p, BYTES, order);
	size_t n = BYTES / (PAGE << order), maps, round;

	if (scattered)
		shuffle(folios, n, 1);
	memory_fill(p, BYTES, order);
	/* The first call opens the pools, which are mappings too. */
	assert_int_equal(migsim_migrate(m, folios, n, NULL), 0);
	maps = count_maps();
	for (round = 0; round < by_cpu(3, 1); round++) {
		read_pfns(p, PAGES, before);
		migsim_report_reset(r);
		assert_int_equal(migsim_migrate(m, folios, n, r), 0);
		assert_moved(p, order, folios, n);
		assert_report(r, n);
		if (!SANITIZED)
			assert_int_equal(count_maps(), maps);
	}
	migsim_migrator_close(m);
	assert_int_equal(memory_check(p, BYTES, order), -1);
	migsim_report_free(r);
	free(folios);
	memory_unmap(p, BYTES);
}

static void all_ways(unsigned int order)
{
	static const char *const policy[] = {
		"batch:pages=512", "batch:pages=512,copy=inline",
		"batch:pages=1000", "batch:pages=8192,copy=batch",
	};
	size_t i;

	if (order == MIGSIM_MAX_ORDER && !have_thp()) {
		print_message("transparent huge pages are switched off\n");
		skip();
	}
	for (i = 0; i < sizeof(policy) / sizeof(policy[0]); i++) {
		move_once(policy[i], order, false);
		move_once(policy[i], order, true);
	}
}

static void base_pages_move(void **state)
{
	(void)state;
	all_ways(0);
}

static void order_four_moves(void **state)
{
	(void)state;
	all_ways(4);
}

static void huge_pages_move(void **state)
{
	(void)state;
	all_ways(9);
}

/* Orders 9, 0 and 3, side by side in one list and in one VMA. */
static void mixed_orders_move(void **state)
{
	struct migsim_migrator *m = open_migrator("memcpy", NULL);
	static struct migsim_folio list[1 + 512 + 64];
	char *p;
	size_t n = 0, i;

	(void)state;
	if (!have_thp()) {
		print_message("transparent huge pages are switched off\n");
		skip();
	}
	p = memory_map(3 * HUGE, 9);
	memory_fill(p, 3 * HUGE, 7);
	read_pfns(p, 3 * 512, before);
	for (i = 0; i < 512; i++)
		list[n++] = (struct migsim_folio){
			.addr = (uintptr_t)p + i * PAGE };
	for (i = 0; i < 64; i++)
		list[n++] = (struct migsim_folio){
			.addr = (uintptr_t)p + HUGE + i * 8 * PAGE,
			.order = 3 };
	list[n++] = (struct migsim_folio){ .addr = (uintptr_t)p + 2 * HUGE,
					   .order = 9 };
	shuffle(list, n, 3);
	assert_int_equal(migsim_migrate(m, list, n, NULL), 0);
	assert_int_equal(pages_unmoved(p, 3 * 512, before), 0);
	assert_int_equal(memory_check(p, 3 * HUGE, 7), -1);
	/* Base pages leave no THP behind, the THP is one still. */
	assert_int_equal(smaps_kb(p, "AnonHugePages:"), HUGE >> 10);
	migsim_migrator_close(m);
	memory_unmap(p, 3 * HUGE);
}

static void range_moves(void **state)
{
	struct migsim_migrator *m = open_migrator("memcpy", NULL);
	char *p = memory_map(BYTES, 0);

	(void)state;
	memory_fill(p, BYTES, 5);
	read_pfns(p, PAGES, before);
	assert_int_equal(migsim_migrate_range(m, p, BYTES, 2, NULL), 0);
	assert_int_equal(pages_unmoved(p, PAGES, before), 0);
	assert_int_equal(memory_check(p, BYTES, 5), -1);
	/* Bad ranges touch nothing. */
	assert_int_equal(migsim_migrate_range(m, p + 1, PAGE, 0, NULL), -EINVAL);
	assert_int_equal(migsim_migrate_range(m, p, PAGE, 1, NULL), -EINVAL);
	assert_int_equal(migsim_migrate_range(m, p, 0, 0, NULL), -EINVAL);
	assert_int_equal(migsim_migrate_range(m, p, HUGE, 10, NULL), -EINVAL);
	assert_int_equal(memory_check(p, BYTES, 5), -1);
	migsim_migrator_close(m);
	memory_unmap(p, BYTES);
}

/* What does not stand in the list stays where it is. */
static void neighbours_stay(void **state)
{
	struct migsim_migrator *m = open_migrator("memcpy", NULL);
	struct migsim_folio *folios;
	char *p = memory_map(BYTES, 0);
	size_t i, n = PAGES / 2;

	(void)state;
	memory_fill(p, BYTES, 6);
	read_pfns(p, PAGES, before);
	folios = folios_of(p, BYTES, 0);
	for (i = 0; i < n; i++)
		folios[i] = folios[2 * i];
	assert_int_equal(migsim_migrate(m, folios, n, NULL), 0);
	assert_int_equal(pages_unmoved(p, PAGES, before), PAGES / 2);
	for (i = 1; i < PAGES; i += 2)
		assert_int_equal(pages_unmoved(p + i * PAGE, 1, before + i), 1);
	assert_int_equal(memory_check(p, BYTES, 6), -1);
	migsim_migrator_close(m);
	free(folios);
	memory_unmap(p, BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base_pages_move),
		cmocka_unit_test(order_four_moves),
		cmocka_unit_test(huge_pages_move),
		cmocka_unit_test(mixed_orders_move),
		cmocka_unit_test(range_moves),
		cmocka_unit_test(neighbours_stay),
	};

	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
