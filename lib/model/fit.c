/* SPDX-License-Identifier: MIT */
/*
 * The fit: least squares on the logarithm of predicted / measured. Times and
 * rates spread over four decades and scatter by percents, so that only their
 * ratios weigh alike; and the logarithm of a coefficient keeps it positive.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_problem.h"
#include "profile.h"

/* A raised coefficient becomes so many times larger, and so often. */
#define RAISE		4
#define RAISES		3

static bool has_slope(const struct fit_problem *f, int unknown)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (fit_slope(f, i, unknown) != 0)
			return true;
	return false;
}

/*
 * The unknowns without a slope in @x are raised until they have one, or are
 * left as they are when they never get one. *@any: some have.
 */
static int raise(struct fit_problem *f, double *x, bool *any)
{
	double low[PROFILE_KEYS];
	bool flat[PROFILE_KEYS], left = false;
	int i, n, err = 0;

	memcpy(low, x, sizeof(low));
	for (i = 0; i < f->nr_free; i++)
		left |= flat[i] = !has_slope(f, i);
	for (n = 0, *any = false; n < RAISES && left && !err; n++) {
		for (i = 0; i < f->nr_free; i++)
			x[i] += flat[i] ? log(RAISE) : 0;
		err = fit_evaluate(f, x);
		for (i = 0, left = false; i < f->nr_free && !err; i++) {
			*any |= flat[i] && has_slope(f, i);
			left |= flat[i] &= !has_slope(f, i);
		}
	}
	for (i = 0; i < f->nr_free; i++)
		x[i] = flat[i] ? low[i] : x[i];
	return err;
}

/*
 * A coefficient may have no slope where the search ends although the data know
 * it. Two channels that share a port wait for it or for themselves, for the
 * slower of them; what is below that leaves no trace, and the search has no
 * reason to move it. More of a cost shows sooner or later: so such
 * coefficients are raised until they do, the search starts once more from
 * there, and the better end counts.
 */
static int find_best(struct fit_problem *f, struct fit_end *end)
{
	struct fit_end other;
	bool any = false;
	int i, err;

	for (i = 0; i < f->nr_free; i++)
		end->x[i] = FIT_ORIGIN;
	err = fit_evaluate(f, end->x);
	if (!err)
		err = fit_check_cells(f);
	if (!err)
		err = fit_search(f, end);
	if (err)
		return err;
	other = *end;
	err = raise(f, other.x, &any);
	if (!err && any)
		err = fit_search(f, &other);
	if (err)
		return err;
	if (any && other.cost < end->cost)
		*end = other;
	return fit_evaluate(f, end->x);
}

static int prepare(struct fit_problem *f)
{
	int err = fit_choose_unknowns(f);

	if (err)
		return err;
	f->residual = calloc(f->n, sizeof(*f->residual));
	if (!f->residual)
		return -ENOMEM;
	return fit_cells_make(&f->cells, f->data, f->n, f->o.threads);
}

/* @p gets everything at once, when nothing can go wrong any more. */
static int solve(struct fit_problem *f, struct migsim_profile *p,
		 struct migsim_fit *fit)
{
	struct migsim_profile old;
	struct fit_errors errors = { 0 };
	struct fit_end end = { .converged = false };
	int err = prepare(f);

	if (!err)
		err = find_best(f, &end);
	if (!err)
		err = fit_errors_find(&errors, f);
	if (!err)
		err = fit_result(f, &errors, fit->informed);
	fit_errors_free(&errors);
	fit->converged = !err && end.converged;
	fit->steps = f->steps;
	fit->rms = f->rms;
	if (err)
		return err;
	old = *p;
	*p = *f->p;
	*f->p = old;
	return 0;
}

int migsim_fit(struct migsim_profile *p, const struct migsim_datum *data,
	       size_t n, const struct migsim_fit_options *o,
	       struct migsim_fit *fit)
{
	struct fit_problem f = {
		.data = data, .n = n, .rms = NAN, .o = MIGSIM_FIT_OPTIONS_INIT,
	};
	struct migsim_fit full = { .rms = NAN };
	int err;

	memcpy(&f.o, o, o->size < sizeof(f.o) ? o->size : sizeof(f.o));
	err = fit_check(&f);
	if (err)
		return err;
	f.p = migsim_profile_copy(p);
	if (!f.p)
		return -ENOMEM;
	err = solve(&f, p, &full);
	free(f.residual);
	fit_cells_free(&f.cells);
	migsim_profile_close(f.p);
	full.size = fit->size;
	memcpy(fit, &full, fit->size < sizeof(full) ? fit->size : sizeof(full));
	return err;
}
