/* SPDX-License-Identifier: MIT */
/*
 * The target node has room for a part of a call only: the call ends early, and
 * every folio lies wholly on the target or is untouched on the source, as its
 * status says. (Of a THP that the kernel has split, a part may have moved.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"

#define BYTES	(128 * MIB)
#define PAGES	(BYTES / PAGE)
/* The library leaves 128 MiB of a node to others. */
#define FREE	((128 + 16) * MIB)

struct way {
	const char *space;
	unsigned int order;
	bool cold;
};

static uint64_t before[PAGES], after[PAGES];
static int node[PAGES];

/* A page lies on either node, and on the source it is as it was. */
static bool page_moved(size_t i, int from, int to)
{
	assert_true(node[i] == from || node[i] == to);
	assert_int_equal(after[i] != before[i], node[i] == to);
	return node[i] == to;
}

/*
 * Pages of the folio that have moved: all or none, as its status says. The
 * kernel splits a huge page that finds no target, and then moves what it can.
 */
static size_t pages_moved(size_t first, const struct migsim_folio *f,
			  const int nodes[2], bool kernel)
{
	size_t pages = migsim_folio_pages(f), i, moved = 0;

	for (i = first; i < first + pages; i++)
		moved += page_moved(i, nodes[0], nodes[1]);
	if (kernel && f->status && pages > 1)
		assert_in_range(moved, 0, pages - 1);
	else
		assert_int_equal(moved, f->status ? 0 : pages);
	return moved;
}

static size_t count_moved(const char *p, const struct migsim_folio *folios,
			  size_t n, const int nodes[2], bool kernel)
{
	size_t i, moved = 0;

	read_nodes(p, PAGES, node);
	read_pfns(p, PAGES, after);
	for (i = 0; i < n; i++)
		moved += pages_moved(i * (PAGES / n), &folios[i], nodes, kernel);
	return moved;
}

static struct migsim_migrator *open_way(const struct way *way, int from, int to)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	struct migsim_migrator *m = NULL;

	o.space = way->space;
	o.from = from;
	o.to = to;
	o.cold_pool = way->cold;
	o.call_pages = PAGES;
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	return m;
}

/*
 * Pages that the kernel has just given up it may not get hold of at once. What
 * it has split must be told it page by page: the space sees to that.
 */
static long move_rest(struct migsim_migrator *m, char *p, unsigned int order,
		      unsigned int tries)
{
	long rc = 1;

	while (rc > 0 && tries--)
		rc = migsim_migrate_range(m, p, BYTES, order, NULL);
	return rc;
}

static void the_target_fills_up(void **state)
{
	const struct way *way = *state;
	bool kernel = !strcmp(way->space, "kernel");
	size_t n = BYTES / (PAGE << way->order), moved;
	struct migsim_folio *folios;
	struct migsim_migrator *m;
	struct migsim_sysinfo si;
	int nodes[MAX_NODES];
	long rc;
	char *p;

	migsim_sysinfo_read(&si);
	if (!kernel && !si.uffd_move) {
		print_message("userfaultfd or UFFDIO_MOVE is missing\n");
		skip();
	}
	nodes_of("has_memory", nodes);
	p = memory_on(BYTES, way->order, nodes[0]);
	memory_fill(p, BYTES, 3);
	read_pfns(p, PAGES, before);
	folios = folios_of(p, BYTES, way->order);
	node_fill(nodes[1], kernel ? 0 : FREE);
	m = open_way(way, nodes[0], nodes[1]);
	rc = migsim_migrate(m, folios, n, NULL);
	moved = count_moved(p, folios, n, nodes, kernel);
	print_message("%zu of %zu pages moved, %ld\n", moved, PAGES, rc);
	/* Large folios without a target were tried again as base pages. */
	if (kernel)
		assert_true(rc > 0 || rc == -ENOMEM);
	else
		assert_true(way->order ? rc > 0 : rc == -ENOMEM);
	assert_in_range(moved, 1, PAGES - 1);
	assert_int_equal(memory_check(p, BYTES, 3), -1);

	/* And when there is room again, the rest goes as well. */
	node_empty();
	assert_int_equal(move_rest(m, p, way->order, kernel ? 10 : 1), 0);
	assert_int_equal(pages_on(p, PAGES, nodes[1]), PAGES);
	assert_int_equal(memory_check(p, BYTES, 3), -1);
	migsim_migrator_close(m);
	free(folios);
	memory_unmap(p, BYTES);
}

static int clear(void **state)
{
	(void)state;
	node_empty();
	return 0;
}

static struct way ways[] = {
	{ "uffd", 0, false }, { "uffd", 0, true }, { "uffd", 9, false },
	{ "uffd", 9, true }, { "kernel", 0, false }, { "kernel", 9, false },
};

#define test(name, i) \
	{ name, the_target_fills_up, NULL, clear, &ways[i] }

int main(void)
{
	const struct CMUnitTest tests[] = {
		test("uffd_base_pages", 0), test("uffd_base_pages_cold", 1),
		test("uffd_huge_pages", 2), test("uffd_huge_pages_cold", 3),
		test("kernel_base_pages", 4), test("kernel_huge_pages", 5),
	};

	need_nodes();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
