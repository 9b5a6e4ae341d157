/* SPDX-License-Identifier: MIT */
/*
 * What the tables for people say alike: cells as text, what all cells of a
 * table share, and how far the model is off.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "render.h"
#include "reproduce.h"

static const char *const axis_names[AXES] = {
	[AXIS_FOLIO] = "folio",
	[AXIS_COPIER] = "engine",
	[AXIS_CALL] = "folios/call",
	[AXIS_BATCH] = "N pages",
};

const char *repro_axis_name(enum repro_axis a)
{
	return axis_names[a];
}

const char *repro_metric_name(enum migsim_metric m)
{
	return m == MIGSIM_METRIC_GIB_S ? "GiB/s" : "first us";
}

/* "cpu", "dma16": as the thread says it. */
static void copier_text(const struct data_row *row, char buf[REPRO_WORD])
{
	const struct migsim_cell *c = &row->datum.cell;
	const char *how = c->copy_inline && strcmp(row->engine, "cpu") ?
			  " inline" : "";

	if (c->channels)
		snprintf(buf, REPRO_WORD, "%.16s%u%s", row->engine, c->channels,
			 how);
	else
		snprintf(buf, REPRO_WORD, "%.16s%s", row->engine, how);
}

void repro_axis_text(const struct data_row *row, enum repro_axis a,
		     char buf[REPRO_WORD])
{
	const struct migsim_cell *c = &row->datum.cell;

	switch (a) {
	case AXIS_FOLIO:
		size_figure(MIGSIM_PAGE_SIZE << c->order, buf);
		break;
	case AXIS_COPIER:
		copier_text(row, buf);
		break;
	case AXIS_CALL:
		snprintf(buf, REPRO_WORD, "%llu",
			 (unsigned long long)c->folios);
		break;
	default:
		snprintf(buf, REPRO_WORD, "%llu",
			 (unsigned long long)c->batch_pages);
	}
}

bool repro_axis_same(const struct data_row *a, const struct data_row *b,
		     enum repro_axis axis)
{
	const struct migsim_cell *x = &a->datum.cell, *y = &b->datum.cell;

	switch (axis) {
	case AXIS_FOLIO:
		return x->order == y->order;
	case AXIS_COPIER:
		return x->channels == y->channels &&
		       x->copy_inline == y->copy_inline &&
		       !strcmp(a->engine, b->engine);
	case AXIS_CALL:
		return x->folios == y->folios;
	default:
		return x->batch_pages == y->batch_pages;
	}
}

static uint64_t call_bytes(const struct data_row *row)
{
	const struct migsim_cell *c = &row->datum.cell;

	return c->folios * (MIGSIM_PAGE_SIZE << c->order);
}

void repro_shape_of(struct repro_shape *s, const struct repro_table *t)
{
	const struct data_row *first = t->cell[0].row;
	unsigned int a;
	size_t i;

	*s = (struct repro_shape){ .same_bytes = true };
	for (i = 1; i < t->n; i++) {
		const struct data_row *row = t->cell[i].row;

		for (a = 0; a < AXES; a++)
			s->varies[a] |= !repro_axis_same(row, first,
							 (enum repro_axis)a);
		s->same_bytes &= call_bytes(row) == call_bytes(first);
	}
	if (s->same_bytes)
		s->varies[AXIS_CALL] = false;
}

void repro_value(enum migsim_metric m, double value, char buf[REPRO_WORD])
{
	double size = fabs(value);

	if (m == MIGSIM_METRIC_GIB_S && size >= 0.00995 && size < 1e5)
		snprintf(buf, REPRO_WORD, "%.2f", value);
	else if (m == MIGSIM_METRIC_FIRST_US && size < 99.95)
		snprintf(buf, REPRO_WORD, "%.1f", value);
	else
		figure(value, buf);
}

/* The mark stands before the number, so that the digits stay in line. */
void repro_measured(const struct repro_cell *c, char buf[REPRO_WORD])
{
	char value[REPRO_WORD];

	repro_value(c->row->datum.metric, c->row->datum.value, value);
	snprintf(buf, REPRO_WORD, "%s%.50s", repro_flagged(c) ? "*" : "",
		 value);
}

