/* SPDX-License-Identifier: MIT */
/*
 * migsim-bench fit: words → what is fitted to what → profile → report.
 */
#ifndef MIGSIM_BENCH_FIT_COMMAND_H
#define MIGSIM_BENCH_FIT_COMMAND_H

#include <migsim/model.h>

#include "data.h"

/* Words of an option that may be given several times; they point into argv. */
struct fit_words {
	const char **word;
	size_t n;
};

struct fit_request {
	bool help;
	bool quiet;
	const char *output;
	const char *start;
	const char *name;	/* NULL: from the name of the file */
	double prior;
	struct fit_words data;
	struct fit_words free;
	struct fit_words fix;
	struct fit_words holdout;
};

struct fit_job {
	const struct fit_request *rq;
	struct data data;
	bool *held;		/* by row: left out by --holdout */
	size_t nr_fitted;
	size_t nr_held;
	size_t nr_flagged;
	struct migsim_datum *datum;	/* those that are fitted */
	bool fixed[MIGSIM_PROFILE_MAX_KEYS];
	struct migsim_profile *start;
	struct migsim_profile *profile;
	struct migsim_fit fit;
	double *error;		/* by row: predicted / measured - 1 */
};

static inline bool fit_row_counts(const struct data_row *row)
{
	return !row->flag[0];
}

/* fit_keys.c: fills job->fixed. 0, or an exit code after a sentence. */
int fit_choose_keys(struct fit_job *job);

/* fit_holdout.c: sets job->held of the rows of one EXPR. The same. */
int fit_hold_out(struct fit_job *job, const char *expr);

/* fit_name.c: name and description of job->profile. The same. */
int fit_describe(struct fit_job *job);

/* fit_run.c: the exit code. */
int fit_run(const struct fit_request *rq);

/* fit_print.c: 0, or -errno. */
int fit_print(FILE *out, const struct fit_job *job);

#endif
