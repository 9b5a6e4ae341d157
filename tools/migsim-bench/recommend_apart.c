/* SPDX-License-Identifier: MIT */
/*
 * Is one figure more than another, as far as anybody knows?
 */
#include <math.h>

#include "bench.h"
#include "recommend.h"

#define Z	1.96	/* standard deviations on each side of 95 % */

static const double *interval_of(const struct point *p,
				 enum migsim_metric metric)
{
	return metric == MIGSIM_METRIC_GIB_S ? p->gib_s_ci : p->first_ci;
}

static double value_of(const struct point *p, enum migsim_metric metric)
{
	return metric == MIGSIM_METRIC_GIB_S ? p->gib_s : p->first_us;
}

int intervals_apart(const struct point *a, const struct point *b,
		    enum migsim_metric metric)
{
	const double *x = interval_of(a, metric), *y = interval_of(b, metric);

	if (!a->knows_interval || !b->knows_interval)
		return 0;
	return x[0] > y[1] ? 1 : x[1] < y[0] ? -1 : 0;
}

/* Standard deviation of the logarithm of a predicted value; NAN: unknown. */
static double deviation(const struct migsim_profile *p,
			enum migsim_metric metric,
			const struct migsim_slopes *s)
{
	double interval[2];

	migsim_profile_interval(p, metric, 1, s, interval);
	return log(interval[1] / interval[0]) / (2 * Z);
}

/*
 * Of ln(a / b). A ratio hangs on a coefficient as far as its two figures do so
 * unlike; and each figure scatters by itself.
 */
static double ratio_deviation(const struct point *a, const struct point *b,
			      enum migsim_metric metric)
{
	struct migsim_slopes unlike = *a->slopes, none = { .huge = 0 };
	size_t i;

	for (i = 0; i < MIGSIM_PROFILE_MAX_KEYS; i++)
		unlike.d[metric][i] -= b->slopes->d[metric][i];
	none.huge = b->slopes->huge;
	return hypot(deviation(a->model, metric, &unlike),
		     deviation(a->model, metric, &none));
}

int told_apart(const struct point *a, const struct point *b,
	       enum migsim_metric metric)
{
	double ratio, doubt;

	if (!a->slopes || !b->slopes || a->model != b->model)
		return intervals_apart(a, b, metric);
	ratio = log(value_of(a, metric) / value_of(b, metric));
	doubt = Z * ratio_deviation(a, b, metric);
	/* NAN tells nothing apart. */
	return ratio > doubt ? 1 : ratio < -doubt ? -1 : 0;
}
