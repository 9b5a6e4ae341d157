/* SPDX-License-Identifier: MIT */
/*
 * Mappings of every kind: each folio has either moved or stands untouched and
 * has an errno, and no byte is different.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

#define PAGES ((size_t)256)
#define BYTES (PAGES * PAGE)

static uint64_t before[4 * PAGES];
static struct migsim_migrator *m;

static int setup(void **state)
{
	(void)state;
	m = open_migrator("memcpy", "batch:pages=64");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	migsim_migrator_close(m);
	return 0;
}

/* Migrates; status and page frames agree. Returns what was returned. */
static long migrate(char *p, size_t bytes, struct migsim_folio *folios,
		    size_t n)
{
	size_t i, failed = 0;
	long rc;

	read_pfns(p, bytes / PAGE, before);
	rc = migsim_migrate(m, folios, n, NULL);
	for (i = 0; i < n; i++) {
		size_t pages = (size_t)1 << folios[i].order;
		const char *at = (const char *)(uintptr_t)folios[i].addr;
		size_t first = (size_t)(at - p) / PAGE;

		assert_true(folios[i].status <= 0);
		failed += folios[i].status != 0;
		if (at < p || at >= p + bytes)
			continue;
		assert_int_equal(pages_unmoved(at, pages, before + first),
				 folios[i].status ? pages : 0);
	}
	assert_int_equal(rc, failed);
	return rc;
}

static long migrate_pages(char *p, size_t bytes)
{
	struct migsim_folio *folios = folios_of(p, bytes, 0);
	long rc = migrate(p, bytes, folios, bytes / PAGE);

	free(folios);
	return rc;
}

static void read_only(void **state)
{
	char *p = memory_map(BYTES, 0);

	(void)state;
	memory_fill(p, BYTES, 1);
	assert_int_equal(mprotect(p, BYTES, PROT_READ), 0);
	migrate_pages(p, BYTES);
	assert_int_equal(memory_check(p, BYTES, 1), -1);
	/* No access at all: there is nothing to be told but an errno. */
	assert_int_equal(mprotect(p, BYTES, PROT_NONE), 0);
	migrate_pages(p, BYTES);
	assert_int_equal(mprotect(p, BYTES, PROT_READ | PROT_WRITE), 0);
	assert_int_equal(memory_check(p, BYTES, 1), -1);
	assert_int_equal(migrate_pages(p, BYTES), 0);
	assert_int_equal(memory_check(p, BYTES, 1), -1);
	memory_unmap(p, BYTES);
}

/* The pages of a file stay; so do those written to in a private mapping. */
static void of_a_file(void **state)
{
	int fd = memfd_create("odd", MFD_CLOEXEC);
	char *p;

	(void)state;
	assert_int_equal(ftruncate(fd, BYTES), 0);
	p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memory_fill(p, BYTES, 2);
	assert_int_equal(migrate_pages(p, BYTES), PAGES);
	assert_int_equal(memory_check(p, BYTES, 2), -1);
	munmap(p, BYTES);

	p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	assert_int_equal(memory_check(p, BYTES, 2), -1);
	assert_int_equal(migrate_pages(p, BYTES), PAGES);
	assert_int_equal(memory_check(p, BYTES, 2), -1);
	memory_fill(p, BYTES / 2, 3);
	migrate_pages(p, BYTES);
	assert_int_equal(memory_check(p, BYTES / 2, 3), -1);
	assert_int_equal(memory_check_at(p + BYTES / 2, BYTES / 2, 2,
					 BYTES / 2), -1);
	munmap(p, BYTES);
	close(fd);
}

static void of_a_disk_file(void **state)
{
	char name[] = "/tmp/migsim-odd-XXXXXX";
	int fd = mkstemp(name);
	char *p;

	(void)state;
	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(ftruncate(fd, BYTES), 0);
	p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	memory_fill(p, BYTES / 2, 3);
	assert_true(memory_is_zero(p + BYTES / 2, BYTES / 2));
	migrate_pages(p, BYTES);
	assert_int_equal(memory_check(p, BYTES / 2, 3), -1);
	assert_true(memory_is_zero(p + BYTES / 2, BYTES / 2));
	munmap(p, BYTES);
	close(fd);
}

static void shared(void **state)
{
	char *p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	memory_fill(p, BYTES, 4);
	assert_int_equal(migrate_pages(p, BYTES), PAGES);
	assert_int_equal(memory_check(p, BYTES, 4), -1);
	munmap(p, BYTES);
}

