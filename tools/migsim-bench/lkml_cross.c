/* SPDX-License-Identifier: MIT */
/*
 * The shape of the published tables, for a mail: where exactly two things
 * vary, one of them goes down and the other (engines, where they vary) across.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render.h"

#define LABEL	16	/* longest word at the head of a row or column */
#define NONE	SIZE_MAX

static const struct result not_measured;

/* One table: what stands in each cell, in one column or two. */
struct block {
	const char *title;	/* NULL: it is the first */
	size_t n;
	const char *head[2];
	void (*add[2])(struct grid *g, const struct result *r);
};

/* Throughput and first latency in pairs, as 2B has them. */
static const struct block published = {
	NULL, 2, { "GiB/s ± sd", "first us" }, { lkml_rate, lkml_first },
};

static const struct block inaccessible = {
	"Inaccessible time of a folio, us", 1, { "mean/p99" },
	{ lkml_inaccessible },
};

static const struct block cpu = {
	"CPU seconds per GiB", 1, { "caller + helpers" }, { lkml_cpu },
};

static const struct block reading = {
	"Reading after each call, GiB/s", 1, { "mean ± sd" },
	{ lkml_read_after },
};

static const struct block load = {
	"The load, million ops/s (without migration), and its stalls", 2,
	{ "Mops/s", "stall us p50/p99/max" }, { lkml_ops, lkml_stalls },
};

/* The different texts of one field, in the order of the results. */
struct axis {
	enum field field;
	char key;		/* 'R' or 'C': its long words are numbered */
	bool long_words;
	size_t n;
	size_t *first;		/* a result that has this text */
	size_t *of;		/* result → index of its text */
};

struct cross {
	const struct results *rs;
	const struct fields *fs;
	struct axis row, col;
	size_t *cell;		/* row × column → result, or NONE */
};

static const char *axis_text(const struct cross *x, const struct axis *a,
			     size_t i)
{
	const char *text = field_text(x->fs, a->first[i], a->field);

	return text[0] ? text : "-";
}

static void axis_free(struct axis *a)
{
	free(a->first);
	free(a->of);
}

static int axis_init(struct cross *x, struct axis *a, enum field f, char key)
{
	size_t i, k;

	a->field = f;
	a->key = key;
	a->first = calloc(x->rs->n, sizeof(*a->first));
	a->of = calloc(x->rs->n, sizeof(*a->of));
	if (!a->first || !a->of)
		return -ENOMEM;
	for (i = 0; i < x->rs->n; i++) {
		const char *text = field_text(x->fs, i, f);

		for (k = 0; k < a->n; k++)
			if (!strcmp(text, field_text(x->fs, a->first[k], f)))
				break;
		a->of[i] = k;
		if (k == a->n)
			a->first[a->n++] = i;
		a->long_words |= strlen(text) > LABEL;
	}
	return 0;
}

/* N grows downwards, in whatever order it was measured. */
static void axis_sort(const struct cross *x, struct axis *a)
{
	size_t i, k, first;

	for (i = 1; i < a->n; i++) {
		first = a->first[i];
		for (k = i; k && x->rs->result[a->first[k - 1]].batch_pages >
				 x->rs->result[first].batch_pages; k--)
			a->first[k] = a->first[k - 1];
		a->first[k] = first;
	}
	for (i = 0; i < x->rs->n; i++)
		for (k = 0; k < a->n; k++)
			if (x->rs->result[a->first[k]].batch_pages ==
			    x->rs->result[i].batch_pages)
				a->of[i] = k;
}

/* Which two fields vary, rows first. False: not exactly two do. */
static bool find_axes(const struct fields *fs, enum field axes[2])
{
	unsigned int f, n = 0;

	for (f = 0; f < FIELDS; f++) {
		if (fs->spread[f] != SPREAD_VARIES)
			continue;
		if (n == 2)
			return false;
		axes[n++] = (enum field)f;
	}
	if (n != 2)
		return false;
	/* Engines go across, else N goes down, and N is the last field. */
	if (axes[0] == FIELD_ENGINE || axes[1] == FIELD_BATCH) {
		f = axes[0];
		axes[0] = axes[1];
		axes[1] = (enum field)f;
	}
	return true;
}

static void cross_free(struct cross *x)
{
	axis_free(&x->row);
	axis_free(&x->col);
	free(x->cell);
}

