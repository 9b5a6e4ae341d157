/* SPDX-License-Identifier: MIT */
/*
 * An engine by itself: copies are submitted, kicked and reaped as the pipeline
 * does it, and nothing else happens. An engine that declines or fails ends the
 * program.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <stdint.h>

#include <migsim/engine.h>

#include "field.h"

#define RAW_CHUNK 512	/* copies that are offered at once, as the core does */

/**
 * struct raw - an open engine in use
 * @engine: the engine
 * @pending: copies submitted and not reaped
 * @left: the same of the last two groups, by the last bit of their number
 * @group: number of the group that is submitted next
 * @copies: to be offered
 * @done: reaped
 */
struct raw {
	struct migsim_engine *engine;
	uint32_t pending;
	uint32_t left[2];
	uint32_t group;
	struct migsim_copy copies[RAW_CHUNK];
	struct migsim_completion done[RAW_CHUNK];
};

/* Opens an engine by its word; ends the program when that fails. */
void raw_open(struct raw *r, const char *word);
void raw_close(struct raw *r);

/*
 * Submits the folios from byte @at to @end of the field as a group. All groups
 * but the last one must have been reaped.
 */
void raw_submit(struct raw *r, const struct field *f, size_t at, size_t end);

void raw_kick(struct raw *r);

/* Reaps, waiting so long at most. Returns how many. */
uint32_t raw_reap(struct raw *r, uint64_t timeout_ns);

/* Group number @group, one of the last two, is reaped whole. */
void raw_drain(struct raw *r, uint32_t group);

/*
 * Copies the whole field in groups of @group bytes, @flight (1 or 2) of them at
 * once: with two, the engine never waits for the next one.
 */
void raw_copy(struct raw *r, const struct field *f, size_t group,
	      unsigned int flight);

#endif
