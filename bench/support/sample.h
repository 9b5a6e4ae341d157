/* SPDX-License-Identifier: MIT */
/*
 * What rounds of a run measured, as lines of text.
 */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include <migsim/sysinfo.h>

#define ROUNDS	11

/* GiB/s of that many bytes in so many ticks. */
double gib_s(size_t bytes, uint64_t ticks);
/* Ticks in ns. */
double ticks_ns(uint64_t ticks);

/* Spins for so long. */
void stay_awake(unsigned int us);

/* Ascending. */
void sample_sort(double *x, size_t n);

double sample_median(const double *x);

/* "median [interval]" of a[i] / b[i], round by round; returns the median. */
double sample_print_ratio(const double *a, const double *b);

/* The same of a[i] - b[i]. */
double sample_print_difference(const double *a, const double *b);

/* Share of the CPU time that the hypervisor kept back since, in percent. */
double stolen_percent(const struct migsim_cpu_time *since);

/* Of a target: is @value at least @least? */
const char *met(double value, double least);

#endif
