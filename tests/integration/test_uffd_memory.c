/* SPDX-License-Identifier: MIT */
/*
 * The pool: its bound, what it counts, what an engine that hangs does to it,
 * and what happens when there is no memory for it.
 *
 * madvise(2) is this program's own, so that allocation can be made to fail.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "flight.h"
#include "memory.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define BYTES	(16 * MIB)
#define PAGES	(BYTES / PAGE)

static uint64_t before[PAGES];

/* Populating fails after so many times; -1: never. */
static int populates_left = -1;
static bool only_huge;
static struct { char *lo, *hi; } huge_arena[16];
static unsigned int nr_huge;

static bool in_huge_arena(char *addr)
{
	unsigned int i;

	for (i = 0; i < nr_huge; i++)
		if (addr >= huge_arena[i].lo && addr < huge_arena[i].hi)
			return true;
	return false;
}

int madvise(void *addr, size_t len, int advice)
{
	if (advice == MADV_HUGEPAGE && nr_huge < 16) {
		huge_arena[nr_huge].lo = addr;
		huge_arena[nr_huge++].hi = (char *)addr + len;
	}
	if (advice == MADV_POPULATE_WRITE && populates_left >= 0 &&
	    (!only_huge || in_huge_arena(addr)) && !populates_left--) {
		populates_left = 0;
		errno = ENOMEM;
		return -1;
	}
	return (int)syscall(SYS_madvise, addr, len, advice);
}

static struct migsim_options options(void)
{
	struct migsim_options o = options_init();

	o.engine = "memcpy";
	o.policy = "batch:pages=512";
	populates_left = -1;
	only_huge = false;
	nr_huge = 0;
	return o;
}

/* Only there are pages recycled. */
static struct migsim_options within_a_node(void)
{
	struct migsim_options o = options();

	if (o.from < 0)
		o.from = migsim_topology_current_node();
	o.to = o.from;
	return o;
}

static struct migsim_migrator *open_with(const struct migsim_options *o)
{
	struct migsim_migrator *m = NULL;

	assert_int_equal(migsim_migrator_open(&m, o), 0);
	return m;
}

static struct migsim_summary migrate(struct migsim_migrator *m, char *p,
				     size_t bytes, unsigned int order)
{
	struct migsim_summary s = { .size = sizeof(s) };
	struct migsim_report *r = migsim_report_new();

	assert_int_equal(migsim_migrate_range(m, p, bytes, order, r), 0);
	migsim_report_summary(r, &s);
	migsim_report_free(r);
	return s;
}

static void reset_peak(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "we");

	assert_non_null(f);
	fputs("5", f);
	fclose(f);
}

/* Peak of the resident memory that migrating adds, in kB. */
static long peak_of(unsigned int order, uint64_t pool_bytes, bool cold)
{
	struct migsim_options o = options();
	size_t bytes = by_cpu(96 * MIB, 48 * MIB);
	char *p = memory_map(bytes, order);
	struct migsim_migrator *m;
	long base;
	int i;

	o.pool_bytes = pool_bytes;
	o.cold_pool = cold;
	memory_fill(p, bytes, 1);
	base = status_kb("VmRSS:");
	reset_peak();
	m = open_with(&o);
	for (i = 0; i < 3; i++)
		migrate(m, p, bytes, order);
	assert_int_equal(memory_check(p, bytes, 1), -1);
	migsim_migrator_close(m);
	memory_unmap(p, bytes);
	return status_kb("VmHWM:") - base;
}

static void pool_is_bounded(void **state)
{
	const long slack = 12 << 10;

	(void)state;
	if (SANITIZED)
		skip();
	/* The bound, and one group of 512 pages. */
	assert_in_range(peak_of(0, 16 * MIB, false), 0, (18 << 10) + slack);
	assert_in_range(peak_of(0, 0, true), 0, (2 << 10) + slack);
	if (!have_thp())
		return;
	assert_in_range(peak_of(9, 16 * MIB, false), 0, (18 << 10) + slack);
	assert_in_range(peak_of(9, 0, true), 0, (2 << 10) + slack);
}

