/* SPDX-License-Identifier: MIT */
/*
 * Lists as no careful caller makes them: a folio twice, several VMAs side by
 * side, the heap of the process.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core.h"
#include "memory.h"
#include "space/uffd.h"

#define N 512

static struct migsim_migrator *open_default(enum migsim_mode mode)
{
	struct migsim_options o = options_init();
	struct migsim_migrator *m;

	o.mode = mode;
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	return m;
}

static size_t count_status(const struct migsim_folio *f, size_t n, int status)
{
	size_t i, count = 0;

	for (i = 0; i < n; i++)
		count += f[i].status == status;
	return count;
}

static atomic_bool over;
static atomic_ulong wrong;

static void *look(void *arg)
{
	const volatile char *p = arg;

	while (!over)
		if (*p != 7)
			wrong++;
	return NULL;
}

/* The second one must not let anybody believe that the first is back. */
static void twice(unsigned int order)
{
	struct migsim_migrator *m = open_default(MIGSIM_MODE_ASYNC);
	char *p = memory_map(N * PAGE, 0);
	struct migsim_folio *f = folios_of(p, N * PAGE, 0);
	pthread_t reader;
	size_t i;

	memset(p, 7, N * PAGE);
	f[N - 1].addr = (uintptr_t)p;
	f[N - 1].order = (uint8_t)order;
	over = false;
	wrong = 0;
	assert_int_equal(pthread_create(&reader, NULL, look, p), 0);
	for (i = 0; i < by_cpu(500, 20); i++) {
		assert_int_equal(migsim_migrate(m, f, N, NULL), 1);
		assert_int_equal(f[N - 1].status, -EBUSY);
	}
	over = true;
	pthread_join(reader, NULL);
	assert_int_equal(wrong, 0);
	for (i = 0; i < N * PAGE; i++)
		assert_int_equal(p[i], 7);
	migsim_migrator_close(m);
	free(f);
	memory_unmap(p, N * PAGE);
}

static void a_folio_named_twice_is_safe(void **state)
{
	(void)state;
	twice(0);
	twice(4);
}

/* Half of the buffer is another VMA: all of it moves, in both modes. */
static void vmas_side_by_side_move(void **state)
{
	char *p = memory_map(N * PAGE, 0);
	struct migsim_folio *f = folios_of(p, N * PAGE, 0);
	struct migsim_migrator *m;
	int mode;

	(void)state;
	memory_fill(p, N * PAGE, 3);
	for (mode = MIGSIM_MODE_ASYNC; mode <= MIGSIM_MODE_SYNC; mode++) {
		m = open_default((enum migsim_mode)mode);
		assert_int_equal(migsim_migrate(m, f, N, NULL), 0);
		/* The VMA is split after the range was made. */
		assert_int_equal(madvise(p + N / 2 * PAGE, N / 2 * PAGE,
					 MADV_DONTDUMP), 0);
		assert_int_equal(migsim_migrate(m, f, N, NULL), 0);
		migsim_migrator_close(m);
		m = open_default((enum migsim_mode)mode);
		assert_int_equal(migsim_migrate(m, f, N, NULL), 0);
		assert_int_equal(madvise(p, N * PAGE, MADV_DODUMP), 0);
		assert_int_equal(migsim_migrate(m, f, N, NULL), 0);
		migsim_migrator_close(m);
	}
	assert_int_equal(pages_astray(p, N), 0);
	assert_int_equal(memory_check(p, N * PAGE, 3), -1);
	free(f);
	memory_unmap(p, N * PAGE);
}

static void half_locked_memory_moves(void **state)
{
	struct migsim_migrator *m = open_default(MIGSIM_MODE_SYNC);
	char *p = memory_map(N * PAGE, 0);
	struct migsim_folio *f = folios_of(p, N * PAGE, 0);
	int i;

	(void)state;
	memory_fill(p, N * PAGE, 4);
	if (mlock(p, N / 2 * PAGE)) {
		print_message("mlock is not allowed\n");
		skip();
	}
	for (i = 0; i < 3; i++)
		assert_int_equal(migsim_migrate(m, f, N, NULL), 0);
	assert_int_equal(munlock(p, N * PAGE), 0);
	assert_int_equal(migsim_migrate(m, f, N, NULL), 0);
	assert_int_equal(pages_astray(p, N), 0);
	assert_int_equal(memory_check(p, N * PAGE, 4), -1);
	migsim_migrator_close(m);
	free(f);
	memory_unmap(p, N * PAGE);
}

