/* SPDX-License-Identifier: MIT */
/*
 * The test kit of policies (migsim/policy-test.h): the core's own state machine
 * over a made-up space and engine, with a policy between it and the one under
 * test that sees every question and every answer.
 *
 *	run.c        a scenario: set up, calls, what must hold behind them
 *	watch.c      the policy between: what must hold of every answer
 *	space.c      a space without memory, in made-up time
 *	engine.c     an engine that behaves well or badly
 *	scenarios.c  the standard ones
 */
#ifndef MIGSIM_KIT_H
#define MIGSIM_KIT_H

#include <migsim/policy-test.h>

#include "core.h"

/* Bytes around everything that a policy may write to, to see whether it does. */
#define FENCE	64

/* ns for a base page: the order of what machines take, no more. */
#define UNMAP_NS	300
#define CPU_COPY_NS	400
#define COPY_NS		900	/* of one channel */
#define REMAP_NS	350

/* Waits in a row that end without a copy, before time is cut short. */
#define MAX_WAITS	256
#define PATIENCE_NS	10000000000u

/* Tries to remap a busy folio that fail. */
#define BUSY_TRIES	4

/* A state of the policy under test; the core's lies between two fences. */
struct twin {
	uint8_t *memory;
	void *priv;
};

/* A copy that the engine holds. */
struct held {
	uint64_t cookie;
	uint64_t end;
	uint32_t group;
};

struct kit {
	struct migsim_policy_scenario s;
	struct migsim_migrator *m;
	struct migsim_folio *folios;
	uint8_t *tries;		/* of each folio to be remapped */
	uint8_t *ended;		/* times that each became accessible again */
	uint64_t clock;
	uint64_t flying;	/* base pages, by the space's own count */

	struct migsim_policy_ops ops;	/* under test */
	struct migsim_policy_ops between;
	char *options;
	size_t args_size;
	uint8_t *args, *args_was;
	struct twin twin[2];
	uint64_t window;	/* 0: it names none */
	uint64_t asked;
	uint32_t call;
	bool broken;

	struct migsim_engine engine;
	struct held *held;
	uint64_t *channel_free;	/* when each channel will be */
	uint32_t nr_held, depth, nr_channels, next_channel;
	uint32_t submits, ends, waits;
};

/* What is broken, said once; the core is told to stop. */
__attribute__((format(printf, 2, 3)))
void kit_broken(struct kit *k, const char *format, ...);

extern const struct migsim_space_ops kit_space;
extern const struct migsim_engine_ops kit_engine;
int kit_policy_init(void *kit, const void *args);
void kit_policy_decide(void *kit, const void *args,
		       const struct migsim_policy_view *view,
		       struct migsim_policy_answer *answer);
/* Nothing beyond states, answers and notes was written to. */
void kit_check_fences(struct kit *k, const char *when);

#endif
