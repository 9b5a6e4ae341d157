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

static void scene_end(char *a, char *b)
{
	memory_unmap(a, BYTES);
	memory_unmap(b, BYTES);
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

/* Claims, copies all of src, and gives back. Returns what COPY returns. */
static int copy_all(unsigned int channels, size_t size, uint32_t flags)
{
	unsigned int n = (unsigned int)(BYTES / size);
	struct migsim_dma_copy *c = copies_of(dst, src, size, n);
	int rc;

	assert_int_equal(dma_claim(&dma, channels), channels);
	rc = dma_do(&dma, MIGSIM_DMA_OP_COPY, c, n, flags);
	assert_int_equal(copies_with(c, n, 0), n - (unsigned int)rc);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0), 0);
	free(c);
	return rc;
}

static const struct way {
	unsigned int channels;
	size_t size;
	uint32_t flags;
} ways[] = {
	{ 1, PAGE, 0 }, { 4, PAGE, 0 }, { 16, PAGE, 0 }, { 16, 16 * PAGE, 0 },
	{ 1, HUGE, 0 }, { 3, HUGE, 0 }, { 16, HUGE, 0 },
	{ 16, HUGE, MIGSIM_DMA_SPLIT }, { 5, BYTES, MIGSIM_DMA_SPLIT },
	{ 7, 1 << 16, MIGSIM_DMA_SPLIT },
};

static void copies_arrive(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		memory_fill(dst, BYTES, 2);
		assert_int_equal(copy_all(ways[i].channels, ways[i].size,
					  ways[i].flags), 0);
		assert_int_equal(memory_check(dst, BYTES, 1), -1);
	}
}

static void huge_pages_arrive(void **state)
{
	(void)state;
	if (!have_thp())
		skip();
	scene_end(src, dst);
	src = memory_map(BYTES, 9);
	dst = memory_map(BYTES, 9);
	memory_fill(src, BYTES, 1);
	copies_arrive(state);
}

/*
 * Pieces of 64 bytes and more at odd places, with gaps: what lies between them
 * must stay. One descriptor may be as short as a page.
 */
static void odd_copies_arrive(void **state)
{
	const unsigned int n = 600;
	struct migsim_dma_copy *c = copies_of(dst, src, 0, n);
	size_t at = 64, len, shift = 5 * 64, i;
	char *want = malloc(BYTES);

	(void)state;
	memcpy(want, dst, BYTES);
	for (i = 0; i < n; i++) {
		len = 64 * (1 + i * 7919 % 150);
		c[i].src = (uintptr_t)src + at;
		c[i].dst = (uintptr_t)dst + at + shift;
		c[i].len = (uint32_t)len;
		memcpy(want + at + shift, src + at, len);
		at += len + (i % 3) * 64;
	}
	assert_true(at + shift <= BYTES);
	dma_set("desc_bytes", PAGE);
	assert_int_equal(dma_claim(&dma, 5), 5);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, c, n,
				MIGSIM_DMA_SPLIT), 0);
	dma_set("desc_bytes", 0);
	assert_memory_equal(dst, want, BYTES);
	free(want);
	free(c);
}

/* The channel of each copy is the one that it asks for. */
static void a_wish_is_granted(void **state)
{
	const unsigned int n = 64;
	struct migsim_dma_copy *c = copies_of(dst, src, PAGE, n);
	unsigned int i;

	(void)state;
	assert_int_equal(dma_claim(&dma, 4), 4);
	for (i = 0; i < n; i++)
		c[i].channel = (uint16_t)(i % 2 ? 3 : MIGSIM_DMA_CHANNEL_ANY);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, c, n, 0), 0);
	assert_int_equal(memory_check(dst, n * PAGE, 1), -1);
	free(c);
}

/* Neighbours are joined: 512 pages of a huge page are few descriptors. */
static void neighbours_are_joined(void **state)
{
	unsigned int n = HUGE / PAGE;
	struct migsim_dma_copy *c;
	long before, bytes;

	if (!have_thp())
		skip();
	(void)state;
	scene_end(src, dst);
	src = memory_map(BYTES, 9);
	dst = memory_map(BYTES, 9);
	memory_fill(src, BYTES, 1);
	c = copies_of(dst, src, PAGE, n);
	assert_int_equal(dma_claim(&dma, 1), 1);
	before = dma_counter("descriptors");
	bytes = dma_counter("bytes");
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, c, n, 0), 0);
	assert_int_equal(dma_counter("bytes") - bytes, HUGE);
	/* One for each chunk of 256 KiB. */
	assert_int_equal(dma_counter("descriptors") - before, 8);
	free(c);
}

