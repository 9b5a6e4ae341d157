/* SPDX-License-Identifier: MIT */
/*
 * The library's own bookkeeping, in ns a folio: the null engine over a space
 * that does nothing. One run measures small and large batches alternately, so
 * that their ratio means something on a busy machine too.
 *
 *	overhead		medians and their ratios
 *	overhead --once N	one call of 262144 folios with batches of N, for
 *		valgrind --tool=callgrind --toggle-collect=migsim_migrate
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <migsim/migsim.h>

#include "sys.h"

#define FOLIOS		262144
#define SMALL		512
#define ROUNDS		41

static void *self = &self;

static int nothing_open(void **priv, const struct migsim_space_env *env,
			const void *args)
{
	(void)env;
	(void)args;
	*priv = self;
	return 0;
}

static void nothing_close(void *priv)
{
	(void)priv;
}

static void nothing_caps(void *priv, struct migsim_space_caps *caps)
{
	(void)priv;
	caps->ticks_per_s = sys_ticks_per_s();
}

static uint64_t nothing_now(void *priv)
{
	(void)priv;
	return sys_ticks();
}

static uint32_t nothing_alloc(void *priv, struct migsim_folio **folios,
			      uint32_t n)
{
	uint32_t i;

	(void)priv;
	for (i = 0; i < n; i++)
		folios[i]->dst = folios[i]->addr;
	return n;
}

static void nothing_put(void *priv, struct migsim_folio **folios, uint32_t n)
{
	(void)priv;
	(void)folios;
	(void)n;
}

/* One look at the clock for the vector, as a space that joins runs has it. */
static void nothing_unmap(void *priv, struct migsim_folio **folios, uint32_t n)
{
	uint64_t t = sys_ticks();
	uint32_t i;

	(void)priv;
	for (i = 0; i < n; i++) {
		folios[i]->src = folios[i]->addr;
		folios[i]->unmapped = t;
		folios[i]->err = 0;
	}
}

static void nothing_flush(void *priv)
{
	(void)priv;
}

static int nothing_copy(void *priv, struct migsim_folio *folio)
{
	(void)priv;
	(void)folio;
	return 0;
}

static void nothing_remap(void *priv, struct migsim_folio **folios, uint32_t n)
{
	uint64_t t = sys_ticks();
	uint32_t i;

	(void)priv;
	for (i = 0; i < n; i++) {
		folios[i]->remapped = t;
		folios[i]->err = 0;
	}
}

static const struct migsim_space_ops nothing = {
	.size = sizeof(nothing),
	.abi = MIGSIM_SPACE_ABI,
	.name = "nothing",
	.help = "does nothing",
	.open = nothing_open,
	.close = nothing_close,
	.caps = nothing_caps,
	.now = nothing_now,
	.alloc = nothing_alloc,
	.put = nothing_put,
	.unmap = nothing_unmap,
	.flush = nothing_flush,
	.copy = nothing_copy,
	.remap = nothing_remap,
	.undo = nothing_remap,
};

static struct migsim_report *report;
static struct migsim_folio *folios;

static struct migsim_migrator *open_batch(unsigned long pages)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	struct migsim_migrator *m;
	char policy[64];

	snprintf(policy, sizeof(policy), "batch:pages=%lu", pages);
	o.space = "nothing";
	o.engine = "null";
	o.policy = policy;
	if (migsim_migrator_open(&m, &o))
		exit(1);
	return m;
}

static void call(struct migsim_migrator *m, size_t n)
{
	if (migsim_migrate(m, folios, n, report))
		exit(1);
}

/* ns a folio, of @total folios in calls of @n. */
static double measure(struct migsim_migrator *m, size_t n, size_t total)
{
	uint64_t t = sys_ticks();
	size_t i;

	for (i = 0; i < total; i += n)
		call(m, n);
	return (double)(sys_ticks() - t) * 1e9 / (double)sys_ticks_per_s() /
	       (double)total;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *x)
{
	qsort(x, ROUNDS, sizeof(*x), ascending);
	return x[ROUNDS / 2];
}

static void compare(void)
{
	static double few[ROUNDS], large[ROUNDS], calls[ROUNDS];
	struct migsim_migrator *small = open_batch(SMALL);
	struct migsim_migrator *big = open_batch(FOLIOS);
	double base;
	int i;

	for (i = -2; i < ROUNDS; i++) {
		int at = i < 0 ? 0 : i;

		few[at] = measure(small, FOLIOS, FOLIOS);
		large[at] = measure(big, FOLIOS, FOLIOS);
		calls[at] = measure(small, SMALL, FOLIOS);
	}
	base = median(few);
	printf("batch   call     ns/folio  ratio\n");
	printf("%-7d %-7d %9.1f  %5.2f\n", SMALL, FOLIOS, base, 1.0);
	printf("%-7d %-7d %9.1f  %5.2f\n", FOLIOS, FOLIOS, median(large),
	       median(large) / base);
	printf("%-7d %-7d %9.1f  %5.2f\n", SMALL, SMALL, median(calls),
	       median(calls) / base);
	migsim_migrator_close(small);
	migsim_migrator_close(big);
}

static void once(unsigned long pages)
{
	struct migsim_migrator *m = open_batch(pages);

	call(m, FOLIOS);
	migsim_migrator_close(m);
}

int main(int argc, char **argv)
{
	size_t i;

	if (migsim_space_register(&nothing))
		return 1;
	report = migsim_report_new();
	folios = sys_map(FOLIOS * sizeof(*folios));
	if (!report || !folios)
		return 1;
	for (i = 0; i < FOLIOS; i++)
		folios[i].addr = ((uint64_t)1 << 44) + i * MIGSIM_PAGE_SIZE;
	if (argc == 3 && !strcmp(argv[1], "--once"))
		once(strtoul(argv[2], NULL, 10));
	else
		compare();
	sys_unmap(folios, FOLIOS * sizeof(*folios));
	migsim_report_free(report);
	return 0;
}
