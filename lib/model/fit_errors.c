/* SPDX-License-Identifier: MIT */
/*
 * What a fit knows of its own errors. The covariance of the unknowns is the
 * inverse of what the data say of them plus what the prior says, with the
 * scatter of the data as it turned out to be and not as it was expected.
 */
#include <cminpack.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fit_problem.h"

/* Without a prior: so little is known that nothing can be singular. */
#define VAGUE_SD	1e3

/* The clock of the model ticks: nothing fits better than that. */
#define LEAST_SD	1e-6

/* Fewer values than this say nothing of how their metric scatters. */
#define LEAST_VALUES	3

/* Informed by less than this, a coefficient is where the prior put it. */
#define INFORMED	0.5

static double prior_sd(const struct fit_problem *f)
{
	return f->o.prior_sd > 0 ? f->o.prior_sd : VAGUE_SD;
}

static double slope(const struct fit_problem *f, size_t datum, int unknown)
{
	const struct fit_cell *c = &f->cells.cell[f->cells.of[datum]];

	return c->prediction.slopes.d[f->data[datum].metric][f->key[unknown]];
}

/*
 * The covariance of the unknowns, @c[i + j * nr_free], when the logarithms of
 * the data scatter by @sd: by QR, which forms no squares of slopes.
 */
static int covariance(const struct fit_problem *f, double sd, double *c)
{
	int n = f->nr_free, rows = (int)f->n + n, pivot[PROFILE_KEYS], i, j;
	double diagonal[PROFILE_KEYS], norm[PROFILE_KEYS], work[PROFILE_KEYS];
	double *a = calloc((size_t)rows * (size_t)n, sizeof(*a));

	if (!a)
		return -ENOMEM;
	for (j = 0; j < n; j++) {
		double *column = a + (ptrdiff_t)j * rows;

		for (i = 0; i < (int)f->n; i++)
			column[i] = slope(f, (size_t)i, j) / sd;
		column[i + j] = 1 / prior_sd(f);
	}
	qrfac(rows, n, a, rows, 1, pivot, n, diagonal, norm, work);
	for (j = 0; j < n; j++)
		a[j + (ptrdiff_t)j * rows] = diagonal[j];
	covar(n, a, rows, pivot, 0, work);
	for (j = 0; j < n; j++)
		memcpy(c + (ptrdiff_t)j * n, a + (ptrdiff_t)j * rows,
		       (size_t)n * sizeof(*c));
	free(a);
	return 0;
}

/* How many of the data the unknowns used up. */
static double parameters_used(const struct fit_problem *f, double sd,
			      const double *c)
{
	int n = f->nr_free, j, k;
	double sum = 0, part;
	size_t i;

	for (i = 0; i < f->n; i++)
		for (j = 0; j < n; j++) {
			for (k = 0, part = 0; k < n; k++)
				part += c[j + k * n] * slope(f, i, k);
			sum += slope(f, i, j) * part / (sd * sd);
		}
	return sum;
}

/*
 * How the data scatter around the fit. Where they determine no more than they
 * are, nothing is left over to tell it by, and it is what was expected.
 */
static double scatter(const struct fit_problem *f, double used)
{
	double n = (double)f->n;

	if (n - used < 1)
		return f->o.data_sd;
	return fmax(f->rms * sqrt(n / (n - used)), LEAST_SD);
}

static double informed_of(const struct fit_problem *f, double variance)
{
	if (f->o.prior_sd > 0)
		return fmin(fmax(1 - variance / (f->o.prior_sd *
						 f->o.prior_sd), 0), 1);
	return variance < 1 ? 1 : 0;
}

static int set_coefficients(const struct fit_problem *f, const double *c,
			    double *informed)
{
	int n = f->nr_free, i, err = 0;
	unsigned int key;
	double variance;
	char source[80];

	for (i = 0; i < n && !err; i++) {
		key = f->key[i];
		variance = c[i + i * n];
		informed[key] = informed_of(f, variance);
		snprintf(source, sizeof(source),
			 informed[key] < INFORMED ?
				 "%zu values hardly tell it" :
				 "fitted to %zu values", f->n);
		err = migsim_profile_set(f->p, key,
				migsim_profile_value(f->p, key),
				migsim_profile_value(f->p, key) *
					sqrt(variance), source);
	}
	return err;
}

