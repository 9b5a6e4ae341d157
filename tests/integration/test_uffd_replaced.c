/* SPDX-License-Identifier: MIT */
/*
 * The application replaces a mapping while a call that has named it runs, and
 * regions that begin where a stack ends.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "flight.h"
#include "memory.h"

#define BYTES (4 * MIB)

static char *region;

/* In the flight of the first batch; the last comes to lie on the new memory. */
static void replace(void *arg)
{
	char *p = region + 3 * MIB;

	(void)arg;
	assert_int_equal(munmap(p, MIB), 0);
	assert_ptr_equal(mmap(p, MIB, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 p);
	memory_fill(p, MIB, 77);
}

static void a_new_mapping_keeps_its_content(void **state)
{
	struct migsim_migrator *m;

	(void)state;
	region = memory_map(BYTES, 0);
	memory_fill(region, BYTES, 1);
	flight_set(replace, NULL);
	m = open_migrator("flight", "batch:pages=512");
	assert_true(migsim_migrate_range(m, region, BYTES, 0, NULL) >= 0);
	assert_int_equal(memory_check(region, 3 * MIB, 1), -1);
	assert_int_equal(memory_check(region + 3 * MIB, MIB, 77), -1);
	assert_false(smaps_flag(region + 3 * MIB, "um"));
	migsim_migrator_close(m);
	memory_unmap(region, BYTES);
}

static void hang(void *arg)
{
	(void)arg;
	flight_hang();
}

/* Nobody waits for an engine that hangs in line. */
static void a_hang_in_line_ends(void **state)
{
	struct migsim_options o = options_init();
	struct migsim_migrator *m;

	(void)state;
	region = memory_map(BYTES, 0);
	memory_fill(region, BYTES, 1);
	flight_set(hang, NULL);
	o.engine = "flight";
	o.policy = "batch:pages=64,copy=inline";
	o.copy_timeout_ms = 50;
	watchdog_start();
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	assert_true(migsim_migrate_range(m, region, BYTES, 0, NULL) >= 0);
	assert_int_equal(memory_check(region, BYTES, 1), -1);
	migsim_migrator_close(m);
	memory_unmap(region, BYTES);
}

static void *migrate_region(void *arg)
{
	return (void *)migsim_migrate_range(arg, region, BYTES, 0, NULL);
}

static void a_region_beside_the_stack_moves(void **state)
{
	struct migsim_migrator *m = open_migrator("memcpy", NULL);
	char *stack = memory_map(2 * MIB + BYTES, 0);
	pthread_attr_t attr;
	pthread_t thread;
	void *rc;

	(void)state;
	region = stack + 2 * MIB;
	memory_fill(region, BYTES, 3);
	pthread_attr_init(&attr);
	assert_int_equal(pthread_attr_setstack(&attr, stack, 2 * MIB), 0);
	assert_int_equal(pthread_create(&thread, &attr, migrate_region, m), 0);
	pthread_join(thread, &rc);
	assert_int_equal((long)rc, 0);
	assert_int_equal(pages_astray(region, BYTES / PAGE), 0);
	assert_int_equal(memory_check(region, BYTES, 3), -1);
	pthread_attr_destroy(&attr);
	migsim_migrator_close(m);
	memory_unmap(stack, 2 * MIB + BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_mapping_keeps_its_content),
		cmocka_unit_test(a_hang_in_line_ends),
		cmocka_unit_test(a_region_beside_the_stack_moves),
	};

	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
