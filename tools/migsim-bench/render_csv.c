/* SPDX-License-Identifier: MIT */
/*
 * CSV in long form, one measured value a row, quoted as RFC 4180 asks. The
 * first eleven columns are those of the published data, so that `fit` reads
 * both alike.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "render.h"

/* One result's cells before and behind those of the value. */
struct row {
	FILE *out;
	char *head;
	char *tail;
	int64_t busy;
	char load[LOAD_WORDS_LEN];
	const char *flag;
	const char *trace;
};

static void put_text(FILE *out, const char *text)
{
	if (!text[strcspn(text, ",\"\r\n")]) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void put_cell(FILE *out, const char *text)
{
	put_text(out, text ? text : "");
	fputc(',', out);
}

static void put_count(FILE *out, int64_t value)
{
	if (value >= 0)
		fprintf(out, "%lld", (long long)value);
	fputc(',', out);
}

/*
 * The published tables call the copy in line by one CPU `cpu`, with channels
 * 0; it is what `fit` learns the CPU's cost from. So are called here the
 * kernel's own migration and copy=inline with memcpy or the model's CPU; any
 * other engine keeps its name, but that of the model's channels under policy
 * batch is theirs: `dma`. The true words stand in the columns backend and
 * engine_options.
 */
static bool is_cpu(const struct result *r, const char *engine)
{
	if (!engine || config_is_kernel(r->config))
		return !engine || result_copies_inline(r);
	if (!strcmp(engine, "model") ? r->channels != 0 :
				       strcmp(engine, "memcpy"))
		return false;
	return result_copies_inline(r);
}

static bool is_dma(const struct result *r, const char *engine)
{
	return engine && !strcmp(engine, "model") && r->channels > 0 &&
	       r->batch_pages >= 0 && !result_copies_inline(r);
}

static int put_head(FILE *out, const struct result *r)
{
	const struct config *c = r->config;
	char *engine = c->engine ? item_name(c->engine) : NULL;
	int64_t order = result_order(r);
	bool cpu = is_cpu(r, engine);

	if (c->engine && !engine)
		return -ENOMEM;
	put_cell(out, "own");
	put_count(out, order);
	put_count(out, order < 0 ? -1 : (int64_t)(MIGSIM_PAGE_SIZE << order));
	put_cell(out, cpu ? "cpu" : is_dma(r, engine) ? "dma" : engine);
	put_count(out, cpu ? 0 : r->channels);
	put_count(out, result_folios_per_call(r));
	put_count(out, r->batch_pages);
	free(engine);
	return 0;
}

static int put_tail(FILE *out, const struct result *r)
{
	const struct config *c = r->config;
	char folio[256];

	format_mix(&c->mix, folio, sizeof(folio));
	put_cell(out, c->backend);
	put_cell(out, r->driver);
	put_cell(out, c->engine);
	put_cell(out, c->policy);
	put_cell(out, c->profile);
	put_cell(out, folio);
	put_cell(out, result_layout(r));
	put_cell(out, result_pool(r));
	put_cell(out, c->mode == MIGSIM_MODE_ASYNC ? "async" : "sync");
	put_cell(out, migsim_reason_name(c->reason));
	put_count(out, c->from);
	put_count(out, c->to);
	put_count(out, r->window_pages);
	put_count(out, (int64_t)c->total);
	put_count(out, c->runs);
	return 0;
}

static const char header[] =
	"table,order,folio_bytes,engine,channels,folios_per_call,batch_pages,"
	"metric,value,pm,flag,backend,driver,engine_options,policy,profile,"
	"folio,layout,pool,mode,reason,from,to,window_pages,total_bytes,runs,"
	"run,busy,load,trace\n";

static char *in_memory(int (*put)(FILE *, const struct result *),
		       const struct result *r)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int err;

	if (!out)
		return NULL;
	err = put(out, r);
	if (fclose(out) || err) {
		free(text);
		return NULL;
	}
	return text;
}

/* @pm NAN: none. @run negative: over all runs. */
static void put_value(const struct row *row, const char *metric, double value,
		      double pm, long run)
{
	if (!isfinite(value))
		return;
	fputs(row->head, row->out);
	fprintf(row->out, "%s,%.9g,", metric, value);
	if (isfinite(pm))
		fprintf(row->out, "%.9g", pm);
	fputc(',', row->out);
	put_cell(row->out, row->flag);
	fputs(row->tail, row->out);
	if (run >= 0)
		fprintf(row->out, "%ld", run);
	fputc(',', row->out);
	if (row->busy >= 0)
		fprintf(row->out, "%lld", (long long)row->busy);
	fputc(',', row->out);
	put_text(row->out, row->load);
	fprintf(row->out, ",%s\n", row->trace);
}

static void put_plain(const struct row *row, const char *metric, double value)
{
	put_value(row, metric, value, NAN, -1);
}

