/* SPDX-License-Identifier: MIT */
/*
 * The kernel's migration events, made up, and what a report makes of them: a
 * space of its own feeds them to the parser as the kernel space does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include <migsim/migsim.h>

#include "space/trace.h"

#define MAX_RECORDS	4096
#define BASE		((uint64_t)1 << 40)
#define HUGE_PAGES	((uint64_t)512)

/* A tick is a microsecond, and the call lasts from 1000 to 2000. */
static struct told {
	uint64_t now;
	struct trace trace;
	struct trace_record record[MAX_RECORDS];
	size_t n;
	bool lost;
} told;

static int told_open(void **priv, const struct migsim_space_env *env,
		     const void *args)
{
	(void)env;
	(void)args;
	*priv = &told;
	return 0;
}

static void told_close(void *priv)
{
	(void)priv;
	trace_free(&told.trace);
	told = (struct told){ 0 };
}

static void told_caps(void *priv, struct migsim_space_caps *caps)
{
	(void)priv;
	caps->flags = MIGSIM_SPACE_VIRTUAL;
	caps->ticks_per_s = 1000000;
}

static uint64_t told_now(void *priv)
{
	(void)priv;
	return told.now;
}

static int told_prepare(void *priv, struct migsim_folio *folios, size_t n)
{
	(void)priv;
	told.now = 1000;
	return trace_list(&told.trace, folios, n);
}

static long told_migrate(void *priv, struct migsim_folio *folios, size_t n,
			 enum migsim_mode mode)
{
	(void)priv;
	(void)mode;
	while (n--)
		folios[n].status = 0;
	told.now = 2000;
	return 0;
}

static void take_all(const struct migsim_space_seen *seen)
{
	size_t i;

	trace_begin(&told.trace, seen);
	for (i = 0; i < told.n; i++)
		trace_take(&told.trace, &told.record[i]);
}

static int told_see(void *priv, const struct migsim_space_seen *seen)
{
	(void)priv;
	take_all(NULL);
	if (told.lost || !trace_whole(&told.trace))
		return -ENODATA;
	take_all(seen);
	return 0;
}

static const struct migsim_space_ops told_ops = {
	.size = sizeof(told_ops),
	.abi = MIGSIM_SPACE_ABI,
	.name = "told",
	.help = "what it is told",
	.open = told_open,
	.close = told_close,
	.caps = told_caps,
	.now = told_now,
	.prepare = told_prepare,
	.migrate = told_migrate,
	.see = told_see,
};

/* All of a test */
static struct migsim_migrator *m;
static struct migsim_report *report;
static struct migsim_summary s;

static int setup(void **state)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;

	(void)state;
	o.space = "told";
	o.engine = "null";
	report = migsim_report_new();
	s = (struct migsim_summary){ .size = sizeof(s) };
	return report && !migsim_migrator_open(&m, &o) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	migsim_migrator_close(m);
	migsim_report_free(report);
	return 0;
}

static uint64_t page(uint64_t i)
{
	return BASE + i * MIGSIM_PAGE_SIZE;
}

static void event(uint64_t t, enum trace_kind kind, uint64_t addr)
{
	assert_true(told.n < MAX_RECORDS);
	told.record[told.n++] = (struct trace_record){ t, addr, kind };
}

static void set(uint64_t t, uint64_t i)
{
	event(t, TRACE_SET_PTE, page(i));
}

static void removed(uint64_t t, uint64_t i)
{
	event(t, TRACE_REMOVE_PTE, page(i));
}

/* A call of so many folios from BASE on; the list is not in their order. */
static void call(size_t n, uint8_t order)
{
	struct migsim_folio folios[16] = { 0 };
	size_t i;

	assert_true(n <= 16);
	for (i = 0; i < n; i++) {
		folios[i].addr = page(((i * 5 + 3) % n) << order);
		folios[i].order = order;
	}
	assert_int_equal(migsim_migrate(m, folios, n, report), 0);
	told.n = 0;
	migsim_report_summary(report, &s);
}

static bool near(double a, double b)
{
	return a - b < 1e-6 && b - a < 1e-6;
}

#define assert_near(a, b) assert_true(near((double)(a), (double)(b)))

/* What must hold of every report. */
static void assert_sane(void)
{
	const struct migsim_phases *p = &s.phases_us;

	assert_true(s.space_sees);
	assert_int_equal(s.unseen_calls, 0);
	assert_near(s.mean_pages_in_flight,
		    s.page_seconds / (s.elapsed_us * 1e-6));
	assert_near((p->unmap > 0 ? p->unmap : 0) + p->copy + p->other,
		    s.elapsed_us);
	assert_true(p->alloc < 0 && p->flush < 0 && p->submit < 0 &&
		    p->wait < 0 && p->reap < 0 && p->remap < 0);
}

