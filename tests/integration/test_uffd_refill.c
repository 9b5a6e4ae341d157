/* SPDX-License-Identifier: MIT */
/*
 * Pools as between two nodes, on one: vacated pages go back to the system, and
 * a thread beside allocates the targets.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <stdarg.h>

#include <cmocka.h>

#include "memory.h"

#define CALLS by_cpu(20, 6)

static struct migsim_migrator *open_with(const char *space, uint64_t call_pages,
					 bool cold)
{
	struct migsim_options o = options_init();
	struct migsim_migrator *m;

	o.space = space;
	o.call_pages = call_pages;
	o.cold_pool = cold;
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	return m;
}

static struct migsim_summary summary_of(struct migsim_report *r)
{
	struct migsim_summary s = { .size = sizeof(s) };

	migsim_report_summary(r, &s);
	return s;
}

/* Every call lands on other pages, and the pool is as large at the end. */
static void moves(unsigned int order, size_t bytes)
{
	struct migsim_migrator *m = open_with("uffd:recycle=no", bytes / PAGE,
					      false);
	struct migsim_report *r = migsim_report_new();
	uint64_t *pfn = calloc(bytes / PAGE, sizeof(*pfn));
	char *p = memory_map(bytes, order);
	long rss = 0;
	size_t i;

	memory_fill(p, bytes, order);
	for (i = 0; i < CALLS; i++) {
		read_pfns(p, bytes / PAGE, pfn);
		assert_int_equal(migsim_migrate_range(m, p, bytes, order, r), 0);
		assert_int_equal(pages_unmoved(p, bytes / PAGE, pfn), 0);
		assert_int_equal(memory_check(p, bytes, order), -1);
		if (!i) {
			/* The pool held the whole call when it was opened. */
			assert_int_equal(summary_of(r).allocated_pages, 0);
			rss = status_kb("VmRSS:");
		}
	}
	/* A leak of one page a folio would be the region in each call. */
	assert_true(status_kb("VmRSS:") < rss + 3 * (long)(bytes / 1024));
	assert_int_equal(summary_of(r).migrated,
			 CALLS * bytes / (PAGE << order));
	assert_true(summary_of(r).helper_cpu_s > 0);
	migsim_migrator_close(m);
	migsim_report_free(r);
	memory_unmap(p, bytes);
	free(pfn);
}

static void base_pages_are_refilled(void **state)
{
	(void)state;
	moves(0, 16 * MIB);
}

static void large_folios_are_refilled(void **state)
{
	(void)state;
	moves(4, 16 * MIB);
}

static void huge_pages_are_refilled(void **state)
{
	(void)state;
	if (!have_thp())
		skip();
	moves(9, 32 * MIB);
}

static void the_thread_ends_with_the_migrator(void **state)
{
	size_t tasks = count_tasks(), bytes = 4 * MIB;
	char *p = memory_map(bytes, 0);
	struct migsim_migrator *m;

	(void)state;
	m = open_with("uffd:recycle=no", 0, false);
	assert_int_equal(migsim_migrate_range(m, p, bytes, 0, NULL), 0);
	assert_true(count_tasks() >= tasks + 2);
	migsim_migrator_close(m);
	assert_int_equal(count_tasks(), tasks);
	memory_unmap(p, bytes);
}

/* A cold pool allocates every target within the call, and keeps none. */
static void cold_pools_keep_nothing(void **state)
{
	struct migsim_migrator *m = open_with("uffd", 0, true);
	struct migsim_report *r = migsim_report_new();
	size_t bytes = 16 * MIB, i;
	char *p = memory_map(bytes, 0);

	(void)state;
	memory_fill(p, bytes, 7);
	for (i = 1; i <= 3; i++) {
		assert_int_equal(migsim_migrate_range(m, p, bytes, 0, r), 0);
		assert_int_equal(summary_of(r).allocated_pages,
				 i * bytes / PAGE);
		assert_int_equal(memory_check(p, bytes, 7), -1);
	}
	migsim_migrator_close(m);
	migsim_report_free(r);
	memory_unmap(p, bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base_pages_are_refilled),
		cmocka_unit_test(large_folios_are_refilled),
		cmocka_unit_test(huge_pages_are_refilled),
		cmocka_unit_test(the_thread_ends_with_the_migrator),
		cmocka_unit_test(cold_pools_keep_nothing),
	};

	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
