/* SPDX-License-Identifier: MIT */
/*
 * Recommendations for programs: the keys, their order and their units are a
 * contract; further ones stand behind them.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench.h"
#include "doc.h"
#include "recommend.h"
#include "render.h"

static json_t *interval(const double ci[2], bool known)
{
	if (!known)
		return json_null();
	return json_pack("[o, o]", doc_number(ci[0]), doc_number(ci[1]));
}

/* Takes both over. */
static json_t *joined(json_t *o, json_t *more)
{
	if (!o || !more || json_object_update(o, more)) {
		json_decref(o);
		o = NULL;
	}
	json_decref(more);
	return o;
}

static json_t *bool_or_null(int value)
{
	return value < 0 ? json_null() : json_boolean(value);
}

/* Of a kind whose candidates all break the bounds. */
static int kind_today(const char *kind)
{
	const struct migsim_policy_ops *ops = policy_named(kind);

	return ops ? !strcmp(ops->kind, "today") : -1;
}

static json_t *sentences(char **words, size_t n)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; list && i < n; i++)
		list = doc_append(list, doc_text(words[i]));
	return list;
}

/* @p NULL: nothing keeps the bounds, and every figure is null. */
static json_t *figures_json(const struct point *p, const char *kind)
{
	static const struct point none = {
		.batch_pages = -1, .gib_s = NAN, .first_us = NAN,
		.away_mean = NAN, .away_p99 = NAN, .extrapolated = -1,
	};
	json_t *fits = bool_or_null(p ? p->today : kind_today(kind));

	p = p ? p : &none;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"fits_today", fits,
		"batch_pages", doc_count(p->batch_pages),
		"gib_s", doc_number(p->gib_s),
		"gib_s_interval", interval(p->gib_s_ci, p->knows_interval),
		"first_us", doc_number(p->first_us),
		"inaccessible_mean_us", doc_number(p->away_mean),
		"inaccessible_p99_us", doc_number(p->away_p99),
		"extrapolated", bool_or_null(p->extrapolated));
}

static json_t *more_figures_json(const struct point *p)
{
	static const struct point none = {
		.window_pages = -1, .first_p99 = NAN, .away_max = NAN,
		.caller_cpu = NAN, .helper_cpu = NAN,
		.stall_p99 = NAN, .ops_kept = NAN,
	};

	p = p ? p : &none;
	return json_pack("{s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:o, s:b,"
			 " s:o}",
		"window_pages", doc_count(p->window_pages),
		"first_us_interval", interval(p->first_ci, p->knows_interval),
		"first_p99_us", doc_number(p->first_p99),
		"inaccessible_max_us", doc_number(p->away_max),
		"cpu_s_per_gib", "caller", doc_number(p->caller_cpu),
		"helpers", doc_number(p->helper_cpu),
		"stall_p99_us", doc_number(p->stall_p99),
		"ops_kept", doc_number(p->ops_kept),
		"pareto", p->pareto,
		"extrapolated_why", sentences(p->why, p->nr_why));
}

static json_t *names_json(const struct point *p, const char *policy,
			  const char *kind)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}",
		"engine", doc_text(p->label),
		"channels", doc_count(p->channels),
		"order", doc_count(p->order), "policy", doc_text(policy),
		"kind", doc_text(kind));
}

static json_t *place_json(const struct point *p)
{
	return json_pack("{s:o, s:o, s:o}",
		"folio", doc_text(p->folio),
		"engine_options", doc_text(p->engine),
		"profile", doc_text(p->profile));
}

static json_t *knee_json(const struct knee *k, enum knee_kind kind)
{
	const struct point *at = k->from ? NULL : k->at;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}",
		"criterion", knee_word(kind),
		"policy", doc_text(at ? at->policy : NULL),
		"gib_s", doc_number(at ? at->gib_s : NAN),
		"first_us", doc_number(at ? at->first_us : NAN),
		"from", doc_text(k->from ? k->from->policy : NULL),
		"to", doc_text(k->from ? k->at->policy : NULL));
}

static json_t *knees_json(const struct entry *e)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; list && i < KNEES; i++)
		list = doc_append(list, knee_json(&e->knee[i],
						  (enum knee_kind)i));
	return list;
}

/* The kinds of the group whose best has an overlapping throughput. */
static json_t *overlaps_json(const struct entry *e)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; list && e->best && i < e->group->n; i++) {
		const struct entry *other = &e->group->entry[i];

		if (other != e && other->best &&
		    !intervals_apart(e->best, other->best,
				     MIGSIM_METRIC_GIB_S))
			list = doc_append(list, doc_text(other->kind));
	}
	return list;
}

