/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/mman.h>

#include "space/range.h"

#define P(n)	((uint64_t)(n) * 4096)

static struct ranges rs;
static size_t hint;

static int forget_all(void **state)
{
	(void)state;
	ranges_free(&rs);
	assert_int_equal(rs.n, 0);
	hint = 0;
	return 0;
}

static void add_within(uint64_t start, uint64_t end, uint64_t vma_start,
		       uint64_t vma_end)
{
	const struct vma vma = { P(vma_start), P(vma_end) };

	assert_int_equal(ranges_add(&rs, P(start), P(end), &vma), 0);
}

static void add(uint64_t start, uint64_t end)
{
	add_within(start, end, 0, 100000);
}

static void assert_range(size_t i, uint64_t start, uint64_t end)
{
	assert_true(i < rs.n);
	assert_int_equal(rs.range[i].start, P(start));
	assert_int_equal(rs.range[i].end, P(end));
}

static void stay_sorted(void **state)
{
	uint64_t i;

	(void)state;
	add(50, 60);
	add(10, 20);
	add(30, 40);
	assert_int_equal(rs.n, 3);
	assert_range(0, 10, 20);
	assert_range(1, 30, 40);
	assert_range(2, 50, 60);
	/* More than there was room for at first. */
	for (i = 200; i > 100; i--)
		add(i * 10, i * 10 + 5);
	assert_int_equal(rs.n, 103);
	assert_range(2, 50, 60);
	for (i = 3; i < 103; i++)
		assert_range(i, (i + 98) * 10, (i + 98) * 10 + 5);
}

static void what_touches_becomes_one(void **state)
{
	(void)state;
	add(10, 20);
	add(30, 40);
	add(50, 60);
	add(20, 25);
	assert_int_equal(rs.n, 3);
	assert_range(0, 10, 25);
	add(35, 52);
	assert_int_equal(rs.n, 2);
	assert_range(1, 30, 60);
	add(12, 14);
	assert_int_equal(rs.n, 2);
	assert_range(0, 10, 25);
	add(1, 100);
	assert_int_equal(rs.n, 1);
	assert_range(0, 1, 100);
}

/* Two VMAs that touch: what is known of each stays apart. */
static void not_beyond_the_vma(void **state)
{
	(void)state;
	add_within(10, 20, 5, 20);
	add_within(20, 30, 20, 40);
	add_within(35, 40, 20, 40);
	assert_int_equal(rs.n, 3);
	assert_range(0, 10, 20);
	assert_range(1, 20, 30);
	add_within(30, 35, 20, 40);
	assert_int_equal(rs.n, 2);
	assert_range(1, 20, 40);
	/* A range that reaches over a border is of a VMA that is no more. */
	add_within(15, 18, 12, 25);
	assert_int_equal(rs.n, 2);
	assert_range(0, 15, 18);
	assert_range(1, 20, 40);
}

static void found_only_when_whole(void **state)
{
	size_t i, wrong;

	(void)state;
	add(10, 20);
	add(30, 40);
	/* Whatever the hint is, also one that is of no use. */
	for (wrong = 0; wrong < 4; wrong++) {
		hint = wrong;
		assert_ptr_equal(ranges_find(&rs, &hint, P(10), P(10)),
				 &rs.range[0]);
		assert_int_equal(hint, 0);
		hint = wrong;
		assert_ptr_equal(ranges_find(&rs, &hint, P(39), P(1)),
				 &rs.range[1]);
		assert_int_equal(hint, 1);
	}
	for (i = 0; i < 2; i++) {
		hint = i;
		assert_null(ranges_find(&rs, &hint, P(9), P(2)));
		assert_null(ranges_find(&rs, &hint, P(19), P(2)));
		assert_null(ranges_find(&rs, &hint, P(25), P(1)));
		assert_null(ranges_find(&rs, &hint, P(10), P(30)));
		assert_null(ranges_find(&rs, &hint, P(40), P(1)));
	}
}

static void dropped_is_not_found(void **state)
{
	(void)state;
	add(10, 20);
	add(30, 40);
	add(50, 60);
	ranges_drop(&rs, &rs.range[1]);
	assert_int_equal(rs.n, 2);
	assert_null(ranges_find(&rs, &hint, P(30), P(1)));
	assert_non_null(ranges_find(&rs, &hint, P(50), P(1)));
	assert_non_null(ranges_find(&rs, &hint, P(10), P(1)));
}