/* The provider says so, or does not: then the check does. */
static void errors_are_told(void **state)
{
	static const char *const faults[] = {
		"fail_every", "skip_every", "corrupt_every",
	};
	unsigned int n = BYTES / PAGE, i, k;
	struct migsim_dma_copy *c = copies_of(dst, src, PAGE, n);
	int failed;

	(void)state;
	dma_set("desc_bytes", PAGE);
	assert_int_equal(dma_claim(&dma, 4), 4);
	for (k = 0; k < 3; k++) {
		memory_fill(dst, BYTES, 2);
		copies_again(c, n);
		swdma_set(faults[k], 7);
		failed = dma_do(&dma, MIGSIM_DMA_OP_COPY, c, n, 0);
		swdma_set(faults[k], 0);
		assert_in_range(failed, n / 7 - 4, n / 7 + 4);
		assert_int_equal(copies_with(c, n, -EIO), failed);
		assert_int_equal(copies_with(c, n, 0), n - failed);
		for (i = 0; i < n; i++)
			assert_int_equal(c[i].status != 0,
					 memcmp(dst + i * PAGE, src + i * PAGE,
						PAGE) != 0);
	}
	dma_set("desc_bytes", 0);
	free(c);
}

/* With the end of each page alone, too, what was not copied is found. */
static void the_tail_tells(void **state)
{
	unsigned int n = BYTES / PAGE;
	struct migsim_dma_copy *c = copies_of(src, dst, PAGE, n);
	int failed;

	(void)state;
	/* Both sides are the same: only a poisoned target differs. */
	memory_fill(dst, BYTES, 1);
	dma_set("check", MIGSIM_DMA_CHECK_TAIL);
	dma_set("desc_bytes", PAGE);
	swdma_set("skip_every", 5);
	assert_int_equal(dma_claim(&dma, 4), 4);
	failed = dma_do(&dma, MIGSIM_DMA_OP_COPY, c, n, 0);
	dma_set("check", MIGSIM_DMA_CHECK_FULL);
	dma_set("desc_bytes", 0);
	assert_in_range(failed, n / 5 - 4, n / 5 + 4);
	free(c);
}

/* A provider with little room, and one that keeps no order. */
static void odd_providers_do(void **state)
{
	(void)state;
	swdma_set("slots", 3);
	swdma_set("latency_us", 20);
	dma_set("desc_bytes", PAGE);
	assert_int_equal(copy_all(4, PAGE, 0), 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
	swdma_well();
	swdma_set("out_of_order", 1);
	memory_fill(dst, BYTES, 2);
	assert_int_equal(copy_all(4, PAGE, 0), 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
	dma_set("desc_bytes", 0);
}

/* Many groups at once, each with a completion of its own. */
static void groups_go_on_beside_each_other(void **state)
{
	unsigned int n = BYTES / PAGE, i;
	struct migsim_dma_copy *c = copies_of(dst, src, PAGE, n);
	bool seen[64] = { false };
	uint64_t which;

	(void)state;
	assert_int_equal(dma_claim(&dma, 8), 8);
	for (i = 0; i < 64; i++)
		dma_queue(&dma, MIGSIM_DMA_OP_COPY, c + i * (n / 64), n / 64, 0,
			  i);
	assert_int_equal(io_uring_submit(&dma.ring), 64);
	for (i = 0; i < 64; i++) {
		assert_int_equal(dma_wait(&dma, &which, 60), 0);
		assert_true(which < 64 && !seen[which]);
		seen[which] = true;
		assert_int_equal(copies_with(c + which * (n / 64), n / 64, 0),
				 n / 64);
	}
	assert_int_equal(dma_wait(&dma, &which, 0), -ETIME);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
	free(c);
}

/* More files than channels: they share, and each gets its copies. */
static void files_share(void **state)
{
	struct migsim_dma_copy *c[3];
	unsigned int n = 512, i;
	struct dma other[3];

	(void)state;
	assert_int_equal(dma_claim(&dma, 15), 15);
	for (i = 0; i < 3; i++) {
		dma_open(&other[i]);
		assert_int_equal(dma_claim(&other[i], 4), 4);
		c[i] = copies_of(dst + i * HUGE, src + i * HUGE, PAGE, n);
		dma_queue(&other[i], MIGSIM_DMA_OP_COPY, c[i], n, 0, i);
		assert_int_equal(io_uring_submit(&other[i].ring), 1);
	}
	for (i = 0; i < 3; i++) {
		assert_int_equal(dma_wait(&other[i], NULL, 60), 0);
		dma_close(&other[i]);
		free(c[i]);
	}
	assert_int_equal(memory_check(dst, 3 * HUGE, 1), -1);
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
	scene_end(src, dst);
	dma_close(&dma);
	return !pinned_become(0);
}

static int load(void **state)
{
	(void)state;
	assert_int_equal(module_load("migsim_swdma", "channels=16"), 0);
	assert_int_equal(module_load("migsim_dma", "check=2"), 0);
	return 0;
}

/* Whatever happened before, nothing is left of it. */
static int unload(void **state)
{
	(void)state;
	assert_int_equal(dma_counter("quarantined_pages"), 0);
	assert_int_equal(module_unload("migsim_dma"), 0);
	assert_int_equal(module_unload("migsim_swdma"), 0);
	return 0;
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(says_what_it_is), test(copies_arrive),
		test(huge_pages_arrive), test(odd_copies_arrive),
		test(a_wish_is_granted), test(neighbours_are_joined),
		test(errors_are_told), test(the_tail_tells),
		test(odd_providers_do), test(groups_go_on_beside_each_other),
		test(files_share),
	};

	need_modules();
	return cmocka_run_group_tests(tests, load, unload);
}
