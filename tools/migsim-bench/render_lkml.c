/* SPDX-License-Identifier: MIT */
/*
 * A table to paste into a mail: at most 78 columns, whatever the words.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render.h"

#define WIDTH	LKML_WIDTH

static void add_rate(struct grid *g, const struct migsim_stats *s)
{
	char mean[FIGURE_LEN], sd[FIGURE_LEN];

	rate_figure(stats_value(s, s->mean), mean);
	if (s->n > 1)
		grid_add(g, "%s ± %s", mean, rate_figure(s->sd, sd));
	else
		grid_add(g, "%s", mean);
}

void lkml_rate(struct grid *g, const struct result *r)
{
	add_rate(g, &r->gib_s);
}

void lkml_read_after(struct grid *g, const struct result *r)
{
	add_rate(g, &r->read_after_gib_s);
}

void lkml_first(struct grid *g, const struct result *r)
{
	char buf[FIGURE_LEN];

	grid_add(g, "%s", figure(stats_value(&r->first_us,
					     r->first_us.median), buf));
}

void lkml_inaccessible(struct grid *g, const struct result *r)
{
	const struct migsim_latency *l = &r->sum.inaccessible_us;
	char mean[FIGURE_LEN], p99[FIGURE_LEN];

	if (l->n)
		grid_add(g, "%s/%s", figure(l->mean, mean),
			 figure(l->p99, p99));
	else
		grid_add(g, "-");
}

void lkml_cpu(struct grid *g, const struct result *r)
{
	double caller = result_per_gib(r, r->sum.caller_cpu_s);
	double helpers = result_per_gib(r, r->sum.helper_cpu_s);
	char a[FIGURE_LEN], b[FIGURE_LEN];

	if (isnan(caller) && isnan(helpers))
		grid_add(g, "-");
	else
		grid_add(g, "%s + %s", figure(caller, a), figure(helpers, b));
}

static bool is_column(const struct fields *fs, unsigned int f)
{
	return f != FIELD_BATCH && fs->spread[f] == SPREAD_VARIES;
}

static void add_word(struct grid *g, const char *word)
{
	grid_add(g, "%s", word[0] ? word : "-");
}

/* A list is tables below each other: a mail is too narrow for one. */
struct table {
	const char *title;
	size_t n;
	struct {
		const char *head;
		void (*add)(struct grid *g, const struct result *r);
	} column[3];
};

static const struct table figures = {
	"", 3, { { "GiB/s ± sd", lkml_rate }, { "first us", lkml_first },
		 { "inaccessible us", lkml_inaccessible } },
};

static const struct table costs = {
	"CPU s/GiB: caller + helpers\n", 1, { { "CPU s/GiB", lkml_cpu } },
};

static const struct table costs_and_reading = {
	"CPU s/GiB: caller + helpers; read: by the caller, after each call\n",
	2, { { "CPU s/GiB", lkml_cpu }, { "read GiB/s ± sd", lkml_read_after } },
};

static const struct table loads = {
	"The load: million ops/s (without migration); its stalls: p50/p99/max\n",
	2, { { "Mops/s", lkml_ops }, { "stall us", lkml_stalls } },
};

/* @numbered: the words that vary stand in a legend. */
static void fill_list(struct grid *g, const struct results *rs,
		      const struct fields *fs, const struct table *t,
		      bool numbered)
{
	size_t i, c, words = numbered;
	unsigned int f;

	for (f = 0; f < FIELDS && !numbered; f++)
		words += is_column(fs, f);
	grid_init(g, words + 1 + t->n, words);
	if (numbered)
		grid_add(g, "%s", "");
	for (f = 0; f < FIELDS && !numbered; f++)
		if (is_column(fs, f))
			grid_add(g, "%s", field_name((enum field)f));
	grid_add(g, "N pages");
	for (c = 0; c < t->n; c++)
		grid_add(g, "%s", t->column[c].head);
	for (i = 0; i < rs->n; i++) {
		if (numbered)
			grid_add(g, "R%zu", i + 1);
		for (f = 0; f < FIELDS && !numbered; f++)
			if (is_column(fs, f))
				add_word(g, field_text(fs, i, (enum field)f));
		add_word(g, field_text(fs, i, FIELD_BATCH));
		for (c = 0; c < t->n; c++)
			t->column[c].add(g, &rs->result[i]);
	}
}

