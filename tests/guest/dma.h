/* SPDX-License-Identifier: MIT */
/*
 * /dev/migsim_dma by hand, on a ring of its own, and the modules behind it.
 */
#ifndef GUEST_DMA_H
#define GUEST_DMA_H

#include <liburing.h>
#include <migsim/uapi/migsim_dma.h>

#include "memory.h"

/* Ends the program with 77 where there are no modules to load. */
void need_modules(void);

/* Of those in MODULES. The parameters are those of insmod. Returns -errno. */
int module_load(const char *name, const char *parameters);
int module_unload(const char *name);
/* Waits while it is in use. */
int module_leaves(const char *name);

void swdma_set(const char *parameter, unsigned long value);
/* No faults, no delay; nothing where it is not loaded. */
void swdma_well(void);
/* Waits until so many channels hang; then no other will. */
void swdma_wait_hung(unsigned int channels);
void dma_set(const char *parameter, unsigned long value);
/* The bridge's parameters are what they are at first, the timeout is wide. */
void dma_well(void);
long dma_counter(const char *name);
/* Pages that are pinned, by the kernel's own account. */
long pinned_pages(void);
/* Waits until so many are, for some seconds at most. */
bool pinned_become(long pages);

struct dma {
	struct io_uring ring;
	int fd;
};

/* Ends the test where it fails. */
void dma_open(struct dma *d);
void dma_close(struct dma *d);

/* Queues a command, which is not submitted yet. */
void dma_queue(struct dma *d, uint32_t op, void *addr, uint32_t count,
	       uint32_t flags, uint64_t user_data);
/* Of the next completion; -ETIME: none for so many seconds. */
int dma_wait(struct dma *d, uint64_t *user_data, unsigned int seconds);
/* One command from beginning to end. */
int dma_do(struct dma *d, uint32_t op, void *addr, uint32_t count,
	   uint32_t flags);
/* Returns the number of channels, or -errno. */
int dma_claim(struct dma *d, unsigned int channels);

/* n copies of size bytes, from src on to dst on. */
struct migsim_dma_copy *copies_of(char *dst, const char *src, size_t size,
				  unsigned int n);
/* Makes them what they were before they were submitted. */
void copies_again(struct migsim_dma_copy *c, unsigned int n);
unsigned int copies_with(const struct migsim_dma_copy *c, unsigned int n,
			 int status);

#endif