/* One sample has no spread. */
static double spread(const struct migsim_stats *s)
{
	return s->n > 1 ? s->sd : NAN;
}

/* The metrics are called first_us, first_mean_us and so on. */
static void put_stats(const struct row *row, const char *name, const char *unit,
		      const struct migsim_stats *s)
{
	const struct {
		const char *what;
		double value;
	} more[] = {
		{ "mean", s->mean }, { "ci95_lo", s->ci95[0] },
		{ "ci95_hi", s->ci95[1] },
	};
	char metric[64];
	size_t i;

	snprintf(metric, sizeof(metric), "%s%s", name, unit);
	put_value(row, metric, stats_value(s, s->median), spread(s), -1);
	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		snprintf(metric, sizeof(metric), "%s_%s%s", name, more[i].what,
			 unit);
		put_plain(row, metric, stats_value(s, more[i].value));
	}
}

static void put_latencies(const struct row *row, const struct result *r)
{
	const struct migsim_latency *f = &r->sum.first_us;
	const struct migsim_latency *i = &r->sum.inaccessible_us;

	put_plain(row, "first_p95_us", latency_value(f, f->p95));
	put_plain(row, "first_p99_us", latency_value(f, f->p99));
	put_plain(row, "first_max_us", latency_value(f, f->max));
	put_plain(row, "inaccessible_mean_us", latency_value(i, i->mean));
	put_plain(row, "inaccessible_p50_us", latency_value(i, i->p50));
	put_plain(row, "inaccessible_p95_us", latency_value(i, i->p95));
	put_plain(row, "inaccessible_p99_us", latency_value(i, i->p99));
	put_plain(row, "inaccessible_max_us", latency_value(i, i->max));
	put_plain(row, "page_seconds", result_page_seconds(r));
	put_plain(row, "mean_pages_in_flight", result_flight(r));
}

static void put_costs(const struct row *row, const struct result *r)
{
	char metric[64];
	const char *name;
	double us;
	int64_t n;
	unsigned int i;

	for (i = 0; (name = result_phase(r, i, &us)); i++) {
		snprintf(metric, sizeof(metric), "phase_%s_us_per_gib", name);
		put_plain(row, metric, us);
	}
	put_plain(row, "cpu_caller_s_per_gib",
		  result_per_gib(r, r->sum.caller_cpu_s));
	put_plain(row, "cpu_helpers_s_per_gib",
		  result_per_gib(r, r->sum.helper_cpu_s));
	for (i = 0; (name = result_counter(r, i, &n)); i++)
		put_plain(row, name, n < 0 ? NAN : (double)n);
	for (i = 0; (name = result_load(r, i, &us)); i++)
		put_plain(row, name, us);
}

/* Other names than the medians', which a reader would mix up with them. */
static void put_samples(const struct row *row, const struct result *r)
{
	size_t i;

	for (i = 0; i < r->nr_samples; i++) {
		const struct sample *s = &r->samples[i];

		put_value(row, "run_gib_s", s->gib_s, NAN, (long)s->run);
		put_value(row, "run_first_us", s->first_us, NAN, (long)s->run);
		put_value(row, "run_inaccessible_us", s->inaccessible_us, NAN,
			  (long)s->run);
		put_value(row, "run_read_after_gib_s", s->read_after_gib_s,
			  NAN, (long)s->run);
		put_value(row, "run_load_ops_per_s", s->ops_per_s, NAN,
			  (long)s->run);
		put_value(row, "run_load_baseline_ops_per_s",
			  s->baseline_ops_per_s, NAN, (long)s->run);
	}
}

static int put_result(FILE *out, const struct result *r, bool emulated)
{
	struct row row = {
		.out = out,
		.head = in_memory(put_head, r),
		.tail = in_memory(put_tail, r),
		.busy = result_busy(r),
		.flag = emulated && !config_is_model(r->config) ? EMULATED :
			r->verify_errors > 0 ? "verify errors" : "",
		.trace = trace_word(r),
	};
	int err = row.head && row.tail ? 0 : -ENOMEM;

	if (r->config->load.threads)
		load_format(&r->config->load, row.load);
	if (!err) {
		put_stats(&row, "gib_s", "", &r->gib_s);
		put_stats(&row, "first", "_us", &r->first_us);
		put_stats(&row, "read_after_gib_s", "", &r->read_after_gib_s);
		put_latencies(&row, r);
		put_costs(&row, r);
		put_samples(&row, r);
	}
	free(row.head);
	free(row.tail);
	return err;
}

int render_csv(FILE *out, const struct results *rs)
{
	size_t i;
	int err = 0;

	fputs(header, out);
	for (i = 0; i < rs->n && !err; i++)
		err = put_result(out, &rs->result[i], rs->sysinfo.emulated);
	if (err)
		return err;
	return fflush(out) || ferror(out) ? -EIO : 0;
}
