/* SPDX-License-Identifier: MIT */
/*
 * Measured values from CSV files: the published tables, or sweeps of one's
 * own. The columns that count are those of bench/data/published.csv; the
 * column `table` is a free label, the others say what was run.
 */
#ifndef MIGSIM_BENCH_DATA_H
#define MIGSIM_BENCH_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include <migsim/model.h>

struct data_row {
	char *table;
	char *engine;		/* as in the file: cpu, dma, memcpy … */
	struct migsim_datum datum;
	double pm;		/* standard deviation; NAN: not given */
	char *flag;		/* "": none; others are left out of every sum */
	char *reason;		/* why it is flagged; "" */
	const char *file;	/* as it was given to data_read() */
	unsigned int line;
};

struct data {
	struct data_row *row;
	size_t n;
	size_t room;
	size_t skipped;		/* rows that no cell can say: data_skip.c */
};

/*
 * Appends the rows of a file; @path lives as long as they. 0, or an exit code
 * after a sentence.
 */
int data_read(struct data *d, const char *path);

/* The same of the published tables, which come with the tool. */
int data_read_published(struct data *d);

void data_free(struct data *d);

/* What a profile says of one row. */
struct data_prediction {
	double value;
	double interval[2];
};

/*
 * data_predict.c: predicts the rows that are @wanted (NULL: all), in their
 * order; @p has one for each row. @step is called after each, and ends it when
 * it returns false. 0, or an exit code after a sentence; EXIT_FAILED without
 * one when @step ended it.
 */
int data_predict(const struct data *d, const bool *wanted,
		 const struct migsim_profile *profile,
		 struct data_prediction *p, bool (*step)(void *arg), void *arg);

/* By metric: as the column `metric` has it. */
extern const char *const data_metric[MIGSIM_METRICS];

#endif
