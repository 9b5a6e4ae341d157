/* SPDX-License-Identifier: MIT */
/*
 * Engines that left copies to the CPU, broke their contract, hung or died: the
 * bytes are right, but the figures are not the engine's.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "outcome.h"

struct trouble {
	uint64_t folios;
	uint64_t by_cpu;	/* folios */
	uint64_t strays;	/* completions */
	bool dead;
};

static bool same_engine(const struct result *a, const struct result *b)
{
	return a->config->engine && b->config->engine &&
	       !strcmp(a->config->engine, b->config->engine);
}

static bool said_before(const struct results *rs, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (same_engine(&rs->result[k], &rs->result[i]))
			return true;
	}
	return false;
}

/* One sentence for all results of an engine: a sweep may have hundreds. */
static void sum_up(const struct results *rs, size_t i, struct trouble *sum)
{
	for (size_t k = i; k < rs->n; k++) {
		const struct result *r = &rs->result[k];

		if (!same_engine(r, &rs->result[i]))
			continue;
		sum->folios += r->sum.migrated + r->sum.failed;
		sum->by_cpu += r->sum.cpu_fallback;
		sum->strays += r->sum.completion_errors;
		sum->dead |= r->engine_dead;
	}
}

static int warn_of(struct results *rs, const char *engine,
		   const struct trouble *sum)
{
	int ret = 0;

	if (sum->dead)
		ret |= outcome_say(rs, "%s: the engine hung or died; since "
				   "then the CPU copied everything.", engine);
	if (sum->by_cpu)
		ret |= outcome_say(rs, "%s: %" PRIu64 " of %" PRIu64 " folios "
				   "were copied by the CPU instead of the "
				   "engine; the figures are of both.", engine,
				   sum->by_cpu, sum->folios);
	if (sum->strays)
		ret |= outcome_say(rs, "%s: %" PRIu64 " completions came twice "
				   "or of nobody: the engine breaks its contract "
				   "(migsim-conformance %s shows where).",
				   engine, sum->strays, engine);
	return ret ? -ENOMEM : 0;
}

int warn_of_engines(struct results *rs)
{
	int ret = 0;

	for (size_t i = 0; i < rs->n && !ret; i++) {
		struct trouble sum = { 0 };

		if (!rs->result[i].config->engine || said_before(rs, i))
			continue;
		sum_up(rs, i, &sum);
		ret = warn_of(rs, rs->result[i].config->engine, &sum);
	}
	return ret;
}
