/* SPDX-License-Identifier: MIT */
/*
 * What the files of engine dma share.
 *
 * Copies lie in a ring, in the form that /dev/migsim_dma takes: the kernel
 * writes the status of each there. A command is a stretch of that ring that
 * was, or will be, sent as one COPY.
 *
 *	submit          kick                          reap
 *	copies ──┬── deal ── commands ── issue ──┬── statuses, completions
 *	         tail        queued      out     over
 *
 * A status other than -ETIMEDOUT, which means to the core what it means here,
 * is written when the pages of its copy are no longer pinned: the copy may be
 * handed out at once. Its place in the ring is the kernel's until the command's
 * completion.
 */
#ifndef ENGINE_DMA_H
#define ENGINE_DMA_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

#include <migsim/engine.h>
#include <migsim/uapi/migsim_dma.h>

#define DMA_MAX_CHANNELS	64
#define DMA_ROOM		16384u	/* copies in the ring, a power of two */
#define DMA_COMMANDS		DMA_ROOM /* of a copy each: always enough */

struct dma_args {
	uint64_t channels;
	const char *driver;
	const char *name;
	uint64_t node;
	uint64_t split;
	uint64_t command;
	uint64_t spin_us;
};

enum dma_slot_state { DMA_TAKEN, DMA_ENDED };

/* What the kernel need not know of a copy. */
struct dma_slot {
	uint64_t cookie;
	uint32_t group;
	uint16_t lane;
	uint8_t state;
};

enum dma_command_state { DMA_QUEUED, DMA_OUT, DMA_OVER };

struct dma_command {
	uint64_t bytes;
	uint32_t first;		/* copy, counted as head and tail are */
	uint32_t nr;
	uint32_t left;		/* neither handed out nor given up */
	uint32_t group;
	int32_t result;		/* when it is over */
	uint8_t state;
	uint8_t tries;
	bool given_up;
};

struct dma {
	const struct dma_args *args;
	struct io_uring ring;
	bool has_ring;
	int fd;
	struct migsim_dma_info info;	/* when it was opened */
	uint64_t cpu_ns;		/* as it was said last */
	uint64_t spin_ticks;		/* that a caller polls who waits */
	char driver[160];

	/* [head, made) are in commands, [made, tail) wait for the kick */
	struct migsim_dma_copy *copies;	/* DMA_ROOM */
	struct dma_slot *slots;		/* DMA_ROOM */
	uint32_t head, made, tail;
	uint32_t in_flight;		/* of [head, made): left of all */

	struct dma_command *commands;	/* DMA_COMMANDS */
	uint32_t c_head, c_tail;
	uint32_t nr_queued, nr_out;
	uint64_t bytes_out;
	bool full;			/* said the bridge: wait for an end */

	uint64_t load[DMA_MAX_CHANNELS];	/* bytes */
	uint32_t next;			/* channel, where loads are alike */

	/* of the last command that is no COPY */
	bool answered;
	int answer;
};

static inline struct dma_command *dma_command(struct dma *dma, uint32_t i)
{
	return &dma->commands[i % DMA_COMMANDS];
}

/* dma_open.c: all that open has to do, and what an INFO is worth */
int dma_set_up(struct dma *dma, const struct dma_args *args);
void dma_tear_down(struct dma *dma);
int dma_judge(int answer, const struct migsim_dma_info *info);

/* dma_ring.c */
int dma_ring_open(struct dma *dma);
void dma_ring_close(struct dma *dma);
/* False: the ring has no room, or takes nothing now. */
bool dma_send_copy(struct dma *dma, uint32_t command);
void dma_send_cancel(struct dma *dma, const struct dma_command *c);
void dma_flush(struct dma *dma);
/* Takes in what has come; waits for the first at most so long. */
void dma_take_in(struct dma *dma, uint64_t timeout_ns);
/* Any other command, from beginning to end: its result. */
int dma_ask(struct dma *dma, uint32_t op, void *addr, uint32_t count);

/* dma_command.c: channels, and commands, for [made, tail) */
void dma_make(struct dma *dma);
/* Sends what is queued, as far as the bridge has room. */
void dma_issue(struct dma *dma);
/* The result of a command has come. */
void dma_over(struct dma *dma, uint32_t command, int result);
/* Commands at the head of which nothing is left give their places back. */
void dma_retire(struct dma *dma);

/* dma_reap.c: operations of the table */
int dma_reap(void *priv, struct migsim_completion *done, uint32_t max,
	     uint64_t timeout_ns);
int dma_cancel(void *priv, uint32_t group);
/* Gives up all groups and waits; false: some commands are still out. */
bool dma_drain(struct dma *dma);

#endif
