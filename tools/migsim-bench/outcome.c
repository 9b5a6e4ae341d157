/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "outcome.h"

/* Pages of a `batch` policy; -1 for every other, and for the kernel's own. */
static long batch_pages(const char *policy)
{
	const size_t name = strlen("batch");

	if (!policy || strncmp(policy, "batch", name) ||
	    (policy[name] && policy[name] != ':'))
		return -1;
	return (long)migsim_policy_window(policy);
}

/* The window and the folio that crosses it; -1 without a bound. */
static long window_pages(const struct trial *t)
{
	const struct mix *mix = &t->cfg->mix;
	unsigned int i, order = 0;
	long folio, window = t->window_pages;

	for (i = 0; i < mix->n; i++)
		if (mix->part[i].order > order)
			order = mix->part[i].order;
	folio = 1l << order;
	if (window < 0)
		return -1;
	return mix->n == 1 ? (window + folio - 1) / folio * folio
			   : window + folio - 1;
}

int outcome_add(struct result *result, struct migsim_report *pooled,
		const struct migsim_report *run, const struct trial *t)
{
	struct migsim_summary s = { .size = sizeof(s) };
	struct sample *grown = realloc(result->samples,
				       (result->nr_samples + 1) * sizeof(*grown));
	bool seen;

	if (!grown)
		return -ENOMEM;
	result->samples = grown;
	migsim_report_summary(run, &s);
	seen = s.space_sees && s.first_us.n;
	grown[result->nr_samples] = (struct sample) {
		.run = (unsigned int)result->nr_samples,
		.gib_s = s.gib_s,
		.first_us = seen ? s.first_us.mean : NAN,
		.inaccessible_us = seen ? s.inaccessible_us.mean : NAN,
		.read_after_gib_s = read_after_gib_s(&t->read),
	};
	load_take(t->load, &grown[result->nr_samples++]);
	return migsim_report_add(pooled, run);
}

/* @member: offset in struct sample of a value that is NAN where not seen */
static int describe(const struct result *result, size_t member,
		    struct migsim_stats *stats)
{
	double *x = calloc(result->nr_samples, sizeof(*x));
	size_t seen = 0;
	int ret = 0;

	if (!x)
		return -ENOMEM;
	for (size_t i = 0; i < result->nr_samples; i++) {
		memcpy(&x[seen], (const char *)&result->samples[i] + member,
		       sizeof(*x));
		seen += !isnan(x[seen]);
	}
	if (seen)
		ret = migsim_stats_of(x, seen, result->config->seed, stats);
	free(x);
	return ret;
}

static int describe_samples(struct result *result)
{
	int ret = describe(result, offsetof(struct sample, gib_s),
			   &result->gib_s);

	if (!ret)
		ret = describe(result, offsetof(struct sample, first_us),
			       &result->first_us);
	if (!ret)
		ret = describe(result,
			       offsetof(struct sample, read_after_gib_s),
			       &result->read_after_gib_s);
	if (!ret)
		ret = describe(result, offsetof(struct sample, ops_per_s),
			       &result->ops_per_s);
	if (!ret)
		ret = describe(result,
			       offsetof(struct sample, baseline_ops_per_s),
			       &result->baseline_ops_per_s);
	return ret;
}

/* One sample has no interval, but the profile's errors make one. */
static void take_intervals(struct result *result, const struct trial *t)
{
	result->slopes = t->slopes;
	memcpy(result->gib_s.ci95, t->interval[MIGSIM_METRIC_GIB_S],
	       sizeof(result->gib_s.ci95));
	if (result->first_us.n)
		memcpy(result->first_us.ci95,
		       t->interval[MIGSIM_METRIC_FIRST_US],
		       sizeof(result->first_us.ci95));
}

static double stolen(const struct trial *t)
{
	const struct migsim_cpu_time none = { 0 };

	if (t->shape.virtual)
		return NAN;
	return migsim_cpu_time_stolen(&none, &t->cpu_time);
}

int outcome_finish(struct result *result, const struct trial *t,
		   const struct migsim_report *pooled)
{
	int ret;

	result->channels = t->channels;
	result->engine_dead = t->engine_dead;
	result->traced = t->traced;
	result->note = t->note;
	result->stolen = stolen(t);
	result->window_pages = window_pages(t);
	result->batch_pages = batch_pages(t->cfg->policy);
	if (t->cfg->mix.n > 1)
		result->config->folios_per_call = t->shape.call;
	else	/* whole calls only */
		result->config->total = t->calls * t->shape.call *
			(MIGSIM_PAGE_SIZE << t->cfg->mix.part[0].order);
	result->verify_errors = -1;
	if (t->cfg->verify)
		result->verify_errors = (long)verify_sum(&t->bad);
	if (t->driver) {
		result->driver = strdup(t->driver);
		if (!result->driver)
			return -ENOMEM;
	}
	result->sum.size = sizeof(result->sum);
	migsim_report_summary(pooled, &result->sum);
	load_stalls(t->load, &result->stall_us);
	ret = describe_samples(result);
	if (!ret && t->shape.virtual)
		take_intervals(result, t);
	return ret;
}
