/* SPDX-License-Identifier: MIT */
/*
 * Curves over N. One round of a sweep runs every N of both backends once, so
 * that a run has a whole curve of each, with the same drift in both: shapes
 * are compared run by run, and an interval is one over runs.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <migsim/stats.h>

#include "validate.h"

/* That far below its best a backend still counts as being on its plateau. */
#define NEAR_BEST	0.90

void validate_curves_free(struct validate_curves *c)
{
	free(c->pages);
	free(c->y[UFFD]);
	free(c->y[KERNEL]);
	*c = (struct validate_curves){ 0 };
}

static size_t least_runs(const struct validate_table *t, enum migsim_metric m)
{
	size_t i, b, runs = SIZE_MAX;

	for (i = 0; i < t->n; i++)
		for (b = 0; b < BACKENDS && validate_both(&t->cell[i], m); b++) {
			size_t n = validate_result(&t->cell[i], b,
						   m)->nr_samples;

			runs = n < runs ? n : runs;
		}
	return runs == SIZE_MAX ? 0 : runs;
}

/* False: in this run something of it was not seen. */
static bool take_run(struct validate_curves *c, const struct validate_table *t,
		     enum migsim_metric m, size_t run)
{
	size_t i, b, at = c->runs * c->n;

	for (i = 0; i < t->n; i++) {
		if (!validate_both(&t->cell[i], m))
			continue;
		for (b = 0; b < BACKENDS; b++) {
			const struct result *r =
				validate_result(&t->cell[i], b, m);
			double value = validate_sample(&r->samples[run], m);

			if (!(value > 0) || !isfinite(value))
				return false;
			c->y[b][at] = value;
		}
		at++;
	}
	return true;
}

int validate_curves_take(struct validate_curves *c,
			 const struct validate_table *t, enum migsim_metric m)
{
	size_t runs = least_runs(t, m), i;

	*c = (struct validate_curves){ 0 };
	c->pages = calloc(t->n + 1, sizeof(*c->pages));
	c->y[UFFD] = calloc(runs * t->n + 1, sizeof(double));
	c->y[KERNEL] = calloc(runs * t->n + 1, sizeof(double));
	if (!c->pages || !c->y[UFFD] || !c->y[KERNEL])
		return -ENOMEM;
	for (i = 0; i < t->n; i++)
		if (validate_both(&t->cell[i], m))
			c->pages[c->n++] = t->cell[i].pages;
	for (i = 0; i < runs; i++)
		c->runs += take_run(c, t, m, i);
	return 0;
}

static const double *curve(const struct validate_curves *c, size_t backend,
			   size_t run)
{
	return c->y[backend] + run * c->n;
}

/* At the i-th N, by the greatest of the curve. */
static double normalised(const struct validate_curves *c, size_t backend,
			 size_t run, size_t i)
{
	const double *y = curve(c, backend, run);
	double best = 0;
	size_t k;

	for (k = 0; k < c->n; k++)
		best = fmax(best, y[k]);
	return y[i] / best;
}

static double shape_error(const struct validate_curves *c, size_t run, size_t i)
{
	return log(normalised(c, UFFD, run, i) / normalised(c, KERNEL, run, i));
}

static double percent(double log_ratio)
{
	return 100 * expm1(log_ratio);
}

int validate_shape(const struct validate_curves *c, uint64_t seed,
		   struct validate_error *e)
{
	double *x = calloc(c->runs + 1, sizeof(*x));
	struct migsim_stats s;
	size_t i, run;
	int err = x ? 0 : -ENOMEM;

	for (i = 0; i < c->n && !err; i++) {
		for (run = 0; run < c->runs; run++)
			x[run] = shape_error(c, run, i);
		err = migsim_stats_of(x, c->runs, seed, &s);
		if (!err)
			e[i] = (struct validate_error){
				c->pages[i], percent(s.median),
				{ percent(s.ci95[0]), percent(s.ci95[1]) },
			};
	}
	free(x);
	return err;
}

/* The first N that is near the best by median, at most, and surely. */
static void look_for_plateau(struct validate_plateau *p, uint64_t pages,
			     const struct migsim_stats *s)
{
	if (!p->pages && s->median >= NEAR_BEST)
		p->pages = pages;
	if (!p->from && s->ci95[1] >= NEAR_BEST)
		p->from = pages;
	if (!p->to && s->ci95[0] >= NEAR_BEST)
		p->to = pages;
}

int validate_plateau(const struct validate_curves *c, int backend,
		     uint64_t seed, struct validate_plateau *p)
{
	double *x = calloc(c->runs + 1, sizeof(*x));
	struct migsim_stats s;
	size_t i, run;
	int err = x ? 0 : -ENOMEM;

	*p = (struct validate_plateau){ 0 };
	for (i = 0; i < c->n && !err; i++) {
		for (run = 0; run < c->runs; run++)
			x[run] = normalised(c, (size_t)backend, run, i);
		err = migsim_stats_of(x, c->runs, seed, &s);
		if (!err)
			look_for_plateau(p, c->pages[i], &s);
	}
	free(x);
	return err;
}

/* Least squares of ln(y) over ln(N). */
static double slope(const struct validate_curves *c, size_t backend, size_t run)
{
	const double *y = curve(c, backend, run);
	double mean_x = 0, mean_y = 0, xx = 0, xy = 0;
	size_t i;

	for (i = 0; i < c->n; i++) {
		mean_x += log((double)c->pages[i]) / (double)c->n;
		mean_y += log(y[i]) / (double)c->n;
	}
	for (i = 0; i < c->n; i++) {
		double x = log((double)c->pages[i]) - mean_x;

		xx += x * x;
		xy += x * (log(y[i]) - mean_y);
	}
	return xy / xx;
}

int validate_growth(const struct validate_curves *c, uint64_t seed,
		    struct validate_growth *g)
{
	double *u = calloc(3 * c->runs + 1, sizeof(*u)), *k, *d;
	size_t run;
	int err;

	if (!u)
		return -ENOMEM;
	k = u + c->runs;
	d = k + c->runs;
	for (run = 0; run < c->runs; run++) {
		u[run] = slope(c, UFFD, run);
		k[run] = slope(c, KERNEL, run);
		d[run] = u[run] - k[run];
	}
	err = migsim_stats_of(u, c->runs, seed, &g->slope[UFFD]);
	if (!err)
		err = migsim_stats_of(k, c->runs, seed, &g->slope[KERNEL]);
	if (!err)
		err = migsim_stats_of(d, c->runs, seed, &g->difference);
	free(u);
	return err;
}
