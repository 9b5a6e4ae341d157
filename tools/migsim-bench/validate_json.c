/* SPDX-License-Identifier: MIT */
/*
 * JSON for programs: what was not measured, or not predicted, is null.
 */
#include "bench.h"
#include "doc.h"
#include "render.h"
#include "validate.h"

static json_t *pair(const double ci[2], bool known)
{
	return known ? json_pack("[o, o]", doc_number(ci[0]),
				 doc_number(ci[1])) : json_null();
}

static json_t *samples(const struct result *r, enum migsim_metric m)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; list && i < r->nr_samples; i++)
		list = doc_append(list, doc_number(
				  validate_sample(&r->samples[i], m)));
	return list;
}

static json_t *backend_json(const struct result *r, enum migsim_metric m)
{
	const struct migsim_stats *s;

	if (!r || !validate_stats(r, m)->n)
		return json_null();
	s = validate_stats(r, m);
	return json_pack("{s:o, s:o, s:o}", "median", doc_number(s->median),
			 "ci95", pair(s->ci95, true),
			 "samples", samples(r, m));
}

static json_t *metric_json(const struct validate_cell *c, enum migsim_metric m)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"uffd", backend_json(validate_result(c, UFFD, m), m),
		"kernel", backend_json(validate_result(c, KERNEL, m), m),
		"ratio", doc_number(c->ratio[m]),
		"ratio_ci95", pair(c->ratio_ci[m], !isnan(c->ratio_ci[m][0])),
		"predicted", doc_number(c->predicted[m]),
		"predicted_interval", pair(c->predicted_ci[m],
					   !isnan(c->predicted[m])),
		"error_pct", doc_number(c->error_pct[m]));
}

/* Takes over both; NULL without memory. */
static json_t *put(json_t *object, const char *key, json_t *value)
{
	if (!json_object_set_new(object, key, value))
		return object;
	json_decref(object);
	return NULL;
}

/* What tracing costs, behind what is compared. */
static json_t *rate_json(const struct validate_cell *c)
{
	json_t *rate = metric_json(c, MIGSIM_METRIC_GIB_S);

	rate = put(rate, "kernel_traced",
		       backend_json(c->traced, MIGSIM_METRIC_GIB_S));
	return put(rate, "traced_ratio", doc_number(c->trace_cost));
}

static json_t *phases_json(const struct validate_cell *c, size_t backend)
{
	double us[2];

	if (!validate_phases(c, backend, us))
		return json_null();
	return json_pack("{s:o, s:o}", "unmap", doc_number(us[0]),
			 "copy", doc_number(us[1]));
}

static json_t *cell_json(const struct validate_cell *c)
{
	return json_pack("{s:I, s:I, s:b, s:o, s:o, s:{s:o, s:o}}",
		"pages", (json_int_t)c->pages,
		"folios_per_call", (json_int_t)c->folios, "held_out", c->held,
		"throughput_gib_s", rate_json(c),
		"first_folio_us", metric_json(c, MIGSIM_METRIC_FIRST_US),
		"phases_us", "uffd", phases_json(c, UFFD),
		"kernel", phases_json(c, KERNEL));
}

static json_t *verdict_json(const struct validate_verdict *v, unsigned int m)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o}",
		"metric", validate_metric_key((enum validate_metric)m),
		"verdict", validate_agreement_key(v->agreement),
		"compared", (json_int_t)v->n, "of", (json_int_t)v->of,
		"error_median_pct", doc_number(v->median_pct),
		"error_worst_pct", doc_number(v->worst_pct),
		"worst_pages", doc_count(v->worst_pages ?
					 (int64_t)v->worst_pages : -1),
		"bound_pct", doc_number(v->bound_pct),
		"note", doc_text(v->note[0] ? v->note : NULL));
}

static json_t *table_json(const struct validate_table *t)
{
	json_t *cells = json_array(), *verdicts = json_array();
	char folio[FIGURE_LEN];
	unsigned int m;
	size_t i;

	size_figure(MIGSIM_PAGE_SIZE << t->order, folio);
	for (i = 0; cells && i < t->n; i++)
		cells = doc_append(cells, cell_json(&t->cell[i]));
	for (m = 0; verdicts && m < VALIDATE_METRICS; m++)
		verdicts = doc_append(verdicts,
				      verdict_json(&t->verdict[m], m));
	return json_pack("{s:o, s:I, s:o, s:o}", "folio", doc_text(folio),
			 "order", (json_int_t)t->order, "cells", cells,
			 "verdicts", verdicts);
}

static json_t *tables_json(const struct validation *v)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; list && i < v->n; i++)
		list = doc_append(list, table_json(&v->table[i]));
	return list;
}

static json_t *config_json(const struct validation *v)
{
	const struct config *c = &v->plan.configs[0];

	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:b}",
		"from", (json_int_t)c->from, "to", (json_int_t)c->to,
		"engine", doc_text(c->engine), "policy", doc_text(c->policy),
		"layout", doc_text(c->layout == LAYOUT_SCATTERED ?
				   "scattered" : "contiguous"),
		"pool", doc_text(c->cold_pool ? "cold" : "warm"),
		"runs", (json_int_t)c->runs, "warmup", (json_int_t)c->warmup,
		"total_bytes", doc_count((int64_t)c->total),
		"trace", v->traced);
}

static json_t *model_json(const struct validation *v)
{
	return json_pack("{s:s, s:o, s:o, s:o}",
		"start", migsim_profile_name(v->start),
		"fitted_values", doc_count(v->fitted ?
					   (int64_t)v->nr_fitted : -1),
		"rms_pct", doc_number(v->fitted ? 100 * v->rms : NAN),
		"reason", doc_text(v->fitted ? NULL : v->no_model));
}

static json_t *warnings_json(const struct results *rs)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; list && i < rs->nr_warnings; i++)
		list = doc_append(list, doc_text(rs->warnings[i]));
	return list;
}

int validate_json(FILE *out, const struct validation *v)
{
	return doc_write(out, json_pack(
		"{s:s, s:{s:s, s:s}, s:o, s:o, s:b, s:o, s:o, s:o, s:o}",
		"schema", "migsim/1", "tool", "name", "migsim-bench",
		"version", MIGSIM_VERSION,
		"sysinfo", sysinfo_json(&v->rs.sysinfo),
		"warnings", warnings_json(&v->rs),
		"interrupted", v->rs.interrupted,
		"note", doc_text(v->emulated ? EMULATED : NULL),
		"config", config_json(v), "model", model_json(v),
		"validate", tables_json(v)));
}
