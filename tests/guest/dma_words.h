/* SPDX-License-Identifier: MIT */
/*
 * Makes up commands that are right in most, and wrong in what is seldom thought
 * of.
 */
#ifndef GUEST_DMA_WORDS_H
#define GUEST_DMA_WORDS_H

#include "dma_oracle.h"

/* The same commands for the same seed. */
void words_seed(uint64_t seed);
/* Less than n. */
uint32_t words_random(uint32_t n);

/*
 * The i-th of some that are in flight at the same time; @alone: it is the only
 * one, and may change what channels the file has.
 */
void words_command(struct command *c, unsigned int i, bool alone,
		   const struct rules *r);

/* A word of a command that becomes another, and itself again, all the while. */
struct flip {
	uint64_t *word;
	uint64_t right;
	uint64_t wrong;	/* must be refused, whatever the others are */
};

/* A COPY that is right while nothing is flipped. Returns how many there are. */
unsigned int words_race(struct command *c, unsigned int i,
			const struct rules *r, struct flip *flips,
			unsigned int most);

#endif