/* A quarter of the region is not mapped, a quarter was never touched. */
static void holes(void **state)
{
	char *p = memory_map(BYTES, 0);
	struct migsim_folio *folios = folios_of(p, BYTES, 0);
	size_t i;

	(void)state;
	memory_fill(p, BYTES, 5);
	assert_int_equal(madvise(p, BYTES / 4, MADV_DONTNEED), 0);
	/* Nothing else may come to lie there. */
	assert_ptr_not_equal(mmap(p + BYTES / 2, BYTES / 4, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				  0), MAP_FAILED);
	assert_int_equal(migrate(p, BYTES, folios, PAGES), PAGES / 2);
	for (i = 0; i < PAGES / 4; i++)
		assert_int_equal(folios[i].status, -ENOENT);
	assert_int_equal(munmap(p + BYTES / 2, BYTES / 4), 0);
	assert_int_equal(migsim_migrate(m, folios + PAGES / 2, PAGES / 4,
					NULL), PAGES / 4);
	/* Migration has populated nothing. */
	read_pfns(p, PAGES / 4, before);
	for (i = 0; i < PAGES / 4; i++)
		assert_int_equal(before[i], 0);
	assert_true(memory_is_zero(p, BYTES / 4));
	assert_int_equal(memory_check_at(p + BYTES / 4, BYTES / 4, 5,
					 BYTES / 4), -1);
	assert_int_equal(memory_check_at(p + BYTES / 4 * 3, BYTES / 4, 5,
					 BYTES / 4 * 3), -1);
	free(folios);
	memory_unmap(p, BYTES);
}

/* A hole within a folio of several pages: the rest of it is not lost. */
static void hole_in_a_folio(void **state)
{
	char *p = memory_map(BYTES, 0);
	struct migsim_folio *folios = folios_of(p, BYTES, 4);

	(void)state;
	memory_fill(p, BYTES, 6);
	assert_int_equal(madvise(p + 20 * PAGE, 3 * PAGE, MADV_DONTNEED), 0);
	read_pfns(p, PAGES, before);
	assert_int_equal(migsim_migrate(m, folios, PAGES / 16, NULL), 1);
	assert_true(folios[1].status < 0);
	assert_int_equal(memory_check(p, 20 * PAGE, 6), -1);
	assert_true(memory_is_zero(p + 20 * PAGE, 3 * PAGE));
	assert_int_equal(memory_check_at(p + 23 * PAGE, BYTES - 23 * PAGE, 6,
					 23 * PAGE), -1);
	free(folios);
	memory_unmap(p, BYTES);
}

/* One list over two mappings, in turns; and over both at once. */
static void two_mappings(void **state)
{
	char *p = memory_map(BYTES, 0), *q = memory_map(BYTES, 0);
	struct migsim_folio list[2 * PAGES] = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < 2 * PAGES; i++)
		list[i].addr = (uintptr_t)(i % 2 ? p : q) + i / 2 * PAGE;
	memory_fill(p, BYTES, 7);
	memory_fill(q, BYTES, 8);
	assert_int_equal(migrate(p, BYTES, list, 2 * PAGES), 0);
	read_pfns(q, PAGES, before);
	assert_int_equal(migsim_migrate(m, list, 2 * PAGES, NULL), 0);
	assert_int_equal(pages_unmoved(q, PAGES, before), 0);
	assert_int_equal(memory_check(p, BYTES, 7), -1);
	assert_int_equal(memory_check(q, BYTES, 8), -1);
	memory_unmap(p, BYTES);
	memory_unmap(q, BYTES);
}

/* One folio whose halves lie in VMAs that cannot be one. */
static void folio_over_two_mappings(void **state)
{
	char *p = memory_map(BYTES, 0);
	struct migsim_folio *folios = folios_of(p, BYTES, 5);

	(void)state;
	memory_fill(p, BYTES, 9);
	assert_int_equal(madvise(p + 80 * PAGE, 100 * PAGE, MADV_DONTDUMP), 0);
	migrate(p, BYTES, folios, PAGES / 32);
	assert_true(folios[2].status < 0);
	assert_true(folios[5].status < 0);
	assert_int_equal(memory_check(p, BYTES, 9), -1);
	assert_int_equal(migrate_pages(p, BYTES), 0);
	assert_int_equal(memory_check(p, BYTES, 9), -1);
	free(folios);
	memory_unmap(p, BYTES);
}

/* The application has a userfaultfd of its own on the range. */
static void registered_by_the_application(void **state)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_api api = { .api = UFFD_API };
	char *p = memory_map(BYTES, 0);
	struct uffdio_register reg = {
		.range = { (uintptr_t)p, BYTES },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	(void)state;
	memory_fill(p, BYTES, 10);
	assert_int_equal(ioctl(fd, UFFDIO_API, &api), 0);
	assert_int_equal(ioctl(fd, UFFDIO_REGISTER, &reg), 0);
	assert_int_equal(migrate_pages(p, BYTES), PAGES);
	assert_int_equal(memory_check(p, BYTES, 10), -1);
	/* It is the application's still. */
	assert_true(smaps_flag(p, "um"));
	close(fd);
	assert_int_equal(migrate_pages(p, BYTES), 0);
	assert_int_equal(memory_check(p, BYTES, 10), -1);
	memory_unmap(p, BYTES);
}

static void zero_page(void **state)
{
	char *p = memory_reserve(BYTES, 0);
	struct migsim_folio *folios = folios_of(p, BYTES, 0);
	size_t i;

	(void)state;
	assert_true(memory_is_zero(p, BYTES));
	assert_true(migsim_migrate(m, folios, PAGES, NULL) >= 0);
	for (i = 0; i < PAGES; i++)
		assert_true(folios[i].status <= 0);
	assert_true(memory_is_zero(p, BYTES));
	memory_fill(p, BYTES, 11);
	assert_int_equal(migsim_migrate(m, folios, PAGES, NULL), 0);
	assert_int_equal(memory_check(p, BYTES, 11), -1);
	free(folios);
	memory_unmap(p, BYTES);
}