static void set_correlations(const struct fit_problem *f, const double *c)
{
	int n = f->nr_free, i, j;
	double r;

	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++) {
			r = c[i + j * n] / sqrt(c[i + i * n] * c[j + j * n]);
			if (!isfinite(r))
				continue;
			migsim_profile_correlate(f->p, f->key[i], f->key[j],
						 fmin(fmax(r, -1), 1));
		}
}

static int set_measured(const struct fit_problem *f, unsigned int key,
			double value)
{
	const struct migsim_profile_key *k = &profile_keys[key];
	char source[40];

	snprintf(source, sizeof(source), "of the %zu fitted values", f->n);
	return migsim_profile_set(f->p, key, fmin(fmax(value, k->min), k->max),
				  0, source);
}

/* @freedom: the part of the data that the unknowns did not use up. */
static int set_scatter(const struct fit_problem *f, enum migsim_metric metric,
		       unsigned int key, double freedom)
{
	double sum = 0;
	size_t i, n = 0;

	for (i = 0; i < f->n; i++)
		if (f->data[i].metric == metric) {
			sum += f->residual[i] * f->residual[i];
			n++;
		}
	if (n < LEAST_VALUES || freedom * (double)n < 1)
		return 0;
	return set_measured(f, key, sqrt(sum / ((double)n * freedom)));
}

static int set_range(const struct fit_problem *f)
{
	struct migsim_cell lo = f->data[0].cell, hi = lo, c;
	size_t i;
	int err;

	for (i = 1; i < f->n; i++) {
		c = f->data[i].cell;
		lo.order = c.order < lo.order ? c.order : lo.order;
		hi.order = c.order > hi.order ? c.order : hi.order;
		lo.batch_pages = c.batch_pages < lo.batch_pages ?
				 c.batch_pages : lo.batch_pages;
		hi.batch_pages = c.batch_pages > hi.batch_pages ?
				 c.batch_pages : hi.batch_pages;
		hi.channels = c.channels > hi.channels ? c.channels :
							 hi.channels;
	}
	err = set_measured(f, KEY_MEASURED_CHANNELS, hi.channels);
	if (!err)
		err = set_measured(f, KEY_MEASURED_BATCH_MIN,
				   (double)lo.batch_pages);
	if (!err)
		err = set_measured(f, KEY_MEASURED_BATCH_MAX,
				   (double)hi.batch_pages);
	if (!err)
		err = set_measured(f, KEY_MEASURED_ORDER_MIN, lo.order);
	return err ? err : set_measured(f, KEY_MEASURED_ORDER_MAX, hi.order);
}

static int set_everything(const struct fit_problem *f, const double *c,
			  double used, double *informed)
{
	double freedom = 1 - used / (double)f->n;
	int err = set_coefficients(f, c, informed);

	if (err)
		return err;
	set_correlations(f, c);
	err = set_scatter(f, MIGSIM_METRIC_GIB_S, KEY_SCATTER_GIB_S, freedom);
	if (!err)
		err = set_scatter(f, MIGSIM_METRIC_FIRST_US, KEY_SCATTER_FIRST,
				  freedom);
	return err ? err : set_range(f);
}

int fit_errors(const struct fit_problem *f, double *informed)
{
	size_t n = (size_t)f->nr_free;
	double *c = calloc(n * n, sizeof(*c)), used = 0;
	int err = c ? covariance(f, f->o.data_sd, c) : -ENOMEM;

	if (!err) {
		used = parameters_used(f, f->o.data_sd, c);
		err = covariance(f, scatter(f, used), c);
	}
	if (!err)
		err = set_everything(f, c, used, informed);
	free(c);
	return err;
}
