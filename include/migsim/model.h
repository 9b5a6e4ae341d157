/* SPDX-License-Identifier: MIT */
/*
 * The model: the same pipeline in virtual time. A migrator over the space
 * "model" with the engine "model" runs calls of lib/migrate whose operations
 * advance a clock by what a profile says. Here is what comes on top: the
 * prediction of one published cell, its error, and the fit of a profile.
 */
#ifndef MIGSIM_MODEL_H
#define MIGSIM_MODEL_H

#include <migsim/migrate.h>
#include <migsim/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

enum migsim_metric {
	MIGSIM_METRIC_GIB_S,	/* throughput of a call, 2^30 bytes per second */
	MIGSIM_METRIC_FIRST_US,	/* mean first-folio latency of its groups */
	MIGSIM_METRICS,
};

/**
 * struct migsim_cell - a configuration as the published tables name it: one
 * call under the policy `batch`
 * @order: of all folios, 0 to 9
 * @channels: of the engine; 0: the CPU copies
 * @copy_inline: copy and remap folio by folio (the kernel without the series)
 * @folios: of the call, at least 1
 * @batch_pages: base pages, at least 1
 */
struct migsim_cell {
	uint32_t order;
	uint32_t channels;
	bool copy_inline;
	uint64_t folios;
	uint64_t batch_pages;
};

/**
 * struct migsim_slopes - how a prediction follows its profile
 * @d: d ln(metric) / d ln(key), for every key that is a coefficient. Exact
 *     while one flush group is in flight at a time; with several, the time of
 *     the calling CPU counts as if nothing of it were hidden behind the copies.
 * @huge: part of the base pages that moved in folios mapped by a single entry
 *        (2M), whose measurements scatter less
 */
struct migsim_slopes {
	double d[MIGSIM_METRICS][MIGSIM_PROFILE_MAX_KEYS];
	double huge;
};

/**
 * struct migsim_prediction - of one cell
 * @value: by metric
 * @slopes: of them
 */
struct migsim_prediction {
	double value[MIGSIM_METRICS];
	struct migsim_slopes slopes;
};

/**
 * migsim_model_slopes - how what a migrator has predicted follows its profile
 * @m: a migrator over the space "model"
 * @s: filled, over all calls since open
 * Return: 0; -EOPNOTSUPP for any other space; -ENODATA before any time has
 * passed; -EOVERFLOW when the clock has run out (after 53 days).
 */
int migsim_model_slopes(const struct migsim_migrator *m,
			struct migsim_slopes *s);

/**
 * migsim_profile_interval - where a measurement of a predicted value would lie
 * @p: the profile that it was predicted with
 * @metric: of the value
 * @value: predicted
 * @s: its slopes
 * @interval: lower and upper bound, 95 %: the standard errors of the
 *            coefficients with their correlation, and the scatter of
 *            measurements around the fit; NAN where that is no knowledge (a
 *            standard deviation of the logarithm above 3)
 */
void migsim_profile_interval(const struct migsim_profile *p,
			     enum migsim_metric metric, double value,
			     const struct migsim_slopes *s, double interval[2]);

struct migsim_predictor;

/**
 * migsim_predictor_open - get ready to predict
 * Return: a predictor, used by one thread at a time and owned by the caller;
 * NULL without memory.
 */
struct migsim_predictor *migsim_predictor_open(void);

/** migsim_predictor_close - @pr may be NULL */
void migsim_predictor_close(struct migsim_predictor *pr);

/**
 * migsim_predictor_full - migrate every folio of a call, skip nothing
 * @pr: the predictor
 * @full: false, as after open: batches that repeat to the tick are counted
 *        instead of being run again. The prediction is the same to the bit.
 */
void migsim_predictor_full(struct migsim_predictor *pr, bool full);

/**
 * migsim_predict - run a cell through lib/migrate in virtual time
 * @pr: the predictor
 * @p: the profile
 * @cell: what to run
 * @out: filled
 * Return: 0; -EINVAL for a cell that cannot be, or that has more than 2^25
 * folios to run one by one; -ENODATA when it takes no time at all; -EOVERFLOW
 * when it takes more than 53 days; -ENOMEM.
 */
int migsim_predict(struct migsim_predictor *pr, const struct migsim_profile *p,
		   const struct migsim_cell *cell,
		   struct migsim_prediction *out);

/**
 * struct migsim_datum - a measured value
 * @cell: what was run
 * @metric: what was measured
 * @value: in the metric's unit, positive
 */
struct migsim_datum {
	struct migsim_cell cell;
	enum migsim_metric metric;
	double value;
};

/**
 * struct migsim_fit_options - how to fit
 * @size: set to sizeof(struct migsim_fit_options)
 * @fixed: by key: true keeps the start's value; NULL: every coefficient is
 *         free. One that is 0 at the start has no logarithm and is fixed too.
 * @prior_sd: a prior that each free coefficient lies near its start: the
 *            standard deviation of the logarithm of their ratio; 0: no prior
 * @data_sd: what the data are thought to scatter, relative; weighs them
 *           against the prior
 * @threads: to predict in; 0: one for each CPU
 * @progress: optional; told after each step, and now and then within one,
 *            from the calling thread; @rms is NAN before the first step has
 *            been tried; returns false to end the fit
 * @arg: for @progress
 */
struct migsim_fit_options {
	size_t size;
	const bool *fixed;
	double prior_sd;
	double data_sd;
	unsigned int threads;
	bool (*progress)(void *arg, unsigned int step, double rms);
	void *arg;
};

/** MIGSIM_FIT_OPTIONS_INIT - all coefficients free, a weak prior */
#define MIGSIM_FIT_OPTIONS_INIT						\
	{ .size = sizeof(struct migsim_fit_options),			\
	  .prior_sd = 1.0, .data_sd = 0.03 }

/* A coefficient that is informed less is not identifiable by the data. */
#define MIGSIM_FIT_INFORMED 0.5

/**
 * struct migsim_fit - what came of it
 * @size: set to sizeof(struct migsim_fit)
 * @steps: of the optimiser: parameters that it tried
 * @rms: root of the mean square of ln(predicted / measured)
 * @converged: false when the optimiser gave up or was told to stop
 * @informed: by key, for the free ones: how much of what is known of it the
 *            data say and not the prior, 0 to 1. Without a prior: 1 where its
 *            logarithm is known to better than 1, else 0.
 */
struct migsim_fit {
	size_t size;
	unsigned int steps;
	double rms;
	bool converged;
	double informed[MIGSIM_PROFILE_MAX_KEYS];
};

/**
 * migsim_fit - fit the coefficients of a profile to measurements
 * @p: where to start; gets the fitted coefficients with standard errors and
 *     their correlation, the scatter, and the range that was measured
 * @data: measured values
 * @n: their number
 * @o: how
 * @fit: what came of it
 *
 * Least squares on ln(predicted / measured), Levenberg and Marquardt's method
 * as MINPACK has it (lmder), over the logarithms of the coefficients, so that
 * they stay positive. It begins anew once where a coefficient was left without
 * any influence. Standard errors are clustered by cell: the two metrics of a
 * cell come from one run, and rows that repeat a cell tell nothing new.
 *
 * Return: 0; -EINVAL for no or impossible data, no free coefficient, or fewer
 * data than coefficients without a prior;
 * -EINTR when told to stop; -ENOMEM. @p is unchanged after an error.
 */
int migsim_fit(struct migsim_profile *p, const struct migsim_datum *data,
	       size_t n, const struct migsim_fit_options *o,
	       struct migsim_fit *fit);

#ifdef __cplusplus
}
#endif
#endif
