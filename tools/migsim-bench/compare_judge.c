/* SPDX-License-Identifier: MIT */
/*
 * Is B better? A rank test and an interval must agree before the tool says
 * so, and where there are too few runs for any answer it says that instead.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

#define SEED		1	/* the same files, the same words */
#define SIGNIFICANT	0.05

const struct metric metrics[METRICS] = {
	{ "gib_s", "GiB/s", true },
	{ "first_us", "first folio us", false },
	{ "inaccessible_us", "inaccessible us", false },
};

const char *verdict_words(enum verdict v)
{
	static const char *const words[] = {
		[VERDICT_BETTER] = "B is better",
		[VERDICT_WORSE] = "B is worse",
		[VERDICT_SAME] = "equal",
		[VERDICT_NOT_SHOWN] = "no difference shown",
		[VERDICT_TOO_FEW] = "too few runs to tell",
		[VERDICT_ONE_RUN] = "one run each: not tested",
		[VERDICT_NOT_MEASURED] = "not measured",
	};

	return words[v];
}

/* Values that are null were not measured. NULL without memory. */
static double *take_samples(const json_t *result, const char *name, size_t *n)
{
	const json_t *samples = json_object_get(result, "samples"), *s;
	double *x = calloc(json_array_size(samples) + 1, sizeof(*x));
	size_t i;

	*n = 0;
	if (!x)
		return NULL;
	json_array_foreach(samples, i, s) {
		const json_t *v = json_object_get(s, name);

		if (json_is_number(v))
			x[(*n)++] = json_number_value(v);
	}
	return x;
}

static bool all_equal(const double *x, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (x[i] < x[0] || x[i] > x[0])
			return false;
	return true;
}

/*
 * The least p that the rank test can give for such numbers of runs: both
 * orders in which the sides do not overlap, of all ways to deal the ranks.
 */
static double least_p(size_t na, size_t nb)
{
	double ways = 1;
	size_t i;

	for (i = 1; i <= na && ways < 1e6; i++)
		ways *= (double)(nb + i) / (double)i;
	return 2 / ways;
}

static enum verdict by_sign(const struct finding *f)
{
	if (f->c.difference > 0)
		return f->metric->higher_is_better ? VERDICT_BETTER :
						     VERDICT_WORSE;
	if (f->c.difference < 0)
		return f->metric->higher_is_better ? VERDICT_WORSE :
						     VERDICT_BETTER;
	return VERDICT_SAME;
}

static enum verdict by_test(const struct finding *f)
{
	bool apart = f->c.ci95[0] > 0 || f->c.ci95[1] < 0;

	if (least_p(f->na, f->nb) >= SIGNIFICANT)
		return VERDICT_TOO_FEW;
	return apart && f->c.p < SIGNIFICANT ? by_sign(f) : VERDICT_NOT_SHOWN;
}

static int weigh(const struct pair *pair, struct finding *f, const double *a,
		 const double *b)
{
	struct migsim_stats sa, sb;
	int err;

	err = migsim_stats_of(a, f->na, SEED, &sa);
	if (!err)
		err = migsim_stats_of(b, f->nb, SEED, &sb);
	if (!err)
		err = migsim_stats_compare(a, f->na, b, f->nb, SEED, &f->c);
	if (err)
		return err;
	f->median_a = sa.median;
	f->median_b = sb.median;
	if (result_is_modelled(pair->a) && result_is_modelled(pair->b) && all_equal(a, f->na) &&
	    all_equal(b, f->nb)) {
		f->verdict = by_sign(f);	/* nothing there is chance */
		return 0;
	}
	if (f->na == 1 && f->nb == 1) {
		f->verdict = VERDICT_ONE_RUN;
		return 0;
	}
	f->tested = true;
	f->verdict = by_test(f);
	return 0;
}

int judge(const struct pair *pair, const struct metric *metric,
	  struct finding *f)
{
	double *a, *b;
	int err = 0;

	*f = (struct finding){ .metric = metric,
			       .verdict = VERDICT_NOT_MEASURED };
	a = take_samples(pair->a, metric->name, &f->na);
	b = take_samples(pair->b, metric->name, &f->nb);
	if (!a || !b)
		err = -ENOMEM;
	else if (f->na && f->nb)
		err = weigh(pair, f, a, b);
	free(a);
	free(b);
	return err;
}
