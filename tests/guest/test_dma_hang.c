/* SPDX-License-Identifier: MIT */
/*
 * A channel hangs under a migration: what it has may be written to for ever, and
 * stays pinned. Its pages are set apart, what they held is not lost and goes to
 * others, and the other channels go on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "dma.h"
#include "node.h"

#define BYTES	(2 * MIB)
#define PAGES	(BYTES / PAGE)

static int nodes[MAX_NODES];

static struct migsim_migrator *open_dma(void)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	struct migsim_migrator *m = NULL;

	o.engine = "dma:channels=4";
	o.policy = "batch:pages=1024";
	o.from = nodes[0];
	o.to = nodes[1];
	o.pool_bytes = 4 * BYTES;
	/* The bridge gives a channel up long before, in a slow guest too. */
	o.copy_timeout_ms = 20000;
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	return m;
}

/* All of it comes to lie on the target, and holds what it held. */
static struct migsim_summary migrate(struct migsim_migrator *m, char *p,
				     unsigned int order, uint64_t seed)
{
	struct migsim_summary s = { .size = sizeof(s) };
	struct migsim_report *r = migsim_report_new();

	assert_int_equal(migsim_migrate_range(m, p, BYTES, order, r), 0);
	assert_int_equal(pages_on(p, PAGES, nodes[1]), PAGES);
	assert_int_equal(memory_check(p, BYTES, seed), -1);
	migsim_report_summary(r, &s);
	migsim_report_free(r);
	return s;
}

static void some_are_lost(unsigned int order)
{
	char *a = memory_on(BYTES, order, nodes[0]);
	char *b = memory_on(BYTES, order, nodes[0]);
	struct migsim_migrator *m = open_dma();
	struct migsim_summary s;

	memory_fill(a, BYTES, 1);
	memory_fill(b, BYTES, 2);
	swdma_set("hang_channels", 2);
	swdma_set("hang_every", 2);
	s = migrate(m, a, order, 1);
	assert_true(s.quarantined_pages > 0);
	/* Both sides of what the bridge could not end. */
	assert_true((uint64_t)dma_counter("quarantined_pages") >=
		    2 * s.quarantined_pages);
	assert_true(pinned_pages() > 0);

	assert_in_range(dma_counter("timeouts"), 1, 2);

	/* The others go on. */
	swdma_set("hang_every", 0);
	s = migrate(m, b, order, 2);
	assert_int_equal(s.quarantined_pages, 0);
	assert_int_equal(s.cpu_fallback, 0);

	/* What comes late does no harm. */
	swdma_well();
	assert_true(pinned_become(0));
	assert_int_equal(memory_check(a, BYTES, 1), -1);
	assert_int_equal(memory_check(b, BYTES, 2), -1);
	migsim_migrator_close(m);
	memory_unmap(a, BYTES);
	memory_unmap(b, BYTES);
}

static void base_pages(void **state)
{
	(void)state;
	some_are_lost(0);
}

static void large_folios(void **state)
{
	(void)state;
	some_are_lost(4);
}

static void huge_page(void **state)
{
	(void)state;
	some_are_lost(MIGSIM_MAX_ORDER);
}

/* All four: what they had is set apart, the rest is the CPU's. */
static void all_are_lost(void **state)
{
	char *a = memory_on(BYTES, 0, nodes[0]);
	char *b = memory_on(BYTES, 0, nodes[0]);
	struct migsim_migrator *m = open_dma();
	struct migsim_summary s;

	(void)state;
	memory_fill(a, BYTES, 1);
	memory_fill(b, BYTES, 2);
	swdma_set("hang_every", 2);
	s = migrate(m, a, 0, 1);
	assert_true(s.quarantined_pages > 0);
	assert_true(s.cpu_fallback > 0);
	s = migrate(m, b, 0, 2);
	assert_int_equal(s.quarantined_pages, 0);
	assert_int_equal(s.cpu_fallback, s.migrated);
	swdma_well();
	assert_true(pinned_become(0));
	assert_int_equal(memory_check(a, BYTES, 1), -1);
	assert_int_equal(memory_check(b, BYTES, 2), -1);
	migsim_migrator_close(m);
	memory_unmap(a, BYTES);
	memory_unmap(b, BYTES);
}

/* Each test has a module of its own: its counters are from zero. */
static int load(void **state)
{
	(void)state;
	if (module_load("migsim_swdma", "channels=16") ||
	    module_load("migsim_dma", ""))
		return -1;
	dma_set("timeout_ms", 500);
	/* Pages that lie beside each other would be one descriptor. */
	dma_set("desc_bytes", PAGE);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	return module_unload("migsim_dma") || module_unload("migsim_swdma");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, load, unload)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(base_pages),
		TEST(large_folios),
		TEST(huge_page),
		TEST(all_are_lost),
	};

	need_modules();
	need_nodes();
	need_uffd();
	nodes_of("has_memory", nodes);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
