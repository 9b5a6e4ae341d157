/* SPDX-License-Identifier: MIT */
/*
 * N queues that copy side by side and slow each other down: processor sharing
 * over ports and one link, an event for every copy that ends. Between two
 * events nothing changes, so each channel knows when its copy will have ended.
 */
#ifndef MIGSIM_MODEL_CHANNELS_H
#define MIGSIM_MODEL_CHANNELS_H

#include "costs.h"

#define NO_ENTRY UINT32_MAX

/* flags of an entry */
#define ENTRY_LAST	(1u << 0) /* of its channel's submission */
#define ENTRY_FAILS	(1u << 1)
#define ENTRY_HANGS	(1u << 2) /* never ends */

/* A copy: queued, under way, or ended and not reaped. */
struct entry {
	uint64_t cookie;
	uint64_t len;
	uint32_t next;
	uint32_t group;
	uint16_t lane;
	uint8_t order;
	uint8_t flags;
};

struct entry_list {
	uint32_t head, tail;
};

struct channel {
	struct entry_list queue; /* head is under way */
	struct entry_list held;	/* ended; wait for the last of the submission */
	uint64_t end;		/* of the head, ps; UINT64_MAX: never */
	uint64_t page_ps;	/* its rate */
	uint64_t queued;	/* bytes */
	bool active;		/* copies, and so takes its share */
	bool started;		/* its head starts now */
};

struct channels {
	const struct costs *costs;
	uint32_t n, active;
	uint64_t next;		/* end of the next copy; UINT64_MAX: none */
	uint32_t first;		/* the channel that it is on */
	uint64_t completions;	/* that the CPU is told of, so far */
	struct channel ch[MODEL_MAX_CHANNELS];
	struct entry_list done;
	struct entry *entry;
	uint32_t depth, fresh, in_use; /* entry[fresh..depth) never used */
	uint32_t unused;	/* others that are free */
};

/* Room for @depth copies. 0 or -ENOMEM. */
int channels_open(struct channels *c, const struct costs *costs, uint32_t n,
		  uint32_t depth);
void channels_close(struct channels *c);

/* A free entry; the caller sees to it that there is one. */
uint32_t entry_new(struct channels *c);
void entry_free(struct channels *c, uint32_t at);
void list_add(struct channels *c, struct entry_list *list, uint32_t at);
uint32_t list_take(struct channels *c, struct entry_list *list);

/* Queues a copy; it starts with channels_start(). */
void channels_queue(struct channels *c, uint32_t channel, uint32_t at);
/* At time @t: idle channels begin what was queued for them. */
void channels_start(struct channels *c, uint64_t t);

/* Everything that ends up to time @t. */
void channels_run(struct channels *c, uint64_t t);

/* The cost that a CPU pays which waits for the next copy to end. */
unsigned int channels_wait_cost(const struct channels *c);

/* At time @t: every copy of a group is forgotten, and nothing hangs by it. */
void channels_cancel(struct channels *c, uint32_t group, uint64_t t);

#endif
