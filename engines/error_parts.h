/* SPDX-License-Identifier: MIT */
/*
 * The inside of the engine error.
 *
 *	error.c        the engine: open, caps, submit
 *	error_fate.c   what becomes of which copy
 *	error_table.c  the copies in flight
 *	error_reap.c   completions, and waiting for them
 *	error_cancel.c cancel, and late writes
 */
#ifndef MIGSIM_ENGINE_ERROR_PARTS_H
#define MIGSIM_ENGINE_ERROR_PARTS_H

#include <stdbool.h>

#include "error.h"

enum cancel_answer { CANCEL_CLEAN, CANCEL_STUCK };

struct error_args {
	const char *of;
	uint64_t seed;
	uint64_t decline_ppm, busy_ppm;
	uint64_t fail_ppm, fail_nth, stuck_ppm;
	uint64_t corrupt_ppm, short_ppm, silent;
	uint64_t delay_ppm, delay_us, hang_ppm, reorder, twice_ppm;
	uint64_t cancel;
	uint64_t die_nth;
};

extern const struct migsim_param error_params[];

/* What becomes of a copy; of those from FAIL to HANG one at most. */
#define FATE_DECLINE	(1u << 0)
#define FATE_BUSY	(1u << 1)
#define FATE_FAIL	(1u << 2)
#define FATE_STUCK	(1u << 3)
#define FATE_CORRUPT	(1u << 4)
#define FATE_SHORT	(1u << 5)
#define FATE_HANG	(1u << 6)
#define FATE_DELAY	(1u << 7)
#define FATE_TWICE	(1u << 8)

/* Where a copy is. */
enum place {
	UNUSED,
	INNER,		/* with the inner engine */
	HUNG,		/* with nobody, until it is cancelled */
	DELAYED,
	READY,
	LATE,		/* given up, and its target will be written to */
	LOST,		/* cancelled, and the inner engine may still write */
};

struct entry {
	uint64_t cookie;
	uint64_t due;		/* ns, when delayed */
	void *dst;
	uint64_t len;
	uint32_t group;
	uint16_t fate;
	uint8_t place;
};

/* A queue of entries, or of cookies; never more than the engine is deep. */
struct ring {
	uint64_t *at;
	uint32_t head, n, size;
};

#define BATCH 512		/* copies that are passed on at once */

struct error {
	const struct error_args *args;
	struct migsim_engine *inner;	/* NULL: it has died */
	struct migsim_engine_caps caps;
	char driver[128];
	bool is_virtual;	/* no clock of ours tells its time */
	bool writes;		/* targets are real memory */
	bool refuses;		/* stuck or dead: takes nothing any more */
	uint64_t inner_cpu_ns;	/* of an inner engine that was closed */
	size_t bytes;

	uint64_t number;	/* of the next copy that is offered, from 1 */
	uint64_t busy_at;	/* the copy whose -EBUSY was answered */
	uint64_t completed;
	uint32_t in_flight;	/* taken and not handed out */
	uint32_t at_inner;

	struct entry *entry;
	uint32_t *unused;
	uint32_t nr_unused, high;	/* entry[high..] was never used */
	struct ring ready, delayed, again, late;

	/* one submit, one reap of the inner engine */
	struct migsim_copy out[BATCH];
	uint32_t index[BATCH];	/* entry of each copy that was looked at */
	uint32_t place_of[BATCH]; /* of out[], among those looked at */
	struct migsim_completion done[BATCH];
	struct error_counts counts;
};

/* error_fate.c */
int error_check(const struct error_args *args);
uint32_t error_fate(const struct error_args *args, uint64_t number,
		    uint64_t len);
uint64_t error_random(uint64_t seed, uint64_t number, uint32_t stream);
/* `mt+threads=2` becomes `mt:threads=2`, in place. */
void error_inner_word(char *word);

/* error_table.c */
size_t error_table_bytes(uint32_t depth);
void error_table_init(struct error *e, void *memory);
uint32_t entry_take(struct error *e);
void entry_release(struct error *e, uint32_t i);
void ring_push(struct ring *r, uint64_t what);
uint64_t ring_pop(struct ring *r);
/* Drops the entries of a group; what they lead to is left alone. */
void ring_drop_group(struct ring *r, const struct entry *entry, uint32_t group);

/* error_reap.c */
/* The copy is over: its completion is ready now, or later. */
void error_ended(struct error *e, uint32_t i);
void error_scribble(const struct error *e, void *dst, uint64_t len);
/* Nothing is in flight any more, and nothing is taken. */
void error_dies(struct error *e);
int error_reap(void *priv, struct migsim_completion *done, uint32_t max,
	       uint64_t timeout_ns);

/* error_cancel.c */
int error_cancel(void *priv, uint32_t group);
/* Stuck copies that have been reported: each writes, once, and is forgotten. */
void error_write_stuck(struct error *e);
/* What may still write has not done so yet: it does now. */
void error_write_late(struct error *e);

#endif
