/* SPDX-License-Identifier: MIT */
#ifndef GUEST_DMA_OUTCOME_H
#define GUEST_DMA_OUTCOME_H

#include "dma_oracle.h"

/*
 * What a command has done, by its result: becomes what the world is expected to
 * be, and the channels that the file has. Returns what is wrong with it, or NULL.
 */
const char *outcome(const struct command *c, int result, struct rules *r);

#endif
