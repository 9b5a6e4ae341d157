/* SPDX-License-Identifier: MIT */
/*
 * One run of one configuration: `total` bytes, in calls.
 */
#ifndef MIGSIM_BENCH_RUN_H
#define MIGSIM_BENCH_RUN_H

#include <signal.h>
#include <stdatomic.h>

#include "load.h"
#include "read_after.h"
#include "region.h"
#include "verify.h"

/* A configuration, made ready to run. */
struct trial {
	const struct config *cfg;
	struct region_shape shape;
	uint64_t calls;			/* of one run */
	struct verify_bad bad;		/* of all runs */
	char *driver;			/* of the engine; NULL: none */
	bool engine_dead;		/* it hung or died in any run */
	bool traced;			/* slowed by the kernel's events */
	struct migsim_policy_note note;	/* of the last run */
	long channels;			/* -1: means nothing */
	long window_pages;		/* -1: unbounded or unknown */
	double interval[MIGSIM_METRICS][2]; /* of the model's last run */
	struct migsim_slopes slopes;	/* likewise */
	struct migsim_cpu_time cpu_time; /* of all CPUs, in its runs */
	struct read_after read;		/* after the calls of the last run */
	struct load *load;		/* NULL: none */
};

/*
 * trial.c: makes a trial of a configuration. Lowers *@least_memory to what its
 * nodes have; the model has none. 0, or an exit code after a sentence.
 */
int trial_prepare(struct trial *t, const struct config *cfg,
		  const struct migsim_sysinfo *si, uint64_t *least_memory);

/* Becomes true by run_stop() and stays so until run_reset(). */
extern atomic_int run_stopped;

/* Ends the current run early. Async-signal-safe. */
void run_stop(void);
void run_reset(void);

/* sweep.c: Ctrl-C and SIGTERM stop runs, and what looks at run_stopped. */
void sweep_catch_signals(struct sigaction old[2]);
void sweep_release_signals(const struct sigaction old[2]);

/* From where to where the folios of a configuration go: real ones. */
struct region_route run_route(const struct config *cfg);

/*
 * Opens what @t->cfg names between the nodes of @t->shape.route, once and
 * without pools, to learn what it is before a sweep spends time on it. 0, or
 * an exit code after a sentence.
 */
int run_probe(struct trial *t);

/*
 * Migrates. @report is emptied and gets the run's calls; pool filling, warm-up
 * and verification lie outside of them. 0, -EINTR (run_stop()), or an exit
 * code after a sentence.
 */
int run_once(struct trial *t, struct region *region,
	     struct migsim_report *report);

#endif