void repro_error(double error_pct, char buf[REPRO_WORD])
{
	if (!isfinite(error_pct))
		snprintf(buf, REPRO_WORD, "-");
	else if (fabs(error_pct) < 0.05)
		snprintf(buf, REPRO_WORD, "0.0");
	else if (fabs(error_pct) < 999.5)
		snprintf(buf, REPRO_WORD, "%+.1f", error_pct);
	else
		snprintf(buf, REPRO_WORD, "%+.2g", error_pct);
}

/* The table's name, and what all its cells share. */
void repro_print_head(FILE *out, const struct repro_table *t, size_t width)
{
	static const char *const before[AXES] = {
		"folio ", "", "", "N ",
	};
	static const char *const behind[AXES] = {
		"", "", " folios per call", " pages",
	};
	char word[REPRO_WORD], text[512];
	struct repro_shape shape;
	unsigned int a;
	size_t at;

	repro_shape_of(&shape, t);
	at = (size_t)snprintf(text, sizeof(text), "%.200s:", t->id);
	for (a = 0; a < AXES; a++) {
		if (shape.varies[a])
			continue;
		repro_axis_text(t->cell[0].row, (enum repro_axis)a, word);
		if (a == AXIS_CALL && shape.varies[AXIS_FOLIO])
			size_figure(call_bytes(t->cell[0].row), word);
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"%s %s%s%s", text[at - 1] == ':' ? "" : ",", before[a],
			word, a == AXIS_CALL && shape.varies[AXIS_FOLIO] ?
			" per call" : behind[a]);
	}
	print_wrapped(out, "", text, width);
}

void repro_print_list(FILE *out, const struct repro_table *t)
{
	struct repro_shape shape;
	const char *glue = " over ";
	size_t i, flagged = 0;
	unsigned int a;

	repro_print_head(out, t, 100);
	for (i = 0; i < t->n; i++)
		flagged += repro_flagged(&t->cell[i]);
	fprintf(out, "    %zu cells", t->n);
	if (flagged)
		fprintf(out, ", %zu of them flagged as noise,", flagged);
	repro_shape_of(&shape, t);
	for (a = 0; a < AXES; a++) {
		if (!shape.varies[a])
			continue;
		fprintf(out, "%s%s", glue, axis_names[a]);
		glue = ", ";
	}
	fputc('\n', out);
}

static const char *why(const struct repro_cell *c)
{
	return c->row->reason[0] ? c->row->reason : c->row->flag;
}

/* Each reason once. */
static void print_reasons(FILE *out, const struct repro_table *t, size_t width)
{
	size_t i, k;

	for (i = 0; i < t->n; i++) {
		if (!repro_flagged(&t->cell[i]))
			continue;
		for (k = 0; k < i; k++)
			if (repro_flagged(&t->cell[k]) &&
			    !strcmp(why(&t->cell[k]), why(&t->cell[i])))
				break;
		if (k == i)
			print_wrapped(out, "* ", why(&t->cell[i]), width);
	}
}

void repro_print_foot(FILE *out, const struct repro_table *t, size_t width)
{
	char text[256];
	size_t at = 0;
	unsigned int m;

	for (m = 0; m < MIGSIM_METRICS; m++) {
		if (isnan(t->mape_pct[m]))
			continue;
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"%s%s %.2f", at ? ", " : "mean error (%): ",
			repro_metric_name((enum migsim_metric)m),
			t->mape_pct[m]);
	}
	print_reasons(out, t, width);
	if (!t->counted)
		return;
	snprintf(text + at, sizeof(text) - at, "; %zu of %zu measured values within the 95 %% interval",
		 t->inside, t->counted);
	print_wrapped(out, "", text, width);
}

void repro_print_sum(FILE *out, const struct repro *r, size_t width)
{
	char text[512];
	size_t at;

	at = (size_t)snprintf(text, sizeof(text), "Profile %.100s: %zu cells",
			      r->profile, r->cells);
	if (r->counted < r->cells)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			", %zu of them flagged (*) and in no mean",
			r->cells - r->counted);
	if (r->counted)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"; error (%%): mean %.2f, median %.2f, max %.1f; %zu of %zu measured values within the 95 %% interval",
			r->mean_abs_pct, r->median_abs_pct, r->max_abs_pct,
			r->inside, r->counted);
	if (r->extrapolated)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"; %zu cells lie outside of what the profile was fitted to",
			r->extrapolated);
	snprintf(text + at, sizeof(text) - at, ".");
	print_wrapped(out, "", text, width);
}
