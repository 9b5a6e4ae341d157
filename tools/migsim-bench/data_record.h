/* SPDX-License-Identifier: MIT */
/*
 * A record of a CSV file and what its cells mean, for data.c.
 */
#ifndef MIGSIM_BENCH_DATA_RECORD_H
#define MIGSIM_BENCH_DATA_RECORD_H

#include "data.h"

/* bench/data/published.csv, put in by the build */
extern const unsigned char published_csv[];
extern const size_t published_csv_len;

enum data_column {
	COLUMN_TABLE,
	COLUMN_ORDER,
	COLUMN_ENGINE,
	COLUMN_CHANNELS,
	COLUMN_CALL,
	COLUMN_BATCH,
	COLUMN_METRIC,
	COLUMN_VALUE,
	COLUMNS_NEEDED,

	/* These may be missing. */
	COLUMN_BYTES = COLUMNS_NEEDED,
	COLUMN_PM,
	COLUMN_FLAG,
	COLUMN_REASON,
	COLUMN_BACKEND,
	COLUMN_POLICY,
	COLUMN_OPTIONS,
	COLUMN_BUSY,
	COLUMN_LOAD,
	COLUMN_TRACE,
	COLUMNS
};

/* Where the columns of a file stand, from 0; -1: it has no such column. */
struct data_header {
	int at[COLUMNS];
	size_t n;		/* cells of every record */
};

struct data_record {
	const char *file;
	unsigned int line;	/* where it begins */
	const struct data_header *header;
	char **cell;
	size_t n;
};

/*
 * All that return int: 0, or an exit code after a sentence with file and line.
 */

/* data_columns.c: what the first record says */
int data_take_header(struct data_header *h, const struct data_record *r);

/* data_columns.c: appends a record, if it is of use */
int data_take_record(struct data *d, const struct data_record *r);

/*
 * data_skip.c: can a cell say what was run? Not a mix of folio sizes, another
 * policy than batch, more than one CPU that copies, or a machine kept busy.
 */
bool data_is_cell(const struct data_record *r);

/*
 * data_skip.c: is it the throughput of a kernel that was traced? That is none
 * of the kernel's: its events slow it, 4K folios to a half.
 */
bool data_is_slowed(const struct data_record *r, enum migsim_metric m);

/* data_cell.c: what was run, and what was measured */
int data_take_cell(const struct data_record *r, struct migsim_cell *cell);

/* data_cell.c: @used is false for what sweeps write and no cell predicts */
int data_take_metric(const struct data_record *r, enum migsim_metric *metric,
		     bool *used);

/* data_columns.c: "" where the file has no such column */
const char *data_text(const struct data_record *r, enum data_column c);

/* data_columns.c: a whole number, which must be there */
int data_take_count(const struct data_record *r, enum data_column c,
		    uint64_t min, uint64_t max, uint64_t *value);

/* data_columns.c: says the sentence; an exit code */
int data_refuse(const struct data_record *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