/* A group larger than the bound needs more, but only while it lasts. */
static void pool_shrinks_to_its_bound(void **state)
{
	struct migsim_options o = options();
	size_t bytes = by_cpu(96 * MIB, 48 * MIB);
	struct migsim_migrator *m;
	char *p;
	long base;
	int i;

	(void)state;
	if (SANITIZED)
		skip();
	o.policy = "batch:pages=8192";
	o.pool_bytes = 4 * MIB;
	p = memory_map(bytes, 0);
	memory_fill(p, bytes, 1);
	base = status_kb("VmRSS:");
	m = open_with(&o);
	for (i = 0; i < 3; i++)
		migrate(m, p, bytes, 0);
	assert_in_range(status_kb("VmRSS:"), 0, base + (12 << 10));
	assert_int_equal(memory_check(p, bytes, 1), -1);
	migsim_migrator_close(m);
	memory_unmap(p, bytes);
}

static void allocation_is_counted(unsigned int order)
{
	struct migsim_options o = within_a_node();
	char *p = memory_map(BYTES, order);
	struct migsim_migrator *m;
	int i;

	memory_fill(p, BYTES, 2);
	o.cold_pool = true;
	m = open_with(&o);
	for (i = 0; i < 3; i++)
		assert_int_equal(migrate(m, p, BYTES, order).allocated_pages,
				 PAGES);
	migsim_migrator_close(m);
	o.cold_pool = false;
	o.pool_bytes = 8 * MIB;
	m = open_with(&o);
	migrate(m, p, BYTES, order);
	for (i = 0; i < 3; i++)
		assert_int_equal(migrate(m, p, BYTES, order).allocated_pages,
				 0);
	migsim_migrator_close(m);
	assert_int_equal(memory_check(p, BYTES, 2), -1);
	memory_unmap(p, BYTES);
}

static void cold_allocates_warm_does_not(void **state)
{
	(void)state;
	allocation_is_counted(0);
	if (have_thp())
		allocation_is_counted(9);
}

/*
 * A page rests before it is a target again: it must not come back to where
 * it was within as many migrations as the pool has room for.
 */
static void pages_rest(void **state)
{
	struct migsim_options o = within_a_node();
	static uint64_t now[512];
	size_t bytes = 512 * PAGE, i, j, round;
	char *p = memory_map(bytes, 0);
	struct migsim_migrator *m;

	(void)state;
	o.pool_bytes = 16 * MIB;
	m = open_with(&o);
	memory_fill(p, bytes, 3);
	read_pfns(p, 512, before);
	for (round = 0; round < 7; round++) {
		migrate(m, p, bytes, 0);
		read_pfns(p, 512, now);
		for (i = 0; i < 512; i++)
			for (j = 0; j < 512; j++)
				assert_int_not_equal(now[i], before[j]);
	}
	migsim_migrator_close(m);
	memory_unmap(p, bytes);
}

static void hang(void *arg)
{
	(void)arg;
	flight_hang();
}

/* What an engine that never gives up would do. */
static void scribble(const struct migsim_copy *copies, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		memset(copies[i].dst, 0xee, copies[i].len);
}

static void engine_hangs(unsigned int order)
{
	static struct migsim_copy copies[512];
	struct migsim_options o = options();
	struct migsim_folio *folios;
	char *p = memory_map(BYTES, order);
	size_t n = BYTES / (PAGE << order), group = 512 >> order, i;
	struct migsim_migrator *m;
	struct migsim_report *r = migsim_report_new();
	struct migsim_summary s = { .size = sizeof(s) };
	unsigned int hung;

	flight_set(hang, NULL);
	o.engine = "flight";
	o.copy_timeout_ms = 50;
	/* So small that all of it is used again and again. */
	o.pool_bytes = 8 * MIB;
	o.mode = MIGSIM_MODE_ASYNC;
	m = open_with(&o);
	memory_fill(p, BYTES, 4);
	folios = folios_of(p, BYTES, order);
	read_pfns(p, PAGES, before);
	assert_int_equal(migsim_migrate(m, folios, n, r), group);
	for (i = 0; i < n; i++)
		assert_int_equal(folios[i].status, i < group ? -ETIMEDOUT : 0);
	assert_int_equal(pages_unmoved(p, PAGES, before), 512);
	assert_int_equal(pages_unmoved(p, 512, before), 512);
	migsim_report_summary(r, &s);
	assert_int_equal(s.quarantined_pages, 512);
	hung = flight_hung(copies, 512);
	assert_int_equal(hung, group);
	for (i = 0; i < 6; i++) {
		scribble(copies, hung);
		assert_int_equal(memory_check(p, BYTES, 4), -1);
		assert_int_equal(migsim_migrate(m, folios, n, NULL), 0);
		scribble(copies, hung);
		assert_int_equal(memory_check(p, BYTES, 4), -1);
	}
	migsim_migrator_close(m);
	migsim_report_free(r);
	free(folios);
	memory_unmap(p, BYTES);
}

