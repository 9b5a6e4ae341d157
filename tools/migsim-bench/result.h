/* SPDX-License-Identifier: MIT */
/*
 * The one result object. Every format is rendered from it. What was not
 * measured is NAN (a double) or -1 (an integer), and null in JSON.
 */
#ifndef MIGSIM_BENCH_RESULT_H
#define MIGSIM_BENCH_RESULT_H

#include <stdio.h>

#include "config.h"

struct sample {
	unsigned int run;	/* from 0 */
	double gib_s;
	double first_us;	/* mean over the run's groups */
	double inaccessible_us;	/* mean over the run's folios */
	double read_after_gib_s;
	double ops_per_s;	/* of the load, while calls ran */
	double baseline_ops_per_s;
};

struct result {
	struct config *config;
	char *driver;		/* NULL: none */
	bool engine_dead;	/* hung or died; the CPU copied since */
	bool traced;		/* backend kernel, slowed by its events */
	struct migsim_policy_note note;	/* what the policy found out */
	long channels;		/* -1: means nothing */
	long batch_pages;	/* -1: means nothing */
	long window_pages;	/* -1: unbounded or unknown */
	struct sample *samples;
	size_t nr_samples;
	struct migsim_stats gib_s;	/* over samples */
	struct migsim_stats first_us;	/* over samples; n 0: not seen */
	struct migsim_stats read_after_gib_s; /* likewise; n 0: not read */
	struct migsim_stats ops_per_s;	/* likewise; n 0: without a load */
	struct migsim_stats baseline_ops_per_s;
	struct migsim_latency stall_us;	/* of the load's operations */
	double stolen;		/* of the CPU time asked for; NAN: a model */
	struct migsim_slopes slopes;	/* of the model's figures; else 0 */
	struct migsim_summary sum;	/* all runs pooled */
	long verify_errors;	/* bad base pages; -1: not verified */
};

struct results {
	struct migsim_sysinfo sysinfo;
	char **warnings;
	size_t nr_warnings;
	struct result *result;	/* in the order of the command line */
	size_t n;
	bool interrupted;	/* Ctrl-C: holds what was measured so far */
};

/* Renderers: 0, or -EIO when writing failed, -ENOMEM. */
int render_table(FILE *out, const struct results *rs);
int render_lkml(FILE *out, const struct results *rs);
int render_csv(FILE *out, const struct results *rs);
int render_json(FILE *out, const struct results *rs);
int render(FILE *out, const struct results *rs, enum format format);

#endif