static void one_batch(void **state)
{
	(void)state;
	set(1010, 0);
	set(1020, 1);
	set(1030, 2);
	removed(1050, 0);
	removed(1060, 1);
	removed(1090, 2);
	call(3, 0);
	assert_sane();
	assert_int_equal(s.groups, 1);
	assert_int_equal(s.first_us.n, 1);
	assert_near(s.first_us.mean, 40);
	assert_int_equal(s.inaccessible_us.n, 3);
	assert_near(s.inaccessible_us.mean, (40 + 40 + 60) / 3.0);
	assert_near(s.inaccessible_us.max, 60);
	assert_near(s.page_seconds, 140e-6);
	assert_int_equal(s.max_pages_in_flight, 3);
	assert_near(s.phases_us.unmap, 20);
	assert_near(s.phases_us.copy, 60);
	assert_near(s.phases_us.other, 920);
}

static void two_batches(void **state)
{
	(void)state;
	set(1000, 0);
	set(1010, 1);
	removed(1020, 0);
	removed(1030, 1);
	set(1500, 2);
	set(1510, 3);
	removed(1600, 2);
	removed(2000, 3);
	call(4, 0);
	assert_sane();
	assert_int_equal(s.groups, 2);
	assert_int_equal(s.first_us.n, 2);
	assert_near(s.first_us.mean, (20 + 100) / 2.0);
	assert_near(s.first_us.max, 100);
	assert_near(s.phases_us.unmap, 20);
	assert_near(s.phases_us.copy, 20 + 490);
	assert_int_equal(s.max_pages_in_flight, 2);
}

/* Undone while the others are away: the batch goes on. Then it goes alone. */
static void tried_again(void **state)
{
	(void)state;
	set(1000, 0);
	set(1010, 1);
	removed(1015, 1);
	set(1020, 2);
	removed(1100, 0);
	removed(1110, 2);
	set(1200, 1);
	removed(1230, 1);
	call(3, 0);
	assert_sane();
	assert_int_equal(s.groups, 2);
	assert_int_equal(s.inaccessible_us.n, 4);
	assert_near(s.first_us.max, 30);
	assert_near(s.first_us.mean, (15 + 30) / 2.0);
	assert_near(s.page_seconds, (100 + 5 + 90 + 30) * 1e-6);
	assert_near(s.phases_us.unmap, 20);
	assert_near(s.phases_us.copy, 90 + 30);
}

static void huge_pages(void **state)
{
	(void)state;
	event(1000, TRACE_SET_PMD, page(0));
	event(1010, TRACE_SET_PMD, page(HUGE_PAGES));
	event(1110, TRACE_REMOVE_PMD, page(0));
	event(1210, TRACE_REMOVE_PMD, page(HUGE_PAGES));
	call(2, MIGSIM_MAX_ORDER);
	assert_sane();
	assert_int_equal(s.groups, 1);
	assert_int_equal(s.inaccessible_us.n, 2);
	assert_near(s.inaccessible_us.mean, (110 + 200) / 2.0);
	assert_near(s.first_us.mean, 110);
	assert_near(s.page_seconds, 512 * 310e-6);
	assert_int_equal(s.max_pages_in_flight, 1024);
}

/* A list of base pages that the kernel moves as one THP, beside others. */
static void base_pages_of_a_huge_one(void **state)
{
	(void)state;
	event(1000, TRACE_SET_PMD, page(0) - 100 * MIGSIM_PAGE_SIZE);
	event(1100, TRACE_REMOVE_PMD, page(0) - 100 * MIGSIM_PAGE_SIZE);
	call(7, 0);
	assert_sane();
	assert_int_equal(s.inaccessible_us.n, 7);
	assert_int_equal(s.groups, 1);
	assert_int_equal(s.max_pages_in_flight, 7);
	assert_near(s.page_seconds, 700e-6);
}

/* Mapped by base pages: from the first that goes to the last that is back. */
static void folio_of_pages(void **state)
{
	uint64_t i;

	(void)state;
	for (i = 0; i < 32; i++)
		set(1000 + i, i);
	for (i = 0; i < 32; i++)
		removed(1100 + 2 * i, i);
	call(2, 4);
	assert_sane();
	assert_int_equal(s.groups, 1);
	assert_int_equal(s.inaccessible_us.n, 2);
	assert_near(s.first_us.mean, 1100 + 2 * 15 - 1000);
	assert_near(s.inaccessible_us.max, 1162 - 1016);
	assert_near(s.page_seconds, 32 * 100e-6 + 31 * 32 / 2 * 1e-6);
	assert_int_equal(s.max_pages_in_flight, 32);
}

