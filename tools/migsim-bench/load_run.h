/* SPDX-License-Identifier: MIT */
/*
 * The inside of a load: what its two kinds share.
 */
#ifndef MIGSIM_BENCH_LOAD_RUN_H
#define MIGSIM_BENCH_LOAD_RUN_H

#include "load.h"
#include "load_pattern.h"

struct load_crowd;	/* load_real.c */
struct load_arrivals;	/* load_model.c */

/* Operations of one run, all threads together. */
struct load_count {
	uint64_t ops;
	double seconds;
	double base_ops;
	double base_seconds;
};

struct load {
	struct load_words words;
	uint64_t seed;
	struct load_pages pages;	/* of the run's region */
	const struct region *region;
	const atomic_int *stop;
	struct load_crowd *crowd;	/* while it runs */
	struct load_arrivals *arrivals;	/* likewise */
	struct load_count count;	/* of the run */
	struct load_times stalls;	/* of the run */
	struct load_times taken;	/* of the runs that counted */
};

/* load.c: where a base page of a region lies, from 0 in the first part on. */
struct load_place {
	unsigned int part;
	uint64_t folio;		/* of the part */
	uint64_t page;		/* of the folio */
};

struct load_place load_place_of(const struct region_shape *shape,
				uint64_t page);

/* load.c: where the sequence of a thread begins. */
uint64_t load_seed(const struct load *l, unsigned int thread);

/* load_real.c: as those of load.h */
int crowd_start(struct load *l);
void crowd_call_begins(struct load_crowd *c);
void crowd_call_ended(struct load *l);
void crowd_end(struct load *l);

/* load_model.c: as those of load.h */
int arrivals_start(struct load *l);
int arrivals_call_ended(struct load *l);
void arrivals_end(struct load *l, const struct migsim_report *report);

#endif