static json_t *words_json(char *(*words)(const struct entry *),
			  const struct entry *e)
{
	char *text = words(e);
	json_t *json = doc_text(text);

	free(text);
	return json;
}

static json_t *largest_json(const struct point *p)
{
	if (!p)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "policy", doc_text(p->policy),
		"gib_s", doc_number(p->gib_s),
		"first_us", doc_number(p->first_us),
		"inaccessible_p99_us", doc_number(p->away_p99));
}

static json_t *choice_json(const struct entry *e)
{
	bool batch = !strcmp(e->kind, "batch");

	return json_pack("{s:I, s:I, s:o, s:b, s:o, s:b, s:o, s:o, s:o, s:o,"
			 " s:o}",
		"candidates", (json_int_t)e->n,
		"within_bounds", (json_int_t)e->met,
		"overlaps", overlaps_json(e), "unbeaten", e->unbeaten,
		"knees", knees_json(e), "knees_agree", e->knees_agree,
		"knees_said", words_json(knee_words, e),
		"largest_bounded_pages", doc_count(batch && e->largest ?
					e->largest->batch_pages : -1),
		"largest_bounded", largest_json(batch ? e->largest : NULL),
		"smallest_offload_batch", doc_count(batch && e->pays ?
					e->pays->batch_pages : -1),
		"offload", words_json(offload_words, e));
}

static json_t *entry_json(const struct entry *e)
{
	const struct point *p = e->best;
	json_t *o = names_json(e->group->first, p ? p->policy : NULL, e->kind);

	o = joined(o, figures_json(p, e->kind));
	o = joined(o, json_pack("{s:o}", "reason", doc_text(e->reason)));
	o = joined(o, place_json(p ? p : e->point[0]));
	o = joined(o, more_figures_json(p));
	return joined(o, choice_json(e));
}

static json_t *entries_json(const struct advice *a)
{
	json_t *list = json_array();
	size_t i, k;

	for (i = 0; list && i < a->nr_groups; i++)
		for (k = 0; list && k < a->group[i].n; k++)
			list = doc_append(list,
					  entry_json(&a->group[i].entry[k]));
	return list;
}

static json_t *point_json(const struct point *p)
{
	json_t *o = names_json(p, p->policy, p->kind);

	o = joined(o, figures_json(p, p->kind));
	o = joined(o, place_json(p));
	o = joined(o, more_figures_json(p));
	return joined(o, json_pack("{s:b}", "within_bounds", p->meets));
}

static json_t *pareto_json(const struct advice *a, bool today)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; list && i < a->n; i++)
		if (today ? a->point[i]->pareto_today : a->point[i]->pareto)
			list = doc_append(list, point_json(a->point[i]));
	return list;
}

static json_t *group_json(const struct group *g)
{
	const struct point *p = g->first, *best = NULL;

	if (g->winner)
		best = g->winner->best;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"engine", doc_text(p->label),
		"channels", doc_count(p->channels),
		"order", doc_count(p->order), "folio", doc_text(p->folio),
		"kind", doc_text(best ? best->kind : NULL),
		"policy", doc_text(best ? best->policy : NULL),
		"reason", doc_text(g->sentence));
}

static json_t *groups_json(const struct advice *a)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; list && i < a->nr_groups; i++)
		list = doc_append(list, group_json(&a->group[i]));
	return list;
}

static json_t *machine_json(const struct advice *a)
{
	if (a->file_sysinfo)
		return json_incref(a->file_sysinfo);
	return sysinfo_json(&a->sysinfo);
}

int recommend_json(FILE *out, const struct advice *a)
{
	return doc_write(out, json_pack(
		"{s:s, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:{s:s, s:s}, s:o,"
		" s:o, s:o, s:b, s:o}",
		"schema", "migsim/1", "recommendations", entries_json(a),
		"pareto", pareto_json(a, false), "winners", groups_json(a),
		"pareto_today", pareto_json(a, true),
		"bounds", "max_first_us", doc_number(a->bounds.first_us),
		"max_inaccessible_us", doc_number(a->bounds.away_us),
		"tool", "name", "migsim-bench", "version", MIGSIM_VERSION,
		"sysinfo", machine_json(a),
		"conditions", doc_text(a->conditions),
		"warnings", sentences(a->warnings, a->nr_warnings),
		"interrupted", a->interrupted,
		"note", doc_text(a->emulated ? EMULATED : NULL)));
}
