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

/* Fails with one of these errors, or every folio does; nothing has moved. */
static void assert_refused(const char *space, char *p, int from, int to)
{
	static uint64_t before[PAGES];
	struct migsim_folio *folios = folios_of(p, BYTES, 0);
	struct migsim_migrator *m;
	size_t i;
	long rc;
	int err;

	memory_fill(p, BYTES, 2);
	read_pfns(p, PAGES, before);
	node_listen();
	m = open_between(space, from, to, BYTES, &err);
	rc = m ? migsim_migrate(m, folios, PAGES, NULL) : err;
	print_message("%s to node %d: %ld (%s) %s\n", space, to, rc,
		      rc < 0 ? strerror((int)-rc) : "folios", heard);
	assert_true(rc < 0 || rc == PAGES);
	for (i = 0; rc > 0 && i < PAGES; i++)
		assert_true(folios[i].status < 0);
	migsim_migrator_close(m);
	assert_int_equal(same_pfns(p, PAGES, before), PAGES);
	assert_int_equal(pages_on(p, PAGES, from), PAGES);
	assert_int_equal(memory_check(p, BYTES, 2), -1);
	free(folios);
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
	assert_refused(space, p, nodes[0], nodes[1]);
	put("cgroup.procs", "%d", getpid());
	assert_int_equal(rmdir(CGROUP "/one"), 0);
	memory_unmap(p, BYTES);
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
		assert_refused(space, p, nodes[0], online[i]);
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
		{ "uffd_and_no_memory", nodes_without_memory_take_none, NULL,
		  NULL, uffd },
		{ "kernel_and_no_memory", nodes_without_memory_take_none, NULL,
		  NULL, kernel },
	};

	need_nodes();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