/* 1: a cross table; 0: the results do not make one. */
static int cross_init(struct cross *x, const struct results *rs,
		      const struct fields *fs)
{
	enum field axes[2];
	size_t i;

	*x = (struct cross){ .rs = rs, .fs = fs };
	if (!find_axes(fs, axes))
		return 0;
	if (axis_init(x, &x->row, axes[0], 'R') ||
	    axis_init(x, &x->col, axes[1], 'C'))
		return -ENOMEM;
	if (x->row.field == FIELD_BATCH)
		axis_sort(x, &x->row);
	x->cell = malloc(x->row.n * x->col.n * sizeof(*x->cell));
	if (!x->cell)
		return -ENOMEM;
	for (i = 0; i < x->row.n * x->col.n; i++)
		x->cell[i] = NONE;
	for (i = 0; i < rs->n; i++) {
		size_t *cell = &x->cell[x->row.of[i] * x->col.n + x->col.of[i]];

		if (*cell != NONE)
			return 0;
		*cell = i;
	}
	return 1;
}

static void add_label(struct grid *g, const struct cross *x,
		      const struct axis *a, size_t i)
{
	if (a->long_words)
		grid_add(g, "%c%zu", a->key, i + 1);
	else
		grid_add(g, "%s", axis_text(x, a, i));
}

static void print_legend(FILE *out, const struct cross *x,
			 const struct axis *a)
{
	char lead[32];
	size_t i;

	for (i = 0; a->long_words && i < a->n; i++) {
		snprintf(lead, sizeof(lead), "%c%zu: ", a->key, i + 1);
		print_wrapped(out, lead, axis_text(x, a, i), LKML_WIDTH);
	}
}

static void add_heads(struct grid *g, const struct cross *x, size_t from,
		      size_t to, const struct block *b)
{
	size_t c, k;

	grid_add(g, "%s", field_name(x->row.field));
	for (c = from; c < to; c++) {
		add_label(g, x, &x->col, c);
		for (k = 1; k < b->n; k++)
			grid_add(g, "%s", "");
	}
	grid_add(g, "%s", x->row.field == FIELD_BATCH ? "pages" : "");
	for (c = from; c < to; c++)
		for (k = 0; k < b->n; k++)
			grid_add(g, "%s", b->head[k]);
}

static void fill(struct grid *g, const struct cross *x, size_t from, size_t to,
		 const struct block *b)
{
	size_t r, c, k;

	grid_init(g, 1 + (to - from) * b->n, 0);
	add_heads(g, x, from, to, b);
	for (r = 0; r < x->row.n; r++) {
		add_label(g, x, &x->row, r);
		for (c = from; c < to; c++) {
			size_t i = x->cell[r * x->col.n + c];
			const struct result *of = i == NONE ? &not_measured :
						  &x->rs->result[i];

			for (k = 0; k < b->n; k++)
				b->add[k](g, of);
		}
	}
}

/* As many columns as a mail holds, the rest in further tables below. */
static int print_block(FILE *out, const struct cross *x, const struct block *b)
{
	size_t from = 0, to;
	struct grid g;
	int err = 0;

	if (b->title)
		fprintf(out, "\n%s\n", b->title);
	print_emulated(out, results_emulated(x->rs));
	while (from < x->col.n && !err) {
		to = x->col.n;
		fill(&g, x, from, to, b);
		while (to > from + 1 && grid_bytes(&g) > LKML_WIDTH) {
			grid_free(&g);
			fill(&g, x, from, --to, b);
		}
		fputc('\n', out);
		err = grid_print(&g, out);
		grid_free(&g);
		from = to;
	}
	return err;
}

static bool any_inaccessible(const struct results *rs)
{
	size_t i;

	for (i = 0; i < rs->n; i++)
		if (rs->result[i].sum.inaccessible_us.n)
			return true;
	return false;
}

static int print_cross(FILE *out, const struct cross *x)
{
	int err;

	fprintf(out, "\nDown: %s; across: %s\n", field_name(x->row.field),
		field_name(x->col.field));
	print_legend(out, x, &x->row);
	print_legend(out, x, &x->col);
	err = print_block(out, x, &published);
	if (!err && any_inaccessible(x->rs))
		err = print_block(out, x, &inaccessible);
	if (!err)
		err = print_block(out, x, &cpu);
	if (!err && results_read_after(x->rs))
		err = print_block(out, x, &reading);
	if (!err && results_load(x->rs))
		err = print_block(out, x, &load);
	return err;
}

/* 0, or -errno; 1 when the results do not make such a table. */
int lkml_cross(FILE *out, const struct results *rs, const struct fields *fs)
{
	struct cross x;
	int err = cross_init(&x, rs, fs);

	if (err > 0)
		err = print_cross(out, &x);
	else if (!err)
		err = 1;
	cross_free(&x);
	return err;
}
