/* SPDX-License-Identifier: MIT */
/*
 * The engine "watched": the engine error with every copy and completion that
 * passes between it and the core written down, so that a report can be held
 * against what really passed, and against what error says it injected.
 */
#ifndef TEST_WATCH_H
#define TEST_WATCH_H

#include <migsim/migsim.h>

#include "../../engines/error.h"

/* Faults of one kind; with the engine's word they are one instance. */
struct watch_kind {
	const char *faults;
	bool delays;		/* in real time */
	bool dies;		/* die_nth is to be given, too */
};

extern const struct watch_kind watch_kinds[];
extern const unsigned int watch_nr_kinds;

/* One call of a migrator over "watched". */
struct watch_call {
	struct migsim_migrator *m;
	struct migsim_folio *folios;
	size_t n;
	uint32_t pieces;	/* of the policy */
	enum migsim_mode mode;
	struct migsim_report *report;
	long rc;
	struct error_counts injected;	/* by this call */
};

/*
 * Runs the call, and compares: what became of the folios, the report, what
 * passed, what was injected.
 */
void watch_run(struct watch_call *call);

/* Before a migrator is opened. */
void watch_reset(void);

/*
 * Page frames of the targets that the engine said it may still write to: how
 * many there are, and how many of these are among them.
 */
size_t watch_nr_lost(void);
size_t watch_lost(const uint64_t *pfn, size_t n);

/* Some policy: its word, and into how many pieces it cuts a folio. */
const char *watch_policy(uint64_t *seed, uint32_t *pieces);

#endif
