/* SPDX-License-Identifier: MIT */
/* What the application does to a folio just while it is in flight. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "flight.h"
#include "memory.h"

#define PAGES ((size_t)512)
#define BYTES (PAGES * PAGE)

static uint64_t before[PAGES];
static char *region;
static struct migsim_folio *folios;
static struct migsim_migrator *m;

/* Another thread, and how far it came. */
static struct visitor {
	pthread_t thread;
	atomic_int tid;
	atomic_bool done;
	bool slept, was_done;
	int result;
	int file;
} visitor;

static long fly(unsigned int order, flight_hook hook)
{
	struct migsim_options o = options_init();

	visitor = (struct visitor){ .file = -1 };
	watchdog_start();
	flight_set(hook, NULL);
	o.engine = "flight";
	o.policy = "batch:pages=512";
	o.pool_bytes = 4 * MIB;
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	folios = folios_of(region, BYTES, order);
	read_pfns(region, PAGES, before);
	return migsim_migrate(m, folios, BYTES / (PAGE << order), NULL);
}

static void region_open(unsigned int order)
{
	region = memory_map(BYTES, order);
	memory_fill(region, BYTES, 1);
}

static void region_close(void)
{
	migsim_migrator_close(m);
	free(folios);
	memory_unmap(region, BYTES);
}

static void *write_word(void *arg)
{
	(void)arg;
	atomic_store(&visitor.tid, gettid());
	atomic_fetch_add((_Atomic uint64_t *)(region + 7 * PAGE + 64), 5);
	atomic_store(&visitor.done, true);
	return NULL;
}

static void *read_to_it(void *arg)
{
	(void)arg;
	atomic_store(&visitor.tid, gettid());
	visitor.result = (int)pread(visitor.file, region + 7 * PAGE + 64,
				    2 * PAGE, 0);
	atomic_store(&visitor.done, true);
	return NULL;
}

static void visit(void *(*fn)(void *))
{
	assert_int_equal(pthread_create(&visitor.thread, NULL, fn, NULL), 0);
	while (!atomic_load(&visitor.tid))
		nap_ms(1);
	visitor.slept = task_sleeps(atomic_load(&visitor.tid));
	visitor.was_done = atomic_load(&visitor.done);
}

static void start_writer(void *arg)
{
	(void)arg;
	visit(write_word);
}

static void a_writer_waits(unsigned int order)
{
	uint64_t *word, was;

	region_open(order);
	word = (uint64_t *)(region + 7 * PAGE + 64);
	was = *word;
	assert_int_equal(fly(order, start_writer), 0);
	pthread_join(visitor.thread, NULL);
	assert_true(visitor.slept);
	assert_false(visitor.was_done);
	assert_int_equal(*word, was + 5);
	*word = was;
	assert_int_equal(memory_check(region, BYTES, 1), -1);
	assert_int_equal(pages_unmoved(region, PAGES, before), 0);
	region_close();
}

static void writer_waits(void **state)
{
	(void)state;
	a_writer_waits(0);
	a_writer_waits(4);
	if (have_thp())
		a_writer_waits(9);
}

static void start_reader(void *arg)
{
	static char bytes[2 * PAGE];

	(void)arg;
	memset(bytes, 'x', sizeof(bytes));
	visitor.file = memfd_create("flight", MFD_CLOEXEC);
	assert_int_equal(write(visitor.file, bytes, sizeof(bytes)),
			 sizeof(bytes));
	visit(read_to_it);
}

/* read(2) into a folio in flight waits, and is then complete. */
static void system_call_waits(void **state)
{
	size_t i, at = 7 * PAGE + 64;

	(void)state;
	region_open(0);
	assert_int_equal(fly(0, start_reader), 0);
	pthread_join(visitor.thread, NULL);
	close(visitor.file);
	assert_true(visitor.slept);
	assert_false(visitor.was_done);
	assert_int_equal(visitor.result, 2 * PAGE);
	for (i = 0; i < 2 * PAGE; i++)
		assert_int_equal(region[at + i], 'x');
	assert_int_equal(memory_check(region, at, 1), -1);
	assert_int_equal(memory_check_at(region + at + 2 * PAGE,
					 BYTES - at - 2 * PAGE, 1,
					 at + 2 * PAGE), -1);
	region_close();
}

static void *touch_hole(void *arg)
{
	(void)arg;
	atomic_store(&visitor.tid, gettid());
	visitor.result = region[9 * PAGE + 8];
	region[9 * PAGE + 16] = 1;
	atomic_store(&visitor.done, true);
	return NULL;
}

