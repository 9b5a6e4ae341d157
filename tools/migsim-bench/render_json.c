/* SPDX-License-Identifier: MIT */
/*
 * JSON: the one format that other programs read. The keys, their order and
 * their units are a contract; what was not measured is null.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "doc.h"
#include "render.h"

/* Of struct migsim_sysinfo: a text that is unknown is "" there. */
static json_t *known(const char *words)
{
	return doc_text(words[0] ? words : NULL);
}

static json_t *interval(const struct migsim_stats *s)
{
	if (!s->n)
		return json_null();
	return json_pack("[o, o]", doc_number(s->ci95[0]), doc_number(s->ci95[1]));
}

json_t *sysinfo_json(const struct migsim_sysinfo *si)
{
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I}",
		"kernel", known(si->kernel), "cpu", known(si->cpu),
		/* "" is bare metal: known, and no hypervisor */
		"hypervisor", doc_text(si->hypervisor),
		"microcode", known(si->microcode),
		"cpus", (json_int_t)si->cpus, "cores", (json_int_t)si->cores,
		"sockets", (json_int_t)si->sockets,
		"numa_nodes", (json_int_t)si->numa_nodes);
	json_t *more = json_pack(
		"{s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:s, s:b, s:b}",
		"llc_bytes", (json_int_t)si->llc_bytes,
		"mem_bytes", (json_int_t)si->mem_bytes,
		"mem_available_bytes", (json_int_t)si->mem_available_bytes,
		"swap_used_bytes", (json_int_t)si->swap_used_bytes,
		"load1", doc_number(si->load1), "governor", known(si->governor),
		"thp", known(si->thp), "thp_defrag", known(si->thp_defrag),
		"numa_balancing", doc_count(si->numa_balancing),
		"mitigations", si->mitigations, "uffd_move", si->uffd_move,
		"emulated", si->emulated);

	if (!o || !more || json_object_update(o, more)) {
		json_decref(o);
		o = NULL;
	}
	json_decref(more);
	return o;
}

static json_t *folio_json(const struct config *c)
{
	char buf[256];

	format_mix(&c->mix, buf, sizeof(buf));
	return json_string(buf);
}

static json_t *engine_name(const struct config *c)
{
	char *name;
	json_t *json;

	if (!c->engine)
		return json_null();
	name = item_name(c->engine);
	json = name ? doc_text(name) : NULL;
	free(name);
	return json;
}

/* 2^63 and above do not fit an integer of JSON as others read it. */
static json_t *seed_json(uint64_t seed)
{
	return seed <= INT64_MAX ? json_integer((json_int_t)seed) :
	       json_sprintf("%llu", (unsigned long long)seed);
}

static json_t *load_word(const struct config *c)
{
	char buf[LOAD_WORDS_LEN];

	if (!c->load.threads)
		return json_null();
	load_format(&c->load, buf);
	return json_string(buf);
}

static json_t *config_json(const struct result *r)
{
	const struct config *c = r->config;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I,"
			 " s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:I,"
			 " s:o, s:o, s:I, s:b, s:o, s:o, s:b, s:o, s:o}",
		"backend", doc_text(c->backend), "engine", engine_name(c),
		"driver", doc_text(r->driver), "channels", doc_count(r->channels),
		"policy", doc_text(c->policy), "profile", doc_text(c->profile),
		"order", doc_count(result_order(r)),
		"batch_pages", doc_count(r->batch_pages),
		"window_pages", doc_count(r->window_pages),
		"total_bytes", (json_int_t)c->total,
		"folios_per_call", doc_count(result_folios_per_call(r)),
		"from", doc_count(c->from), "to", doc_count(c->to),
		"layout", doc_text(result_layout(r)),
		"pool", doc_text(result_pool(r)),
		"mode", c->mode == MIGSIM_MODE_ASYNC ? "async" : "sync",
		"reason", doc_text(migsim_reason_name(c->reason)),
		"runs", (json_int_t)c->runs,
		"folio", folio_json(c), "engine_options", doc_text(c->engine),
		"warmup", (json_int_t)c->warmup, "verify", c->verify,
		"seed", seed_json(c->seed), "busy", doc_count(result_busy(r)),
		"read_after", c->read_after, "load", load_word(c),
		"trace", config_is_kernel(c) ? json_boolean(!c->untraced) :
						json_null());
}

static json_t *rate_json(const struct migsim_stats *s)
{
	return json_pack("{s:o, s:o, s:o, s:o}",
		"median", doc_number(stats_value(s, s->median)),
		"mean", doc_number(stats_value(s, s->mean)),
		"sd", doc_number(stats_value(s, s->sd)), "ci95", interval(s));
}

static json_t *first_json(const struct result *r)
{
	const struct migsim_stats *s = &r->first_us;
	const struct migsim_latency *l = &r->sum.first_us;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"median", doc_number(stats_value(s, s->median)),
		"mean", doc_number(stats_value(s, s->mean)),
		"sd", doc_number(stats_value(s, s->sd)), "ci95", interval(s),
		"p95", doc_number(latency_value(l, l->p95)),
		"p99", doc_number(latency_value(l, l->p99)),
		"max", doc_number(latency_value(l, l->max)));
}

