/* SPDX-License-Identifier: MIT */
/*
 * For a terminal: one line for each cell, with all that is known of it.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "bench.h"
#include "render.h"
#include "reproduce.h"

#define WIDTH	100

static void add_heads(struct grid *g, const struct repro_shape *s)
{
	static const char *const heads[] = {
		"", "measured", "± sd", "predicted", "95 % interval", "error %",
	};
	unsigned int a;
	size_t i;

	for (a = 0; a < AXES; a++)
		if (s->varies[a])
			grid_add(g, "%s", repro_axis_name((enum repro_axis)a));
	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		grid_add(g, "%s", heads[i]);
}

static void add_cell(struct grid *g, const struct repro_shape *s,
		     const struct repro_cell *c)
{
	enum migsim_metric m = c->row->datum.metric;
	char a[REPRO_WORD], b[REPRO_WORD];
	unsigned int axis;

	for (axis = 0; axis < AXES; axis++) {
		if (!s->varies[axis])
			continue;
		repro_axis_text(c->row, (enum repro_axis)axis, a);
		grid_add(g, "%s", a);
	}
	grid_add(g, "%s", repro_metric_name(m));
	repro_measured(c, a);
	grid_add(g, "%s", a);
	if (isnan(c->row->pm))
		snprintf(a, sizeof(a), "%s", "");
	else
		repro_value(m, c->row->pm, a);
	grid_add(g, "%s", a);
	repro_value(m, c->predicted, a);
	grid_add(g, "%s", a);
	repro_value(m, c->interval[0], a);
	repro_value(m, c->interval[1], b);
	grid_add(g, "[%s, %s]", a, b);
	repro_error(c->error_pct, a);
	grid_add(g, "%s", a);
}

static int print_table(FILE *out, const struct repro_table *t)
{
	struct repro_shape shape;
	struct grid g;
	unsigned int a;
	size_t i, columns = 6;
	int err;

	repro_shape_of(&shape, t);
	for (a = 0; a < AXES; a++)
		columns += shape.varies[a];
	grid_init(&g, columns, 0);
	add_heads(&g, &shape);
	for (i = 0; i < t->n; i++)
		add_cell(&g, &shape, &t->cell[i]);
	err = grid_print(&g, out);
	grid_free(&g);
	return err;
}

int repro_table(FILE *out, const struct repro *r)
{
	size_t i;
	int err = 0;

	for (i = 0; i < r->n && !err; i++) {
		repro_print_head(out, &r->table[i], WIDTH);
		err = print_table(out, &r->table[i]);
		repro_print_foot(out, &r->table[i], WIDTH);
		fputc('\n', out);
	}
	repro_print_sum(out, r, WIDTH);
	return err;
}
