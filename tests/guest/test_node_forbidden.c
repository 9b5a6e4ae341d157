/* SPDX-License-Identifier: MIT */
/*
 * Who may have memory on the target: a memory policy of the application's does
 * not hold a migration back (as in the kernel), a cpuset and a node without
 * memory do, and then nothing has moved.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <numaif.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node.h"

#define BYTES	(4 * MIB)
#define PAGES	(BYTES / PAGE)
#define CGROUP	"/sys/fs/cgroup"

static const char *space_of(void **state)
{
	struct migsim_sysinfo si;

	migsim_sysinfo_read(&si);
	if (!strcmp(*state, "uffd") && !si.uffd_move) {
		print_message("userfaultfd or UFFDIO_MOVE is missing\n");
		skip();
	}
	return *state;
}

static void policies_do_not_bind(void **state)
{
	const char *space = space_of(state);
	struct migsim_migrator *m;
	int nodes[MAX_NODES], err;
	unsigned long mask;
	char *p;

	nodes_of("has_memory", nodes);
	p = memory_on(BYTES, 0, nodes[0]);
	memory_fill(p, BYTES, 1);
	memory_bind(p, BYTES, nodes[0]);
	mask = 1ul << nodes[0];
	assert_int_equal(set_mempolicy(MPOL_BIND, &mask, 64), 0);
	m = open_between(space, nodes[0], nodes[1], BYTES, &err);
	assert_int_equal(err, 0);
	assert_int_equal(migsim_migrate_range(m, p, BYTES, 0, NULL), 0);
	assert_int_equal(set_mempolicy(MPOL_DEFAULT, NULL, 0), 0);
	assert_int_equal(pages_on(p, PAGES, nodes[1]), PAGES);
	assert_int_equal(memory_check(p, BYTES, 1), -1);
	migsim_migrator_close(m);
	memory_unmap(p, BYTES);
}

/* It does not open, and says why in these words; nothing has moved. */
static void assert_refused(const char *space, char *p, int from, int to,
			   int want, const char *words)
{
	static uint64_t before[PAGES];
	char sentence[128];
	int err;

	memory_fill(p, BYTES, 2);
	read_pfns(p, PAGES, before);
	node_listen();
	assert_null(open_between(space, from, to, BYTES, &err));
	print_message("%s to node %d: %s\n", space, to, heard);
	assert_int_equal(err, want);
	snprintf(sentence, sizeof(sentence), words, to);
	assert_non_null(strstr(heard, sentence));
	snprintf(sentence, sizeof(sentence), "take one of these: %d", from);
	assert_non_null(strstr(heard, sentence));
	assert_int_equal(same_pfns(p, PAGES, before), PAGES);
	assert_int_equal(pages_on(p, PAGES, from), PAGES);
	assert_int_equal(memory_check(p, BYTES, 2), -1);
}

static void put(const char *file, const char *format, int value)
{
	char path[64], text[32];
	int fd, n = snprintf(text, sizeof(text), format, value);

	snprintf(path, sizeof(path), CGROUP "/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, (size_t)n), n);
	close(fd);
}

static void cpusets_do_bind(void **state)
{
	const char *space = space_of(state);
	int nodes[MAX_NODES];
	char *p;

	nodes_of("has_memory", nodes);
	put("cgroup.subtree_control", "+cpuset", 0);
	assert_int_equal(mkdir(CGROUP "/one", 0755), 0);
	put("one/cpuset.mems", "%d", nodes[0]);
	put("one/cgroup.procs", "%d", getpid());
	p = memory_on(BYTES, 0, nodes[0]);
	assert_refused(space, p, nodes[0], nodes[1], -EACCES,
		       "cpuset of this process forbids node %d;");
	put("cgroup.procs", "%d", getpid());
	assert_int_equal(rmdir(CGROUP "/one"), 0);
	memory_unmap(p, BYTES);
}

/* Neither as a target nor, by name, as a source. */
static void unknown_nodes(void **state)
{
	const char *space = space_of(state);
	int nodes[MAX_NODES], err;
	char *p;

	nodes_of("has_memory", nodes);
	p = memory_on(BYTES, 0, nodes[0]);
	assert_refused(space, p, nodes[0], 99, -ENODEV,
		       "there is no node %d;");
	node_listen();
	if (!strcmp(space, "uffd")) {
		assert_null(open_between(space, 99, nodes[0], BYTES, &err));
		assert_int_equal(err, -ENODEV);
		assert_non_null(strstr(heard, "there is no node 99;"));
	}
	memory_unmap(p, BYTES);
}

/* By the distances that sysfs tells. */
static int nearest_with_memory(int node)
{
	int nodes[MAX_NODES], distance[MAX_NODES], online[MAX_NODES];
	unsigned int n = nodes_of("has_memory", nodes), i, j, best = 1000;
	unsigned int all = nodes_of("online", online);
	int nearest = -1;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/distance",
		 node);
	f = fopen(path, "re");
	assert_non_null(f);
	for (i = 0; i < all; i++) {
		assert_int_equal(fscanf(f, "%d", &distance[i]), 1);
		for (j = 0; j < n && nodes[j] != online[i]; j++)
			;
		if (j == n || (unsigned int)distance[i] >= best)
			continue;
		best = (unsigned int)distance[i];
		nearest = online[i];
	}
	fclose(f);
	return nearest;
}

