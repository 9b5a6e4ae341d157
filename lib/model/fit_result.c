/* SPDX-License-Identifier: MIT */
/*
 * What a fit leaves in the profile besides the values.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "fit_problem.h"

/* Fewer values than this say nothing of how their class scatters. */
#define LEAST_VALUES	3

static double informed_of(const struct fit_problem *f, double variance)
{
	if (f->o.prior_sd > 0)
		return fmin(fmax(1 - variance / (f->o.prior_sd *
						 f->o.prior_sd), 0), 1);
	return variance < 1 ? 1 : 0;
}

static int set_coefficients(const struct fit_problem *f,
			    const struct fit_errors *e, double *informed)
{
	int n = f->nr_free, i, err = 0;
	unsigned int key;
	double value;
	char source[80];

	for (i = 0; i < n && !err; i++) {
		key = f->key[i];
		value = migsim_profile_value(f->p, key);
		informed[key] = informed_of(f, e->expected[i + i * n]);
		snprintf(source, sizeof(source),
			 informed[key] < MIGSIM_FIT_INFORMED ?
				 "%zu values hardly tell it" :
				 "fitted to %zu values", f->n);
		err = migsim_profile_set(f->p, key, value, value *
					 sqrt(e->covariance[i + i * n]),
					 source);
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

/* What the unknowns used up of the values is no freedom to scatter in. */
static int set_scatter(const struct fit_problem *f, const struct fit_class *c,
		       unsigned int key)
{
	double freedom = (double)c->n - c->used;

	if (c->n < LEAST_VALUES || freedom < 1)
		return 0;
	return set_measured(f, key, sqrt(c->squares / freedom));
}

static int set_scatters(const struct fit_problem *f, const struct fit_errors *e)
{
	static const unsigned int key[MIGSIM_METRICS][2] = {
		[MIGSIM_METRIC_GIB_S] = { KEY_SCATTER_GIB_S,
					  KEY_SCATTER_HUGE_GIB_S },
		[MIGSIM_METRIC_FIRST_US] = { KEY_SCATTER_FIRST,
					     KEY_SCATTER_HUGE_FIRST },
	};
	unsigned int m, huge;
	int err = 0;

	for (m = 0; m < MIGSIM_METRICS; m++)
		for (huge = 0; huge < 2 && !err; huge++)
			err = set_scatter(f, &e->class[m][huge], key[m][huge]);
	return err;
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

int fit_result(const struct fit_problem *f, const struct fit_errors *e,
	       double *informed)
{
	int err = set_coefficients(f, e, informed);

	if (err)
		return err;
	set_correlations(f, e->covariance);
	err = set_scatters(f, e);
	return err ? err : set_range(f);
}
