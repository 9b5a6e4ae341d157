/* SPDX-License-Identifier: MIT */
/*
 * A distribution of times in ns: 64 buckets an octave, so that a percentile
 * is within 0.8 %. Count and max are exact.
 */
#ifndef MIGSIM_BENCH_LOAD_TIMES_H
#define MIGSIM_BENCH_LOAD_TIMES_H

#include <migsim/report.h>

#define LOAD_SUB_BITS	6
#define LOAD_BUCKETS	((64 - LOAD_SUB_BITS + 1) << LOAD_SUB_BITS)

struct load_times {
	uint64_t n;
	uint64_t sum;
	uint64_t max;
	uint64_t bucket[LOAD_BUCKETS];
};

void load_times_add(struct load_times *t, uint64_t ns);
void load_times_merge(struct load_times *t, const struct load_times *more);

/* As every latency of a report, in us. */
void load_times_latency(const struct load_times *t, struct migsim_latency *l);

#endif
