/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dma_rig.h"

struct dma dma;
char *src, *dst;
struct migsim_dma_copy *copies;

static size_t size;

int rig_load(void **state)
{
	(void)state;
	assert_int_equal(module_load("migsim_swdma", "channels=16"), 0);
	assert_int_equal(module_load("migsim_dma", ""), 0);
	return 0;
}

int rig_unload(void **state)
{
	(void)state;
	assert_int_equal(dma_counter("quarantined_pages"), 0);
	assert_int_equal(module_leaves("migsim_dma"), 0);
	assert_int_equal(module_leaves("migsim_swdma"), 0);
	return 0;
}

int rig_begin(size_t bytes)
{
	unsigned int n = (unsigned int)(bytes / PAGE);
	struct migsim_dma_copy *c;

	swdma_well();
	dma_well();
	dma_open(&dma);
	size = bytes;
	src = memory_map(bytes, 0);
	dst = memory_map(bytes, 0);
	memory_fill(src, bytes, 1);
	memory_fill(dst, bytes, 2);
	copies = mmap(NULL, n * sizeof(*c), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(copies, MAP_FAILED);
	c = copies_of(dst, src, PAGE, n);
	memcpy(copies, c, n * sizeof(*c));
	free(c);
	return 0;
}

int rig_end(void **state)
{
	(void)state;
	swdma_well();
	dma_well();
	munmap(copies, size / PAGE * sizeof(*copies));
	memory_unmap(src, size);
	memory_unmap(dst, size);
	dma_close(&dma);
	return !pinned_become(0) || dma_counter("quarantined_pages");
}

void rig_submit(unsigned int n)
{
	dma_queue(&dma, MIGSIM_DMA_OP_COPY, copies, n, 0, 1);
	assert_int_equal(io_uring_submit(&dma.ring), 1);
}

/* At least their targets and their sources. */
void rig_wait_pinned(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < 6000 && pinned_pages() < 2 * (long)n; i++)
		usleep(10000);
	assert_true(pinned_pages() >= 2 * (long)n);
}

struct migsim_dma_info rig_info(void)
{
	struct migsim_dma_info in;

	memset(&in, 0, sizeof(in));
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_INFO, &in, sizeof(in), 0),
			 sizeof(in));
	return in;
}
