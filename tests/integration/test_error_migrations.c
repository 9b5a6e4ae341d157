/* SPDX-License-Identifier: MIT */
/*
 * Every kind of fault that the engine error knows, over every engine that
 * copies, on real memory: 1000 seeded migrations of each kind. Whatever
 * happens, every byte is right, every folio lies wholly on one side, the
 * report tells of what was injected, and nothing hangs.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "tape.h"
#include "watch.h"

#define BASE_PAGES	128
#define HUGE_PAGES	1024
#define PAGES		(BASE_PAGES + HUGE_PAGES)
#define CALLS		20	/* of one migrator */
/* Where every access is watched it takes ten times as long. */
#ifdef __SANITIZE_THREAD__
#define RUNS		10
#else
#define RUNS		50
#endif

static char *base, *huge;
static size_t pages;		/* of the call: without the huge ones, or with */
static uint64_t before[PAGES], after[PAGES];
static bool moved[PAGES];
static struct migsim_folio folios[BASE_PAGES + 2];
static uint64_t generation;
static const char *inner[16];
static unsigned int nr_inner;
static char run[512];		/* what is being tried, for the reader */

static uint64_t below(uint64_t *seed, uint64_t n)
{
	return next_random(seed) % n;
}

/* Folios of order 0, 2 and 4, and now and then of order 9. */
static size_t lay_out(uint64_t *seed)
{
	uint64_t mix = below(seed, 3), page, order;
	size_t n = 0, i;

	memset(folios, 0, sizeof(folios));
	for (page = 0; page < BASE_PAGES; page += 1u << order) {
		order = mix ? 2 * below(seed, mix + 1) : 0;
		if (page % (1u << order))
			order = 0;
		folios[n].addr = (uintptr_t)base + page * PAGE;
		folios[n++].order = (uint8_t)order;
	}
	pages = huge && !below(seed, 16) ? PAGES : BASE_PAGES;
	for (i = 0; pages == PAGES && i < 2; i++) {
		folios[n].addr = (uintptr_t)huge + i * HUGE;
		folios[n++].order = MIGSIM_MAX_ORDER;
	}
	if (below(seed, 2))
		shuffle(folios, n, next_random(seed));
	return n;
}

static void fill(void)
{
	generation++;
	memory_fill(base, BASE_PAGES * PAGE, generation << 32);
	read_pfns(base, BASE_PAGES, before);
	if (pages == BASE_PAGES)
		return;
	memory_fill(huge, HUGE_PAGES * PAGE, generation << 32);
	read_pfns(huge, HUGE_PAGES, before + BASE_PAGES);
}

static void check_bytes(void)
{
	assert_int_equal(memory_check(base, BASE_PAGES * PAGE,
				      generation << 32), -1);
	if (pages == PAGES)
		assert_int_equal(memory_check(huge, HUGE_PAGES * PAGE,
					      generation << 32), -1);
}

static size_t page_of(uint64_t addr)
{
	uint64_t at = addr - (uintptr_t)base;

	if (at < BASE_PAGES * PAGE)
		return at / PAGE;
	return BASE_PAGES + (addr - (uintptr_t)huge) / PAGE;
}

/* All page frames of a folio that moved are others, and no others are. */
static void check_frames(size_t n)
{
	size_t i;

	memset(moved, 0, sizeof(moved));
	for (i = 0; i < n; i++)
		if (!folios[i].status)
			memset(moved + page_of(folios[i].addr), true,
			       migsim_folio_pages(&folios[i]));
	read_pfns(base, BASE_PAGES, after);
	if (pages == PAGES)
		read_pfns(huge, HUGE_PAGES, after + BASE_PAGES);
	for (i = 0; i < pages; i++) {
		assert_int_not_equal(after[i], 0);
		assert_int_equal(after[i] != before[i], moved[i]);
	}
	assert_int_equal(watch_lost(after, pages), 0);
}

static struct migsim_migrator *open_run(const struct watch_kind *kind,
					uint64_t *seed,
					struct watch_call *call)
{
	struct migsim_options o = options_init();
	struct migsim_migrator *m = NULL;
	char word[400], at[32] = "";

	if (kind->dies)
		snprintf(at, sizeof(at), ",die_nth=%" PRIu64,
			 1 + below(seed, 1500));
	snprintf(word, sizeof(word), "watched:of=%s,seed=%" PRIu64 ",%s%s",
		 inner[below(seed, nr_inner)], next_random(seed),
		 kind->faults, at);
	o.engine = word;
	o.policy = watch_policy(seed, &call->pieces);
	o.mode = below(seed, 2) ? MIGSIM_MODE_SYNC : MIGSIM_MODE_ASYNC;
	o.copy_timeout_ms = 5;
	/* Small, so that what was set apart would soon come back. */
	o.pool_bytes = 2 * MIB;
	snprintf(run, sizeof(run), "%s %s, %u pieces, %s", word, o.policy,
		 call->pieces, o.mode ? "sync" : "async");
	tape_reset();
	tape.per_reap = (uint32_t)below(seed, 20);
	watch_reset();
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	call->mode = o.mode;
	return m;
}

static void add(struct error_counts *sum, const struct error_counts *c)
{
	const uint64_t *from = (const uint64_t *)c;
	uint64_t *to = (uint64_t *)sum;
	size_t i;

	for (i = 0; i < sizeof(*c) / sizeof(*to); i++)
		to[i] += from[i];
}

static void one_run(const struct watch_kind *kind, uint64_t seed,
		    struct error_counts *sum)
{
	struct watch_call call = { .folios = folios,
				   .report = migsim_report_new() };
	unsigned int i;

