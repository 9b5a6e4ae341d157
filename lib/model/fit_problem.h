/* SPDX-License-Identifier: MIT */
/*
 * A fit: data, the cells behind them, and the unknowns, the logarithms of the
 * free coefficients.
 */
#ifndef MIGSIM_MODEL_FIT_PROBLEM_H
#define MIGSIM_MODEL_FIT_PROBLEM_H

#include <migsim/model.h>

#include "keys.h"
#include "sys.h"

/* What was measured in one cell, once or often, is predicted once. */
struct fit_cell {
	struct migsim_cell cell;
	struct migsim_prediction prediction;
	int err;	/* why there is none: it is all 0, and far off */
};

struct fit_cells {
	struct fit_cell *cell;	/* the longest calls first */
	size_t n;
	size_t *of;		/* the cell of each datum */
	unsigned int threads;	/* that predict, the caller's among them */
	struct migsim_predictor **predictor;	/* of each thread */
	struct sys_thread *thread;
};

struct fit_problem {
	const struct migsim_datum *data;
	size_t n;
	struct migsim_fit_options o;
	struct migsim_profile *p;	/* a copy, changed by every step */
	struct fit_cells cells;
	int nr_free;
	unsigned int key[PROFILE_KEYS];	/* of each unknown */
	double start[PROFILE_KEYS];	/* the value of each at the start */
	double at[PROFILE_KEYS];	/* the unknowns that were evaluated */
	bool evaluated;
	double *residual;	/* of each datum: ln(predicted / measured) */
	double rms;
	unsigned int steps;	/* parameters tried after the start */
	int err;		/* what ended the fit early */
};

/*
 * lmder() measures its tolerance and its first step against the length of the
 * vector of unknowns. Unknowns that begin at 1 instead of 0 give it one.
 */
#define FIT_ORIGIN	1.0

/* d ln(prediction) / d unknown, where the data were predicted last. */
static inline double fit_slope(const struct fit_problem *f, size_t datum,
			       int unknown)
{
	const struct fit_cell *c = &f->cells.cell[f->cells.of[datum]];

	return c->prediction.slopes.d[f->data[datum].metric][f->key[unknown]];
}

/* Where a search ended. */
struct fit_end {
	double x[PROFILE_KEYS];
	double cost;	/* the sum of squares, of data and prior */
	bool converged;
};

/* fit_check.c: 0, or -EINVAL after a sentence. */
int fit_check(const struct fit_problem *f);
int fit_choose_unknowns(struct fit_problem *f);

/* fit_check.c: the same of the cells, which were predicted from the start. */
int fit_check_cells(const struct fit_problem *f);

/*
 * fit_search.c: predicts all data with the unknowns @x; residuals, rms and the
 * copy of the profile follow. 0, -EINTR when told to stop, or -errno.
 */
int fit_evaluate(struct fit_problem *f, const double *x);

/* fit_search.c: searches from @end->x, which becomes the best it found. */
int fit_search(struct fit_problem *f, struct fit_end *end);

/*
 * fit_cells.c: finds the cells of the data, in up to @threads threads (0: one
 * a CPU). 0, or -ENOMEM after which fit_cells_free() still works.
 */
int fit_cells_make(struct fit_cells *c, const struct migsim_datum *data,
		   size_t n, unsigned int threads);
void fit_cells_free(struct fit_cells *c);

/*
 * Predicts all cells. @stop is asked now and then from the calling thread and
 * ends it with -EINTR. Else 0 or -ENOMEM; what is wrong with a cell stands in
 * it.
 */
int fit_cells_predict(struct fit_cells *c, const struct migsim_profile *p,
		      bool (*stop)(void *arg), void *arg);

/* The part of the data that scatters alike, by metric and size of folios. */
struct fit_class {
	double squares;		/* of their residuals */
	double used;		/* what the unknowns used up of them */
	size_t n;
};

/* What a fit knows of its own errors; matrices are [i + j * nr_free]. */
struct fit_errors {
	double *expected;	/* covariance, if all data were independent */
	double *covariance;	/* as the data say it is */
	struct fit_class class[MIGSIM_METRICS][2];	/* below huge, huge */
};

/* fit_errors.c: 0 or -ENOMEM; to be freed in any case. */
int fit_errors_find(struct fit_errors *e, const struct fit_problem *f);
void fit_errors_free(struct fit_errors *e);

/*
 * fit_result.c: gives the copy of the profile, which has the fitted values,
 * what belongs to them: standard errors, correlations, scatter, the range of
 * the data. Fills @informed by key. 0 or -ENOMEM.
 */
int fit_result(const struct fit_problem *f, const struct fit_errors *e,
	       double *informed);

#endif
