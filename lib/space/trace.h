/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's migration events say of the folios of one call. Knows
 * nothing of where the events come from (perf.h).
 *
 * A base page is away from the event that sets its migration entry to the one
 * that removes it, wherever it then lies: moved, or undone. A folio of the
 * list is away while any of its pages is. So a folio that base pages map, or
 * that the kernel has split, is away from its first set to its last remove,
 * and one that is tried again is away twice.
 */
#ifndef MIGSIM_TRACE_H
#define MIGSIM_TRACE_H

#include <migsim/space.h>

enum trace_kind {
	TRACE_SET_PTE,
	TRACE_REMOVE_PTE,
	TRACE_SET_PMD,
	TRACE_REMOVE_PMD,
	TRACE_KINDS,
};

struct trace_record {
	uint64_t t;		/* in ticks */
	uint64_t addr;
	enum trace_kind kind;
};

struct trace_folio {
	uint64_t addr;
	uint64_t pages;
	uint64_t page;		/* its first one in trace.since */
	uint64_t since;		/* when the first of its pages went */
	uint64_t away;		/* its base pages that are away */
};

struct trace {
	struct trace_folio *folio; /* by address */
	uint64_t *since;	/* of a base page: when it went, or TRACE_HERE */
	size_t n, cap;
	uint64_t nr_pages, cap_pages;
	size_t at;		/* the folio found last */
	uint64_t away;		/* base pages of the list */
	uint64_t t;		/* of the last record */
	const struct migsim_space_seen *seen;
};

#define TRACE_HERE UINT64_MAX

/* The folios that records will be looked for in. 0 or -ENOMEM. */
int trace_list(struct trace *t, const struct migsim_folio *folios, size_t n);

/* Begins anew; what the records mean is told to @seen, which may be NULL. */
void trace_begin(struct trace *t, const struct migsim_space_seen *seen);

/* Records in order of time. Those of other addresses are passed over. */
void trace_take(struct trace *t, const struct trace_record *r);

/* After the last record: did every page that went come back? */
static inline bool trace_whole(const struct trace *t)
{
	return !t->away;
}

void trace_free(struct trace *t);

#endif
