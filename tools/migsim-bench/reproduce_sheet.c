/* SPDX-License-Identifier: MIT */
/*
 * How a table is laid out depends on what differs between its cells: one thing
 * goes down, with both metrics across; of two things one goes across, engines
 * where they differ; more are a list.
 */
#include <errno.h>
#include <stdlib.h>

#include "reproduce_sheet.h"

/* A table with more places for each cell than this is a list as well. */
#define MOSTLY_FULL	2

static void choose_axes(struct sheet *s)
{
	unsigned int a;

	for (a = 0; a < AXES; a++) {
		if (!s->shape.varies[a])
			continue;
		s->nr_varying++;
		s->col_axis = s->row_axis;
		s->row_axis = (enum repro_axis)a;
	}
	if (s->nr_varying == 0)
		s->row_axis = AXIS_BATCH;
	s->crossed = s->nr_varying == 2;
	if (s->crossed && s->row_axis == AXIS_COPIER) {
		s->row_axis = s->col_axis;
		s->col_axis = AXIS_COPIER;
	}
}

/* The index of @row's value among the @n of @seen, to which it is added. */
static size_t place(const struct data_row **seen, size_t *n,
		    const struct data_row *row, enum repro_axis a)
{
	size_t i;

	for (i = 0; i < *n; i++)
		if (repro_axis_same(seen[i], row, a))
			return i;
	seen[(*n)++] = row;
	return i;
}

const struct repro_cell **sheet_slot(const struct sheet *s,
				     enum migsim_metric m, size_t row,
				     size_t col)
{
	return &s->cell[((size_t)m * s->rows + row) * s->cols + col];
}

static void find_values(struct sheet *s)
{
	size_t i;

	for (i = 0; i < s->t->n; i++) {
		const struct data_row *row = s->t->cell[i].row;

		place(s->row, &s->rows, row, s->row_axis);
		if (s->crossed)
			place(s->col, &s->cols, row, s->col_axis);
		s->found[row->datum.metric]++;
	}
	if (!s->crossed)
		s->cols = 1;
}

/* False: two cells want the same place. */
static bool fill_slots(struct sheet *s)
{
	size_t i;

	for (i = 0; i < s->t->n; i++) {
		const struct repro_cell *c = &s->t->cell[i];
		size_t row = place(s->row, &s->rows, c->row, s->row_axis);
		size_t col = s->crossed ? place(s->col, &s->cols, c->row,
						s->col_axis) : 0;
		const struct repro_cell **at =
			sheet_slot(s, c->row->datum.metric, row, col);

		if (*at)
			return false;
		*at = c;
	}
	return true;
}

void sheet_free(struct sheet *s)
{
	free(s->row);
	free(s->col);
	free(s->cell);
}

int sheet_init(struct sheet *s, const struct repro_table *t)
{
	*s = (struct sheet){ .t = t };
	repro_shape_of(&s->shape, t);
	choose_axes(s);
	s->row = calloc(t->n, sizeof(*s->row));
	s->col = calloc(t->n, sizeof(*s->col));
	if (!s->row || !s->col)
		return -ENOMEM;
	find_values(s);
	if (s->nr_varying > 2 || s->rows > MOSTLY_FULL * t->n / s->cols)
		return 0;
	s->cell = calloc(MIGSIM_METRICS * s->rows * s->cols, sizeof(*s->cell));
	if (!s->cell)
		return -ENOMEM;
	return fill_slots(s);
}
