/* SPDX-License-Identifier: MIT */
/*
 * From every node to every other and back, by the library and by the kernel:
 * each page lies on the target in another frame, no byte differs, THPs stay
 * THPs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "node.h"

#define BYTES	(8 * MIB)
#define PAGES	(BYTES / PAGE)

struct way {
	const char *space;
	unsigned int order;
};

static void assert_on(const char *p, unsigned int order, int node,
		      const struct migsim_folio *folios, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		assert_int_equal(folios[i].status, 0);
	assert_int_equal(pages_on(p, PAGES, node), PAGES);
	assert_int_equal(memory_check(p, BYTES, order), -1);
	assert_int_equal(smaps_kb(p, "AnonHugePages:"),
			 order == MIGSIM_MAX_ORDER ? BYTES >> 10 : 0);
}

static void move(struct migsim_migrator *m, const char *p,
		 const struct way *way, int to)
{
	struct migsim_folio *folios = folios_of(p, BYTES, way->order);
	struct migsim_summary s = { .size = sizeof(s) };
	struct migsim_report *r = migsim_report_new();
	size_t n = BYTES / (PAGE << way->order);
	static uint64_t before[PAGES];

	shuffle(folios, n, (uint64_t)to);
	read_pfns(p, PAGES, before);
	assert_int_equal(migsim_migrate(m, folios, n, r), 0);
	assert_on(p, way->order, to, folios, n);
	assert_int_equal(same_pfns(p, PAGES, before), 0);
	migsim_report_summary(r, &s);
	assert_int_equal(s.migrated, n);
	assert_int_equal(s.bytes, BYTES);
	assert_int_equal(s.not_huge, 0);
	migsim_report_free(r);
	free(folios);
}

static void there_and_back(const struct way *way, int a, int b, int rounds)
{
	char *p = memory_on(BYTES, way->order, a);
	struct migsim_migrator *there, *back;
	int err;

	there = open_between(way->space, a, b, BYTES, &err);
	assert_non_null(there);
	back = open_between(way->space, b, a, BYTES, &err);
	assert_non_null(back);
	memory_fill(p, BYTES, way->order);
	while (rounds--) {
		move(there, p, way, b);
		move(back, p, way, a);
	}
	migsim_migrator_close(there);
	migsim_migrator_close(back);
	assert_int_equal(pages_on(p, PAGES, a), PAGES);
	assert_int_equal(memory_check(p, BYTES, way->order), -1);
	memory_unmap(p, BYTES);
}

static void every_pair(void **state)
{
	const struct way *way = *state;
	int nodes[MAX_NODES];
	unsigned int n = nodes_of("has_memory", nodes), i, j;
	struct migsim_sysinfo si;

	migsim_sysinfo_read(&si);
	if (!strcmp(way->space, "uffd") && !si.uffd_move) {
		print_message("userfaultfd or UFFDIO_MOVE is missing\n");
		skip();
	}
	assert_true(way->order != MIGSIM_MAX_ORDER || have_thp());
	for (i = 0; i < n; i++)
		for (j = i + 1; j < n; j++)
			there_and_back(way, nodes[i], nodes[j],
				       n > 2 ? 1 : 2);
}

static struct way ways[] = {
	{ "uffd", 0 }, { "uffd", 4 }, { "uffd", 9 },
	{ "kernel", 0 }, { "kernel", 9 },
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "uffd_moves_base_pages", every_pair, NULL, NULL, &ways[0] },
		{ "uffd_moves_order_four", every_pair, NULL, NULL, &ways[1] },
		{ "uffd_moves_huge_pages", every_pair, NULL, NULL, &ways[2] },
		{ "kernel_moves_base_pages", every_pair, NULL, NULL, &ways[3] },
		{ "kernel_moves_huge_pages", every_pair, NULL, NULL, &ways[4] },
	};

	need_nodes();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
