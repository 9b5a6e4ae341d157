/* SPDX-License-Identifier: MIT */
/*
 * Numbers of a result, NAN or -1 where they were not measured, so that no
 * format can take "not measured" for zero.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "render.h"

/* Configurations belong to the plan. */
void results_free(struct results *rs)
{
	size_t i;

	for (i = 0; i < rs->n; i++) {
		free(rs->result[i].driver);
		free(rs->result[i].samples);
	}
	free(rs->result);
	free_words(rs->warnings, rs->nr_warnings);
	*rs = (struct results){ 0 };
}

bool result_measured(const struct result *r)
{
	return r->sum.calls > 0;
}

const char *trace_word(const struct result *r)
{
	if (!config_is_kernel(r->config))
		return "";
	return r->traced ? "on" : "off";
}

bool result_saw_folios(const struct result *r)
{
	return result_measured(r) && r->sum.space_sees;
}

double result_per_gib(const struct result *r, double value)
{
	if (!result_measured(r) || !r->sum.bytes || value < 0)
		return NAN;
	return value / ((double)r->sum.bytes / (double)(1ull << 30));
}

/* A sum is known when every call was seen. */
double result_page_seconds(const struct result *r)
{
	return result_saw_folios(r) && !r->sum.unseen_calls ?
	       r->sum.page_seconds : NAN;
}

double result_flight(const struct result *r)
{
	return result_saw_folios(r) ? r->sum.mean_pages_in_flight : NAN;
}

double latency_value(const struct migsim_latency *l, double value)
{
	return l->n ? value : NAN;
}

double stats_value(const struct migsim_stats *s, double value)
{
	return s->n ? value : NAN;
}

/* A mix has no order. */
int64_t result_order(const struct result *r)
{
	const struct mix *mix = &r->config->mix;

	return mix->n == 1 ? (int64_t)mix->part[0].order : -1;
}

/* Folios of one call; for a mix only when it was asked for by number. */
int64_t result_folios_per_call(const struct result *r)
{
	const struct config *c = r->config;

	if (c->folios_per_call)
		return (int64_t)c->folios_per_call;
	if (c->mix.n != 1)
		return -1;
	return (int64_t)(c->total / (MIGSIM_PAGE_SIZE << result_order(r)));
}

/* The `key=` of an item's options, NULL when it has none. */
static const char *find_option(const char *item, const char *key)
{
	const char *at = strchr(item, ':');
	size_t len = strlen(key);

	for (; at; at = strchr(at, ',')) {
		at++;
		if (!strncmp(at, key, len) && at[len] == '=')
			return at;
	}
	return NULL;
}

/* The kernel without the series: every folio is copied and remapped in turn. */
bool result_copies_inline(const struct result *r)
{
	static const char want[] = "copy=inline";
	const char *at = r->config->policy ?
			 find_option(r->config->policy, "copy") : NULL;

	if (config_is_kernel(r->config))
		return !r->config->engine ||
		       !strcmp(r->config->engine, "memcpy");
	return at && !strncmp(at, want, sizeof(want) - 1) &&
	       (at[sizeof(want) - 1] == ',' || !at[sizeof(want) - 1]);
}

char *item_name(const char *item)
{
	return strndup(item, strcspn(item, ":"));
}

/* `batch:pages=512,copy=batch` without pages is `batch:copy=batch`. */
char *item_without(const char *item, const char *key)
{
	char *out = strdup(item);
	char *at, *end;

	if (!out)
		return NULL;
	while ((at = (char *)find_option(out, key))) {
		end = at + strcspn(at, ",");
		if (*end)
			memmove(at, end + 1, strlen(end + 1) + 1);
		else
			at[-1] = '\0';	/* the comma or colon before it */
	}
	return out;
}

/* Whose counters: */
enum known {
	BY_ALL,		/* spaces, those too that do whole calls unseen */
	BY_SIGHT,	/* also where the kernel's events show them */
	BY_US,		/* of this library's own state machine */
};

