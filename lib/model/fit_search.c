/* SPDX-License-Identifier: MIT */
/*
 * The search for the least squares. A prediction comes with its slopes, which
 * are the Jacobian: one evaluation of all cells is one step.
 */
#include <cminpack.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_problem.h"

/* The first step changes no coefficient by more than about a factor of e. */
#define FIRST_STEP	0.3
#define TOLERANCE	1e-7
#define MAX_STEPS	200

/* No cost is so small that the clock of the model would see it. */
#define LEAST_US	1e-9

static bool told_to_stop(void *arg)
{
	struct fit_problem *f = arg;

	return f->o.progress && !f->o.progress(f->o.arg, f->steps, f->rms);
}

/* The value of an unknown; a step may lead it beyond what its key can be. */
static double value_of(const struct fit_problem *f, const double *x, int i)
{
	double v = f->start[i] * exp(x[i] - FIT_ORIGIN);
	double least = fmin(LEAST_US, f->start[i]);

	return fmin(fmax(v, least), profile_keys[f->key[i]].max);
}

static int set_values(struct fit_problem *f, const double *x)
{
	int i, err = 0;

	for (i = 0; i < f->nr_free && !err; i++)
		err = migsim_profile_set(f->p, f->key[i], value_of(f, x, i), 0,
					 "");
	return err;
}

/* Logarithms of what the optimiser can still compute with. */
static double log_of(double value)
{
	return log(fmin(fmax(value, DBL_MIN), DBL_MAX));
}

static void find_residuals(struct fit_problem *f)
{
	const struct fit_cell *cell;
	double sum = 0;
	size_t i;

	for (i = 0; i < f->n; i++) {
		cell = &f->cells.cell[f->cells.of[i]];
		f->residual[i] =
			log_of(cell->prediction.value[f->data[i].metric]) -
			log_of(f->data[i].value);
		sum += f->residual[i] * f->residual[i];
	}
	f->rms = sqrt(sum / (double)f->n);
}

/* lmder() asks for values and slopes of one point separately. */
int fit_evaluate(struct fit_problem *f, const double *x)
{
	size_t bytes = (size_t)f->nr_free * sizeof(*x);
	int err;

	if (f->evaluated && !memcmp(f->at, x, bytes))
		return 0;
	memcpy(f->at, x, bytes);
	err = set_values(f, x);
	if (!err)
		err = fit_cells_predict(&f->cells, f->p, told_to_stop, f);
	if (err)
		return err;
	find_residuals(f);
	f->steps += f->evaluated;
	f->evaluated = true;
	return told_to_stop(f) ? -EINTR : 0;
}

/* One row for each datum, then one for each unknown when there is a prior. */
static void fill_values(const struct fit_problem *f, const double *x, int rows,
			double *values)
{
	int i, n = (int)f->n;

	for (i = 0; i < n; i++)
		values[i] = f->residual[i] / f->o.data_sd;
	for (; i < rows; i++)
		values[i] = (x[i - n] - FIT_ORIGIN) / f->o.prior_sd;
}

static void fill_slopes(const struct fit_problem *f, int rows, double *slopes,
			int ld)
{
	int i, j, n = (int)f->n;

	for (j = 0; j < f->nr_free; j++) {
		double *column = slopes + (ptrdiff_t)j * ld;

		for (i = 0; i < n; i++)
			column[i] = fit_slope(f, (size_t)i, j) / f->o.data_sd;
		for (; i < rows; i++)
			column[i] = i - n == j ? 1 / f->o.prior_sd : 0;
	}
}

/* What lmder() calls; a negative answer ends it. */
static int answer(void *arg, int rows, int unknowns, const double *x,
		  double *values, double *slopes, int ld, int what)
{
	struct fit_problem *f = arg;

	(void)unknowns;
	f->err = fit_evaluate(f, x);
	if (f->err)
		return -1;
	if (what == 1)
		fill_values(f, x, rows, values);
	else
		fill_slopes(f, rows, slopes, ld);
	return 0;
}

static double cost_of(const struct fit_problem *f, const double *x)
{
	double cost = (double)f->n * f->rms * f->rms /
		      (f->o.data_sd * f->o.data_sd);
	int i;

	for (i = 0; i < f->nr_free && f->o.prior_sd > 0; i++)
		cost += (x[i] - FIT_ORIGIN) * (x[i] - FIT_ORIGIN) /
			(f->o.prior_sd * f->o.prior_sd);
	return cost;
}

int fit_search(struct fit_problem *f, struct fit_end *end)
{
	int n = f->nr_free, info = 0, calls, slopes_asked, pivot[PROFILE_KEYS];
	int rows = (int)f->n + (f->o.prior_sd > 0 ? n : 0), i, err;
	double scale[PROFILE_KEYS], work[4][PROFILE_KEYS];
	double *room = calloc((size_t)rows * ((size_t)n + 2), sizeof(*room));

	if (!room)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		scale[i] = 1;
	info = lmder(answer, f, rows, n, end->x, room, room + 2 * (size_t)rows,
		     rows, TOLERANCE, TOLERANCE, 0, MAX_STEPS, scale, 2,
		     FIRST_STEP, 0, &calls, &slopes_asked, pivot, work[0],
		     work[1], work[2], work[3], room + rows);
	free(room);
	end->converged = info > 0 && info != 5;	/* 5: too many steps */
	if (f->err || info < 0)
		return f->err ? f->err : -EINTR;
	/* The last point that was tried need not be the best. */
	err = fit_evaluate(f, end->x);
	end->cost = cost_of(f, end->x);
	return err;
}
