/* SPDX-License-Identifier: MIT */
/*
 * A table's cells in rows and columns.
 */
#ifndef MIGSIM_BENCH_REPRODUCE_SHEET_H
#define MIGSIM_BENCH_REPRODUCE_SHEET_H

#include "reproduce.h"

struct sheet {
	const struct repro_table *t;
	struct repro_shape shape;
	unsigned int nr_varying;
	enum repro_axis row_axis, col_axis;
	bool crossed;		/* else there is one column, of all cells */
	const struct data_row **row, **col;	/* one that stands for each */
	size_t rows, cols;
	const struct repro_cell **cell;	/* metric, row, column; or NULL */
	size_t found[MIGSIM_METRICS];
};

/*
 * 1: a table of rows and columns; 0: only a list holds it all; -ENOMEM. To be
 * freed in any case.
 */
int sheet_init(struct sheet *s, const struct repro_table *t);
void sheet_free(struct sheet *s);

const struct repro_cell **sheet_slot(const struct sheet *s,
				     enum migsim_metric m, size_t row,
				     size_t col);

#endif
