/* SPDX-License-Identifier: MIT */
/*
 * What every synchronous engine needs: its copies are over when submit
 * returns, and their completions wait here to be reaped.
 */
#ifndef MIGSIM_ENGINE_SYNC_H
#define MIGSIM_ENGINE_SYNC_H

#include <migsim/engine.h>

#define SYNC_QUEUE_DEPTH 512	/* a power of two */

struct sync_entry {
	uint64_t cookie;
	uint32_t group;
};

/* Zeroed, it is empty. An engine with more to keep has it as first member. */
struct sync_queue {
	uint32_t head, tail;	/* free-running */
	struct sync_entry entry[SYNC_QUEUE_DEPTH];
};

/* The open and close of an ops table whose priv is the queue alone. */
int sync_queue_open(void **priv, const struct migsim_engine_env *env,
		    const void *args);
void sync_queue_close(void *priv);

/* Queues the completions of the first copies that fit: their number. */
int sync_queue_add(struct sync_queue *q, const struct migsim_copy *copies,
		   uint32_t n);
/* Room for so many more. */
uint32_t sync_queue_room(const struct sync_queue *q);

/* The reap and cancel of the ops table; priv begins with the queue. */
int sync_queue_reap(void *priv, struct migsim_completion *done, uint32_t max,
		    uint64_t timeout_ns);
int sync_queue_cancel(void *priv, uint32_t group);

#endif
