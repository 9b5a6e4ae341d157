/* SPDX-License-Identifier: MIT */
/*
 * What the pipeline costs beside its copies: the same bytes, in the same
 * order, between memory of the same kind and rotation, copied with and
 * without it, in turns within one run.
 *
 *	bare	   memcpy of every batch, joined as the engine joins (up to 2M),
 *		   from the region to a rotating pool of the same pages
 *	pipeline   migsim_migrate() of the region
 *
 * refilled: as between two nodes, a thread beside allocates the targets.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <migsim/migsim.h>

#include "sys.h"

#define GIB	((size_t)1 << 30)
#define HUGE	((size_t)2 << 20)
#define ROUNDS	9

struct setup {
	const char *name;
	unsigned int order;
	uint64_t batch;		/* base pages */
	bool scattered;
	enum { RECYCLED, REFILLED, COLD } pool;
};

static const struct setup setups[] = {
	{ "2M, 8 folios a batch", 9, 4096, false, RECYCLED },
	{ "2M, 1 folio a batch", 9, 512, false, RECYCLED },
	{ "4K contiguous, N = 512", 0, 512, false, RECYCLED },
	{ "4K contiguous, N = 64", 0, 64, false, RECYCLED },
	{ "64K contiguous, N = 512", 4, 512, false, RECYCLED },
	{ "4K scattered, N = 512", 0, 512, true, RECYCLED },
	{ "4K contiguous, N = 512, refilled", 0, 512, false, REFILLED },
	{ "4K contiguous, N = 512, pool cold", 0, 512, false, COLD },
	{ "2M, 8 folios a batch, refilled", 9, 4096, false, REFILLED },
	{ "2M, 8 folios a batch, pool cold", 9, 4096, false, COLD },
};

static char *memory(size_t bytes, bool huge)
{
	char *p = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		fprintf(stderr, "pipeline: no memory\n");
		exit(1);
	}
	/* What lies before and behind is never touched. */
	p += -(uintptr_t)p & (HUGE - 1);
	madvise(p, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	memset(p, 1, bytes);
	return p;
}

/* Every second folio when scattered: the region is then twice the total. */
static struct migsim_folio *list(const struct setup *s, char *region, size_t n)
{
	struct migsim_folio *folios = calloc(n, sizeof(*folios));
	size_t stride = (MIGSIM_PAGE_SIZE << s->order) << s->scattered;
	size_t i;

	for (i = 0; i < n; i++) {
		folios[i].addr = (uintptr_t)region + i * stride;
		folios[i].order = (uint8_t)s->order;
	}
	return folios;
}

static double bare(const struct setup *s, const char *region, char *pool,
		   size_t pool_bytes, size_t total)
{
	size_t batch = s->batch * MIGSIM_PAGE_SIZE, at, k;
	size_t folio = MIGSIM_PAGE_SIZE << s->order;
	size_t join = batch < HUGE ? batch : HUGE;
	uint64_t t = sys_ticks();

	for (at = 0; at < total; at += batch) {
		char *to = pool + at % pool_bytes;

		if (!s->scattered)
			for (k = 0; k < batch; k += join)
				memcpy(to + k, region + at + k, join);
		else
			for (k = 0; k < batch; k += folio)
				memcpy(to + k, region + 2 * (at + k), folio);
	}
	t = sys_ticks() - t;
	return (double)total / GIB / ((double)t / (double)sys_ticks_per_s());
}

