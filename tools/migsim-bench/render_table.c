/* SPDX-License-Identifier: MIT */
/*
 * The table for a terminal: above it what all results share, in it what
 * differs and what was measured.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "render.h"

#define WIDTH	100	/* of the text around the table */

/* A column that stands only where it has something to say. */
struct trouble {
	const char *head[2];
	int64_t (*count)(const struct result *r);
};

static int64_t failed_folios(const struct result *r)
{
	return (int64_t)r->sum.failed;
}

static int64_t untried_pages(const struct result *r)
{
	return (int64_t)r->sum.nr_untried_pages;
}

static int64_t fallback_folios(const struct result *r)
{
	return (int64_t)r->sum.cpu_fallback;
}

static int64_t wrong_pages(const struct result *r)
{
	return r->verify_errors;
}

static const struct trouble troubles[] = {
	{ { "failed", "folios" }, failed_folios },
	{ { "untried", "pages" }, untried_pages },
	{ { "by CPU", "folios" }, fallback_folios },
	{ { "verify", "errors" }, wrong_pages },
};

#define TROUBLES	(sizeof(troubles) / sizeof(troubles[0]))

#define FIGURES	11	/* columns that are always there */
#define LOAD_FIGURES	5

struct table {
	const struct results *rs;
	const struct fields *fs;
	struct grid grid;
	bool read_after;	/* has a column */
	bool load;		/* has LOAD_FIGURES */
	bool shown[TROUBLES];
};

static size_t find_troubles(struct table *tb)
{
	size_t t, i, n = 0;

	for (t = 0; t < TROUBLES; t++) {
		for (i = 0; i < tb->rs->n; i++)
			tb->shown[t] |=
				troubles[t].count(&tb->rs->result[i]) > 0;
		n += tb->shown[t];
	}
	return n;
}

static bool is_column(const struct fields *fs, enum field f)
{
	return f != FIELD_BATCH && fs->spread[f] == SPREAD_VARIES;
}

static size_t count_columns(const struct fields *fs)
{
	size_t n = 0;
	unsigned int f;

	for (f = 0; f < FIELDS; f++)
		n += is_column(fs, (enum field)f);
	return n;
}

static void add_heads(struct table *tb, int line)
{
	static const char *const head[2][FIGURES] = {
		{ "N", "GiB/s", "[95 %]", "first us", "", "inacc. us", "",
		  "", "page-s", "CPU s", "/ GiB  " },
		{ "pages", "median", "", "mean", "p99", "mean", "p99", "max",
		  "/GiB", "caller", "helpers" },
	};
	static const char *const load[2][LOAD_FIGURES] = {
		{ "ops/s", "base", "stall us", "", "" },
		{ "million", "million", "p50", "p99", "max" },
	};
	struct grid *g = &tb->grid;
	unsigned int f;
	size_t i;

	for (f = 0; f < FIELDS; f++)
		if (is_column(tb->fs, (enum field)f))
			grid_add(g, "%s",
				 line ? "" : field_name((enum field)f));
	for (i = 0; i < FIGURES; i++)
		grid_add(g, "%s", head[line][i]);
	if (tb->read_after)
		grid_add(g, "%s", line ? "GiB/s" : "read");
	for (i = 0; i < LOAD_FIGURES && tb->load; i++)
		grid_add(g, "%s", load[line][i]);
	for (i = 0; i < TROUBLES; i++)
		if (tb->shown[i])
			grid_add(g, "%s", troubles[i].head[line]);
}

static void add_rate(struct grid *g, const struct migsim_stats *s)
{
	char a[FIGURE_LEN], b[FIGURE_LEN];

	grid_add(g, "%s", rate_figure(stats_value(s, s->median), a));
	if (s->n < 2 && s->ci95[0] >= s->ci95[1])
		grid_add(g, "-");	/* one run has no interval */
	else
		grid_add(g, "[%s, %s]", rate_figure(s->ci95[0], a),
			 rate_figure(s->ci95[1], b));
}

static void add_figure(struct grid *g, double value)
{
	char buf[FIGURE_LEN];

	grid_add(g, "%s", figure(value, buf));
}