/* 2M folios of base pages, and of half a huge page. */
static void not_huge(void **state)
{
	struct migsim_report *r = migsim_report_new();
	struct migsim_summary s = { .size = sizeof(s) };
	char *p = memory_map(2 * HUGE, 0);

	(void)state;
	memory_fill(p, 2 * HUGE, 12);
	read_pfns(p, 1024, before);
	assert_int_equal(migsim_migrate_range(m, p, 2 * HUGE, 9, r), 0);
	migsim_report_summary(r, &s);
	assert_int_equal(s.not_huge, 2);
	assert_int_equal(s.migrated, 2);
	assert_int_equal(pages_unmoved(p, 1024, before), 0);
	assert_int_equal(memory_check(p, 2 * HUGE, 12), -1);
	migsim_report_free(r);
	memory_unmap(p, 2 * HUGE);
}

/* Two of 512 pages of a THP are named, as folios of one page. */
static void part_of_a_huge_page(void **state)
{
	struct migsim_folio two[2] = { 0 };
	char *p;

	(void)state;
	if (!have_thp())
		skip();
	p = memory_map(HUGE, 9);
	memory_fill(p, HUGE, 13);
	two[0].addr = (uintptr_t)p + 5 * PAGE;
	two[1].addr = (uintptr_t)p + 99 * PAGE;
	assert_int_equal(migrate(p, HUGE, two, 2), 0);
	assert_int_equal(memory_check(p, HUGE, 13), -1);
	memory_unmap(p, HUGE);
}

static void misaligned(void **state)
{
	char *p = memory_map(BYTES, 0);
	struct migsim_folio f[2] = {
		{ .addr = (uintptr_t)p },
		{ .addr = (uintptr_t)p + PAGE, .order = 1 },
	};

	(void)state;
	memory_fill(p, BYTES, 14);
	read_pfns(p, PAGES, before);
	assert_int_equal(migsim_migrate(m, f, 2, NULL), -EINVAL);
	f[1].addr = (uintptr_t)p + 100;
	f[1].order = 0;
	assert_int_equal(migsim_migrate(m, f, 2, NULL), -EINVAL);
	f[1].addr = 0;
	f[1].order = 10;
	assert_int_equal(migsim_migrate(m, f, 2, NULL), -EINVAL);
	assert_int_equal(pages_unmoved(p, PAGES, before), PAGES);
	assert_int_equal(memory_check(p, BYTES, 14), -1);
	memory_unmap(p, BYTES);
}

/* The same folio twice: it moves twice. */
static void twice_in_a_list(void **state)
{
	char *p = memory_map(BYTES, 0);
	struct migsim_folio f[4] = { 0 };
	size_t i;

	(void)state;
	memory_fill(p, BYTES, 15);
	for (i = 0; i < 4; i++)
		f[i].addr = (uintptr_t)p + i / 2 * PAGE;
	assert_true(migsim_migrate(m, f, 4, NULL) >= 0);
	for (i = 0; i < 4; i++)
		assert_true(f[i].status <= 0);
	assert_int_equal(memory_check(p, BYTES, 15), -1);
	memory_unmap(p, BYTES);
}

static void own_memory(void **state)
{
	struct migsim_folio on_stack = { 0 }, *list;

	(void)state;
	on_stack.addr = (uintptr_t)&on_stack & ~(PAGE - 1);
	assert_int_equal(migsim_migrate(m, &on_stack, 1, NULL), -EDEADLK);
	list = (struct migsim_folio *)memory_map(BYTES, 0);
	list->addr = (uintptr_t)list;
	assert_int_equal(migsim_migrate(m, list, 1, NULL), -EDEADLK);
	memory_unmap((char *)list, BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(of_a_file, setup, teardown),
		cmocka_unit_test_setup_teardown(of_a_disk_file, setup,
						teardown),
		cmocka_unit_test_setup_teardown(shared, setup, teardown),
		cmocka_unit_test_setup_teardown(holes, setup, teardown),
		cmocka_unit_test_setup_teardown(hole_in_a_folio, setup,
						teardown),
		cmocka_unit_test_setup_teardown(two_mappings, setup, teardown),
		cmocka_unit_test_setup_teardown(folio_over_two_mappings, setup,
						teardown),
		cmocka_unit_test_setup_teardown(registered_by_the_application,
						setup, teardown),
		cmocka_unit_test_setup_teardown(zero_page, setup, teardown),
		cmocka_unit_test_setup_teardown(not_huge, setup, teardown),
		cmocka_unit_test_setup_teardown(part_of_a_huge_page, setup,
						teardown),
		cmocka_unit_test_setup_teardown(misaligned, setup, teardown),
		cmocka_unit_test_setup_teardown(twice_in_a_list, setup,
						teardown),
		cmocka_unit_test_setup_teardown(own_memory, setup, teardown),
	};

	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
