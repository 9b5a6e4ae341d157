/* SPDX-License-Identifier: MIT */
/*
 * One line on a terminal that says how far a sweep is.
 */
#ifndef MIGSIM_BENCH_PROGRESS_H
#define MIGSIM_BENCH_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct progress {
	bool shown;
	size_t done, total;
	struct timespec start;
};

/* Shows nothing when @quiet, or when stderr is no terminal. */
void progress_start(struct progress *p, size_t total, bool quiet);
void progress_step(struct progress *p);	/* one more is done */
void progress_end(struct progress *p);	/* wipes the line */

#endif
