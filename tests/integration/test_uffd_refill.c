/* SPDX-License-Identifier: MIT */
/*
 * Pools as between two nodes, on one: vacated pages go back to the system, and
 * a thread beside allocates the targets, or the next call before it begins.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <setjmp.h>
#include <stdlib.h>
#include <stdarg.h>

#include <cmocka.h>

#include "memory.h"
#include "sys.h"

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
	assert_true(count_tasks() >= tasks + (sys_one_cpu() ? 1 : 2));
	migsim_migrator_close(m);
	assert_int_equal(count_tasks(), tasks);
	memory_unmap(p, bytes);
}

/* It would take the only CPU from the call: calls find a full pool without. */
static void no_thread_where_there_is_one_cpu(void **state)
{
	size_t tasks = count_tasks(), bytes = 16 * MIB, i;
	struct migsim_report *r = migsim_report_new();
	char *p = memory_map(bytes, 0);
	struct migsim_migrator *m;
	cpu_set_t all, one;
	double cpu_s = 0;

	(void)state;
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	m = open_with("uffd:recycle=no", bytes / PAGE, false);
	memory_fill(p, bytes, 3);
	for (i = 0; i < 4; i++) {
		assert_int_equal(migsim_migrate_range(m, p, bytes, 0, r), 0);
		assert_int_equal(summary_of(r).allocated_pages, 0);
		assert_int_equal(count_tasks(), tasks + 1);
		assert_int_equal(memory_check(p, bytes, 3), -1);
		/* The first call had what was there when it was opened. */
		assert_true(!i || summary_of(r).helper_cpu_s > cpu_s);
		cpu_s = summary_of(r).helper_cpu_s;
	}
	migsim_migrator_close(m);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	migsim_report_free(r);
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
		cmocka_unit_test(no_thread_where_there_is_one_cpu),
		cmocka_unit_test(cold_pools_keep_nothing),
	};

	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
