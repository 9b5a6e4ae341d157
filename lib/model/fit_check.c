/* SPDX-License-Identifier: MIT */
/*
 * What can be fitted, and what of it is unknown.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>

#include <migsim/log.h>

#include "fit_problem.h"

/* One number a value and unknown, counted in an int by MINPACK. */
#define MAX_DATA	(INT_MAX / MIGSIM_PROFILE_MAX_KEYS / 2)

static int refuse_datum(size_t i, const char *why)
{
	migsim_log(MIGSIM_LOG_ERROR, "value %zu to fit to %s", i + 1, why);
	return -EINVAL;
}

static int check_data(const struct migsim_datum *data, size_t n)
{
	size_t i;

	if (!n || n > MAX_DATA) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "a fit takes 1 to %d measured values, not %zu",
			   MAX_DATA, n);
		return -EINVAL;
	}
	for (i = 0; i < n; i++) {
		if ((unsigned int)data[i].metric >= MIGSIM_METRICS)
			return refuse_datum(i, "is of no known metric");
		if (!(data[i].value > 0) || !isfinite(data[i].value))
			return refuse_datum(i, "is no positive number");
	}
	return 0;
}

int fit_check(const struct fit_problem *f)
{
	const struct migsim_fit_options *o = &f->o;

	if (o->prior_sd >= 0 && isfinite(o->prior_sd) && o->data_sd > 0 &&
	    isfinite(o->data_sd))
		return check_data(f->data, f->n);
	migsim_log(MIGSIM_LOG_ERROR,
		   "a fit needs a prior_sd of 0 or more and a data_sd above 0");
	return -EINVAL;
}

/* What can be predicted, migsim_predict() knows. */
int fit_check_cells(const struct fit_problem *f)
{
	size_t i;
	int err;

	for (i = 0; i < f->n; i++) {
		err = f->cells.cell[f->cells.of[i]].err;
		if (err == -ENODATA)
			return refuse_datum(i, "is of a call that takes no time at all at the start; give its costs values above 0");
		if (err == -EOVERFLOW)
			return refuse_datum(i, "is of a call that takes more than 53 days at the start; remove it, or start with smaller costs");
		if (err)
			return refuse_datum(i, "is of a call that the model cannot run: too many folios, pages, or channels, or none; remove it");
	}
	return 0;
}

/* A coefficient of 0 has no logarithm, and stays 0. */
int fit_choose_unknowns(struct fit_problem *f)
{
	unsigned int key;
	double value;

	for (key = 0; key < PROFILE_KEYS; key++) {
		value = migsim_profile_value(f->p, key);
		if (!profile_keys[key].coefficient || !(value > 0) ||
		    (f->o.fixed && f->o.fixed[key]))
			continue;
		f->start[f->nr_free] = value;
		f->key[f->nr_free++] = key;
	}
	if (!f->nr_free) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "nothing is left to fit: every coefficient is fixed or 0");
		return -EINVAL;
	}
	if (f->o.prior_sd > 0 || f->n >= (size_t)f->nr_free)
		return 0;
	migsim_log(MIGSIM_LOG_ERROR,
		   "%zu values cannot fit %d coefficients without a prior; fix some of them, or give a prior",
		   f->n, f->nr_free);
	return -EINVAL;
}
