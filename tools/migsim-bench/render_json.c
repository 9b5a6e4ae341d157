/* SPDX-License-Identifier: MIT */
/*
 * JSON: the one format that other programs read. The keys, their order and
 * their units are a contract; what was not measured is null.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "render.h"

#define DIGITS	9	/* a second in us, to a ns */

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *count(int64_t value)
{
	return value >= 0 ? json_integer(value) : json_null();
}

/* JSON is UTF-8; a byte that is not becomes the sign for an unknown one. */
static json_t *repaired(const char *words)
{
	static const char unknown[] = "\xef\xbf\xbd";
	char *fixed = malloc(3 * strlen(words) + 1), *to = fixed;
	json_t *json;

	if (!fixed)
		return NULL;
	for (; *words; words++) {
		if ((unsigned char)*words < 0x80)
			*to++ = *words;
		else
			to = stpcpy(to, unknown);
	}
	*to = '\0';
	json = json_string(fixed);
	free(fixed);
	return json;
}

static json_t *text(const char *words)
{
	json_t *json;

	if (!words)
		return json_null();
	json = json_string(words);
	return json ? json : repaired(words);
}

/* Of struct migsim_sysinfo: a text that is unknown is "" there. */
static json_t *known(const char *words)
{
	return text(words[0] ? words : NULL);
}

static json_t *interval(const struct migsim_stats *s)
{
	if (!s->n)
		return json_null();
	return json_pack("[o, o]", number(s->ci95[0]), number(s->ci95[1]));
}

static json_t *sysinfo_json(const struct migsim_sysinfo *si)
{
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I}",
		"kernel", known(si->kernel), "cpu", known(si->cpu),
		/* "" is bare metal: known, and no hypervisor */
		"hypervisor", text(si->hypervisor),
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
		"load1", number(si->load1), "governor", known(si->governor),
		"thp", known(si->thp), "thp_defrag", known(si->thp_defrag),
		"numa_balancing", count(si->numa_balancing),
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
	json = name ? text(name) : NULL;
	free(name);
	return json;
}

/* 2^63 and above do not fit an integer of JSON as others read it. */
static json_t *seed_json(uint64_t seed)
{
	return seed <= INT64_MAX ? json_integer((json_int_t)seed) :
	       json_sprintf("%llu", (unsigned long long)seed);
}

static json_t *config_json(const struct result *r)
{
	const struct config *c = r->config;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I,"
			 " s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:I,"
			 " s:o, s:o, s:I, s:b, s:o}",
		"backend", text(c->backend), "engine", engine_name(c),
		"driver", text(r->driver), "channels", count(r->channels),
		"policy", text(c->policy), "profile", text(c->profile),
		"order", count(result_order(r)),
		"batch_pages", count(r->batch_pages),
		"window_pages", count(r->window_pages),
		"total_bytes", (json_int_t)c->total,
		"folios_per_call", count(result_folios_per_call(r)),
		"from", count(c->from), "to", count(c->to),
		"layout", text(result_layout(r)),
		"pool", text(result_pool(r)),
		"mode", c->mode == MIGSIM_MODE_ASYNC ? "async" : "sync",
		"reason", text(migsim_reason_name(c->reason)),
		"runs", (json_int_t)c->runs,
		"folio", folio_json(c), "engine_options", text(c->engine),
		"warmup", (json_int_t)c->warmup, "verify", c->verify,
		"seed", seed_json(c->seed));
}

static json_t *throughput_json(const struct migsim_stats *s)
{
	return json_pack("{s:o, s:o, s:o, s:o}",
		"median", number(stats_value(s, s->median)),
		"mean", number(stats_value(s, s->mean)),
		"sd", number(stats_value(s, s->sd)), "ci95", interval(s));
}