static void print(const struct setup *s, double *piped, double *plain,
		  size_t n, const struct migsim_report *r)
{
	struct migsim_summary sum = { .size = sizeof(sum) };
	struct migsim_stats a, b, ratio;
	double quotient[ROUNDS], us, folios;
	size_t i;

	for (i = 0; i < n; i++)
		quotient[i] = piped[i] / plain[i];
	migsim_stats_of(piped, n, 1, &a);
	migsim_stats_of(plain, n, 1, &b);
	migsim_stats_of(quotient, n, 1, &ratio);
	migsim_report_summary(r, &sum);
	us = sum.elapsed_us;
	folios = (double)sum.migrated;
	printf("%-34s %6.2f %6.2f   %.3f [%.3f, %.3f]  %5.1f %5.1f %5.1f %5.1f %5.1f  %6.0f\n",
	       s->name, a.median, b.median, ratio.median, ratio.ci95[0],
	       ratio.ci95[1], 100 * sum.phases_us.alloc / us,
	       100 * sum.phases_us.unmap / us, 100 * sum.phases_us.copy / us,
	       100 * sum.phases_us.remap / us,
	       100 * (sum.phases_us.other + sum.phases_us.reap) / us,
	       1e3 * (us - sum.phases_us.copy) / folios);
}

static int measure(const struct setup *s, size_t total)
{
	size_t n = total / (MIGSIM_PAGE_SIZE << s->order);
	size_t pool_bytes = 2 * migsim_topology_llc_bytes() / HUGE * HUGE;
	char *region = memory(total << s->scattered, s->order == 9);
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	double piped[ROUNDS], plain[ROUNDS];
	struct migsim_report *all = migsim_report_new();
	struct migsim_report *r = migsim_report_new();
	struct migsim_summary sum = { .size = sizeof(sum) };
	struct migsim_folio *folios = list(s, region, n);
	struct migsim_migrator *m;
	char policy[64], *pool;
	size_t i;

	/* The pool of the pipeline holds a whole batch at least. */
	while (pool_bytes < s->batch * MIGSIM_PAGE_SIZE)
		pool_bytes += HUGE;
	pool = memory(pool_bytes, s->order == 9);
	snprintf(policy, sizeof(policy), "batch:pages=%llu",
		 (unsigned long long)s->batch);
	o.policy = policy;
	o.cold_pool = s->pool == COLD;
	o.call_pages = total / MIGSIM_PAGE_SIZE;
	if (s->pool == REFILLED)
		o.space = "uffd:recycle=no";
	if (migsim_migrator_open(&m, &o))
		return 1;
	if (migsim_migrate(m, folios, n, r))	/* thrown away */
		return 1;
	for (i = 0; i < ROUNDS; i++) {
		plain[i] = bare(s, region, pool, pool_bytes, total);
		migsim_report_reset(r);
		if (migsim_migrate(m, folios, n, r))
			return 1;
		migsim_report_summary(r, &sum);
		piped[i] = sum.gib_s;
		migsim_report_add(all, r);
	}
	print(s, piped, plain, ROUNDS, all);
	migsim_migrator_close(m);
	migsim_report_free(r);
	migsim_report_free(all);
	munmap(region, total << s->scattered);
	munmap(pool, pool_bytes);
	free(folios);
	return 0;
}

static void to_stderr(void *arg, enum migsim_log_level level,
		      const char *sentence)
{
	(void)arg;
	(void)level;
	fprintf(stderr, "pipeline: %s\n", sentence);
}

int main(int argc, char **argv)
{
	size_t total = GIB, i;

	migsim_set_log(to_stderr, NULL);
	if (argc > 1)
		total = strtoull(argv[1], NULL, 10) << 20;
	if (!total || total % (4 * HUGE)) {
		fprintf(stderr, "usage: pipeline [MiB, a multiple of 16]\n");
		return 2;
	}
	printf("%zu MiB a round, %d rounds; pipeline and bare copies in turns\n\n"
	       "%-34s %6s %6s   %s  %s  %s\n"
	       "%-34s %6s %6s   %-20s  %5s %5s %5s %5s %5s  %6s\n",
	       total >> 20, ROUNDS, "", "pipe", "bare", "ratio [95 %]         ",
	       "       % of the pipeline's time", "ns/folio", "",
	       "GiB/s", "GiB/s", "", "alloc", "unmap", "copy", "remap", "other",
	       "but copy");
	for (i = 0; i < sizeof(setups) / sizeof(setups[0]); i++)
		if (measure(&setups[i], total))
			return 1;
	return 0;
}
