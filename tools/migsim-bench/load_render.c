/* SPDX-License-Identifier: MIT */
/*
 * What a load came to, for the renderers.
 */
#include <math.h>

#include "render.h"

bool results_load(const struct results *rs)
{
	size_t i;

	for (i = 0; i < rs->n; i++)
		if (rs->result[i].ops_per_s.n)
			return true;
	return false;
}

const char *result_load(const struct result *r, unsigned int i, double *value)
{
	const struct migsim_stats *ops = &r->ops_per_s;
	const struct migsim_stats *base = &r->baseline_ops_per_s;
	const struct migsim_latency *l = &r->stall_us;
	const struct {
		const char *name;
		double value;
	} values[] = {
		{ "load_ops_per_s", stats_value(ops, ops->median) },
		{ "load_baseline_ops_per_s", stats_value(base, base->median) },
		{ "load_stalls", ops->n ? (double)l->n : NAN },
		{ "load_stall_p50_us", latency_value(l, l->p50) },
		{ "load_stall_p99_us", latency_value(l, l->p99) },
		{ "load_stall_max_us", latency_value(l, l->max) },
	};

	if (i >= sizeof(values) / sizeof(values[0]))
		return NULL;
	*value = values[i].value;
	return values[i].name;
}

/* Millions, and in brackets those of the baseline. */
void lkml_ops(struct grid *g, const struct result *r)
{
	char ops[FIGURE_LEN], base[FIGURE_LEN];

	if (r->ops_per_s.n)
		grid_add(g, "%s (%s)", figure(r->ops_per_s.median / 1e6, ops),
			 figure(r->baseline_ops_per_s.median / 1e6, base));
	else
		grid_add(g, "-");
}

void lkml_stalls(struct grid *g, const struct result *r)
{
	const struct migsim_latency *l = &r->stall_us;
	char p50[FIGURE_LEN], p99[FIGURE_LEN], max[FIGURE_LEN];

	if (l->n)
		grid_add(g, "%s/%s/%s", figure(l->p50, p50),
			 figure(l->p99, p99), figure(l->max, max));
	else
		grid_add(g, "-");
}
