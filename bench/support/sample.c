/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <migsim/stats.h>

#include "field.h"
#include "sample.h"
#include "sys.h"

double gib_s(size_t bytes, uint64_t ticks)
{
	return (double)bytes / GIB * (double)sys_ticks_per_s() / (double)ticks;
}

double ticks_ns(uint64_t ticks)
{
	return (double)ticks * 1e9 / (double)sys_ticks_per_s();
}

void stay_awake(unsigned int us)
{
	uint64_t start = sys_ticks();

	while (ticks_ns(sys_ticks() - start) < us * 1e3)
		;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void sample_sort(double *x, size_t n)
{
	qsort(x, n, sizeof(*x), ascending);
}

double sample_median(const double *x)
{
	struct migsim_stats s;

	migsim_stats_of(x, ROUNDS, 1, &s);
	return s.median;
}

static double print(const double *x, const char *format)
{
	struct migsim_stats s;

	migsim_stats_of(x, ROUNDS, 1, &s);
	printf(format, s.median, s.ci95[0], s.ci95[1]);
	return s.median;
}

double sample_print_ratio(const double *a, const double *b)
{
	double x[ROUNDS];
	size_t i;

	for (i = 0; i < ROUNDS; i++)
		x[i] = a[i] / b[i];
	return print(x, "%6.3f [%5.3f, %5.3f]");
}

double sample_print_difference(const double *a, const double *b)
{
	double x[ROUNDS];
	size_t i;

	for (i = 0; i < ROUNDS; i++)
		x[i] = a[i] - b[i];
	return print(x, "%6.0f [%5.0f, %5.0f]");
}

double stolen_percent(const struct migsim_cpu_time *since)
{
	struct migsim_cpu_time now;

	migsim_cpu_time_read(&now);
	return 100 * migsim_cpu_time_stolen(since, &now);
}

const char *met(double value, double least)
{
	return value >= least ? "met" : "not met";
}
