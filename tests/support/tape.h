/* SPDX-License-Identifier: MIT */
/*
 * An asynchronous engine over real memory, registered as "tape": it keeps what
 * it was given, copies when it is reaped, the newest first, and does what the
 * test says. One instance at a time.
 */
#ifndef TEST_TAPE_H
#define TEST_TAPE_H

#include <migsim/engine.h>

#define TAPE_DEPTH 1024

struct tape {
	/* set by the test after tape_reset() */
	uint32_t flags, depth, channels;
	uint32_t take;		/* copies taken of one submit; 0: all */
	uint32_t per_reap;	/* completions at once; 0: all */
	uint32_t fail_every;	/* nth copy completes with -ENXIO; 0: none */
	bool hold;		/* nothing completes */
	int submit_err, reap_err, cancel_err;

	/* what was seen */
	uint32_t nr_submits, nr_kicks, nr_cancels, nr_copies;
	uint32_t in_flight;
	struct migsim_copy copies[TAPE_DEPTH];	/* in flight, oldest first */
	uint64_t width;		/* its options */
	char list[32];
	bool is_open;
};

extern struct tape tape;

/* Depth 64, three channels, takes and completes all. */
void tape_reset(void);

#endif
