/* SPDX-License-Identifier: MIT */
/*
 * An asynchronous engine over the fake space, registered as "fake" and, without
 * a cancel, as "fake-nocancel". A copy takes effect when it completes. It does
 * what its script says, and checks that it is used as engine.h promises.
 */
#ifndef FAKE_ENGINE_H
#define FAKE_ENGINE_H

#include <migsim/engine.h>

enum fake_order { ORDER_FIRST, ORDER_LAST, ORDER_RANDOM };

/* "nth" counts from 1; 0 is never. */
struct fake_engine {
	/* set by the test after fake_engine_reset() */
	uint32_t depth, channels;
	uint64_t copy_ns;	/* from its start until a copy has ended */
	enum fake_order order;
	uint32_t per_reap;	/* completions at once; 0: all */
	uint32_t take;		/* copies taken of one submit; 0: all */
	uint32_t decline_every;	/* nth submit: decline_err */
	int decline_err;
	uint32_t fail_every;	/* nth copy */
	uint32_t stuck_every;	/* nth copy ends, and may write for ever */
	uint32_t twice_every;	/* nth copy completes twice */
	uint32_t unknown_every;	/* nth copy: a cookie of nobody comes with it */
	uint32_t hang_at;	/* from the nth copy on none completes */
	bool babble;		/* while it hangs it completes cookies of nobody */
	int cancel_err;
	uint32_t die_at;	/* reap fails instead of the nth completion */

	uint32_t nr_submits, nr_copies, nr_completed, nr_cancels, nr_reaps;
	uint64_t waited;		/* ns without an end, of one without cancel */
	uint32_t in_flight, max_in_flight, max_lane, max_piece;
	bool dead;		/* must not be asked any more */
	uint64_t seed;
	struct migsim_copy *late;	/* that are written after a cancel */
	uint32_t nr_late;
};

extern struct fake_engine fake_engine;

/* Depth 4096, completes all in order, 100 ns a copy. */
void fake_engine_reset(void);
void fake_engine_free(void);

/* Behind the end of a call: what may be written for ever is written. */
void fake_engine_late_writes(void);

/* Deterministic for the seed. */
uint64_t fake_random(uint64_t *seed);

#endif
