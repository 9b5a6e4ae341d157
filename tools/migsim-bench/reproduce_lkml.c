/* SPDX-License-Identifier: MIT */
/*
 * Tables to paste into a mail, in the layout of the thread: at most 78 columns.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench.h"
#include "render.h"
#include "reproduce_sheet.h"

#define WIDTH	LKML_WIDTH

/* A measured column with the model's beside it. */
struct column {
	size_t col;
	enum migsim_metric metric;
};

static void add_axis(struct grid *g, const struct data_row *row,
		     enum repro_axis a)
{
	char word[REPRO_WORD];

	repro_axis_text(row, a, word);
	grid_add(g, "%s", word);
}

/* Measured with its deviation, the model's value and its error. */
static void add_cell(struct grid *g, const struct repro_cell *c, bool with_sd)
{
	char value[REPRO_WORD], word[REPRO_WORD];

	if (!c) {
		grid_add(g, "-");
		grid_add(g, "-");
		grid_add(g, "-");
		return;
	}
	repro_measured(c, value);
	if (with_sd && !isnan(c->row->pm)) {
		repro_value(c->row->datum.metric, c->row->pm, word);
		grid_add(g, "%s ± %s", value, word);
	} else {
		grid_add(g, "%s", value);
	}
	repro_value(c->row->datum.metric, c->predicted, word);
	grid_add(g, "%s", word);
	repro_error(c->error_pct, word);
	grid_add(g, "%s", word);
}

static void fill(struct grid *g, const struct sheet *s,
		 const struct column *column, size_t n)
{
	size_t r, c;

	grid_init(g, 1 + 3 * n, 0);
	grid_add(g, "%s", repro_axis_name(s->row_axis));
	for (c = 0; c < n; c++) {
		if (s->crossed)
			add_axis(g, s->col[column[c].col], s->col_axis);
		else
			grid_add(g, "%s", repro_metric_name(column[c].metric));
		grid_add(g, "model");
		grid_add(g, "err %%");
	}
	for (r = 0; r < s->rows; r++) {
		add_axis(g, s->row[r], s->row_axis);
		for (c = 0; c < n; c++)
			add_cell(g, *sheet_slot(s, column[c].metric, r,
						column[c].col), !s->crossed);
	}
}

/* As many columns as a mail holds, the rest in further blocks below. */
static int print_columns(FILE *out, const struct sheet *s,
			 const struct column *column, size_t n)
{
	struct grid g;
	size_t now;
	int err = 0;

	for (; n && !err; n -= now, column += now) {
		now = n;
		fill(&g, s, column, now);
		while (now > 1 && grid_bytes(&g) > WIDTH) {
			grid_free(&g);
			fill(&g, s, column, --now);
		}
		fputc('\n', out);
		err = grid_print(&g, out);
		grid_free(&g);
	}
	return err;
}

static int print_metrics(FILE *out, const struct sheet *s)
{
	struct column column[MIGSIM_METRICS];
	unsigned int m;
	size_t n = 0;

	for (m = 0; m < MIGSIM_METRICS; m++)
		if (s->found[m])
			column[n++].metric = (enum migsim_metric)m;
	for (m = 0; m < n; m++)
		column[m].col = 0;
	return print_columns(out, s, column, n);
}

static void print_metric(FILE *out, enum migsim_metric m)
{
	fprintf(out, "\n%s\n", m == MIGSIM_METRIC_GIB_S ?
		"Throughput, GiB/s" : "First-folio latency, us");
}

static int print_crossed(FILE *out, const struct sheet *s)
{
	struct column *column = calloc(s->cols, sizeof(*column));
	unsigned int m;
	size_t i;
	int err = 0;

	if (!column)
		return -ENOMEM;
	for (m = 0; m < MIGSIM_METRICS && !err; m++) {
		if (!s->found[m])
			continue;
		for (i = 0; i < s->cols; i++)
			column[i] = (struct column){ i, (enum migsim_metric)m };
		print_metric(out, (enum migsim_metric)m);
		err = print_columns(out, s, column, s->cols);
	}
	free(column);
	return err;
}

static void fill_list(struct grid *g, const struct sheet *s,
		      enum migsim_metric m)
{
	unsigned int a;
	size_t i;

	grid_init(g, s->nr_varying + 3, 0);
	for (a = 0; a < AXES; a++)
		if (s->shape.varies[a])
			grid_add(g, "%s", repro_axis_name((enum repro_axis)a));
	grid_add(g, "%s", repro_metric_name(m));
	grid_add(g, "model");
	grid_add(g, "err %%");
	for (i = 0; i < s->t->n; i++) {
		const struct repro_cell *c = &s->t->cell[i];

		if (c->row->datum.metric != m)
			continue;
		for (a = 0; a < AXES; a++)
			if (s->shape.varies[a])
				add_axis(g, c->row, (enum repro_axis)a);
		add_cell(g, c, false);
	}
}

static int print_list(FILE *out, const struct sheet *s)
{
	unsigned int m;
	struct grid g;
	int err = 0;

	for (m = 0; m < MIGSIM_METRICS && !err; m++) {
		if (!s->found[m])
			continue;
		fill_list(&g, s, (enum migsim_metric)m);
		fputc('\n', out);
		err = grid_print(&g, out);
		grid_free(&g);
	}
	return err;
}

static int print_table(FILE *out, const struct repro_table *t)
{
	struct sheet s;
	int err = sheet_init(&s, t);

	if (err == 0)
		err = print_list(out, &s);
	else if (err > 0)
		err = s.crossed ? print_crossed(out, &s) :
				  print_metrics(out, &s);
	sheet_free(&s);
	return err;
}

int repro_lkml(FILE *out, const struct repro *r)
{
	size_t i;
	int err = 0;

	print_wrapped(out, "", "Measured, beside it the model and its error in percent of the measured value. N: batch size in base pages.",
		      WIDTH);
	for (i = 0; i < r->n && !err; i++) {
		fputc('\n', out);
		repro_print_head(out, &r->table[i], WIDTH);
		err = print_table(out, &r->table[i]);
		fputc('\n', out);
		repro_print_foot(out, &r->table[i], WIDTH);
	}
	fputc('\n', out);
	repro_print_sum(out, r, WIDTH);
	return err;
}
