/* SPDX-License-Identifier: MIT */
/* Pages that a device may write to stay; mlocked ones move and stay locked. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

#define BYTES (8 * MIB)
#define PAGES (BYTES / PAGE)

static uint64_t before[PAGES];

static void open_ring(struct io_uring *ring)
{
	int err = io_uring_queue_init(4, ring, 0);

	if (!err)
		return;
	print_message("io_uring is not allowed: %s\n", strerror(-err));
	skip();
}

/* One half of the region, in the middle, is an io_uring buffer. */
static void pinned_stay(unsigned int order)
{
	struct migsim_migrator *m;
	size_t size = PAGE << order, n = BYTES / size, i, bad = 0;
	struct migsim_folio *folios;
	struct io_uring ring;
	struct iovec iov;
	char *p;

	open_ring(&ring);
	m = open_migrator("memcpy", NULL);
	p = memory_map(BYTES, order);
	folios = folios_of(p, BYTES, order);
	memory_fill(p, BYTES, 1);
	iov = (struct iovec){ p + BYTES / 4, BYTES / 2 };
	assert_int_equal(io_uring_register_buffers(&ring, &iov, 1), 0);
	read_pfns(p, PAGES, before);
	assert_int_equal(migsim_migrate(m, folios, n, NULL), n / 2);
	for (i = 0; i < n; i++)
		bad += folios[i].status != (i >= n / 4 && i < n / 4 * 3 ?
					    -EBUSY : 0);
	assert_int_equal(bad, 0);
	assert_int_equal(pages_unmoved(p, PAGES, before), PAGES / 2);
	assert_int_equal(pages_unmoved(iov.iov_base, PAGES / 2,
				   before + PAGES / 4), PAGES / 2);
	assert_int_equal(memory_check(p, BYTES, 1), -1);

	assert_int_equal(io_uring_unregister_buffers(&ring), 0);
	io_uring_queue_exit(&ring);
	/* The kernel lets go of the pages a little later. */
	for (i = 0; i < 1000 && migsim_migrate(m, folios, n, NULL); i++)
		nap_ms(5);
	read_pfns(p, PAGES, before);
	assert_int_equal(migsim_migrate(m, folios, n, NULL), 0);
	assert_int_equal(pages_unmoved(p, PAGES, before), 0);
	assert_int_equal(memory_check(p, BYTES, 1), -1);
	migsim_migrator_close(m);
	free(folios);
	memory_unmap(p, BYTES);
}

static void pinned_base_pages_stay(void **state)
{
	(void)state;
	pinned_stay(0);
}

static void pinned_huge_pages_stay(void **state)
{
	(void)state;
	if (!have_thp())
		skip();
	pinned_stay(9);
}

static void migrate_locked(struct migsim_migrator *m, char *p,
			   unsigned int order)
{
	size_t maps;
	int round;

	memory_fill(p, BYTES, order);
	assert_int_equal(migsim_migrate_range(m, p, BYTES, order, NULL), 0);
	maps = count_maps();
	for (round = 0; round < 2; round++) {
		read_pfns(p, PAGES, before);
		assert_int_equal(migsim_migrate_range(m, p, BYTES, order,
						      NULL), 0);
		assert_int_equal(pages_unmoved(p, PAGES, before), 0);
		assert_int_equal(memory_check(p, BYTES, order), -1);
		assert_true(smaps_flag(p, "lo"));
		assert_int_equal(smaps_kb(p, "Size:"), BYTES >> 10);
		assert_int_equal(smaps_kb(p, "Locked:"), BYTES >> 10);
		if (order == MIGSIM_MAX_ORDER)
			assert_int_equal(smaps_kb(p, "AnonHugePages:"),
					 BYTES >> 10);
		if (!SANITIZED)
			assert_int_equal(count_maps(), maps);
	}
}

/* mlock2 and syscall: sanitizers make mlock() and munlock() do nothing. */
static void need_mlock(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	char *p = memory_map(BYTES, 0);
	int err;

	setrlimit(RLIMIT_MEMLOCK, &all);
	err = mlock2(p, BYTES, 0);
	memory_unmap(p, BYTES);
	if (!err)
		return;
	print_message("mlock is not allowed\n");
	skip();
}

static void locked_memory_moves(void **state)
{
	static const unsigned int order[] = { 0, 4, 9 };
	struct migsim_options o = options_init();
	struct migsim_migrator *m;
	size_t i;
	char *p;

	(void)state;
	need_mlock();
	/* Async: no second chance for a folio that is refused at first. */
	o.mode = MIGSIM_MODE_ASYNC;
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	for (i = 0; i < 3; i++) {
		if (order[i] == MIGSIM_MAX_ORDER && !have_thp())
			continue;
		p = memory_map(BYTES, order[i]);
		assert_int_equal(mlock2(p, BYTES, 0), 0);
		migrate_locked(m, p, order[i]);
		/* Unlocked again, it moves as well. */
		assert_int_equal(syscall(SYS_munlock, p, BYTES), 0);
		read_pfns(p, PAGES, before);
		assert_int_equal(migsim_migrate_range(m, p, BYTES, order[i],
						      NULL), 0);
		assert_int_equal(pages_unmoved(p, PAGES, before), 0);
		assert_false(smaps_flag(p, "lo"));
		assert_int_equal(memory_check(p, BYTES, order[i]), -1);
		memory_unmap(p, BYTES);
	}
	migsim_migrator_close(m);
}

static void all_locked(int flags)
{
	struct migsim_migrator *m;
	char *p;

	assert_int_equal(mlockall(flags), 0);
	m = open_migrator("memcpy", NULL);
	p = memory_map(BYTES, 0);
	if (!(flags & MCL_FUTURE))
		assert_int_equal(mlock2(p, BYTES, 0), 0);
	migrate_locked(m, p, 0);
	migsim_migrator_close(m);
	memory_unmap(p, BYTES);
}

static void all_locked_now(void **state)
{
	(void)state;
	all_locked(MCL_CURRENT);
}

static void all_locked_in_future(void **state)
{
	(void)state;
	all_locked(MCL_CURRENT | MCL_FUTURE);
}

static void all_locked_on_fault(void **state)
{
	(void)state;
	all_locked(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

/* In children, for the rest of this program is not to be locked. */
static void locked_processes_move(void **state)
{
	(void)state;
	if (SANITIZED) {
		print_message("a sanitizer's shadow cannot be locked\n");
		skip();
	}
	need_mlock();
	in_child(all_locked_now);
	in_child(all_locked_in_future);
	in_child(all_locked_on_fault);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pinned_base_pages_stay),
		cmocka_unit_test(pinned_huge_pages_stay),
		cmocka_unit_test(locked_memory_moves),
		cmocka_unit_test(locked_processes_move),
	};

	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
