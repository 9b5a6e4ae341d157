/* SPDX-License-Identifier: MIT */
/*
 * What a fit knows of its own errors.
 */
#include <cminpack.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_problem.h"

/* Without a prior: so little is known that nothing can be singular. */
#define VAGUE_SD	1e3

/* The clock of the model ticks: nothing fits better than that. */
#define LEAST_SD	1e-6

/* Of what a cell says, so much at least others must say as well. */
#define LEAST_REST	0.05

static double prior_sd(const struct fit_problem *f)
{
	return f->o.prior_sd > 0 ? f->o.prior_sd : VAGUE_SD;
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
			column[i] = fit_slope(f, (size_t)i, j) / sd;
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

/* The residuals of one cell and metric, whose slopes are all the same. */
struct sum {
	double residuals;
	double squares;
	double n;
};

struct sums {
	struct sum of[MIGSIM_METRICS];
};

/* By cell; NULL without memory. */
static struct sums *sum_residuals(const struct fit_problem *f)
{
	struct sums *sums = calloc(f->cells.n, sizeof(*sums));
	size_t i;

	for (i = 0; sums && i < f->n; i++) {
		struct sum *s =
			&sums[f->cells.of[i]].of[f->data[i].metric];

		s->residuals += f->residual[i];
		s->squares += f->residual[i] * f->residual[i];
		s->n++;
	}
	return sums;
}

static double slope_of(const struct fit_problem *f, size_t cell,
		       unsigned int metric, int unknown)
{
	return f->cells.cell[cell].prediction.slopes
		.d[metric][f->key[unknown]];
}

static bool is_huge(const struct fit_problem *f, size_t cell)
{
	return f->cells.cell[cell].prediction.slopes.huge > 0.5;
}

static double dot(const struct fit_problem *f, size_t cell, unsigned int metric,
		  const double *v)
{
	double sum = 0;
	int i;

	for (i = 0; i < f->nr_free; i++)
		sum += slope_of(f, cell, metric, i) * v[i];
	return sum;
}

/* How the unknowns answer to a value of this cell: @c times its slopes. */
static void influence(const struct fit_problem *f, const double *c, size_t cell,
		      unsigned int metric, double *v)
{
	int i;

	for (i = 0; i < f->nr_free; i++)
		v[i] = dot(f, cell, metric, c + (ptrdiff_t)i * f->nr_free);
}

/* How many values the unknowns, of covariance @c, used up: in all classes. */
static double fill_classes(struct fit_errors *e, const struct fit_problem *f,
			   const struct sums *sums, const double *c)
{
	double v[PROFILE_KEYS], used, all = 0;
	unsigned int m;
	size_t i;

	for (i = 0; i < f->cells.n; i++)
		for (m = 0; m < MIGSIM_METRICS; m++) {
			const struct sum *s = &sums[i].of[m];
			bool huge = is_huge(f, i);

			influence(f, c, i, m, v);
			used = s->n * dot(f, i, m, v) /
			       (f->o.data_sd * f->o.data_sd);
			all += used;
			e->class[m][huge].used += used;
			e->class[m][huge].squares += s->squares;
			e->class[m][huge].n += (size_t)s->n;
		}
	return all;
}

/*
 * How the data scatter around the fit. Where they determine no more than they
 * are, nothing is left over to tell it by: 0.
 */
static double scatter(const struct fit_problem *f, double used)
{
	double n = (double)f->n;

	if (n - used < 1)
		return 0;
	return fmax(f->rms * sqrt(n / (n - used)), LEAST_SD);
}

static void add_square(double *c, int n, const double *v, double factor)
{
	int i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			c[i + j * n] += factor * v[i] * v[j];
}

/*
 * What the values of a cell add to the covariance: the square of what they
 * move the unknowns by. Their residuals are those from a fit of all other
 * cells, (1 - hat matrix)^-1 times their own, for a fit comes near to what it
 * sees. Where others say next to nothing of it, that fit would be the prior's;
 * then the values are taken as independent, with the common scatter @sd.
 */
static void add_cell(const struct fit_problem *f, const double *expected,
		     double sd, const struct sums *sums, size_t cell, double *c)
{
	const struct sum *s = sums[cell].of;
	double v[MIGSIM_METRICS][PROFILE_KEYS];
	double h[MIGSIM_METRICS][MIGSIM_METRICS];
	double left, rest, weight = 1 / (sd * sd);
	unsigned int a, b;
	int i;

	_Static_assert(MIGSIM_METRICS == 2, "two equations are solved");
	for (a = 0; a < MIGSIM_METRICS; a++)
		influence(f, expected, cell, a, v[a]);
	for (a = 0; a < MIGSIM_METRICS; a++)
		for (b = 0; b < MIGSIM_METRICS; b++)
			h[a][b] = s[a].n * weight * dot(f, cell, a, v[b]);
	rest = (1 - h[0][0]) * (1 - h[1][1]) - h[0][1] * h[1][0];
	if (!(rest > LEAST_REST)) {
		for (a = 0; a < MIGSIM_METRICS; a++)
			add_square(c, f->nr_free, v[a], weight * s[a].n);
		return;
	}
	left = (1 - h[1][1]) * s[0].residuals + h[0][1] * s[1].residuals;
	rest = weight / rest;
	for (i = 0; i < f->nr_free; i++)
		v[0][i] = rest * (left * v[0][i] +
				  ((1 - h[0][0]) * s[1].residuals +
				   h[1][0] * s[0].residuals) * v[1][i]);
	add_square(c, f->nr_free, v[0], 1);
}

/*
 * The values of one run err together: where a batch took longer than the model
 * says, throughput is lower and latency higher. As if all were independent,
 * the standard errors of the published fit are up to a third too small. So
 * the covariance is the sum over the cells of what each has moved the unknowns
 * by, as if it were left out: no run need be independent of itself, nor
 * scatter as others do. In simulated data, with and without correlation, of 3
 * cells and of 112, its intervals hold the truth as often as they should or a
 * little too often; those from residuals as they are, with the usual factor
 * for small samples, do not.
 */
static void find_covariance(struct fit_errors *e, const struct fit_problem *f,
			    const struct sums *sums, double sd)
{
	int n = f->nr_free, i;
	double prior = 1 / (prior_sd(f) * prior_sd(f));
	size_t cell;

	for (i = 0; i < n; i++)
		add_square(e->covariance, n,
			   e->expected + (ptrdiff_t)i * n, prior);
	for (cell = 0; cell < f->cells.n; cell++)
		add_cell(f, e->expected, sd, sums, cell, e->covariance);
}

static int find_all(struct fit_errors *e, const struct fit_problem *f,
		    const struct sums *sums)
{
	size_t bytes = (size_t)f->nr_free * (size_t)f->nr_free *
		       sizeof(*e->expected);
	double sd;
	int err = covariance(f, f->o.data_sd, e->expected);

	if (err)
		return err;
	sd = scatter(f, fill_classes(e, f, sums, e->expected));
	if (sd > 0)
		err = covariance(f, sd, e->expected);
	/* Residuals of ticks are no scatter. */
	if (!err && sd > LEAST_SD)
		find_covariance(e, f, sums, sd);
	else
		memcpy(e->covariance, e->expected, bytes);
	return err;
}

int fit_errors_find(struct fit_errors *e, const struct fit_problem *f)
{
	size_t n = (size_t)f->nr_free * (size_t)f->nr_free;
	struct sums *sums = sum_residuals(f);
	int err = -ENOMEM;

	e->expected = calloc(n, sizeof(*e->expected));
	e->covariance = calloc(n, sizeof(*e->covariance));
	if (sums && e->expected && e->covariance)
		err = find_all(e, f, sums);
	free(sums);
	return err;
}

void fit_errors_free(struct fit_errors *e)
{
	free(e->expected);
	free(e->covariance);
}
