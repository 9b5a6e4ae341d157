/* SPDX-License-Identifier: MIT */
/*
 * What a prediction hangs on: it is a sum of costs, each so many times, and
 * each cost follows the coefficients as costs.c says.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "model.h"
#include "profile.h"

/* Costs are smooth but for a corner; the step is small beside any error. */
#define STEP 1e-4

struct sum {
	double all, first;
};

/* d cost / d ln key, as a part of the cost. */
static double cost_slope(const double *up, const double *down,
			 unsigned int cost, double us)
{
	return (cost_us(up, cost) - cost_us(down, cost)) / (2 * STEP * us);
}

static struct sum key_slope(const struct migsim_profile *p,
			    const struct spent *spent, unsigned int key)
{
	double up[PROFILE_KEYS], down[PROFILE_KEYS], us, d;
	struct sum sum = { 0, 0 };
	unsigned int i;

	memcpy(up, p->value, sizeof(up));
	memcpy(down, p->value, sizeof(down));
	up[key] *= 1 + STEP;
	down[key] *= 1 - STEP;
	for (i = 0; i < COSTS; i++) {
		us = spent[i].all ? cost_us(p->value, i) : 0;
		if (us <= 0)
			continue;
		d = cost_slope(up, down, i, us);
		sum.all += d * (double)spent[i].all;
		sum.first += d * (double)spent[i].first;
	}
	return sum;
}

/* Folios of an order that moved: each was unmapped and remapped once. */
static double folios_of(const struct migsim_profile *p,
			const struct spent *spent, unsigned int order)
{
	static const unsigned int once[] = { COST_UNMAP_0, COST_REMAP_0 };
	double us;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		us = cost_us(p->value, once[i] + order);
		if (us > 0)
			return (double)spent[once[i] + order].all / us;
	}
	return 0;
}

static double huge_part(const struct migsim_profile *p,
			const struct spent *spent)
{
	double pages, all = 0, huge = 0;
	unsigned int i;

	for (i = 0; i < ORDERS; i++) {
		pages = folios_of(p, spent, i) * (1u << i);
		all += pages;
		if (i >= p->value[KEY_HUGE_ORDER])
			huge += pages;
	}
	return all > 0 ? huge / all : 0;
}

void slopes_of(const struct migsim_profile *p, const struct spent *spent,
	       struct migsim_slopes *s)
{
	struct sum total = { 0, 0 }, sum;
	unsigned int i;

	memset(s, 0, sizeof(*s));
	s->huge = huge_part(p, spent);
	for (i = 0; i < COSTS; i++) {
		total.all += (double)spent[i].all;
		total.first += (double)spent[i].first;
	}
	for (i = 0; i < PROFILE_KEYS; i++) {
		if (!profile_keys[i].coefficient)
			continue;
		sum = key_slope(p, spent, i);
		if (total.all > 0)
			s->d[MIGSIM_METRIC_GIB_S][i] = -sum.all / total.all;
		if (total.first > 0)
			s->d[MIGSIM_METRIC_FIRST_US][i] =
				sum.first / total.first;
	}
}

int migsim_model_slopes(const struct migsim_migrator *migrator,
			struct migsim_slopes *s)
{
	struct model *m = model_of(migrator);

	if (!m)
		return -EOPNOTSUPP;
	if (m->overrun)
		return -EOVERFLOW;
	if (!m->clock)
		return -ENODATA;
	slopes_of(m->profile, m->spent, s);
	return 0;
}

static double relative_se(const struct migsim_profile *p, unsigned int key)
{
	return p->value[key] > 0 ? p->se[key] / p->value[key] : 0;
}

/* Of the coefficients' errors alone: the variance of ln(value). */
static double variance(const struct migsim_profile *p, const double *d)
{
	double v = 0, e[PROFILE_KEYS];
	unsigned int i, j;

	for (i = 0; i < PROFILE_KEYS; i++)
		e[i] = d[i] * relative_se(p, i);
	for (i = 0; i < PROFILE_KEYS; i++) {
		if (e[i] == 0)
			continue;
		v += e[i] * e[i];
		for (j = 0; j < i; j++)
			v += 2 * e[i] * e[j] * p->correlation[i][j];
	}
	return v > 0 ? v : 0;
}

static double squared(const struct migsim_profile *p, unsigned int key)
{
	return p->value[key] * p->value[key];
}

/* The variance of measurements around the fit. */
static double scatter(const struct migsim_profile *p, enum migsim_metric metric,
		      double huge)
{
	bool gib_s = metric == MIGSIM_METRIC_GIB_S;

	return (1 - huge) * squared(p, gib_s ? KEY_SCATTER_GIB_S :
					       KEY_SCATTER_FIRST) +
	       huge * squared(p, gib_s ? KEY_SCATTER_HUGE_GIB_S :
					 KEY_SCATTER_HUGE_FIRST);
}

void migsim_profile_interval(const struct migsim_profile *p,
			     enum migsim_metric metric, double value,
			     const struct migsim_slopes *s, double interval[2])
{
	double sd = sqrt(variance(p, s->d[metric]) +
			 scatter(p, metric, s->huge));

	/* A factor of twenty is no knowledge. */
	if (sd > 3)
		sd = NAN;
	interval[0] = value * exp(-1.96 * sd);
	interval[1] = value * exp(1.96 * sd);
}
