/* SPDX-License-Identifier: MIT */
/*
 * What has to become of a command, by migsim/uapi/migsim_dma.h and by what is
 * known of the memory that it names. Knows nothing of the module.
 */
#ifndef GUEST_DMA_ORACLE_H
#define GUEST_DMA_ORACLE_H

#include <migsim/uapi/migsim_dma.h>

#include "dma_world.h"

struct command {
	uint32_t op;
	uint32_t count;
	uint32_t flags;
	uint64_t addr;
	struct world_slot *slot;
	bool races;	/* another thread changes it all the while */
	bool cancelled;	/* another command gives it up, perhaps in time */
	bool ambiguous;	/* its copies depend on each other */
	bool hits;	/* it is one that gives up another, of the same time */
};

/* What holds while it is judged. */
struct rules {
	unsigned int channels;		/* of the file */
	unsigned int max_copies;
	unsigned int max_bytes;
	unsigned int check;
};

/* That which may become of a command. */
enum {
	SUCCEEDS = 1, IS_EINVAL = 2, IS_EFAULT = 4, IS_ENODEV = 8,
	IS_EBUSY = 16, IS_ENOENT = 32, IS_EOPNOTSUPP = 64,
};

/* To be asked before it is submitted: some of the above, together. */
unsigned int oracle_allows(const struct command *c, const struct rules *r);
/* Is this one of those? */
bool oracle_agrees(unsigned int allowed, int result);

/* What a claim returns that succeeds; 0: none of that description. */
unsigned int oracle_channels(const struct migsim_dma_claim *claim);
/* Do its copies depend on each other? Then what comes of them is not told. */
bool oracle_is_ambiguous(const struct command *c);
struct migsim_dma_copy oracle_copy(const struct command *c, uint32_t i);
/* Is it a description of a channel, and nothing else? */
bool oracle_is_channel(const struct migsim_dma_channel *c,
		       const struct rules *r);

#endif
