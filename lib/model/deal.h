/* SPDX-License-Identifier: MIT */
/*
 * How a submission falls to channels. Copies of one lane go to one channel;
 * those without a lane are cut into even slices, one behind the other, as the
 * series' dcbm cuts a batch.
 */
#ifndef MIGSIM_MODEL_DEAL_H
#define MIGSIM_MODEL_DEAL_H

#include "channels.h"

struct deal {
	uint32_t lane[MODEL_MAX_CHANNELS];	/* its channel; NO_ENTRY: none yet */
	uint64_t used;		/* channels that take part, a bit for each */
	uint32_t slice, longer;	/* slices of so many; the first ones have 1 more */
	uint32_t channel, left;	/* whose slice is dealt; copies of it left */
};

/* Decides which channels take part in a submission. */
void deal_prepare(struct deal *d, const struct channels *c,
		  const struct entry_list *submission);

static inline unsigned int deal_channels(const struct deal *d)
{
	return (unsigned int)__builtin_popcountll(d->used);
}

/* Moves the submission into their queues. */
void deal_out(struct deal *d, struct channels *c,
	      struct entry_list *submission);

#endif
