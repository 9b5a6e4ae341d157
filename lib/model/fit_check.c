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

#define MAX_BATCH	((uint64_t)1 << 32)

static int refuse_datum(size_t i, const char *why)
{
	migsim_log(MIGSIM_LOG_ERROR, "value %zu to fit to %s", i + 1, why);
	return -EINVAL;
}

static int check_cell(const struct migsim_cell *c, size_t i)
{
	if (!c->folios || c->folios > UINT32_MAX)
		return refuse_datum(i, "is of a call of no folios, or of more than 4294967295");
	if (!c->batch_pages || c->batch_pages > MAX_BATCH)
		return refuse_datum(i, "is of a batch of no pages, or of more than 4294967296");
	if (c->order > MIGSIM_MAX_ORDER)
		return refuse_datum(i, "is of an order above 9");
	if (c->channels > MODEL_MAX_CHANNELS)
		return refuse_datum(i, "is of more channels than the model has, 64");
	return 0;
}

static int check_data(const struct migsim_datum *data, size_t n)
{
	size_t i;
	int err = 0;

	if (!n || n > MAX_DATA) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "a fit takes 1 to %d measured values, not %zu",
			   MAX_DATA, n);
		return -EINVAL;
	}
	for (i = 0; i < n && !err; i++) {
		if ((unsigned int)data[i].metric >= MIGSIM_METRICS)
			return refuse_datum(i, "is of no known metric");
		if (!(data[i].value > 0) || !isfinite(data[i].value))
			return refuse_datum(i, "is no positive number");
		err = check_cell(&data[i].cell, i);
	}
	return err;
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
