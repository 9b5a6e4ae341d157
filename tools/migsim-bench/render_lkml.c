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

void lkml_rate(struct grid *g, const struct result *r)
{
	char mean[FIGURE_LEN], sd[FIGURE_LEN];
	const struct migsim_stats *s = &r->gib_s;

	rate_figure(stats_value(s, s->mean), mean);
	if (s->n > 1)
		grid_add(g, "%s ± %s", mean, rate_figure(s->sd, sd));
	else
		grid_add(g, "%s", mean);
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

static bool is_column(const struct fields *fs, unsigned int f)
{
	return f != FIELD_BATCH && fs->spread[f] == SPREAD_VARIES;
}

static void add_word(struct grid *g, const char *word)
{
	grid_add(g, "%s", word[0] ? word : "-");
}

/* @numbered: the words that vary stand in a legend. */
static void fill_list(struct grid *g, const struct results *rs,
		      const struct fields *fs, bool numbered)
{
	size_t i, words = numbered;
	unsigned int f;

	for (f = 0; f < FIELDS && !numbered; f++)
		words += is_column(fs, f);
	grid_init(g, words + 4, words);
	if (numbered)
		grid_add(g, "%s", "");
	for (f = 0; f < FIELDS && !numbered; f++)
		if (is_column(fs, f))
			grid_add(g, "%s", field_name((enum field)f));
	grid_add(g, "N pages");
	grid_add(g, "GiB/s ± sd");
	grid_add(g, "first us");
	grid_add(g, "inaccessible us");
	for (i = 0; i < rs->n; i++) {
		if (numbered)
			grid_add(g, "R%zu", i + 1);
		for (f = 0; f < FIELDS && !numbered; f++)
			if (is_column(fs, f))
				add_word(g, field_text(fs, i, (enum field)f));
		add_word(g, field_text(fs, i, FIELD_BATCH));
		lkml_rate(g, &rs->result[i]);
		lkml_first(g, &rs->result[i]);
		lkml_inaccessible(g, &rs->result[i]);
	}
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

static int print_list(FILE *out, const struct results *rs,
		      const struct fields *fs)
{
	struct grid g;
	size_t i;
	int err = 0;

	fputc('\n', out);
	fill_list(&g, rs, fs, false);
	if (grid_bytes(&g) > WIDTH) {
		grid_free(&g);
		fill_list(&g, rs, fs, true);
		for (i = 0; i < rs->n && !err; i++)
			err = print_result_words(out, fs, i);
		fputc('\n', out);
	}
	print_emulated(out, results_emulated(rs));
	if (!err)
		err = grid_print(&g, out);
	grid_free(&g);
	return err;
}

/* What the table has no column for must not be lost. */
static int print_troubles(FILE *out, const struct results *rs,
			  const struct fields *fs)
{
	size_t i;

	for (i = 0; i < rs->n; i++) {
		const struct result *r = &rs->result[i];
		char *words, text[256];

		if (!r->sum.failed && !r->sum.nr_untried_pages &&
		    !r->sum.cpu_fallback && r->verify_errors <= 0)
			continue;
		snprintf(text, sizeof(text), "%llu folios failed, %llu pages "
			 "untried, %llu folios copied by the CPU instead, "
			 "%ld verify errors",
			 (unsigned long long)r->sum.failed,
			 (unsigned long long)r->sum.nr_untried_pages,
			 (unsigned long long)r->sum.cpu_fallback,
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
