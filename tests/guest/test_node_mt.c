/* SPDX-License-Identifier: MIT */
/*
 * Threads that copy near the source and near the target: they are bound to
 * that node's CPUs, and a node without CPUs is refused.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <numa.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node.h"

#define BYTES	(8 * MIB)
#define PAGES	(BYTES / PAGE)
#define THREADS	2

/* The CPUs of a node; their number. libnuma is asked, the library asks hwloc. */
static int cpus_of(int node, cpu_set_t *set)
{
	struct bitmask *mask = numa_allocate_cpumask();
	unsigned int cpu;

	CPU_ZERO(set);
	assert_int_equal(numa_node_to_cpus(node, mask), 0);
	for (cpu = 0; cpu < CPU_SETSIZE && cpu < mask->size; cpu++)
		if (numa_bitmask_isbitset(mask, cpu))
			CPU_SET(cpu, set);
	numa_free_cpumask(mask);
	return CPU_COUNT(set);
}

/* Threads of this process that are bound to a single CPU out of @set. */
static unsigned int threads_within(const cpu_set_t *set)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned int n = 0;
	struct dirent *e;
	cpu_set_t own, both;

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		if (atoi(e->d_name) <= 0 || atoi(e->d_name) == gettid())
			continue;
		assert_int_equal(sched_getaffinity(atoi(e->d_name), sizeof(own),
						   &own), 0);
		CPU_AND(&both, &own, set);
		n += CPU_COUNT(&own) == 1 && CPU_EQUAL(&both, &own);
	}
	closedir(dir);
	return n;
}

static int open_mt(struct migsim_migrator **m, const char *place, int from,
		   int to)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	char engine[64];

	snprintf(engine, sizeof(engine), "mt:threads=%d,caller=no,place=%s",
		 THREADS, place);
	o.engine = engine;
	o.from = from;
	o.to = to;
	o.pool_bytes = BYTES;
	return migsim_migrator_open(m, &o);
}

static void move(const char *place, unsigned int order, int from, int to)
{
	int near = strcmp(place, "source") ? to : from;
	struct migsim_migrator *m = NULL;
	cpu_set_t cpus;
	char *p;

	node_listen();
	if (!cpus_of(near, &cpus)) {
		assert_int_equal(open_mt(&m, place, from, to), -ENODEV);
		assert_non_null(strstr(heard, "has no CPU"));
		return;
	}
	assert_int_equal(threads_within(&cpus), 0);
	assert_int_equal(open_mt(&m, place, from, to), 0);
	p = memory_on(BYTES, order, from);
	memory_fill(p, BYTES, 4);
	assert_int_equal(migsim_migrate_range(m, p, BYTES, order, NULL), 0);
	assert_int_equal(threads_within(&cpus), THREADS);
	assert_int_equal(pages_on(p, PAGES, to), PAGES);
	assert_int_equal(memory_check(p, BYTES, 4), -1);
	migsim_migrator_close(m);
	memory_unmap(p, BYTES);
}

static void every_pair(void **state)
{
	const char *place = *state;
	int nodes[MAX_NODES];
	unsigned int n = nodes_of("has_memory", nodes), i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			if (i != j)
				move(place, i < j ? 0 : MIGSIM_MAX_ORDER,
				     nodes[i], nodes[j]);
}

int main(void)
{
	char source[] = "source", target[] = "target";
	const struct CMUnitTest tests[] = {
		{ "near_the_source", every_pair, NULL, NULL, source },
		{ "near_the_target", every_pair, NULL, NULL, target },
	};

	need_nodes();
	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
