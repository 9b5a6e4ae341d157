/* SPDX-License-Identifier: MIT */
/*
 * From runs to results: samples, statistics, warnings.
 */
#ifndef MIGSIM_BENCH_OUTCOME_H
#define MIGSIM_BENCH_OUTCOME_H

#include "result.h"
#include "run.h"

/* What warnings are made of, summed over a sweep. */
struct outcome_doubts {
	uint64_t folios;
	uint64_t failed;
	uint64_t huge;		/* 2M folios */
	uint64_t not_huge;
	uint64_t ran_dry;	/* pages */
	uint64_t quarantined;	/* pages */
	struct verify_bad bad;
	double stolen;		/* at worst, of the CPU time of a row */
	bool cached;
	bool grid;		/* of candidates that nobody named */
	bool calls;		/* their length is what varies */
	bool short_calls;	/* shorter than a batch */
};

/*
 * Adds the last run of a trial to the samples and to what is pooled. 0 or
 * -errno.
 */
int outcome_add(struct result *result, struct migsim_report *pooled,
		const struct migsim_report *run, const struct trial *t);

/* Fills @result from its samples and the pooled report. 0 or -errno. */
int outcome_finish(struct result *result, const struct trial *t,
		   const struct migsim_report *pooled);

/* doubts.c: notes what is doubtful about a finished result. */
void outcome_doubt(struct outcome_doubts *doubts, const struct result *result,
		   const struct trial *t, uint64_t cache);

/* Adds a warning that is not there yet. 0 or -ENOMEM. */
int outcome_say(struct results *rs, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* extrapolation.c: warns of results outside of what was measured. As above. */
int warn_of_extrapolation(struct results *rs);

/* engine_trouble.c: warns of engines that failed or broke their contract. */
int warn_of_engines(struct results *rs);

/* Collects the warnings of library, machine and sweep. 0 or -ENOMEM. */
int outcome_warn(struct results *rs, const struct outcome_doubts *doubts);

#endif
