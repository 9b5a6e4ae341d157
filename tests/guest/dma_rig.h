/* SPDX-License-Identifier: MIT */
/*
 * What a test of the bridge begins with: both modules, a provider without
 * faults, an open file with a ring, and memory to copy between.
 */
#ifndef GUEST_DMA_RIG_H
#define GUEST_DMA_RIG_H

#include "dma.h"

extern struct dma dma;
/* Filled with 1 and with 2. A test may put others in their place. */
extern char *src, *dst;
/* A page each, all of src to dst; in memory that children share. */
extern struct migsim_dma_copy *copies;

/* For a group of tests: loads the modules, unloads them. */
int rig_load(void **state);
int rig_unload(void **state);

/* For a test. What it set is set back; at its end nothing may be pinned. */
int rig_begin(size_t bytes);
int rig_end(void **state);

/* Submits a COPY of the first n of copies, and does not wait. */
void rig_submit(unsigned int n);
/* Waits until they are pinned. */
void rig_wait_pinned(unsigned int n);
/* Of the file. */
struct migsim_dma_info rig_info(void);

#endif
