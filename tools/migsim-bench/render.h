/* SPDX-License-Identifier: MIT */
/*
 * What the renderers share: a result in words, and text in columns.
 */
#ifndef MIGSIM_BENCH_RENDER_H
#define MIGSIM_BENCH_RENDER_H

#include <stdio.h>

#include "result.h"

/* Stands wherever times of an emulated CPU are printed. */
#define EMULATED	"emulated, not performance"

/* What can differ from one result to the next, as a reader knows it. */
enum field {
	FIELD_BACKEND,
	FIELD_ENGINE,
	FIELD_DRIVER,
	FIELD_CHANNELS,
	FIELD_POLICY,
	FIELD_PROFILE,
	FIELD_FOLIO,
	FIELD_WINDOW,
	FIELD_TOTAL,
	FIELD_CALL,
	FIELD_NODES,
	FIELD_LAYOUT,
	FIELD_POOL,
	FIELD_MODE,
	FIELD_REASON,
	FIELD_BUSY,
	FIELD_LOAD,
	FIELD_RUNS,
	FIELD_BATCH,
	FIELDS,
};

enum spread {
	SPREAD_SAME,	/* one text for all results */
	SPREAD_VARIES,
	SPREAD_HIDDEN,	/* varies, but only as another field already tells */
};

/* The fields of all results, as text; "" where one means nothing. */
struct fields {
	size_t n;
	char **text;
	enum spread spread[FIELDS];
};

int fields_init(struct fields *fs, const struct results *rs);
void fields_free(struct fields *fs);
const char *field_name(enum field f);
const char *field_text(const struct fields *fs, size_t result, enum field f);

/* The fields that are @what of one result, "name text, …". Free it. */
char *fields_join(const struct fields *fs, size_t result, enum spread what);

/* result.c: numbers of a result; NAN or -1 where it was not measured */
bool result_measured(const struct result *r);
bool result_saw_folios(const struct result *r);
double result_per_gib(const struct result *r, double value);
double result_page_seconds(const struct result *r);
double result_flight(const struct result *r);
double latency_value(const struct migsim_latency *l, double value);
double stats_value(const struct migsim_stats *s, double value);
int64_t result_order(const struct result *r);
int64_t result_folios_per_call(const struct result *r);
bool result_copies_inline(const struct result *r);
const char *result_pool(const struct result *r);
const char *result_layout(const struct result *r);
int64_t result_busy(const struct result *r);
bool results_emulated(const struct results *rs);
bool results_read_after(const struct results *rs); /* any of them */

/* The i-th counter or phase; NULL behind the last. Phases in us per GiB. */
const char *result_counter(const struct result *r, unsigned int i,
			   int64_t *value);
const char *result_phase(const struct result *r, unsigned int i,
			 double *value);

/* load_render.c: was there a load; the i-th value of one, NULL behind the last */
bool results_load(const struct results *rs);
const char *result_load(const struct result *r, unsigned int i, double *value);

/* words of an item `name:key=value,…`; free them. NULL without memory. */
char *item_name(const char *item);

/* result.c: was the kernel slowed by its events? on, off; "": not the kernel */
const char *trace_word(const struct result *r);
char *item_without(const char *item, const char *key);

/* text.c: figures, wrapped lines, and a grid of cells */
#define FIGURE_LEN	32

const char *figure(double value, char buf[FIGURE_LEN]);
const char *rate_figure(double gib_s, char buf[FIGURE_LEN]);
void size_figure(uint64_t bytes, char buf[FIGURE_LEN]);
size_t text_columns(const char *text);
void print_wrapped(FILE *out, const char *lead, const char *text,
		   size_t width);

struct grid {
	size_t columns;
	size_t left;		/* the first columns are flush left */
	size_t cells;
	size_t room;
	char **cell;
	bool broken;		/* memory ran out */
};

void grid_init(struct grid *g, size_t columns, size_t left);
void grid_free(struct grid *g);
void grid_add(struct grid *g, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
size_t grid_bytes(const struct grid *g); /* of its longest line */
int grid_print(const struct grid *g, FILE *out);

/* render_origin.c */
void print_origin(FILE *out, const struct results *rs, size_t width);
void print_drivers(FILE *out, const struct fields *fs, size_t results,
		   size_t width);
void print_warnings(FILE *out, const struct results *rs, size_t width);
void print_emulated(FILE *out, bool emulated);

/* render_lkml.c: cells; lkml_cross.c: a table of rows and columns */
#define LKML_WIDTH	78

void lkml_rate(struct grid *g, const struct result *r);
void lkml_first(struct grid *g, const struct result *r);
void lkml_inaccessible(struct grid *g, const struct result *r);
void lkml_cpu(struct grid *g, const struct result *r);
void lkml_read_after(struct grid *g, const struct result *r);
void lkml_ops(struct grid *g, const struct result *r);
void lkml_stalls(struct grid *g, const struct result *r);
int lkml_cross(FILE *out, const struct results *rs, const struct fields *fs);

#endif
