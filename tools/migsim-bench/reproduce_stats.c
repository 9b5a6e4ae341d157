/* SPDX-License-Identifier: MIT */
/*
 * How far the model is off, over the cells that are not flagged.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "reproduce.h"

struct sum {
	double value;
	size_t n;
};

static double mean(const struct sum *s)
{
	return s->n ? s->value / (double)s->n : NAN;
}

static void sum_add(struct sum *s, double value)
{
	s->value += value;
	s->n++;
}

static bool is_inside(const struct repro_cell *c)
{
	double measured = c->row->datum.value;

	return measured >= c->interval[0] && measured <= c->interval[1];
}

/* Appends the absolute errors to @errors. */
static void count_table(struct repro_table *t, double *errors)
{
	struct sum sums[MIGSIM_METRICS] = { 0 };
	unsigned int m;
	size_t i;

	t->counted = t->inside = 0;
	for (i = 0; i < t->n; i++) {
		const struct repro_cell *c = &t->cell[i];

		if (repro_flagged(c))
			continue;
		errors[t->counted++] = fabs(c->error_pct);
		t->inside += is_inside(c);
		sum_add(&sums[c->row->datum.metric], fabs(c->error_pct));
	}
	for (m = 0; m < MIGSIM_METRICS; m++)
		t->mape_pct[m] = mean(&sums[m]);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void describe(struct repro *r, double *errors)
{
	struct sum all = { 0 };
	size_t n = r->counted, i;

	r->mean_abs_pct = r->median_abs_pct = r->max_abs_pct = NAN;
	if (!n)
		return;
	qsort(errors, n, sizeof(*errors), compare);
	for (i = 0; i < n; i++)
		sum_add(&all, errors[i]);
	r->mean_abs_pct = mean(&all);
	r->median_abs_pct = (errors[(n - 1) / 2] + errors[n / 2]) / 2;
	r->max_abs_pct = errors[n - 1];
}

int repro_count(struct repro *r)
{
	double *errors = calloc(r->cells, sizeof(*errors));
	size_t i;

	if (!errors)
		return -ENOMEM;
	r->counted = r->inside = 0;
	for (i = 0; i < r->n; i++) {
		count_table(&r->table[i], errors + r->counted);
		r->counted += r->table[i].counted;
		r->inside += r->table[i].inside;
	}
	describe(r, errors);
	free(errors);
	return 0;
}
