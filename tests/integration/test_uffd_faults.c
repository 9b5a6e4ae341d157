/* SPDX-License-Identifier: MIT */
/*
 * Moves that fail, or stop half way, as they do in a busy process. ioctl(2)
 * is this program's own: it lets the kernel do less than it was asked for.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

#define BYTES	by_cpu(8 * MIB, 4 * MIB)
#define PAGES	(BYTES / PAGE)
#define STEP	by_cpu(1, 3)	/* through modes and policies */

/* struct uffdio_move, which older headers lack. */
struct move {
	uint64_t dst, src, len, mode;
	int64_t moved;
};
#define MOVE _IOWR(UFFDIO, 0x05, struct move)

static uint64_t before[8 * MIB / PAGE];
static char *region;

/* Which moves fail, and how. */
static struct {
	bool out, in;
	unsigned int percent;
	int err;
	bool partly;
	uint64_t random;
	unsigned int failed;
} fault;

static bool in_region(uint64_t addr)
{
	return addr - (uintptr_t)region < BYTES;
}

static bool fails(const struct move *mv)
{
	if (!(in_region(mv->dst) ? fault.in :
	      in_region(mv->src) ? fault.out : false))
		return false;
	return next_random(&fault.random) % 100 < fault.percent;
}

static int move_less(int fd, struct move *mv)
{
	uint64_t pages = mv->len / PAGE, len = mv->len;
	int rc = 0;

	fault.failed++;
	mv->moved = 0;
	if (fault.partly && pages > 1) {
		mv->len = (1 + next_random(&fault.random) % (pages - 1)) * PAGE;
		rc = (int)syscall(SYS_ioctl, fd, MOVE, mv);
		mv->len = len;
	}
	if (!rc && mv->moved <= 0)
		mv->moved = -fault.err;
	errno = EAGAIN;
	return -1;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (request == MOVE && fails(arg))
		return move_less(fd, arg);
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

static void assert_either(struct migsim_folio *folios, size_t n)
{
	size_t i, pages = (size_t)1 << folios[0].order;
	size_t first;

	for (i = 0; i < n; i++) {
		first = (folios[i].addr - (uintptr_t)region) / PAGE;
		assert_true(folios[i].status <= 0);
		assert_int_equal(pages_unmoved(region + first * PAGE, pages,
					   before + first),
				 folios[i].status ? pages : 0);
	}
	assert_int_equal(memory_check(region, BYTES, 1), -1);
}

static void moves_fail(unsigned int order, enum migsim_mode mode,
		       const char *policy)
{
	struct migsim_options o = options_init();
	size_t n = BYTES / (PAGE << order);
	struct migsim_folio *folios;
	struct migsim_migrator *m;

	o.mode = mode;
	o.policy = policy;
	o.pool_bytes = 8 * MIB;
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	region = memory_map(BYTES, order);
	memory_fill(region, BYTES, 1);
	folios = folios_of(region, BYTES, order);
	shuffle(folios + n / 2, n / 2, order);
	read_pfns(region, PAGES, before);
	fault.failed = 0;
	assert_true(migsim_migrate(m, folios, n, NULL) >= 0);
	assert_true(fault.failed > 0);
	assert_either(folios, n);
	/* Nothing of it is left in the pool, or in the ranges. */
	fault.percent = 0;
	read_pfns(region, PAGES, before);
	assert_int_equal(migsim_migrate(m, folios, n, NULL), 0);
	assert_either(folios, n);
	migsim_migrator_close(m);
	free(folios);
	memory_unmap(region, BYTES);
}

static void try_all(bool out, bool in, unsigned int percent, int err,
		    bool partly)
{
	static const char *const policy[] = {
		"batch:pages=512", "batch:pages=512,copy=inline",
	};
	unsigned int order;
	size_t i;

	watchdog_start();
	for (order = 0; order <= 9; order += order ? 5 : 4) {
		if (order == MIGSIM_MAX_ORDER && !have_thp())
			continue;
		for (i = 0; i < 4; i += STEP) {
			fault.out = out;
			fault.in = in;
			fault.percent = percent;
			fault.err = err;
			/* The kernel never moves a part of a THP. */
			fault.partly = partly && order != MIGSIM_MAX_ORDER;
			fault.random = order + i;
			moves_fail(order, i % 2 ? MIGSIM_MODE_ASYNC
						: MIGSIM_MODE_SYNC,
				   policy[i / 2]);
			watchdog_pat();
		}
	}
}

static void out_again(void **state)
{
	(void)state;
	try_all(true, false, 50, EAGAIN, false);
	try_all(true, false, 50, EAGAIN, true);
}

static void out_busy(void **state)
{
	(void)state;
	try_all(true, false, 30, EBUSY, false);
	try_all(true, false, 30, EBUSY, true);
}

static void in_again(void **state)
{
	(void)state;
	try_all(false, true, 50, EAGAIN, false);
	try_all(false, true, 50, EAGAIN, true);
	/* So often that every try of a folio fails, and it is undone. */
	try_all(false, true, 98, EAGAIN, false);
}

static void in_busy_and_no_memory(void **state)
{
	(void)state;
	try_all(false, true, 40, EBUSY, true);
	try_all(false, true, 40, ENOMEM, false);
	try_all(false, true, 40, ENOMEM, true);
}

static void both_ways(void **state)
{
	(void)state;
	try_all(true, true, 40, EAGAIN, true);
	try_all(true, true, 20, EBUSY, true);
	try_all(true, true, 20, ENOMEM, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_again),
		cmocka_unit_test(out_busy),
		cmocka_unit_test(in_again),
		cmocka_unit_test(in_busy_and_no_memory),
		cmocka_unit_test(both_ways),
	};

	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
