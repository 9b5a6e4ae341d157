/* SPDX-License-Identifier: MIT */
/*
 * One result of run or sweep, read back from JSON. What is missing there is
 * not measured here.
 */
#include <math.h>

#include "bench.h"
#include "recommend.h"

static double number(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

static int64_t count(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : -1;
}

static char *text(const json_t *o, const char *key)
{
	/* Configurations hold pointers that they never write through. */
	return (char *)json_string_value(json_object_get(o, key));
}

static void read_interval(const json_t *o, double ci[2])
{
	const json_t *pair = json_object_get(o, "ci95");
	size_t i;

	for (i = 0; i < 2; i++) {
		const json_t *v = json_array_get(pair, i);

		ci[i] = json_is_number(v) ? json_number_value(v) : NAN;
	}
}

static void read_stats(const json_t *o, size_t n, struct migsim_stats *s)
{
	s->n = n;
	s->median = number(o, "median");
	s->mean = number(o, "mean");
	read_interval(o, s->ci95);
}

static void read_latency(const json_t *o, struct migsim_latency *l)
{
	l->n = 1;
	l->mean = number(o, "mean");
	l->p99 = number(o, "p99");
	l->max = number(o, "max");
}

static void read_figures(struct result *r, const json_t *from)
{
	const json_t *first = json_object_get(from, "first_folio_us");
	const json_t *cpu = json_object_get(from, "cpu_s_per_gib");

	read_stats(json_object_get(from, "throughput_gib_s"), r->nr_samples,
		   &r->gib_s);
	read_stats(first, r->nr_samples, &r->first_us);
	read_latency(first, &r->sum.first_us);
	read_latency(json_object_get(from, "inaccessible_us"),
		     &r->sum.inaccessible_us);
	/* As of one GiB, since it is per GiB. */
	r->sum.calls = 1;
	r->sum.bytes = 1ull << 30;
	r->sum.caller_cpu_s = number(cpu, "caller");
	r->sum.helper_cpu_s = number(cpu, "helpers");
}

static bool word_is(const json_t *o, const char *key, const char *word)
{
	const char *is = text(o, key);

	return is && !strcmp(is, word);
}

/* What a config leaves out does not matter here, or is the default. */
static bool read_config(struct config *c, const json_t *from)
{
	char *folio = text(from, "folio"), *reason = text(from, "reason");
	int64_t calls = count(from, "folios_per_call");
	int64_t busy = count(from, "busy");
	int why = reason ? migsim_reason_parse(reason) : -1;

	*c = (struct config){
		.backend = text(from, "backend"),
		.engine = text(from, "engine_options"),
		.policy = text(from, "policy"),
		.profile = text(from, "profile"),
		.total = (uint64_t)count(from, "total_bytes"),
		.folios_per_call = calls > 0 ? (uint64_t)calls : 0,
		.from = (int)count(from, "from"), .to = (int)count(from, "to"),
		.layout = word_is(from, "layout", "scattered") ?
			  LAYOUT_SCATTERED : LAYOUT_CONTIGUOUS,
		.cold_pool = word_is(from, "pool", "cold"),
		.mode = word_is(from, "mode", "async") ? MIGSIM_MODE_ASYNC :
							 MIGSIM_MODE_SYNC,
		.reason = why >= 0 ? (enum migsim_reason)why :
				     MIGSIM_REASON_SYSCALL,
		.busy = busy > 0 ? (unsigned int)busy : 0,
	};
	return folio && c->backend && !parse_mix(folio, &c->mix);
}

bool result_read(struct result *r, struct config *c, const json_t *from)
{
	const json_t *config = json_object_get(from, "config");

	*r = (struct result){
		.config = c,
		.nr_samples = json_array_size(json_object_get(from, "samples")),
		.channels = (long)count(config, "channels"),
		.batch_pages = (long)count(config, "batch_pages"),
		.window_pages = (long)count(config, "window_pages"),
		.driver = text(config, "driver"),
	};
	if (!r->nr_samples || !read_config(c, config))
		return false;
	c->runs = (unsigned int)r->nr_samples;
	read_figures(r, from);
	return r->gib_s.median > 0;
}

void sysinfo_read(struct migsim_sysinfo *si, const json_t *from)
{
	const char *kernel = text(from, "kernel"), *cpu = text(from, "cpu");
	const char *hypervisor = text(from, "hypervisor");

	snprintf(si->kernel, sizeof(si->kernel), "%s", kernel ? kernel : "");
	snprintf(si->cpu, sizeof(si->cpu), "%s", cpu ? cpu : "");
	snprintf(si->hypervisor, sizeof(si->hypervisor), "%s",
		 hypervisor ? hypervisor : "");
	si->cpus = (unsigned int)count(from, "cpus");
	si->numa_nodes = (unsigned int)count(from, "numa_nodes");
	si->emulated = json_is_true(json_object_get(from, "emulated"));
}