/* Pages of a file fail; their neighbours do not, and nothing stays behind. */
static void a_file_beside_is_no_harm(void **state)
{
	struct migsim_migrator *m = open_default(MIGSIM_MODE_SYNC);
	char *p = memory_map(N * PAGE, 0);
	struct migsim_folio *f = folios_of(p, N * PAGE, 0);
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), N / 2 * PAGE), 0);
	assert_ptr_equal(mmap(p + N / 2 * PAGE, N / 2 * PAGE,
			      PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
			      fileno(file), 0), p + N / 2 * PAGE);
	memory_fill(p, N * PAGE, 5);
	assert_int_equal(migsim_migrate(m, f, N, NULL), N / 2);
	assert_int_equal(count_status(f, N / 2, 0), N / 2);
	assert_int_equal(count_status(f + N / 2, N / 2, -EINVAL), N / 2);
	assert_int_equal(memory_check(p, N * PAGE, 5), -1);
	assert_false(smaps_flag(p, "um"));
	migsim_migrator_close(m);
	fclose(file);
	free(f);
	memory_unmap(p, N * PAGE);
}

/* The heap, with everything that the C library keeps there. */
static void migrate_heap(void **state)
{
	struct migsim_migrator *m = open_default(MIGSIM_MODE_SYNC);
	struct migsim_report *r = migsim_report_new();
	char *p, *end, *at;
	size_t bytes;
	int i;

	(void)state;
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	p = malloc(64 * PAGE);
	end = sbrk(0);
	memset(p, 9, 64 * PAGE);
	at = (char *)((uintptr_t)p & ~(PAGE - 1));
	assert_true(at < end);
	bytes = (size_t)(end - at) & ~(PAGE - 1);
	alarm((unsigned int)by_cpu(30, 300));	/* a deadlock would last for ever */
	for (i = 0; i < 20; i++)
		assert_true(migsim_migrate_range(m, at, bytes, 0, r) >= 0);
	alarm(0);
	for (i = 0; i < (int)(64 * PAGE); i++)
		assert_int_equal(p[i], 9);
	migsim_migrator_close(m);
	migsim_report_free(r);
	free(p);
}

static void the_heap_moves(void **state)
{
	(void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	print_message("a sanitizer's malloc has no heap of this kind\n");
	skip();
#endif
	in_child(migrate_heap);
}

/* A hint that was too small bounds the batches, and fails nothing. */
static void longer_calls_than_told_move(void **state)
{
	struct migsim_summary s = { .size = sizeof(s) };
	struct migsim_options o = options_init();
	struct migsim_report *r = migsim_report_new();
	struct migsim_migrator *m;
	char *p = memory_map(N * PAGE, 0);

	(void)state;
	o.policy = "batch:pages=4096";
	o.call_pages = 64;
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	memory_fill(p, N * PAGE, 8);
	assert_int_equal(migsim_migrate_range(m, p, N * PAGE, 0, r), 0);
	migsim_report_summary(r, &s);
	assert_int_equal(s.max_pages_in_flight, 64);
	assert_int_equal(s.groups, N / 64);
	assert_int_equal(pages_astray(p, N), 0);
	assert_int_equal(memory_check(p, N * PAGE, 8), -1);
	migsim_migrator_close(m);
	migsim_report_free(r);
	memory_unmap(p, N * PAGE);
}

/* Whatever lies at this address: the call is refused, and comes back. */
static void assert_refused(struct migsim_migrator *m, const void *p)
{
	static struct migsim_folio f;

	f = (struct migsim_folio){ .addr = (uintptr_t)p & ~(PAGE - 1) };
	assert_int_equal(migsim_migrate(m, &f, 1, NULL), -EDEADLK);
}

static void migrate_own_memory(void **state)
{
	struct migsim_migrator *m = open_default(MIGSIM_MODE_SYNC);
	struct migsim_report *r = migsim_report_new();
	const struct uffd *uffd = m->space_priv;
	int on_stack = 0;

	(void)state;
	alarm((unsigned int)by_cpu(30, 300));
	assert_refused(m, m);
	assert_refused(m, r);
	assert_refused(m, &on_stack);
	assert_refused(m, &errno);
	assert_refused(m, (const void *)pthread_self());
	assert_refused(m, stdout);	/* a variable of the C library */
	/* The thread that serves faults: its stack, and what lies on top. */
	assert_refused(m, (const void *)uffd->handler.id);
	assert_refused(m, uffd->handler.stack);
	alarm(0);
	migsim_migrator_close(m);
	migsim_report_free(r);
}

static void own_memory_is_refused(void **state)
{
	(void)state;
	in_child(migrate_own_memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_folio_named_twice_is_safe),
		cmocka_unit_test(vmas_side_by_side_move),
		cmocka_unit_test(half_locked_memory_moves),
		cmocka_unit_test(a_file_beside_is_no_harm),
		cmocka_unit_test(the_heap_moves),
		cmocka_unit_test(own_memory_is_refused),
		cmocka_unit_test(longer_calls_than_told_move),
	};

	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
