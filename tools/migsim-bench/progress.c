/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <unistd.h>

#include "progress.h"

#define WIPE_REST "\033[K"

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) +
	       (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* The cursor stays at the begin, so that a sentence overwrites the line. */
static void show(const struct progress *p)
{
	double left;

	if (!p->shown)
		return;
	fprintf(stderr, "run %zu of %zu", p->done + 1, p->total);
	if (p->done) {
		left = seconds_since(&p->start) / (double)p->done *
		       (double)(p->total - p->done);
		fprintf(stderr, ", about %.0f s left", left);
	}
	fputs(WIPE_REST "\r", stderr);
	fflush(stderr);
}

void progress_start(struct progress *p, size_t total, bool quiet)
{
	p->shown = !quiet && isatty(STDERR_FILENO);
	p->done = 0;
	p->total = total;
	clock_gettime(CLOCK_MONOTONIC, &p->start);
	show(p);
}

void progress_step(struct progress *p)
{
	p->done++;
	if (p->done < p->total)
		show(p);
}

void progress_end(struct progress *p)
{
	if (!p->shown)
		return;
	fputs(WIPE_REST, stderr);
	fflush(stderr);
	p->shown = false;
}