	call.m = open_run(kind, &seed, &call);
	for (i = 0; i < CALLS; i++) {
		call.n = lay_out(&seed);
		fill();
		watch_run(&call);
		check_bytes();
		check_frames(call.n);
		add(sum, &call.injected);
		watchdog_pat();
	}
	/* What may still be written to is written to at the latest now. */
	migsim_migrator_close(call.m);
	check_bytes();
	migsim_report_free(call.report);
	*run = '\0';
}

/* Was there anything of what the kind is for? */
static void check_sum(const struct watch_kind *kind,
		      const struct error_counts *sum)
{
	const struct {
		const char *key;
		uint64_t n;
	} words[] = {
		{ "decline_ppm", sum->declined }, { "busy_ppm", sum->busy },
		{ "fail_", sum->failed }, { "stuck_ppm", sum->stuck },
		{ "corrupt_ppm", sum->corrupted },
		{ "short_ppm", sum->shortened },
		{ "delay_ppm", sum->delayed }, { "hang_ppm", sum->hung },
		{ "hang_ppm", sum->cancelled }, { "twice_ppm", sum->twice },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(kind->faults, words[i].key))
			assert_in_range(words[i].n, 1, UINT64_MAX);
}

static void kind_of_fault(void **state)
{
	const struct watch_kind *kind = *state;
	struct error_counts sum = { 0 };
	unsigned int i;

	for (i = 0; i < RUNS; i++)
		one_run(kind, (uint64_t)(kind - watch_kinds) << 32 | i, &sum);
	check_sum(kind, &sum);
}

/*
 * Targets that may still be written to, at first; then calls enough for the
 * whole of the smallest pool to be gone through three times: none comes back.
 */
static void set_apart_for_good(void **state)
{
	struct migsim_options o = options_init();
	struct watch_call call = { .folios = folios, .pieces = 1,
				   .mode = MIGSIM_MODE_ASYNC,
				   .report = migsim_report_new() };
	uint64_t seed = 1;
	unsigned int i;

	(void)state;
	o.engine = "watched:hang_ppm=50000,cancel=stuck";
	o.policy = "batch:pages=128";
	o.mode = call.mode;
	o.call_pages = BASE_PAGES;
	o.copy_timeout_ms = 5;
	o.pool_bytes = MIB;
	watch_reset();
	assert_int_equal(migsim_migrator_open(&call.m, &o), 0);
	for (i = 0; i < 64; i++) {
		do {
			call.n = lay_out(&seed);
		} while (pages != BASE_PAGES);
		fill();
		watch_run(&call);
		check_bytes();
		check_frames(call.n);
		assert_in_range(watch_nr_lost(), 1, BASE_PAGES);
		watchdog_pat();
	}
	migsim_migrator_close(call.m);
	check_bytes();
	migsim_report_free(call.report);
}

/* Corruption that nobody reports is there to be seen: page by page. */
static void silent(void **state)
{
	struct migsim_migrator *m;
	const struct error_counts *counts;
	struct migsim_folio *list = folios_of(base, BASE_PAGES * PAGE, 0);
	uint64_t wrong = 0, i, page;

	(void)state;
	pages = BASE_PAGES;
	m = open_migrator("error:corrupt_ppm=20000,short_ppm=20000,silent=yes",
			  "batch");
	counts = error_engine_counts(migsim_migrator_engine(m));
	for (i = 0; i < 20; i++) {
		fill();
		assert_int_equal(migsim_migrate(m, list, BASE_PAGES, NULL), 0);
		for (page = 0; page < BASE_PAGES; page++)
			wrong += memory_check_at(base + page * PAGE, PAGE,
						 generation << 32,
						 page * PAGE) >= 0;
	}
	assert_in_range(counts->corrupted, 1, 20 * BASE_PAGES);
	assert_in_range(counts->shortened, 1, 20 * BASE_PAGES);
	assert_int_equal(wrong, counts->corrupted + counts->shortened);
	migsim_migrator_close(m);
	free(list);
}

/* Those that open by themselves and copy. */
static void find_engines(void)
{
	const uint32_t unreal = MIGSIM_ENGINE_VIRTUAL | MIGSIM_ENGINE_NO_COPY;
	const struct migsim_engine_env env = { .from = -1, .to = -1 };
	const struct migsim_engine_ops *ops;
	struct migsim_engine *e;
	unsigned int i;

	tape_reset();
	for (i = 0; (ops = migsim_engine_get(i)) && nr_inner < 16; i++) {
		if (!strcmp(ops->name, "error") ||
		    !strncmp(ops->name, "fake", 4) ||
		    migsim_engine_open(&e, ops->name, &env))
			continue;
		if (!(e->caps.flags & unreal))
			inner[nr_inner++] = ops->name;
		migsim_engine_close(e);
	}
}

static int set_up(void **state)
{
	unsigned int i;

	(void)state;
	base = memory_map(BASE_PAGES * PAGE, 0);
	if (have_thp())
		huge = memory_map(HUGE_PAGES * PAGE, MIGSIM_MAX_ORDER);
	find_engines();
	printf("over");
	for (i = 0; i < nr_inner; i++)
		printf(" %s", inner[i]);
	printf("\n");
	watchdog_start();
	return 0;
}

static int say_what_failed(void **state)
{
	(void)state;
	if (*run)
		fprintf(stderr, "in %s\n", run);
	*run = '\0';
	return 0;
}

int main(void)
{
	struct CMUnitTest tests[64] = { 0 };
	unsigned int i;

	need_uffd();
	for (i = 0; i < watch_nr_kinds; i++)
		tests[i] = (struct CMUnitTest){
			watch_kinds[i].faults, kind_of_fault, NULL,
			say_what_failed, (void *)&watch_kinds[i],
		};
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(set_apart_for_good);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(silent);
	return _cmocka_run_group_tests("error", tests, i, set_up, NULL);
}
