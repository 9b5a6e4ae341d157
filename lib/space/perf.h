/* SPDX-License-Identifier: MIT */
/*
 * The kernel's migration events of one thread, by perf_event_open(2).
 */
#ifndef MIGSIM_PERF_H
#define MIGSIM_PERF_H

#include "trace.h"

struct perf {
	int fd[TRACE_KINDS];
	uint16_t id[TRACE_KINDS];	/* of the event */
	uint32_t addr_at[TRACE_KINDS];	/* place of its address */
	uint64_t thread;		/* whose events; 0: not open */
	void *ring;			/* a page for both ends, then records */
	size_t ring_bytes;		/* of the records */
	uint64_t count;			/* of events, up to the restart */
};

/*
 * Opens the events of the calling thread. 0, or -errno and in @why what the
 * machine lacks and what to do about it.
 */
int perf_open(struct perf *p, char *why, size_t len);
void perf_close(struct perf *p);

/* perf_find.c: sets id and addr_at of one. As above. */
int perf_find_event(struct perf *p, enum trace_kind kind, char *why,
		    size_t len);

/*
 * Forgets what was recorded, makes room for so many records, within a bound,
 * and records from now on. Called by the thread whose events they are. 0 or
 * -errno.
 */
int perf_restart(struct perf *p, uint64_t records);

/* Until the next restart events are not recorded, and cost next to nothing. */
void perf_stop(const struct perf *p);

/* Events since the restart, as the kernel counted them; -1: it does not say. */
int64_t perf_count(const struct perf *p);

/* The number of the calling thread, which no other ever has. */
uint64_t perf_thread(void);

/*
 * The record at *@at, which begins with 0; its time in ns of
 * CLOCK_MONOTONIC_RAW. False behind the last.
 */
bool perf_next(const struct perf *p, uint64_t *at, struct trace_record *r);

#endif
