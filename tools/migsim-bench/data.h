/* SPDX-License-Identifier: MIT */
/*
 * Measured values from CSV files: the published tables, or sweeps of one's
 * own. The columns that count are those of bench/data/published.csv; the
 * column `table` is a free label, the others say what was run.
 */
#ifndef MIGSIM_BENCH_DATA_H
#define MIGSIM_BENCH_DATA_H

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
	size_t skipped;		/* rows that no cell can say: mixes of sizes */
};

/*
 * Appends the rows of a file; @path lives as long as they. 0, or an exit code
 * after a sentence.
 */
int data_read(struct data *d, const char *path);

/* The same of the published tables, which come with the tool. */
int data_read_published(struct data *d);

void data_free(struct data *d);

/* By metric: as the column `metric` has it. */
extern const char *const data_metric[MIGSIM_METRICS];

#endif