static bool list_fits(const struct results *rs, const struct fields *fs,
		      const struct table *t)
{
	struct grid g;
	bool fits;

	fill_list(&g, rs, fs, t, false);
	fits = grid_bytes(&g) <= WIDTH;
	grid_free(&g);
	return fits;
}

static int print_result_words(FILE *out, const struct fields *fs, size_t i)
{
	char *words = fields_join(fs, i, SPREAD_VARIES);
	char lead[32];

	if (!words)
		return -ENOMEM;
	snprintf(lead, sizeof(lead), "R%zu: ", i + 1);
	print_wrapped(out, lead, words, WIDTH);
	free(words);
	return 0;
}

static int print_part(FILE *out, const struct results *rs,
		      const struct fields *fs, const struct table *t,
		      bool numbered)
{
	struct grid g;
	int err;

	fprintf(out, "\n%s", t->title);
	print_emulated(out, results_emulated(rs));
	fill_list(&g, rs, fs, t, numbered);
	err = grid_print(&g, out);
	grid_free(&g);
	return err;
}

static int print_list(FILE *out, const struct results *rs,
		      const struct fields *fs)
{
	const struct table *more = results_read_after(rs) ? &costs_and_reading :
				   &costs;
	bool load = results_load(rs);
	bool numbered = !list_fits(rs, fs, &figures) ||
			!list_fits(rs, fs, more) ||
			(load && !list_fits(rs, fs, &loads));
	size_t i;
	int err = 0;

	if (numbered)
		fputc('\n', out);
	for (i = 0; i < rs->n && numbered && !err; i++)
		err = print_result_words(out, fs, i);
	if (!err)
		err = print_part(out, rs, fs, &figures, numbered);
	if (!err)
		err = print_part(out, rs, fs, more, numbered);
	if (!err && load)
		err = print_part(out, rs, fs, &loads, numbered);
	return err;
}

/* What neither the table nor a warning tells of each result. */
static int print_troubles(FILE *out, const struct results *rs,
			  const struct fields *fs)
{
	size_t i;

	for (i = 0; i < rs->n; i++) {
		const struct result *r = &rs->result[i];
		char *words, text[256];

		if (!r->sum.failed && !r->sum.nr_untried_pages &&
		    r->verify_errors <= 0)
			continue;
		snprintf(text, sizeof(text), "%llu folios failed, %llu pages "
			 "untried, %ld verify errors",
			 (unsigned long long)r->sum.failed,
			 (unsigned long long)r->sum.nr_untried_pages,
			 r->verify_errors > 0 ? r->verify_errors : 0);
		words = fields_join(fs, i, SPREAD_VARIES);
		if (!words)
			return -ENOMEM;
		if (words[0])
			print_wrapped(out, "with ", words, WIDTH);
		free(words);
		print_wrapped(out, "warning: ", text, WIDTH);
	}
	return 0;
}

static int print_results(FILE *out, const struct results *rs,
			 const struct fields *fs)
{
	char *same = fields_join(fs, 0, SPREAD_SAME);
	int err;

	if (!same)
		return -ENOMEM;
	print_wrapped(out, "", same, WIDTH);
	free(same);
	print_drivers(out, fs, rs->n, WIDTH);
	fputs("N in base pages; first us: first-folio latency, mean of a run;"
	      "\ninaccessible us: mean/p99 over folios\n", out);
	err = lkml_cross(out, rs, fs);
	return err > 0 ? print_list(out, rs, fs) : err;
}

int render_lkml(FILE *out, const struct results *rs)
{
	struct fields fs;
	int err;

	err = fields_init(&fs, rs);
	if (err)
		return err;
	print_origin(out, rs, WIDTH);
	if (rs->n)
		err = print_results(out, rs, &fs);
	else
		fputs("Nothing was measured.\n", out);
	fputc('\n', out);
	if (!err)
		err = print_troubles(out, rs, &fs);
	print_warnings(out, rs, WIDTH);
	fields_free(&fs);
	if (err)
		return err;
	return fflush(out) || ferror(out) ? -EIO : 0;
}
