/* SPDX-License-Identifier: MIT */
/*
 * What was run and what was measured, in the words of the published tables or
 * of a sweep.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "data_record.h"
#include "render.h"

#define KERNEL_BATCH	512	/* NR_MAX_BATCHED_MIGRATION */
#define MAX_COUNT	(1ull << 32)	/* of folios or pages: 16 TiB */
#define MAX_CHANNELS	4096

const char *const data_metric[MIGSIM_METRICS] = {
	[MIGSIM_METRIC_GIB_S] = "gib_s",
	[MIGSIM_METRIC_FIRST_US] = "first_us",
};

/* What a sweep writes besides, but for its counters and phases. */
static const char *const unused_metrics[] = {
	"gib_s_mean", "gib_s_ci95_lo", "gib_s_ci95_hi", "first_mean_us",
	"first_ci95_lo_us", "first_ci95_hi_us", "first_p95_us", "first_p99_us",
	"first_max_us", "inaccessible_mean_us", "inaccessible_p50_us",
	"inaccessible_p95_us", "inaccessible_p99_us", "inaccessible_max_us",
	"page_seconds", "mean_pages_in_flight", "cpu_caller_s_per_gib",
	"cpu_helpers_s_per_gib", "run_gib_s", "run_first_us",
	"run_inaccessible_us", "read_after_gib_s", "read_after_gib_s_mean",
	"read_after_gib_s_ci95_lo", "read_after_gib_s_ci95_hi",
	"run_read_after_gib_s", "run_load_ops_per_s",
	"run_load_baseline_ops_per_s",
};

static const struct engine {
	const char *name;
	bool copies_inline;
	uint64_t min, max;	/* channels */
} engines[] = {
	{ "cpu", true, 0, 0 },
	{ "dma", false, 1, MAX_CHANNELS },
	{ "memcpy", false, 0, MAX_CHANNELS },
	{ "model", false, 0, MAX_CHANNELS },
	{ "mt", false, 0, MAX_CHANNELS },
};

#define LENGTH(array)	(sizeof(array) / sizeof((array)[0]))

static bool is_unused(const char *metric)
{
	static const struct result none;
	char phase[64];
	const char *name;
	unsigned int i;
	int64_t n;
	double us;

	for (i = 0; i < LENGTH(unused_metrics); i++)
		if (!strcmp(metric, unused_metrics[i]))
			return true;
	for (i = 0; (name = result_counter(&none, i, &n)); i++)
		if (!strcmp(metric, name))
			return true;
	for (i = 0; (name = result_load(&none, i, &us)); i++)
		if (!strcmp(metric, name))
			return true;
	for (i = 0; (name = result_phase(&none, i, &us)); i++) {
		snprintf(phase, sizeof(phase), "phase_%s_us_per_gib", name);
		if (!strcmp(metric, phase))
			return true;
	}
	return false;
}

int data_take_metric(const struct data_record *r, enum migsim_metric *metric,
		       bool *used)
{
	const char *word = data_text(r, COLUMN_METRIC);
	unsigned int m;

	*used = true;
	for (m = 0; m < MIGSIM_METRICS; m++) {
		if (!strcmp(word, data_metric[m])) {
			*metric = (enum migsim_metric)m;
			return 0;
		}
	}
	*used = false;
	if (is_unused(word))
		return 0;
	if (!*word)
		return data_refuse(r, "metric is missing");
	return data_refuse(r, "metric is gib_s or first_us, or another that sweeps write, not %.50s",
			   word);
}

static int take_engine(const struct data_record *r, struct migsim_cell *cell)
{
	const char *word = data_text(r, COLUMN_ENGINE);
	const struct engine *e = NULL;
	uint64_t channels;
	size_t i;
	int rc;

	for (i = 0; i < LENGTH(engines); i++)
		if (!strcmp(word, engines[i].name))
			e = &engines[i];
	if (!e && !*word)
		return data_refuse(r, "engine is missing");
	if (!e)
		return data_refuse(r, "engine is cpu, dma, memcpy, model or mt, not %.50s",
				   word);
	rc = data_take_count(r, COLUMN_CHANNELS, 0, MAX_CHANNELS, &channels);
	if (rc)
		return rc;
	if (channels < e->min)
		return data_refuse(r, "engine %s has at least %" PRIu64 " channel, not %" PRIu64,
				   word, e->min, channels);
	if (channels > e->max)
		return data_refuse(r, "engine %s has no channels; write 0, not %" PRIu64,
				   word, channels);
	/* The threads of a CPU that copies are no channels to the model. */
	if (!strcmp(word, "dma") || !strcmp(word, "model"))
		cell->channels = (uint32_t)channels;
	cell->copy_inline = e->copies_inline;
	return 0;
}

static bool is_inline(const char *policy)
{
	const char *at = strstr(policy, "copy=inline");

	return at && (at[-1] == ':' || at[-1] == ',') &&
	       (!at[11] || at[11] == ',');
}

static int take_batch(const struct data_record *r, struct migsim_cell *cell)
{
	if (!*data_text(r, COLUMN_BATCH) &&
	    !strcmp(data_text(r, COLUMN_BACKEND), "kernel")) {
		cell->batch_pages = KERNEL_BATCH;
		return 0;
	}
	return data_take_count(r, COLUMN_BATCH, 1, MAX_COUNT,
			       &cell->batch_pages);
}

static int take_order(const struct data_record *r, struct migsim_cell *cell)
{
	const char *bytes = data_text(r, COLUMN_BYTES);
	uint64_t order, size;
	int rc = data_take_count(r, COLUMN_ORDER, 0, MIGSIM_MAX_ORDER, &order);

	if (rc)
		return rc;
	if (*bytes && (parse_count(bytes, &size) ||
		       size != MIGSIM_PAGE_SIZE << order))
		return data_refuse(r, "folio_bytes is %.50s, but a folio of order %" PRIu64 " has %" PRIu64,
				   bytes, order, MIGSIM_PAGE_SIZE << order);
	cell->order = (uint32_t)order;
	return 0;
}

int data_take_cell(const struct data_record *r, struct migsim_cell *cell)
{
	int rc = take_order(r, cell);

	if (!rc)
		rc = take_engine(r, cell);
	if (!rc)
		rc = data_take_count(r, COLUMN_CALL, 1, MAX_COUNT,
				     &cell->folios);
	if (!rc)
		rc = take_batch(r, cell);
	if (is_inline(data_text(r, COLUMN_POLICY)))
		cell->copy_inline = true;
	return rc;
}