static json_t *first_json(const struct result *r)
{
	const struct migsim_stats *s = &r->first_us;
	const struct migsim_latency *l = &r->sum.first_us;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"median", number(stats_value(s, s->median)),
		"mean", number(stats_value(s, s->mean)),
		"sd", number(stats_value(s, s->sd)), "ci95", interval(s),
		"p95", number(latency_value(l, l->p95)),
		"p99", number(latency_value(l, l->p99)),
		"max", number(latency_value(l, l->max)));
}

static json_t *inaccessible_json(const struct result *r)
{
	const struct migsim_latency *l = &r->sum.inaccessible_us;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"mean", number(latency_value(l, l->mean)),
		"p50", number(latency_value(l, l->p50)),
		"p95", number(latency_value(l, l->p95)),
		"p99", number(latency_value(l, l->p99)),
		"max", number(latency_value(l, l->max)),
		"page_seconds", number(result_page_seconds(r)),
		"mean_pages_in_flight", number(result_flight(r)));
}

static json_t *phases_json(const struct result *r)
{
	json_t *o = json_object();
	const char *name;
	double us;
	unsigned int i;

	for (i = 0; o && (name = result_phase(r, i, &us)); i++) {
		if (json_object_set_new(o, name, number(us))) {
			json_decref(o);
			o = NULL;
		}
	}
	return o;
}

static json_t *cpu_json(const struct result *r)
{
	return json_pack("{s:o, s:o}",
		"caller", number(result_per_gib(r, r->sum.caller_cpu_s)),
		"helpers", number(result_per_gib(r, r->sum.helper_cpu_s)));
}

static json_t *counters_json(const struct result *r)
{
	json_t *o = json_object();
	const char *name;
	int64_t value;
	unsigned int i;

	for (i = 0; o && (name = result_counter(r, i, &value)); i++) {
		if (json_object_set_new(o, name, count(value))) {
			json_decref(o);
			o = NULL;
		}
	}
	return o;
}

/* Appends and takes over @value; frees @list when that fails. */
static json_t *append(json_t *list, json_t *value)
{
	if (list && !json_array_append_new(list, value))
		return list;
	if (!list)
		json_decref(value);
	json_decref(list);
	return NULL;
}

static json_t *samples_json(const struct result *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; list && i < r->nr_samples; i++) {
		const struct sample *s = &r->samples[i];

		list = append(list, json_pack("{s:I, s:o, s:o, s:o}",
			"run", (json_int_t)s->run, "gib_s", number(s->gib_s),
			"first_us", number(s->first_us),
			"inaccessible_us", number(s->inaccessible_us)));
	}
	return list;
}

static json_t *result_json(const struct result *r)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"config", config_json(r),
		"throughput_gib_s", throughput_json(&r->gib_s),
		"first_folio_us", first_json(r),
		"inaccessible_us", inaccessible_json(r),
		"phases_us", phases_json(r), "cpu_s_per_gib", cpu_json(r),
		"counters", counters_json(r), "samples", samples_json(r));
}

static json_t *results_json(const struct results *rs)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; list && i < rs->n; i++)
		list = append(list, result_json(&rs->result[i]));
	return list;
}

static json_t *warnings_json(const struct results *rs)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; list && i < rs->nr_warnings; i++)
		list = append(list, text(rs->warnings[i]));
	return list;
}

int render_json(FILE *out, const struct results *rs)
{
	json_t *doc = json_pack(
		"{s:s, s:{s:s, s:s}, s:o, s:o, s:b, s:o, s:o}",
		"schema", "migsim/1", "tool", "name", "migsim-bench",
		"version", MIGSIM_VERSION,
		"sysinfo", sysinfo_json(&rs->sysinfo),
		"warnings", warnings_json(rs), "interrupted", rs->interrupted,
		"note", text(results_emulated(rs) ? EMULATED : NULL),
		"results", results_json(rs));
	int err;

	if (!doc)
		return -ENOMEM;
	err = json_dumpf(doc, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER |
				   JSON_REAL_PRECISION(DIGITS));
	json_decref(doc);
	if (err || fputc('\n', out) == EOF || fflush(out))
		return -EIO;
	return 0;
}
