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

#include "dma_rig.h"

#define BYTES	(8 * MIB)

static void use_huge_pages(void)
{
	memory_unmap(src, BYTES);
	memory_unmap(dst, BYTES);
	src = memory_map(BYTES, 9);
	dst = memory_map(BYTES, 9);
	memory_fill(src, BYTES, 1);
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
	use_huge_pages();
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
	use_huge_pages();
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
	assert_in_range(failed, n / 5 - 4, n / 5 + 4);
	free(c);
}

/*
 * A provider with little room, one that has no memory at times, and one that
 * keeps no order.
 */
static void odd_providers_do(void **state)
{
	(void)state;
	swdma_set("slots", 3);
	swdma_set("latency_us", 20);
	dma_set("desc_bytes", PAGE);
	assert_int_equal(copy_all(4, PAGE, 0), 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
	swdma_well();
	swdma_set("refuse_every", 3);
	dma_set("depth", 1);
	memory_fill(dst, BYTES, 2);
	assert_int_equal(copy_all(4, 16 * PAGE, 0), 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
	swdma_well();
	dma_set("depth", 64);
	swdma_set("out_of_order", 1);
	memory_fill(dst, BYTES, 2);
	assert_int_equal(copy_all(4, PAGE, 0), 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
}

/* But one that polls, which no driver but a block device's may serve. */
static void any_ring_will_do(void **state)
{
	static const unsigned int rings[] = {
		0, IORING_SETUP_SQE128, IORING_SETUP_CQE32,
		IORING_SETUP_SQPOLL, IORING_SETUP_SQE128 | IORING_SETUP_CQE32,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};
	unsigned int n = BYTES / PAGE;
	size_t i;

	(void)state;
	assert_int_equal(dma_claim(&dma, 4), 4);
	for (i = 0; i < sizeof(rings) / sizeof(*rings); i++) {
		struct dma other = { .fd = dma.fd };

		memory_fill(dst, BYTES, 2);
		copies_again(copies, n);
		assert_int_equal(io_uring_queue_init(8, &other.ring, rings[i]),
				 0);
		assert_int_equal(dma_do(&other, MIGSIM_DMA_OP_COPY, copies, n,
					0), 0);
		assert_int_equal(memory_check(dst, BYTES, 1), -1);
		io_uring_queue_exit(&other.ring);
	}
}

static int setup(void **state)
{
	(void)state;
	rig_begin(BYTES);
	dma_set("check", MIGSIM_DMA_CHECK_FULL);
	return 0;
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, setup, rig_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(says_what_it_is), test(copies_arrive),
		test(huge_pages_arrive), test(odd_copies_arrive),
		test(a_wish_is_granted), test(neighbours_are_joined),
		test(errors_are_told), test(the_tail_tells),
		test(odd_providers_do), test(any_ring_will_do),
	};

	need_modules();
	return cmocka_run_group_tests(tests, rig_load, rig_unload);
}