static void add_read_after(struct grid *g, const struct migsim_stats *s)
{
	char buf[FIGURE_LEN];

	grid_add(g, "%s", rate_figure(stats_value(s, s->median), buf));
}

static void add_load(struct grid *g, const struct result *r)
{
	const struct migsim_stats *ops = &r->ops_per_s;
	const struct migsim_stats *base = &r->baseline_ops_per_s;
	const struct migsim_latency *stall = &r->stall_us;

	add_figure(g, stats_value(ops, ops->median) / 1e6);
	add_figure(g, stats_value(base, base->median) / 1e6);
	add_figure(g, latency_value(stall, stall->p50));
	add_figure(g, latency_value(stall, stall->p99));
	add_figure(g, latency_value(stall, stall->max));
}

static void add_troubles(struct table *tb, const struct result *r)
{
	size_t t;

	for (t = 0; t < TROUBLES; t++) {
		int64_t n = troubles[t].count(r);

		if (!tb->shown[t])
			continue;
		if (n < 0)
			grid_add(&tb->grid, "-");
		else
			grid_add(&tb->grid, "%lld", (long long)n);
	}
}

static void add_result(struct table *tb, size_t i)
{
	const struct fields *fs = tb->fs;
	const struct result *r = &tb->rs->result[i];
	struct grid *g = &tb->grid;
	const struct migsim_latency *first = &r->sum.first_us;
	const struct migsim_latency *away = &r->sum.inaccessible_us;
	const char *batch = field_text(fs, i, FIELD_BATCH);
	unsigned int f;

	for (f = 0; f < FIELDS; f++) {
		const char *word = field_text(fs, i, (enum field)f);

		if (is_column(fs, (enum field)f))
			grid_add(g, "%s", word[0] ? word : "-");
	}
	grid_add(g, "%s", batch[0] ? batch : "-");
	add_rate(g, &r->gib_s);
	add_figure(g, stats_value(&r->first_us, r->first_us.median));
	add_figure(g, latency_value(first, first->p99));
	add_figure(g, latency_value(away, away->mean));
	add_figure(g, latency_value(away, away->p99));
	add_figure(g, latency_value(away, away->max));
	add_figure(g, result_per_gib(r, result_page_seconds(r)));
	add_figure(g, result_per_gib(r, r->sum.caller_cpu_s));
	add_figure(g, result_per_gib(r, r->sum.helper_cpu_s));
	if (tb->read_after)
		add_read_after(g, &r->read_after_gib_s);
	if (tb->load)
		add_load(g, r);
	add_troubles(tb, r);
}

static int print_table(FILE *out, const struct results *rs,
		       const struct fields *fs)
{
	struct table tb = { .rs = rs, .fs = fs,
			    .read_after = results_read_after(rs),
			    .load = results_load(rs) };
	size_t columns = FIGURES + tb.read_after + tb.load * LOAD_FIGURES;
	size_t i, more = find_troubles(&tb), words = count_columns(fs);
	int err;

	grid_init(&tb.grid, words + columns + more, words);
	add_heads(&tb, 0);
	add_heads(&tb, 1);
	for (i = 0; i < rs->n; i++)
		add_result(&tb, i);
	err = grid_print(&tb.grid, out);
	grid_free(&tb.grid);
	return err;
}

static int print_all(FILE *out, const struct results *rs,
		     const struct fields *fs)
{
	char *same = fields_join(fs, 0, SPREAD_SAME);

	if (!same)
		return -ENOMEM;
	print_wrapped(out, "", same, WIDTH);
	free(same);
	print_drivers(out, fs, rs->n, WIDTH);
	fputc('\n', out);
	print_emulated(out, results_emulated(rs));
	return print_table(out, rs, fs);
}

int render_table(FILE *out, const struct results *rs)
{
	struct fields fs;
	int err;

	err = fields_init(&fs, rs);
	if (err)
		return err;
	print_origin(out, rs, WIDTH);
	if (rs->n)
		err = print_all(out, rs, &fs);
	else
		fputs("Nothing was measured.\n", out);
	if (!err && (rs->interrupted || rs->nr_warnings)) {
		fputc('\n', out);
		print_warnings(out, rs, WIDTH);
	}
	fields_free(&fs);
	if (err)
		return err;
	return fflush(out) || ferror(out) ? -EIO : 0;
}
