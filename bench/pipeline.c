/* SPDX-License-Identifier: MIT */
/*
 * What the pipeline costs beside its copies: the same bytes, in the same
 * order, between memory of the same kind and rotation, copied with and
 * without it, in turns within one run.
 *
 *	raw	   the engine alone: every batch is submitted, kicked and
 *		   reaped, from the region to a rotating pool of the same pages
 *	pipeline   migsim_migrate() of the region, N pages in a batch or in
 *		   what POLICY:KEY= says instead: double:pages=, sliding:window=
 *
 * stolen: of the CPU time of a row, by the hypervisor (steal)
 * refilled: as between two nodes, a thread beside allocates the targets.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <migsim/migsim.h>

#include "field.h"
#include "raw.h"
#include "sample.h"
#include "sys.h"

struct setup {
	const char *name;
	unsigned int order;
	uint64_t batch;		/* base pages */
	bool scattered;
	enum { RECYCLED, REFILLED, COLD } pool;
	double least;		/* target: this share of the raw engine */
};

static const struct setup setups[] = {
	{ "2M, 8 folios a batch", 9, 4096, false, RECYCLED, 0.92 },
	{ "2M, 1 folio a batch", 9, 512, false, RECYCLED, 0.92 },
	{ "4K contiguous, N = 512", 0, 512, false, RECYCLED, 0.5 },
	{ "4K contiguous, N = 64", 0, 64, false, RECYCLED, 0 },
	{ "64K contiguous, N = 512", 4, 512, false, RECYCLED, 0 },
	{ "4K scattered, N = 512", 0, 512, true, RECYCLED, 0 },
	{ "4K contiguous, N = 512, refilled", 0, 512, false, REFILLED, 0 },
	{ "4K contiguous, N = 512, pool cold", 0, 512, false, COLD, 0 },
	{ "2M, 8 folios a batch, refilled", 9, 4096, false, REFILLED, 0 },
	{ "2M, 8 folios a batch, pool cold", 9, 4096, false, COLD, 0 },
};

/* Both ways of copying, ready. */
struct both {
	const struct setup *setup;
	struct field field;
	struct migsim_folio *folios;
	size_t nr;
	struct migsim_migrator *migrator;
	struct raw raw;
};

static void list(struct both *b)
{
	size_t i;

	b->nr = b->field.total / b->field.folio;
	b->folios = calloc(b->nr, sizeof(*b->folios));
	if (!b->folios)
		exit(1);
	for (i = 0; i < b->nr; i++) {
		b->folios[i].addr = (uintptr_t)b->field.src +
				    i * b->field.stride;
		b->folios[i].order = (uint8_t)b->setup->order;
	}
}

/* The policy, up to where the number of pages comes. */
static const char *policy_start = "batch:pages=";

static void open_migrator(struct both *b, const char *engine)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	char policy[128];

	snprintf(policy, sizeof(policy), "%s%" PRIu64, policy_start,
		 b->setup->batch);
	o.engine = engine;
	o.policy = policy;
	o.cold_pool = b->setup->pool == COLD;
	o.call_pages = b->field.total / MIGSIM_PAGE_SIZE;
	if (b->setup->pool == REFILLED)
		o.space = "uffd:recycle=no";
	if (migsim_migrator_open(&b->migrator, &o))
		exit(1);
}

static double run_raw(struct both *b)
{
	uint64_t t = sys_ticks();

	raw_copy(&b->raw, &b->field, b->setup->batch * MIGSIM_PAGE_SIZE, 1);
	return gib_s(b->field.total, sys_ticks() - t);
}

static double run_pipeline(struct both *b, struct migsim_report *all)
{
	struct migsim_report *r = migsim_report_new();
	struct migsim_summary sum = { .size = sizeof(sum) };

	if (migsim_migrate(b->migrator, b->folios, b->nr, r))
		exit(1);
	migsim_report_summary(r, &sum);
	migsim_report_add(all, r);
	migsim_report_free(r);
	return sum.gib_s;
}

/* An asynchronous engine copies while the caller submits and waits. */
static double copying_us(const struct migsim_phases *p)
{
	return p->copy + (p->submit > 0 ? p->submit : 0) +
	       (p->wait > 0 ? p->wait : 0);
}

