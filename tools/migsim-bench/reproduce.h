/* SPDX-License-Identifier: MIT */
/*
 * Measured tables beside what a profile predicts of them.
 */
#ifndef MIGSIM_BENCH_REPRODUCE_H
#define MIGSIM_BENCH_REPRODUCE_H

#include <stdio.h>

#include "data.h"

/* One measured value. */
struct repro_cell {
	const struct data_row *row;
	double predicted;
	double interval[2];
	double error_pct;	/* 100 * (predicted / measured - 1) */
};

/* Flagged cells are in no sum. NAN: there was nothing to sum. */
struct repro_table {
	const char *id;
	struct repro_cell *cell;
	size_t n;
	size_t counted;
	size_t inside;		/* counted ones within their intervals */
	double mape_pct[MIGSIM_METRICS];
};

struct repro {
	const char *profile;	/* its name */
	struct repro_table *table;
	size_t n;
	size_t cells;
	size_t counted;
	size_t inside;
	size_t extrapolated;	/* cells outside of what was fitted */
	size_t skipped;		/* rows of the data that no cell can say */
	double mean_abs_pct;
	double median_abs_pct;
	double max_abs_pct;
};

/*
 * reproduce.c: the tables of @data named by @ids, or all of them, without
 * predictions. They point into @data. 0, or an exit code after a sentence.
 */
int repro_tables(struct repro *r, const struct data *data, char **ids,
		 size_t nr_ids);

/* reproduce.c: predicts every cell. 0, or an exit code after a sentence. */
int repro_predict(struct repro *r, const struct data *data,
		  const struct migsim_profile *profile, bool quiet);
void repro_free(struct repro *r);

bool repro_flagged(const struct repro_cell *c);

/* reproduce_stats.c: the means, from the errors. 0, or -ENOMEM */
int repro_count(struct repro *r);

/* Where the tables' layouts differ: what differs between their cells. */
enum repro_axis {
	AXIS_FOLIO,
	AXIS_COPIER,	/* engine and channels */
	AXIS_CALL,
	AXIS_BATCH,
	AXES
};

struct repro_shape {
	bool varies[AXES];
	bool same_bytes;	/* in every call: the folio says how many */
};

/* reproduce_words.c: cells as text */
#define REPRO_WORD	64

void repro_shape_of(struct repro_shape *s, const struct repro_table *t);
const char *repro_axis_name(enum repro_axis a);
void repro_axis_text(const struct data_row *row, enum repro_axis a,
		     char buf[REPRO_WORD]);
bool repro_axis_same(const struct data_row *a, const struct data_row *b,
		     enum repro_axis axis);
const char *repro_metric_name(enum migsim_metric m);
void repro_value(enum migsim_metric m, double value, char buf[REPRO_WORD]);
void repro_measured(const struct repro_cell *c, char buf[REPRO_WORD]);
void repro_error(double error_pct, char buf[REPRO_WORD]);

/* reproduce_words.c: what a table holds, for a list of them */
void repro_print_list(FILE *out, const struct repro_table *t);

/* reproduce_words.c: the lines above and below a table, and below them all */
void repro_print_head(FILE *out, const struct repro_table *t, size_t width);
void repro_print_foot(FILE *out, const struct repro_table *t, size_t width);
void repro_print_sum(FILE *out, const struct repro *r, size_t width);

/* Each: 0, -ENOMEM or -EIO */
int repro_table(FILE *out, const struct repro *r);
int repro_lkml(FILE *out, const struct repro *r);
int repro_csv(FILE *out, const struct repro *r);
int repro_json(FILE *out, const struct repro *r);

#endif