/* On each CPU: the node beside it or, where that has no memory, the nearest. */
static void no_target_is_the_nearest(void **state)
{
	const char *space = space_of(state);
	struct migsim_migrator *m;
	unsigned int cpu, node;
	int nodes[MAX_NODES], err, want;
	cpu_set_t set, all;
	char *p;

	nodes_of("has_memory", nodes);
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	for (cpu = 0; CPU_ISSET(cpu, &all); cpu++) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
		assert_int_equal(getcpu(NULL, &node), 0);
		want = nearest_with_memory((int)node);
		p = memory_on(BYTES, 0, want == nodes[0] ? nodes[1] : nodes[0]);
		memory_fill(p, BYTES, 4);
		node_listen();
		m = open_between(space, -1, -1, BYTES, &err);
		print_message("CPU %u of node %u: to node %d\n", cpu, node,
			      want);
		assert_int_equal(err, 0);
		assert_int_equal(migsim_migrate_range(m, p, BYTES, 0, NULL), 0);
		assert_int_equal(pages_on(p, PAGES, want), PAGES);
		assert_int_equal(memory_check(p, BYTES, 4), -1);
		migsim_migrator_close(m);
		memory_unmap(p, BYTES);
	}
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

static void nodes_without_memory_take_none(void **state)
{
	const char *space = space_of(state);
	int online[MAX_NODES], nodes[MAX_NODES];
	unsigned int n = nodes_of("online", online), i, j, seen = 0;
	unsigned int m = nodes_of("has_memory", nodes);
	char *p;

	p = memory_on(BYTES, 0, nodes[0]);
	for (i = 0; i < n; i++) {
		for (j = 0; j < m && nodes[j] != online[i]; j++)
			;
		if (j < m)
			continue;
		assert_refused(space, p, nodes[0], online[i], -ENODEV,
			       "node %d has no memory;");
		seen++;
	}
	memory_unmap(p, BYTES);
	if (!seen) {
		print_message("every node has memory\n");
		skip();
	}
}

int main(void)
{
	char uffd[] = "uffd", kernel[] = "kernel";
	const struct CMUnitTest tests[] = {
		{ "uffd_and_policies", policies_do_not_bind, NULL, NULL, uffd },
		{ "kernel_and_policies", policies_do_not_bind, NULL, NULL,
		  kernel },
		{ "uffd_and_cpusets", cpusets_do_bind, NULL, NULL, uffd },
		{ "kernel_and_cpusets", cpusets_do_bind, NULL, NULL, kernel },
		{ "uffd_and_unknown", unknown_nodes, NULL, NULL, uffd },
		{ "kernel_and_unknown", unknown_nodes, NULL, NULL, kernel },
		{ "uffd_and_no_target", no_target_is_the_nearest, NULL, NULL,
		  uffd },
		{ "uffd_and_no_memory", nodes_without_memory_take_none, NULL,
		  NULL, uffd },
		{ "kernel_and_no_memory", nodes_without_memory_take_none, NULL,
		  NULL, kernel },
	};

	need_nodes();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
