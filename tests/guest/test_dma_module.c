/* SPDX-License-Identifier: MIT */
/*
 * The bridge over a software provider: what it says of itself, and that copies
 * arrive, whatever their size, their place, their number and that of channels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dma.h"

#define BYTES	(8 * MIB)

static struct dma dma;
static char *src, *dst;

static int load(void **state)
{
	(void)state;
	assert_int_equal(module_load("migsim_swdma", "channels=16"), 0);
	assert_int_equal(module_load("migsim_dma", "check=2"), 0);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	assert_int_equal(module_unload("migsim_dma"), 0);
	assert_int_equal(module_unload("migsim_swdma"), 0);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	swdma_well();
	dma_open(&dma);
	src = memory_map(BYTES, 0);
	dst = memory_map(BYTES, 0);
	memory_fill(src, BYTES, 1);
	memory_fill(dst, BYTES, 2);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	memory_unmap(src, BYTES);
	memory_unmap(dst, BYTES);
	dma_close(&dma);
	return !pinned_become(0);
}

static void says_what_it_is(void **state)
{
	struct migsim_dma_channel c[32];
	struct migsim_dma_info info;
	int i;

	(void)state;
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_INFO, &info, sizeof(info),
				0), sizeof(info));
	assert_int_equal(info.abi, MIGSIM_DMA_ABI);
	assert_int_equal(info.channels, 0);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CHANNELS, c, 32, 0), 16);
	for (i = 0; i < 16; i++) {
		assert_string_equal(c[i].driver, "migsim_swdma");
		assert_int_equal(c[i].index, -1);
		assert_int_equal(c[i].state, MIGSIM_DMA_FREE);
	}
	assert_int_equal(dma_claim(&dma, 4), 4);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CHANNELS, c, 32, 0), 16);
	for (i = 0; i < 16; i++)
		assert_int_equal(c[i].index, i < 4 ? i : -1);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0), 0);
}

static void copies_arrive(unsigned int channels, size_t size, uint32_t flags)
{
	unsigned int n = (unsigned int)(BYTES / size);
	struct migsim_dma_copy *c = copies_of(dst, src, size, n);

	assert_int_equal(dma_claim(&dma, channels), channels);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, c, n, flags), 0);
	assert_int_equal(copies_with(c, n, 0), n);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0), 0);
	free(c);
}

static void base_pages_arrive(void **state)
{
	copies_arrive(*(unsigned int *)*state, PAGE, 0);
}

int main(void)
{
	static unsigned int channels[] = { 1, 4, 16 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_what_it_is, setup,
						teardown),
		{ "base_pages_by_1", base_pages_arrive, setup, teardown,
		  &channels[0] },
	};

	need_modules();
	return cmocka_run_group_tests(tests, load, unload);
}
