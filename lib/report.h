/* SPDX-License-Identifier: MIT */
/* The inside of a report: everything in ticks of one clock. */
#ifndef MIGSIM_REPORT_INTERNAL_H
#define MIGSIM_REPORT_INTERNAL_H

#include <migsim/report.h>

#include "measure/histogram.h"

enum phase {
	PHASE_OTHER,
	PHASE_ALLOC,
	PHASE_UNMAP,
	PHASE_FLUSH,
	PHASE_SUBMIT,
	PHASE_WAIT,
	PHASE_COPY,
	PHASE_REAP,
	PHASE_REMAP,
	PHASES,
};

/* Plain sums over calls, so that adding two reports is adding the members. */
struct counters {
	uint64_t calls;
	uint64_t elapsed;
	uint64_t phase[PHASES];
	uint64_t groups;
	uint64_t migrated;
	uint64_t failed;
	uint64_t retried;
	uint64_t declined;
	uint64_t cpu_fallback;
	uint64_t flushes;
	uint64_t completion_errors;
	uint64_t allocated_pages;
	uint64_t not_huge;
	uint64_t quarantined_pages;
	uint64_t nr_succeeded;
	uint64_t nr_failed_pages;
	uint64_t nr_untried_pages;
	uint64_t nr_thp_succeeded;
	uint64_t nr_thp_failed;
	uint64_t nr_thp_split;
	uint64_t nr_split;
	uint64_t caller_cpu_ns;
	uint64_t helper_cpu_ns;
	uint64_t unseen_calls;
	uint64_t unseen_elapsed;
};

struct migsim_report {
	uint64_t ticks_per_s;		/* 0: nothing was added yet */
	bool self_driven;		/* the space did the calls by itself */
	bool sync_engine;		/* copy and reap are one */
	bool unmap_flushes;		/* unmap and flush are one */
	bool cpu_unknown;
	struct counters c;
	unsigned __int128 page_ticks;	/* sum over folios: pages * inaccessible */
	unsigned __int128 window_ticks;	/* integral over time of pages in flight */
	uint64_t max_window;
	struct histogram first;
	struct histogram inaccessible;	/* one value a folio */
};

#endif