#define COUNTER(name, known) \
	{ #name, offsetof(struct migsim_summary, name), known }

/* The first six stand in this order in the JSON of the design. */
static const struct {
	const char *name;
	size_t offset;
	enum known known;
} counters[] = {
	COUNTER(migrated, BY_ALL),
	COUNTER(failed, BY_ALL),
	COUNTER(retried, BY_US),
	COUNTER(declined, BY_US),
	COUNTER(cpu_fallback, BY_US),
	COUNTER(flushes, BY_US),
	{ "verify_errors", 0, BY_ALL },
	COUNTER(calls, BY_ALL),
	COUNTER(groups, BY_SIGHT),
	COUNTER(max_pages_in_flight, BY_SIGHT),
	COUNTER(completion_errors, BY_US),
	COUNTER(allocated_pages, BY_US),
	COUNTER(not_huge, BY_US),
	COUNTER(quarantined_pages, BY_US),
	COUNTER(nr_succeeded, BY_ALL),
	COUNTER(nr_failed_pages, BY_ALL),
	COUNTER(nr_untried_pages, BY_ALL),
	COUNTER(nr_thp_succeeded, BY_ALL),
	COUNTER(nr_thp_failed, BY_ALL),
	COUNTER(nr_thp_split, BY_US),
	COUNTER(nr_split, BY_US),
};

static bool counter_known(const struct result *r, enum known known)
{
	if (known == BY_ALL)
		return result_measured(r);
	return result_saw_folios(r) &&
	       (known == BY_SIGHT || !config_is_kernel(r->config));
}

const char *result_counter(const struct result *r, unsigned int i,
			   int64_t *value)
{
	uint64_t count;

	if (i >= sizeof(counters) / sizeof(counters[0]))
		return NULL;
	if (!strcmp(counters[i].name, "verify_errors")) {
		*value = r->verify_errors;
		return counters[i].name;
	}
	memcpy(&count, (const char *)&r->sum + counters[i].offset,
	       sizeof(count));
	*value = counter_known(r, counters[i].known) ? (int64_t)count : -1;
	return counters[i].name;
}

#define PHASE(name)	{ #name, offsetof(struct migsim_phases, name) }

static const struct {
	const char *name;
	size_t offset;
} phases[] = {
	PHASE(alloc), PHASE(unmap), PHASE(flush), PHASE(submit), PHASE(wait),
	PHASE(copy), PHASE(reap), PHASE(remap), PHASE(other),
};

const char *result_phase(const struct result *r, unsigned int i,
			 double *value)
{
	double us;

	if (i >= sizeof(phases) / sizeof(phases[0]))
		return NULL;
	memcpy(&us, (const char *)&r->sum.phases_us + phases[i].offset,
	       sizeof(us));
	*value = result_saw_folios(r) ? result_per_gib(r, us) : NAN;
	return phases[i].name;
}

/* Times of an emulated CPU; the model's own are of none. */
bool results_emulated(const struct results *rs)
{
	size_t i;

	for (i = 0; i < rs->n; i++)
		if (!config_is_model(rs->result[i].config))
			return rs->sysinfo.emulated;
	return rs->sysinfo.emulated && !rs->n;
}

/* Threads that spun beside; -1 in virtual time, where none can. */
int64_t result_busy(const struct result *r)
{
	return config_is_model(r->config) ? -1 : (int64_t)r->config->busy;
}

bool results_read_after(const struct results *rs)
{
	size_t i;

	for (i = 0; i < rs->n; i++)
		if (rs->result[i].read_after_gib_s.n)
			return true;
	return false;
}

/* The model's folios lie nowhere. */
const char *result_layout(const struct result *r)
{
	if (config_is_model(r->config))
		return NULL;
	return r->config->layout == LAYOUT_SCATTERED ? "scattered" :
						       "contiguous";
}

/* Only this library's own backend over memory has one. */
const char *result_pool(const struct result *r)
{
	if (!strcmp(r->config->backend, "kernel") || config_is_model(r->config))
		return NULL;
	return r->config->cold_pool ? "cold" : "warm";
}
