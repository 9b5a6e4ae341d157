/* SPDX-License-Identifier: MIT */
/*
 * A fit: data, the cells behind them, and the unknowns, the logarithms of the
 * free coefficients.
 */
#ifndef MIGSIM_MODEL_FIT_PROBLEM_H
#define MIGSIM_MODEL_FIT_PROBLEM_H

#include <pthread.h>

#include <migsim/model.h>

#include "keys.h"

/* What was measured in one cell, once or often, is predicted once. */
struct fit_cell {
	struct migsim_cell cell;
	struct migsim_prediction prediction;
};

struct fit_cells {
	struct fit_cell *cell;	/* the longest calls first */
	size_t n;
	size_t *of;		/* the cell of each datum */
	unsigned int threads;	/* that predict, the caller's among them */
	struct migsim_predictor **predictor;	/* of each thread */
	pthread_t *thread;
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

/* fit_check.c: 0, or -EINVAL after a sentence. */
int fit_check(const struct fit_problem *f);
int fit_choose_unknowns(struct fit_problem *f);

/*
 * fit_cells.c: finds the cells of the data, in up to @threads threads (0: one
 * a CPU). 0, or -ENOMEM after which fit_cells_free() still works.
 */
int fit_cells_make(struct fit_cells *c, const struct migsim_datum *data,
		   size_t n, unsigned int threads);
void fit_cells_free(struct fit_cells *c);

/*
 * Predicts all cells. @stop is asked now and then from the calling thread and
 * ends it with -EINTR. Else 0, or the error of a prediction.
 */
int fit_cells_predict(struct fit_cells *c, const struct migsim_profile *p,
		      bool (*stop)(void *arg), void *arg);

/*
 * fit_errors.c: gives the copy of the profile, which has the fitted values,
 * what belongs to them: standard errors, correlations, scatter, the range of
 * the data. Fills @informed by key. 0 or -ENOMEM.
 */
int fit_errors(const struct fit_problem *f, double *informed);

#endif