/* The touch of a page that was never there ends within the flight. */
static void start_touch(void *arg)
{
	unsigned int i;

	(void)arg;
	assert_int_equal(pthread_create(&visitor.thread, NULL, touch_hole,
					NULL), 0);
	for (i = 0; i < 5000 && !atomic_load(&visitor.done); i++)
		nap_ms(2);
	visitor.was_done = atomic_load(&visitor.done);
}

static void first_touch_does_not_wait(void **state)
{
	size_t i;

	(void)state;
	region_open(0);
	assert_int_equal(madvise(region + 8 * PAGE, 4 * PAGE, MADV_DONTNEED),
			 0);
	/* The page that was touched is there when it is tried alone. */
	assert_int_equal(fly(0, start_touch), 3);
	pthread_join(visitor.thread, NULL);
	assert_true(visitor.was_done);
	assert_int_equal(visitor.result, 0);
	assert_int_equal(region[9 * PAGE + 16], 1);
	for (i = 0; i < PAGES; i++)
		assert_int_equal(folios[i].status,
				 i >= 8 && i < 12 && i != 9 ? -ENOENT : 0);
	region[9 * PAGE + 16] = 0;
	assert_true(memory_is_zero(region + 8 * PAGE, 4 * PAGE));
	assert_int_equal(memory_check(region, 8 * PAGE, 1), -1);
	assert_int_equal(memory_check_at(region + 12 * PAGE, BYTES - 12 * PAGE,
					 1, 12 * PAGE), -1);
	region_close();
}

static void unmap_part(void *arg)
{
	(void)arg;
	visitor.result = munmap(region + 64 * PAGE, 100 * PAGE);
}

/* The rest arrives. */
static void unmapped_in_flight(unsigned int order, size_t lo, size_t hi)
{
	size_t i, n = BYTES / (PAGE << order), size = PAGE << order;

	region_open(order);
	fly(order, unmap_part);
	assert_int_equal(visitor.result, 0);
	for (i = 0; i < n; i++)
		if ((i + 1) * size <= lo || i * size >= hi)
			assert_int_equal(folios[i].status, 0);
		else if (i * size >= lo && (i + 1) * size <= hi)
			assert_true(folios[i].status < 0);
	assert_int_equal(memory_check(region, lo, 1), -1);
	assert_int_equal(memory_check_at(region + hi, BYTES - hi, 1, hi), -1);
	region_close();
}

static void munmap_in_flight(void **state)
{
	(void)state;
	unmapped_in_flight(0, 64 * PAGE, 164 * PAGE);
	/* Pages 160 to 163 are the first of a folio of sixteen. */
	unmapped_in_flight(4, 64 * PAGE, 164 * PAGE);
	if (have_thp())
		unmapped_in_flight(9, 64 * PAGE, 164 * PAGE);
}

static void protect_part(void *arg)
{
	(void)arg;
	visitor.result = mprotect(region + 64 * PAGE, 64 * PAGE, PROT_READ);
}

static void lock_part(void *arg)
{
	(void)arg;
	/* On fault: locking pages that are in flight would wait for them. */
	visitor.result = mlock2(region + 64 * PAGE, 64 * PAGE, MLOCK_ONFAULT);
}

/* UFFDIO_MOVE refuses to bring such pages back. They must come back. */
static void changed_in_flight(flight_hook hook)
{
	size_t i;

	region_open(0);
	fly(0, hook);
	assert_int_equal(visitor.result, 0);
	for (i = 0; i < PAGES; i++)
		assert_true(folios[i].status <= 0);
	assert_int_equal(memory_check(region, BYTES, 1), -1);
	mprotect(region, BYTES, PROT_READ | PROT_WRITE);
	syscall(SYS_munlock, region, BYTES);
	region[64 * PAGE]++;	/* it can be written again */
	region[64 * PAGE]--;
	/* So often that every place in the pool is used again. */
	for (i = 0; i < 20; i++)
		assert_int_equal(migsim_migrate(m, folios, PAGES, NULL), 0);
	assert_int_equal(memory_check(region, BYTES, 1), -1);
	region_close();
}

static void mprotect_in_flight(void **state)
{
	(void)state;
	changed_in_flight(protect_part);
}

static void mlock_in_flight(void **state)
{
	(void)state;
	changed_in_flight(lock_part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writer_waits),
		cmocka_unit_test(system_call_waits),
		cmocka_unit_test(first_touch_does_not_wait),
		cmocka_unit_test(munmap_in_flight),
		cmocka_unit_test(mprotect_in_flight),
		cmocka_unit_test(mlock_in_flight),
	};

	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