/* The kernel splits it: all its pages go and come, then one after the other. */
static void split(void **state)
{
	uint64_t i;

	(void)state;
	for (i = 0; i < HUGE_PAGES; i++)
		set(1100, i);
	for (i = 0; i < HUGE_PAGES; i++)
		removed(1150, i);
	for (i = 0; i < HUGE_PAGES; i++)
		set(1200, i);
	for (i = 0; i < HUGE_PAGES; i++)
		removed(1300, i);
	call(1, MIGSIM_MAX_ORDER);
	assert_sane();
	assert_int_equal(s.groups, 2);
	assert_int_equal(s.inaccessible_us.n, 2);
	assert_near(s.inaccessible_us.mean, 75);
	assert_near(s.page_seconds, 512 * 150e-6);
}

static void of_others(void **state)
{
	(void)state;
	set(1000, 100);
	set(1010, 0);
	event(1011, TRACE_SET_PTE, page(0) - 1);
	event(1012, TRACE_SET_PTE, 0);
	event(1013, TRACE_SET_PTE, UINT64_MAX & ~(uint64_t)4095);
	removed(1015, 1);	/* gone before the call */
	set(1016, 0);		/* again, and not back yet */
	removed(1020, 0);
	removed(1021, 0);
	removed(1030, 100);
	set(1040, 1);
	removed(1045, 1);
	call(2, 0);
	assert_sane();
	assert_int_equal(s.groups, 2);
	assert_int_equal(s.inaccessible_us.n, 2);
	assert_near(s.first_us.max, 10);
	assert_int_equal(s.max_pages_in_flight, 1);
	assert_near(s.page_seconds, 15e-6);
}

static void nothing_moved(void **state)
{
	(void)state;
	call(2, 0);
	assert_sane();
	assert_int_equal(s.groups, 0);
	assert_int_equal(s.first_us.n, 0);
	assert_near(s.phases_us.other, 1000);
}

/* Two CPUs' clocks: a record seems older than the one before. */
static void time_stands_still(void **state)
{
	(void)state;
	set(1010, 0);
	removed(1009, 0);
	call(1, 0);
	assert_sane();
	assert_near(s.inaccessible_us.max, 0);
	assert_int_equal(s.inaccessible_us.n, 1);
}

/* One whole call, and one that is not: only the sums are unknown then. */
static void part_is_missing(void (*of_second)(void))
{
	set(1010, 0);
	removed(1050, 0);
	call(2, 0);
	assert_sane();
	of_second();
	call(2, 0);
	assert_true(s.space_sees);
	assert_int_equal(s.calls, 2);
	assert_int_equal(s.unseen_calls, 1);
	assert_int_equal(s.migrated, 4);
	assert_int_equal(s.groups, 1);
	assert_int_equal(s.inaccessible_us.n, 1);
	assert_near(s.elapsed_us, 2000);
	assert_near(s.page_seconds, 40e-6);
	assert_near(s.mean_pages_in_flight, 40 / 1000.0);
	assert_true(s.phases_us.unmap < 0 && s.phases_us.copy < 0 &&
		    s.phases_us.other < 0);
}

static void never_back(void)
{
	set(1010, 0);
	set(1020, 1);
	removed(1050, 0);
}

static void unfinished(void **state)
{
	(void)state;
	part_is_missing(never_back);
}

static void lose(void)
{
	set(1010, 0);
	removed(1050, 0);
	told.lost = true;
}

static void lost_records(void **state)
{
	(void)state;
	part_is_missing(lose);
}

static void nothing_seen(void **state)
{
	(void)state;
	told.lost = true;
	call(1, 0);
	assert_false(s.space_sees);
	assert_int_equal(s.unseen_calls, 1);
	assert_int_equal(s.migrated, 1);
	assert_int_equal(s.first_us.n, 0);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(one_batch), test(two_batches), test(tried_again),
		test(huge_pages), test(base_pages_of_a_huge_one),
		test(folio_of_pages), test(split), test(of_others),
		test(nothing_moved), test(time_stands_still),
		test(unfinished), test(lost_records), test(nothing_seen),
	};

	if (migsim_space_register(&told_ops))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
