/* SPDX-License-Identifier: MIT */
/* Which CPUs come first, on machines made up for it. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sched.h>

#include <cmocka.h>

#include "placement.h"

#define MAX 64

static int cpus[MAX];

/* The order on a machine of this shape, seen from CPU @here; its length. */
static int order_of(const char *shape, const char *allowed,
		    enum placement how, int here)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	hwloc_topology_t t;
	int n;

	assert_int_equal(hwloc_topology_init(&t), 0);
	assert_int_equal(hwloc_topology_set_synthetic(t, shape), 0);
	assert_int_equal(hwloc_topology_load(t), 0);
	if (allowed)
		hwloc_bitmap_list_sscanf(set, allowed);
	else
		hwloc_bitmap_copy(set, hwloc_topology_get_topology_cpuset(t));
	n = placement_order_of(t, set, how, here, cpus, MAX);
	hwloc_topology_destroy(t);
	hwloc_bitmap_free(set);
	return n;
}

static void assert_order(const int *expected, int n, int found)
{
	int i;

	assert_int_equal(found, n);
	for (i = 0; i < n; i++)
		assert_int_equal(cpus[i], expected[i]);
}

#define ASSERT_ORDER(found, ...)					\
	assert_order((int[]){ __VA_ARGS__ },				\
		     sizeof((int[]){ __VA_ARGS__ }) / sizeof(int), found)

#define FOUR_CACHES "package:2 l3:2 l2:2 core:1 pu:2"

/* Cores 0 and 1 (CPUs 0 to 3) are under the first cache, and so on. */
static void spread_takes_the_caches_in_turn(void **state)
{
	(void)state;
	ASSERT_ORDER(order_of(FOUR_CACHES, NULL, PLACE_SPREAD, 0),
		     4, 8, 12, 6, 10, 14, 2, 5, 9, 13, 1, 7, 11, 15, 3, 0);
}

static void pack_fills_the_own_cache_first(void **state)
{
	(void)state;
	ASSERT_ORDER(order_of(FOUR_CACHES, NULL, PLACE_PACK, 5),
		     4, 6, 7, 8, 10, 9, 11, 12, 14, 13, 15, 0, 2, 1, 3, 5);
}

static void only_what_is_allowed_is_taken(void **state)
{
	(void)state;
	ASSERT_ORDER(order_of(FOUR_CACHES, "2,9,12", PLACE_SPREAD, 2),
		     9, 12, 2);
	/* The thread itself runs elsewhere. */
	ASSERT_ORDER(order_of(FOUR_CACHES, "8-11", PLACE_PACK, 0),
		     8, 10, 9, 11);
	assert_int_equal(order_of(FOUR_CACHES, "99", PLACE_PACK, 0), 0);
}

static void a_machine_without_caches_has_packages(void **state)
{
	(void)state;
	ASSERT_ORDER(order_of("package:2 core:2 pu:1", NULL, PLACE_SPREAD, 3),
		     0, 2, 1, 3);
}

static void a_machine_of_cpus_alone(void **state)
{
	(void)state;
	ASSERT_ORDER(order_of("pu:3", NULL, PLACE_SPREAD, 1), 0, 2, 1);
	ASSERT_ORDER(order_of("pu:3", NULL, PLACE_PACK, 0), 1, 2, 0);
}

/* Of this machine: each CPU that may be used once, and no other. */
static void this_machine(void **state)
{
	cpu_set_t may;
	int n, i;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(may), &may), 0);
	n = placement_order(PLACE_SPREAD, -1, cpus, MAX);
	assert_int_equal(n, CPU_COUNT(&may) < MAX ? CPU_COUNT(&may) : MAX);
	for (i = 0; i < n; i++) {
		assert_true(CPU_ISSET(cpus[i], &may));
		CPU_CLR(cpus[i], &may);
	}
	assert_int_equal(placement_order(PLACE_PACK, -1, cpus, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spread_takes_the_caches_in_turn),
		cmocka_unit_test(pack_fills_the_own_cache_first),
		cmocka_unit_test(only_what_is_allowed_is_taken),
		cmocka_unit_test(a_machine_without_caches_has_packages),
		cmocka_unit_test(a_machine_of_cpus_alone),
		cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
