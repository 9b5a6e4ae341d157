/* SPDX-License-Identifier: MIT */
/*
 * A result becomes a point: what a recommendation needs of it, and no more.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench.h"
#include "outcome.h"
#include "recommend.h"
#include "render.h"

/* With fewer runs than that no rank test could tell two sides apart. */
#define LEAST_RUNS	4

/* One thread copies, at the place where the engine would: the CPU. */
bool engine_is_cpu(const char *engine, int64_t channels)
{
	size_t len = strcspn(engine, ":");

	if (len == strlen("memcpy") && !strncmp(engine, "memcpy", len))
		return true;
	return !channels && len == strlen("model") &&
	       !strncmp(engine, "model", len);
}

static int point_words(struct point *p, const struct config *c)
{
	char folio[256];

	format_mix(&c->mix, folio, sizeof(folio));
	p->engine = strdup(c->engine);
	p->label = item_without(c->engine, "channels");
	p->policy = strdup(c->policy);
	p->kind = item_name(c->policy);
	p->folio = strdup(folio);
	if (c->profile)
		p->profile = strdup(c->profile);
	return p->engine && p->label && p->policy && p->kind && p->folio &&
	       (!c->profile || p->profile) ? 0 : -ENOMEM;
}

/* The sentences of one result alone. */
static int point_extrapolation(struct point *p, const struct result *r)
{
	struct result one = *r;
	struct results rs = { .result = &one, .n = 1 };
	int err;

	if (!config_is_model(r->config))
		return 0;
	p->extrapolated = -1;
	if (!r->config->model)
		return 0;
	err = warn_of_extrapolation(&rs);
	p->why = rs.warnings;
	p->nr_why = rs.nr_warnings;
	p->extrapolated = p->nr_why > 0;
	return err;
}

static void point_figures(struct point *p, const struct result *r)
{
	const struct migsim_latency *first = &r->sum.first_us;
	const struct migsim_latency *away = &r->sum.inaccessible_us;

	p->gib_s = r->gib_s.median;
	memcpy(p->gib_s_ci, r->gib_s.ci95, sizeof(p->gib_s_ci));
	p->first_us = r->first_us.median;
	memcpy(p->first_ci, r->first_us.ci95, sizeof(p->first_ci));
	p->first_p99 = latency_value(first, first->p99);
	p->away_mean = latency_value(away, away->mean);
	p->away_p99 = latency_value(away, away->p99);
	p->away_max = latency_value(away, away->max);
	p->stall_p99 = latency_value(&r->stall_us, r->stall_us.p99);
	p->ops_kept = r->ops_per_s.n ?
		      r->ops_per_s.median / r->baseline_ops_per_s.median : NAN;
	p->caller_cpu = result_per_gib(r, r->sum.caller_cpu_s);
	p->helper_cpu = result_per_gib(r, r->sum.helper_cpu_s);
	p->knows_interval = (config_is_model(r->config) ||
			     r->nr_samples >= LEAST_RUNS) &&
			    isfinite(p->gib_s_ci[0] + p->gib_s_ci[1]);
}

/* A policy from outside may be unknown to this process: that is no error. */
static int fits_today(const char *policy)
{
	const char *kind;

	migsim_set_log(NULL, NULL);
	kind = migsim_policy_kind(policy);
	listen_to_library(true);
	return kind ? !strcmp(kind, "today") : -1;
}

static int point_fill(struct point *p, const struct result *r)
{
	int err = point_words(p, r->config);

	p->order = result_order(r);
	p->channels = r->channels;
	p->batch_pages = r->batch_pages;
	p->window_pages = r->window_pages;
	p->copies_inline = result_copies_inline(r);
	point_figures(p, r);
	if (err)
		return err;
	p->cpu = engine_is_cpu(p->engine, p->channels);
	p->today = fits_today(p->policy);
	return point_extrapolation(p, r);
}

void point_free(struct point *p)
{
	free(p->engine);
	free(p->label);
	free(p->policy);
	free(p->kind);
	free(p->profile);
	free(p->folio);
	free(p->slopes);
	free_words(p->why, p->nr_why);
	free(p);
}

/*
 * A prediction made here, and what it hangs on. A measurement here has one
 * profile, and the plan's does not outlive it.
 */
static int point_slopes(struct advice *a, struct point *p,
			const struct result *r)
{
	if (!a->predicts || !r->config->model)
		return 0;
	if (!a->profile)
		a->profile = migsim_profile_copy(r->config->model);
	p->model = a->profile;
	p->slopes = malloc(sizeof(*p->slopes));
	if (!p->model || !p->slopes)
		return -ENOMEM;
	*p->slopes = r->slopes;
	return 0;
}

int advice_add(struct advice *a, const struct result *r, bool only_cpu)
{
	struct point **grown = realloc(a->point,
				       (a->n + 1) * sizeof(struct point *));
	struct point *p = calloc(1, sizeof(*p));
	int err = grown && p ? 0 : -ENOMEM;

	if (grown)
		a->point = grown;
	if (!err)
		err = point_fill(p, r);
	if (err) {
		if (p)
			point_free(p);
		return err;
	}
	p->only_cpu = only_cpu;
	p->place = a->n;
	err = point_slopes(a, p, r);
	if (err) {
		point_free(p);
		return err;
	}
	a->measured |= !config_is_model(r->config);
	p->meets = p->first_us <= a->bounds.first_us &&
		   (isinf(a->bounds.away_us) ||
		    p->away_p99 <= a->bounds.away_us);
	a->point[a->n++] = p;
	return 0;
}

bool same_group(const struct point *a, const struct point *b)
{
	return a->channels == b->channels && !strcmp(a->label, b->label) &&
	       !strcmp(a->folio, b->folio);
}

void advice_free(struct advice *a)
{
	size_t i;

	advice_ungroup(a);
	for (i = 0; i < a->n; i++)
		point_free(a->point[i]);
	free(a->point);
	free(a->origin);
	free(a->conditions);
	free_words(a->warnings, a->nr_warnings);
	json_decref(a->file_sysinfo);
	migsim_profile_close(a->profile);
	*a = (struct advice){ 0 };
}