static void print_phases(const struct migsim_report *r)
{
	struct migsim_summary sum = { .size = sizeof(sum) };
	const struct migsim_phases *p = &sum.phases_us;
	double us, copying;

	migsim_report_summary(r, &sum);
	us = sum.elapsed_us;
	copying = copying_us(p);
	printf("  %5.1f %5.1f %5.1f %5.1f %5.1f  %6.0f", 100 * p->alloc / us,
	       100 * p->unmap / us, 100 * copying / us, 100 * p->remap / us,
	       100 * (p->other + p->reap) / us,
	       1e3 * (us - copying) / (double)sum.migrated);
}

static void print(const struct setup *s, const double *piped,
		  const double *raw, const struct migsim_report *r,
		  double stolen)
{
	double ratio;

	printf("%-34s %6.2f %6.2f  ", s->name, sample_median(piped),
	       sample_median(raw));
	ratio = sample_print_ratio(piped, raw);
	print_phases(r);
	printf("  %6.1f", stolen);
	if (s->least > 0)
		printf("   %.2f %s", s->least, met(ratio, s->least));
	printf("\n");
}

static void measure(const struct setup *s, const char *engine, size_t total)
{
	struct migsim_cpu_time start;
	struct migsim_report *all = migsim_report_new();
	struct migsim_report *first = migsim_report_new();
	double piped[ROUNDS], raw[ROUNDS];
	struct both b = { .setup = s };
	size_t i;

	field_make(&b.field, total, MIGSIM_PAGE_SIZE << s->order,
		   s->scattered);
	list(&b);
	open_migrator(&b, engine);
	raw_open(&b.raw, engine);
	run_pipeline(&b, first);	/* thrown away */
	migsim_cpu_time_read(&start);
	for (i = 0; i < ROUNDS; i++) {
		raw[i] = run_raw(&b);
		piped[i] = run_pipeline(&b, all);
	}
	print(s, piped, raw, all, stolen_percent(&start));
	raw_close(&b.raw);
	migsim_migrator_close(b.migrator);
	migsim_report_free(all);
	migsim_report_free(first);
	field_free(&b.field);
	free(b.folios);
}

static void to_stderr(void *arg, enum migsim_log_level level,
		      const char *sentence)
{
	(void)arg;
	(void)level;
	fprintf(stderr, "pipeline: %s\n", sentence);
}

/* MiB of a round; 0: not such a number. */
static size_t total_of(const char *word)
{
	char *end;
	unsigned long long mib = strtoull(word, &end, 10);

	if (*end || mib > SIZE_MAX >> 20 || (mib << 20) % (8 * HUGE))
		return 0;
	return (size_t)mib << 20;
}

/* The library says what is wrong with the word. */
static bool engine_opens(const char *word)
{
	const struct migsim_engine_env env = { .from = -1, .to = -1 };
	struct migsim_engine *engine;

	if (migsim_engine_open(&engine, word, &env))
		return false;
	migsim_engine_close(engine);
	return true;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: pipeline [MiB, a multiple of 16] [ENGINE [POLICY:KEY=]]\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *engine = "memcpy";
	size_t total = GIB, i;
	int at = 1;

	migsim_set_log(to_stderr, NULL);
	if (argc > at && isdigit((unsigned char)*argv[at]))
		total = total_of(argv[at++]);
	if (argc > at)
		engine = argv[at++];
	if (argc > at)
		policy_start = argv[at++];
	if (argc > at || *engine == '-' || !total)
		return usage();
	if (!engine_opens(engine))
		return 2;
	printf("%s, %sN, %zu MiB a round, %d rounds; pipeline and raw engine in turns\n\n"
	       "%-34s %6s %6s  %s  %s  %s\n"
	       "%-34s %6s %6s  %-21s  %5s %5s %5s %5s %5s  %6s %7s\n",
	       engine, policy_start, total >> 20, ROUNDS, "", "pipe", "raw",
	       " ratio [95 %]        ", "       % of the pipeline's time",
	       "ns/folio  stolen  target", "", "GiB/s", "GiB/s", "", "alloc", "unmap",
	       "copy", "remap", "other", "but copy", "%");
	for (i = 0; i < sizeof(setups) / sizeof(setups[0]); i++)
		measure(&setups[i], engine, total);
	return 0;
}