static json_t *inaccessible_json(const struct result *r)
{
	const struct migsim_latency *l = &r->sum.inaccessible_us;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"mean", doc_number(latency_value(l, l->mean)),
		"p50", doc_number(latency_value(l, l->p50)),
		"p95", doc_number(latency_value(l, l->p95)),
		"p99", doc_number(latency_value(l, l->p99)),
		"max", doc_number(latency_value(l, l->max)),
		"page_seconds", doc_number(result_page_seconds(r)),
		"mean_pages_in_flight", doc_number(result_flight(r)));
}

static json_t *phases_json(const struct result *r)
{
	json_t *o = json_object();
	const char *name;
	double us;
	unsigned int i;

	for (i = 0; o && (name = result_phase(r, i, &us)); i++) {
		if (json_object_set_new(o, name, doc_number(us))) {
			json_decref(o);
			o = NULL;
		}
	}
	return o;
}

static json_t *cpu_json(const struct result *r)
{
	return json_pack("{s:o, s:o}",
		"caller", doc_number(result_per_gib(r, r->sum.caller_cpu_s)),
		"helpers", doc_number(result_per_gib(r, r->sum.helper_cpu_s)));
}

static json_t *counters_json(const struct result *r)
{
	json_t *o = json_object();
	const char *name;
	int64_t value;
	unsigned int i;

	for (i = 0; o && (name = result_counter(r, i, &value)); i++) {
		if (json_object_set_new(o, name, doc_count(value))) {
			json_decref(o);
			o = NULL;
		}
	}
	return o;
}

static json_t *samples_json(const struct result *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; list && i < r->nr_samples; i++) {
		const struct sample *s = &r->samples[i];

		list = doc_append(list, json_pack(
			"{s:I, s:o, s:o, s:o, s:o, s:o, s:o}",
			"run", (json_int_t)s->run, "gib_s", doc_number(s->gib_s),
			"first_us", doc_number(s->first_us),
			"inaccessible_us", doc_number(s->inaccessible_us),
			"read_after_gib_s", doc_number(s->read_after_gib_s),
			"ops_per_s", doc_number(s->ops_per_s),
			"baseline_ops_per_s",
			doc_number(s->baseline_ops_per_s)));
	}
	return list;
}

static json_t *load_json(const struct result *r)
{
	const struct load_words *w = &r->config->load;
	const struct migsim_latency *l = &r->stall_us;

	if (!r->ops_per_s.n)
		return json_null();
	return json_pack("{s:I, s:s, s:I, s:o, s:o, s:I, s:{s:o, s:o, s:o},"
			 " s:o}",
		"threads", (json_int_t)w->threads,
		"pattern", load_pattern_name(w->pattern),
		"write_percent", (json_int_t)w->write,
		"ops_per_s", doc_number(r->ops_per_s.median),
		"baseline_ops_per_s", doc_number(r->baseline_ops_per_s.median),
		"stalls", (json_int_t)l->n,
		"stall_us", "p50", doc_number(latency_value(l, l->p50)),
		"p99", doc_number(latency_value(l, l->p99)),
		"max", doc_number(latency_value(l, l->max)),
		"rate", doc_count(w->rate ? (int64_t)w->rate : -1));
}

static json_t *result_json(const struct result *r)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
			 " s:o, s:o}",
		"config", config_json(r),
		"throughput_gib_s", rate_json(&r->gib_s),
		"first_folio_us", first_json(r),
		"inaccessible_us", inaccessible_json(r),
		"phases_us", phases_json(r), "cpu_s_per_gib", cpu_json(r),
		"counters", counters_json(r), "samples", samples_json(r),
		"read_after_gib_s", r->read_after_gib_s.n ?
			rate_json(&r->read_after_gib_s) : json_null(),
		"stolen_percent", doc_number(100 * r->stolen),
		"load", load_json(r),
		"settled_window_pages", doc_count(r->note.window ?
			(int64_t)r->note.window : -1));
}

static json_t *results_json(const struct results *rs)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; list && i < rs->n; i++)
		list = doc_append(list, result_json(&rs->result[i]));
	return list;
}

static json_t *warnings_json(const struct results *rs)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; list && i < rs->nr_warnings; i++)
		list = doc_append(list, doc_text(rs->warnings[i]));
	return list;
}

int render_json(FILE *out, const struct results *rs)
{
	return doc_write(out, json_pack(
		"{s:s, s:{s:s, s:s}, s:o, s:o, s:b, s:o, s:o}",
		"schema", "migsim/1", "tool", "name", "migsim-bench",
		"version", MIGSIM_VERSION,
		"sysinfo", sysinfo_json(&rs->sysinfo),
		"warnings", warnings_json(rs), "interrupted", rs->interrupted,
		"note", doc_text(results_emulated(rs) ? EMULATED : NULL),
		"results", results_json(rs)));
}
