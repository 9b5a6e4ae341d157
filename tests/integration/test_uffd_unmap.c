/* SPDX-License-Identifier: MIT */
/*
 * Threads that take memory away and touch new memory, again and again, while
 * it migrates: nothing crashes, nothing waits, nothing is kept.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "memory.h"

#define BYTES	by_cpu(8 * MIB, 4 * MIB)
#define HOLE	(2 * MIB)
#define WARM_UP	10
#define ROUNDS	by_cpu(60, 30)
/* A round that kept its hole would add up to 100 MiB, or to 40 of them. */
#define SLACK_KB (24 << 10)

struct thief {
	char *hole;
	atomic_bool go;
};

static void *steal(void *arg)
{
	struct thief *t = arg;

	while (!atomic_load(&t->go))
		;
	assert_int_equal(munmap(t->hole, HOLE), 0);
	return NULL;
}

static void round_of(struct migsim_migrator *m, unsigned int order,
		     uint64_t *random)
{
	size_t at = next_random(random) % ((BYTES - HOLE) / PAGE) * PAGE;
	char *p = memory_map(BYTES, order);
	struct thief t = { .hole = p + at };
	pthread_t thread;

	memory_fill(p, BYTES, 1);
	assert_int_equal(pthread_create(&thread, NULL, steal, &t), 0);
	atomic_store(&t.go, true);
	assert_true(migsim_migrate_range(m, p, BYTES, order, NULL) >= 0);
	pthread_join(thread, NULL);
	assert_int_equal(memory_check(p, at, 1), -1);
	at += HOLE;
	assert_int_equal(memory_check_at(p + at, BYTES - at, 1, at), -1);
	memory_unmap(p, BYTES);
}

/* A huge page with a hole goes to the other pool, which is opened then. */
static void open_pools(struct migsim_migrator *m, unsigned int order)
{
	char *p = memory_map(HUGE, order);

	assert_int_equal(migsim_migrate_range(m, p, HUGE, order, NULL), 0);
	memory_unmap(p, HUGE);
}

static void holes_open(unsigned int order)
{
	struct migsim_migrator *m = open_migrator("memcpy", NULL);
	uint64_t random = order;
	size_t maps = 0;
	long rss = 0;
	size_t i;

	watchdog_start();
	open_pools(m, 0);
	open_pools(m, order);
	for (i = 0; i < ROUNDS; i++) {
		if (i == WARM_UP) {
			rss = status_kb("VmRSS:");
			maps = count_maps();
		}
		round_of(m, order, &random);
		watchdog_pat();
	}
	if (!SANITIZED) {
		assert_in_range(status_kb("VmRSS:"), 0, rss + SLACK_KB);
		/* Not a mapping a round. */
		assert_in_range(count_maps(), 0, maps + 16);
	}
	migsim_migrator_close(m);
}

static void munmap_of_base_pages(void **state)
{
	(void)state;
	holes_open(0);
	holes_open(3);
}

static void munmap_of_huge_pages(void **state)
{
	(void)state;
	if (!have_thp())
		skip();
	holes_open(9);
}

struct toucher {
	char *p;
	size_t bytes;
	size_t bad;
	atomic_bool done;
};

/* Every second page was never there. */
static void *touch(void *arg)
{
	struct toucher *t = arg;
	size_t at;

	for (at = PAGE; at < t->bytes; at += 2 * PAGE) {
		t->bad += t->p[at + 100] != 0;
		t->p[at + 200] = 1;
		watchdog_pat();
	}
	atomic_store(&t->done, true);
	return NULL;
}

static void first_touches(void **state)
{
	struct migsim_migrator *m = open_migrator("memcpy", NULL);
	struct toucher t = { .bytes = BYTES };
	pthread_t thread;
	size_t at;

	(void)state;
	watchdog_start();
	t.p = memory_reserve(BYTES, 0);
	for (at = 0; at < BYTES; at += 2 * PAGE)
		memory_fill(t.p + at, PAGE, at);
	assert_int_equal(pthread_create(&thread, NULL, touch, &t), 0);
	do
		assert_true(migsim_migrate_range(m, t.p, BYTES, 0, NULL) >= 0);
	while (!atomic_load(&t.done));
	pthread_join(thread, NULL);
	assert_int_equal(t.bad, 0);
	assert_int_equal(migsim_migrate_range(m, t.p, BYTES, 0, NULL), 0);
	assert_int_equal(pages_astray(t.p, BYTES / PAGE), 0);
	for (at = 0; at < BYTES; at += 2 * PAGE) {
		assert_int_equal(memory_check(t.p + at, PAGE, at), -1);
		assert_int_equal(t.p[at + PAGE + 200], 1);
		t.p[at + PAGE + 200] = 0;
		assert_true(memory_is_zero(t.p + at + PAGE, PAGE));
	}
	migsim_migrator_close(m);
	memory_unmap(t.p, BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(munmap_of_base_pages),
		cmocka_unit_test(munmap_of_huge_pages),
		cmocka_unit_test(first_touches),
	};

	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