/* One bit a page, whatever the words of the bitmap: against a plain array. */
static void any_is_any_of(const struct range *r, const bool *flying)
{
	static const uint64_t lengths[] = { 1, 2, 63, 64, 65, 200 };
	uint64_t i, k, n, from;
	bool any;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		n = lengths[i];
		for (from = 0; from + n <= 300; from++) {
			for (any = false, k = from; k < from + n; k++)
				any |= flying[k];
			assert_int_equal(range_any_flight(r, P(1000 + from),
							  P(n)), any);
		}
	}
}

static void flight_bits(void **state)
{
	bool flying[300] = { false };
	static const struct { uint64_t at, n; bool on; } step[] = {
		{ 0, 300, true }, { 0, 300, false }, { 63, 1, true },
		{ 64, 1, true }, { 60, 8, false }, { 10, 200, true },
		{ 64, 64, false }, { 65, 62, true }, { 299, 1, true },
		{ 0, 1, true }, { 127, 2, false },
	};
	struct range *r;
	size_t i, k;

	(void)state;
	add(1000, 1300);
	r = &rs.range[0];
	for (i = 0; i < sizeof(step) / sizeof(step[0]); i++) {
		range_set_flight(r, P(1000 + step[i].at), P(step[i].n),
				 step[i].on);
		for (k = step[i].at; k < step[i].at + step[i].n; k++)
			flying[k] = step[i].on;
		for (k = 0; k < 300; k++)
			assert_int_equal(range_in_flight(r, P(1000 + k)),
					 flying[k]);
		any_is_any_of(r, flying);
	}
	/* A range made anew has nothing in flight. */
	add(1300, 1400);
	for (k = 0; k < 400; k++)
		assert_false(range_in_flight(&rs.range[0], P(1000 + k)));
}

/* A VMA that changed while a list was read: what was named stays named. */
static void names_are_kept(void **state)
{
	(void)state;
	add_within(0, 100, 0, 100);
	rs.range[0].lo = P(10);
	rs.range[0].hi = P(60);
	add_within(40, 200, 40, 200);
	assert_int_equal(rs.n, 1);
	assert_range(0, 40, 200);
	assert_int_equal(rs.range[0].lo, P(40));
	assert_int_equal(rs.range[0].hi, P(60));
	/* Nothing of it lies in the new one. */
	rs.range[0].lo = P(40);
	rs.range[0].hi = P(50);
	add_within(60, 200, 60, 200);
	assert_range(0, 60, 200);
	assert_int_equal(rs.range[0].hi, 0);
}

static char *map(size_t bytes, int prot)
{
	char *p = mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

static void vma_bounds(void **state)
{
	char *p = map(P(8), PROT_NONE);
	uint64_t at = (uint64_t)(uintptr_t)p;
	struct vma vma;

	(void)state;
	assert_int_equal(mprotect(p + P(2), P(3), PROT_READ), 0);
	assert_int_equal(vma_find(at + P(2), &vma), 0);
	assert_int_equal(vma.start, at + P(2));
	assert_int_equal(vma.end, at + P(5));
	assert_int_equal(vma_find(at + P(5) - 1, &vma), 0);
	assert_int_equal(vma.start, at + P(2));
	munmap(p + P(2), P(3));
	assert_int_equal(vma_find(at + P(3), &vma), -ENOENT);
	assert_int_equal(vma_find(0, &vma), -ENOENT);
	munmap(p, P(8));
}

static void vma_lock(void **state)
{
	char *p = map(P(8), PROT_READ | PROT_WRITE);
	uint64_t at = (uint64_t)(uintptr_t)p;
	struct vma vma;

	(void)state;
	assert_false(vma_locked(at, &vma));
	/* Not mlock(): sanitizers make it do nothing. */
	if (mlock2(p + P(2), P(2), 0)) {
		print_message("mlock is not allowed\n");
		skip();
	}
	assert_false(vma_locked(at, &vma));
	assert_true(vma_locked(at + P(2), &vma));
	assert_int_equal(vma.start, at + P(2));
	assert_int_equal(vma.end, at + P(4));
	assert_true(vma_locked(at + P(4) - 1, &vma));
	assert_false(vma_locked(at + P(4), &vma));
	munmap(p, P(8));
	assert_false(vma_locked(at + P(2), &vma));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(stay_sorted, forget_all),
		cmocka_unit_test_teardown(what_touches_becomes_one,
					  forget_all),
		cmocka_unit_test_teardown(not_beyond_the_vma, forget_all),
		cmocka_unit_test_teardown(found_only_when_whole, forget_all),
		cmocka_unit_test_teardown(dropped_is_not_found, forget_all),
		cmocka_unit_test_teardown(flight_bits, forget_all),
		cmocka_unit_test_teardown(names_are_kept, forget_all),
		cmocka_unit_test(vma_bounds),
		cmocka_unit_test(vma_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