static void targets_of_a_hung_engine_are_set_apart(void **state)
{
	(void)state;
	watchdog_start();
	engine_hangs(0);
	watchdog_pat();
	engine_hangs(4);
	watchdog_pat();
	if (have_thp())
		engine_hangs(9);
}

/* Each folio has moved or has not, and which of it is said. */
static void assert_either(char *p, struct migsim_folio *folios, size_t n)
{
	size_t i, pages = (size_t)1 << folios[0].order;

	for (i = 0; i < n; i++)
		assert_int_equal(pages_unmoved(p + i * pages * PAGE, pages,
					   before + i * pages),
				 folios[i].status ? pages : 0);
	assert_int_equal(memory_check(p, n * pages * PAGE, 5), -1);
}

static void memory_runs_out(unsigned int order, int after)
{
	struct migsim_options o = options();
	size_t n = BYTES / (PAGE << order), i, done = 0;
	char *p = memory_map(BYTES, order);
	struct migsim_folio *folios;
	struct migsim_migrator *m;

	o.cold_pool = true;
	/* So that a large folio is not split when there is no target. */
	o.reason = MIGSIM_REASON_NUMA_MISPLACED;
	m = open_with(&o);
	memory_fill(p, BYTES, 5);
	folios = folios_of(p, BYTES, order);
	read_pfns(p, PAGES, before);
	populates_left = after;
	assert_int_equal(migsim_migrate(m, folios, n, NULL), -ENOMEM);
	populates_left = -1;
	for (i = 0; i < n; i++) {
		assert_true(!folios[i].status ||
			    folios[i].status == MIGSIM_UNTRIED);
		done += !folios[i].status;
	}
	assert_int_equal(done, (size_t)after * (512 >> order));
	assert_either(p, folios, n);
	read_pfns(p, PAGES, before);
	assert_int_equal(migsim_migrate(m, folios, n, NULL), 0);
	assert_either(p, folios, n);
	migsim_migrator_close(m);
	free(folios);
	memory_unmap(p, BYTES);
}

static void no_memory(void **state)
{
	(void)state;
	memory_runs_out(0, 0);
	memory_runs_out(0, 3);
	memory_runs_out(4, 3);
	if (have_thp())
		memory_runs_out(9, 3);
}

/* No huge pages are to be had: 512 base pages will do. */
static void no_huge_page_is_no_failure(void **state)
{
	struct migsim_options o = options();
	struct migsim_folio *folios;
	struct migsim_migrator *m;
	char *p;
	size_t i;

	(void)state;
	if (!have_thp())
		skip();
	o.cold_pool = true;
	m = open_with(&o);
	p = memory_map(BYTES, 9);
	memory_fill(p, BYTES, 5);
	read_pfns(p, PAGES, before);
	folios = folios_of(p, BYTES, 9);
	only_huge = true;
	populates_left = 2;
	/* As in the kernel, a split folio counts as failed. */
	assert_int_equal(migsim_migrate(m, folios, BYTES / HUGE, NULL),
			 BYTES / HUGE - 2);
	for (i = 0; i < BYTES / HUGE; i++)
		assert_int_equal(folios[i].status, 0);
	assert_int_equal(pages_unmoved(p, PAGES, before), 0);
	assert_int_equal(memory_check(p, BYTES, 5), -1);
	populates_left = -1;
	migsim_migrator_close(m);
	free(folios);
	memory_unmap(p, BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pool_is_bounded),
		cmocka_unit_test(pool_shrinks_to_its_bound),
		cmocka_unit_test(cold_allocates_warm_does_not),
		cmocka_unit_test(pages_rest),
		cmocka_unit_test(targets_of_a_hung_engine_are_set_apart),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(no_huge_page_is_no_failure),
	};

	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
