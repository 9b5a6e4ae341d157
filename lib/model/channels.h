/* SPDX-License-Identifier: MIT */
/*
 * N queues that copy side by side and slow each other down: processor sharing
 * over ports and one link, an event for every copy that ends. Between two
 * events nothing changes, so each channel knows when its copy will have ended.
 */
#ifndef MIGSIM_MODEL_CHANNELS_H
#define MIGSIM_MODEL_CHANNELS_H

#include "costs.h"
#include "entries.h"

struct channel {
	struct entry_list queue; /* head is under way */
	struct entry_list held;	/* ended; wait for the last of the submission */
	uint64_t end;		/* of the head, ps; UINT64_MAX: never */
	uint64_t page_ps;	/* its rate */
	uint64_t queued;	/* bytes of copies that have not ended */
	bool active;		/* copies, and so takes its share */
	bool started;		/* its head starts now */
};

struct channels {
	const struct costs *costs;
	uint32_t n, active;
	uint64_t next;		/* end of the next copy; UINT64_MAX: none */
	uint32_t first;		/* the channel that it is on */
	uint64_t completions;	/* that the CPU is told of, so far */
	uint64_t percent;	/* of the profile's bandwidth, 100 as a rule */
	bool pick_ports;	/* a lane takes a channel of an idle port */
	struct channel ch[MODEL_MAX_CHANNELS];
	struct entry_list done;	/* ENTRY_LAST: of a group that completed */
	struct entries entries;
};

/* Room for @depth entries, as many as there can be copies. 0 or -ENOMEM. */
int channels_open(struct channels *c, const struct costs *costs, uint32_t n,
		  uint32_t depth);
void channels_close(struct channels *c);

/*
 * Would a copy on this idle channel share its port with one under way, as the
 * profile reads it?
 */
bool channels_port_is_busy(const struct channels *c, uint32_t i);

/* Queues copies; they start with channels_start(). */
void channels_queue(struct channels *c, uint32_t channel,
		    const struct entry *copies);
/* At time @t: idle channels begin what was queued for them. */
void channels_start(struct channels *c, uint64_t t);

/* Everything that ends up to time @t. */
void channels_run(struct channels *c, uint64_t t);

/* The cost that a CPU pays which waits for the next copy to end. */
unsigned int channels_wait_cost(const struct channels *c);

/* At time @t: every copy of a group is forgotten, and nothing hangs by it. */
void channels_cancel(struct channels *c, uint32_t group, uint64_t t);

#endif
