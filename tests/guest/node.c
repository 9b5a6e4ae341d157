/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <numa.h>
#include <numaif.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <migsim/log.h>

#include "node.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

unsigned int nodes_of(const char *file, int nodes[MAX_NODES])
{
	char path[64];
	unsigned int n = 0;
	int first, last;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/node/%s", file);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (fscanf(f, "%d", &first) == 1) {
		last = first;
		if (fscanf(f, "-%d", &last) == 1)
			assert_true(last >= first);
		for (; first <= last && n < MAX_NODES; first++)
			nodes[n++] = first;
		if (fgetc(f) != ',')
			break;
	}
	fclose(f);
	return n;
}

void need_nodes(void)
{
	int nodes[MAX_NODES];

	if (nodes_of("has_memory", nodes) > 1)
		return;
	printf("only one node has memory\n");
	exit(77);
}

void memory_bind(void *p, size_t bytes, int node)
{
	unsigned long mask = node < 0 ? 0 : 1ul << node;

	assert_int_equal(mbind(p, bytes, node < 0 ? MPOL_DEFAULT : MPOL_BIND,
			       node < 0 ? NULL : &mask, 64, 0), 0);
}

char *memory_on(size_t bytes, unsigned int order, int node)
{
	char *p = memory_reserve(bytes, order);

	memory_bind(p, bytes, node);
	assert_int_equal(madvise(p, bytes, MADV_POPULATE_WRITE), 0);
	memory_bind(p, bytes, -1);
	assert_int_equal(pages_on(p, bytes / PAGE, node), bytes / PAGE);
	if (order == MIGSIM_MAX_ORDER)
		assert_int_equal(smaps_kb(p, "AnonHugePages:"), bytes >> 10);
	return p;
}

/* The frames of the zones of all nodes. */
struct zone {
	int node;
	uint64_t start, end;
};

static unsigned int read_zones(struct zone *zones, unsigned int max)
{
	FILE *f = fopen("/proc/zoneinfo", "re");
	unsigned long long spanned = 0, start;
	unsigned int n = 0;
	char line[256];
	int node = -1;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Node %d, zone", &node) == 1)
			continue;
		if (sscanf(line, " spanned %llu", &spanned) == 1 ||
		    sscanf(line, " start_pfn: %llu", &start) != 1 || !spanned)
			continue;
		assert_true(n < max);
		zones[n++] = (struct zone){ node, start, start + spanned };
	}
	fclose(f);
	assert_true(n > 0);
	return n;
}

static int node_of_frame(const struct zone *zones, unsigned int n, uint64_t pfn)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (pfn >= zones[i].start && pfn < zones[i].end)
			return zones[i].node;
	return -1;
}

void read_nodes(const void *p, size_t pages, int *node)
{
	uint64_t *pfn = calloc(pages, sizeof(*pfn));
	void **page = calloc(pages, sizeof(*page));
	struct zone zones[64];
	unsigned int nr = read_zones(zones, 64);
	size_t i;

	assert_true(pfn && page);
	for (i = 0; i < pages; i++)
		page[i] = (char *)(uintptr_t)p + i * PAGE;
	assert_int_equal(move_pages(0, pages, page, NULL, node, 0), 0);
	read_pfns(p, pages, pfn);
	for (i = 0; i < pages; i++)
		if (node[i] >= 0)
			assert_int_equal(node_of_frame(zones, nr, pfn[i]),
					 node[i]);
	free(pfn);
	free(page);
}

size_t pages_on(const void *p, size_t pages, int node)
{
	int *found = calloc(pages, sizeof(*found));
	size_t i, on = 0;

	assert_non_null(found);
	read_nodes(p, pages, found);
	for (i = 0; i < pages; i++)
		on += found[i] == node;
	free(found);
	return on;
}

/* Memory that fills a node, and nothing else. */
#define BALLAST_MAX	((size_t)4 << 30)
#define BALLAST_STEP	(4 * MIB)
#define BALLAST_PAGES	(BALLAST_STEP / PAGE)

static char *ballast;

static size_t free_on(int node)
{
	long long bytes;

	assert_true(numa_node_size64(node, &bytes) > 0);
	return (size_t)bytes;
}

/*
 * Preferred and not bound: where the node is full the next pages come from
 * another one, and nobody is killed. Returns how much was put there.
 */
static size_t fill_up(int node)
{
	unsigned long mask = 1ul << node;
	size_t at = 0;
	char *p;

	ballast = memory_reserve(BALLAST_MAX, MIGSIM_MAX_ORDER);
	assert_int_equal(mbind(ballast, BALLAST_MAX, MPOL_PREFERRED, &mask, 64,
			       0), 0);
	do {
		assert_true(at < BALLAST_MAX);
		p = ballast + at;
		assert_int_equal(madvise(p, BALLAST_STEP, MADV_POPULATE_WRITE),
				 0);
		at += BALLAST_STEP;
	} while (pages_on(p, BALLAST_PAGES, node) == BALLAST_PAGES);
	return at;
}

void node_fill(int node, size_t free_bytes)
{
	size_t filled = fill_up(node), least = free_on(node) + 4 * BALLAST_STEP;
	size_t at;

	if (free_bytes < least)
		free_bytes = least;
	for (at = 0; free_on(node) < free_bytes; at += BALLAST_STEP) {
		assert_true(at < filled);
		assert_int_equal(madvise(ballast + at, BALLAST_STEP,
					 MADV_DONTNEED), 0);
	}
}

void node_empty(void)
{
	if (ballast)
		memory_unmap(ballast, BALLAST_MAX);
	ballast = NULL;
}

char heard[512];

static void hear(void *arg, enum migsim_log_level level, const char *sentence)
{
	(void)arg;
	(void)level;
	snprintf(heard, sizeof(heard), "%s", sentence);
}

void node_listen(void)
{
	*heard = '\0';
	migsim_set_log(hear, NULL);
}

struct migsim_migrator *open_between(const char *space, int from, int to,
				     size_t bytes, int *err)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	struct migsim_migrator *m = NULL;

	o.space = space;
	o.policy = "batch:pages=1024";
	o.from = from;
	o.to = to;
	o.pool_bytes = bytes;
	o.call_pages = bytes / PAGE;
	*err = migsim_migrator_open(&m, &o);
	return *err ? NULL : m;
}
