/* SPDX-License-Identifier: MIT */
/* What is doubtful about results, and the warnings that say so. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "outcome.h"
#include "render.h"

static uint64_t call_pages(const struct trial *t)
{
	const struct region_shape *shape = &t->shape;

	return (shape->bytes / MIGSIM_PAGE_SIZE * shape->call +
		shape->folios - 1) / shape->folios;
}

void outcome_doubt(struct outcome_doubts *doubts, const struct result *result,
		   const struct trial *t, uint64_t cache)
{
	const struct migsim_summary *sum = &result->sum;

	doubts->folios += sum->migrated + sum->failed;
	doubts->failed += sum->failed;
	doubts->huge += sum->nr_thp_succeeded + sum->nr_thp_failed;
	doubts->not_huge += sum->not_huge;
	doubts->quarantined += sum->quarantined_pages;
	if (!t->cfg->cold_pool)
		doubts->ran_dry += sum->allocated_pages;
	doubts->bad.not_copied += t->bad.not_copied;
	doubts->bad.outside += t->bad.outside;
	doubts->bad.wrong_page += t->bad.wrong_page;
	doubts->bad.other += t->bad.other;
	doubts->stolen = fmax(doubts->stolen, result->stolen);
	doubts->cached |= !t->shape.virtual && t->shape.bytes < 2 * cache;
	doubts->short_calls |= result->batch_pages > 0 &&
			       (uint64_t)result->batch_pages > call_pages(t);
}

int outcome_say(struct results *rs, const char *fmt, ...)
{
	char **grown, sentence[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < rs->nr_warnings; i++) {
		if (!strcmp(rs->warnings[i], sentence))
			return 0;
	}
	grown = realloc(rs->warnings, (rs->nr_warnings + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	rs->warnings = grown;
	grown[rs->nr_warnings] = strdup(sentence);
	if (!grown[rs->nr_warnings])
		return -ENOMEM;
	rs->nr_warnings++;
	return 0;
}

static int warn_of_folios(struct results *rs, const struct outcome_doubts *d)
{
	char sentence[400];
	int ret = 0;

	if (verify_sum(&d->bad)) {
		verify_sentence(&d->bad, sentence, sizeof(sentence));
		ret |= outcome_say(rs, "%s", sentence);
	}
	if (d->failed)
		ret |= outcome_say(rs, "%" PRIu64 " of %" PRIu64 " folios could not "
			    "be migrated.", d->failed, d->folios);
	if (d->not_huge)
		ret |= outcome_say(rs, "%" PRIu64 " of %" PRIu64 " 2M folios were not "
			    "one huge page.", d->not_huge, d->huge);
	if (d->quarantined)
		ret |= outcome_say(rs, "%" PRIu64 " target pages were set apart: an "
			    "engine may still write to them.", d->quarantined);
	return ret ? -ENOMEM : 0;
}

static int warn_of_memory(struct results *rs, const struct outcome_doubts *d)
{
	int ret = 0;

	if (d->ran_dry)
		ret |= outcome_say(rs, "The warm pool ran dry: %" PRIu64 " target "
			    "pages were allocated while the clock ran.", d->ran_dry);
	if (d->short_calls && !d->calls)
		ret |= outcome_say(rs, "Where N is more than a call holds, the call "
			    "is the batch: rows beyond that say nothing new.");
	if (d->cached)
		ret |= outcome_say(rs, "The source memory may lie in the cache: it is "
			    "smaller than twice the last-level cache.");
	return ret ? -ENOMEM : 0;
}

/* Less than that hides among what differs from run to run anyhow. */
#define STOLEN_TOLERATED	0.02

static int warn_of_stolen(struct results *rs, double stolen)
{
	if (stolen <= STOLEN_TOLERATED)
		return 0;
	return outcome_say(rs, "The hypervisor kept back up to %.0f %% of the "
			   "CPU time that a row asked for (steal): what waits "
			   "for another CPU, a flush or a thread, waits for it "
			   "too; measure again when the host is quiet.",
			   100 * stolen);
}

/* Policies that bound a time and could not. */
static int warn_of_folios_alone(struct results *rs)
{
	int ret = 0;

	for (size_t i = 0; i < rs->n && !ret; i++) {
		const struct result *r = &rs->result[i];

		if (r->note.alone_ns)
			ret = outcome_say(rs, "%s: one folio alone is "
					  "inaccessible for %.0f us, longer than "
					  "the bound; no more than one was kept "
					  "in flight.", r->config->policy,
					  (double)r->note.alone_ns / 1e3);
	}
	return ret;
}

/* Two events a page are not free; how much, only this machine can tell. */
static int warn_of_trace(struct results *rs)
{
	for (size_t i = 0; i < rs->n; i++) {
		if (config_is_kernel(rs->result[i].config) &&
		    result_saw_folios(&rs->result[i]))
			return outcome_say(rs, "Backend kernel was traced for "
					   "its latencies, which slows it: take "
					   "its throughput from --backend "
					   "kernel:trace=off.");
	}
	return 0;
}

static bool any_real(const struct results *rs)
{
	for (size_t i = 0; i < rs->n; i++) {
		if (!config_is_model(rs->result[i].config))
			return true;
	}
	return !rs->n;
}

int outcome_warn(struct results *rs, const struct outcome_doubts *doubts)
{
	char sentence[400];
	int ret;

	ret = take_warnings(&rs->warnings, &rs->nr_warnings);
	/* The model does not care for the machine that it runs on. */
	for (unsigned int i = 0; !ret && any_real(rs); i++) {
		if (!migsim_sysinfo_warning(&rs->sysinfo, i, sentence,
					    sizeof(sentence)))
			break;
		ret = outcome_say(rs, "%s", sentence);
	}
	if (!ret)
		ret = warn_of_folios(rs, doubts);
	if (!ret)
		ret = warn_of_memory(rs, doubts);
	if (!ret)
		ret = warn_of_stolen(rs, doubts->stolen);
	if (!ret && !doubts->calls)	/* validate measures both ways */
		ret = warn_of_trace(rs);
	if (!ret)
		ret = load_warn(rs);
	if (!ret)
		ret = doubts->grid ? 0 : warn_of_folios_alone(rs);
	if (!ret)
		ret = warn_of_engines(rs);
	return ret ? ret : warn_of_extrapolation(rs);
}
