/* SPDX-License-Identifier: MIT */
/*
 * The bridge with much to do at once: groups beside each other, files that
 * share channels, and how much may be in flight.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dma_rig.h"

#define BYTES	(4 * MIB)
#define COPIES	((unsigned int)(BYTES / PAGE))
#define GROUPS	64u
#define GROUP	(COPIES / GROUPS)

/* Each with a completion of its own. */
static void groups_go_on_beside_each_other(void **state)
{
	bool seen[GROUPS] = { false };
	unsigned int i;
	uint64_t which;

	(void)state;
	assert_int_equal(dma_claim(&dma, 8), 8);
	for (i = 0; i < GROUPS; i++)
		dma_queue(&dma, MIGSIM_DMA_OP_COPY, copies + i * GROUP, GROUP,
			  0, i);
	assert_int_equal(io_uring_submit(&dma.ring), GROUPS);
	for (i = 0; i < GROUPS; i++) {
		assert_int_equal(dma_wait(&dma, &which, 60), 0);
		assert_true(which < GROUPS && !seen[which]);
		seen[which] = true;
		assert_int_equal(copies_with(copies + which * GROUP, GROUP, 0),
				 GROUP);
	}
	assert_int_equal(dma_wait(&dma, &which, 0), -ETIME);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
}

/* More files than channels: they share, and each gets its copies. */
static void files_share(void **state)
{
	const unsigned int n = COPIES / 3;
	struct dma other[3];
	unsigned int i;

	(void)state;
	assert_int_equal(dma_claim(&dma, 15), 15);
	for (i = 0; i < 3; i++) {
		dma_open(&other[i]);
		assert_int_equal(dma_claim(&other[i], 4), 4);
		dma_queue(&other[i], MIGSIM_DMA_OP_COPY, copies + i * n, n, 0,
			  i);
		assert_int_equal(io_uring_submit(&other[i].ring), 1);
	}
	for (i = 0; i < 3; i++) {
		assert_int_equal(dma_wait(&other[i], NULL, 60), 0);
		dma_close(&other[i]);
	}
	assert_int_equal(memory_check(dst, 3 * n * PAGE, 1), -1);
}

/* The one channel that the file has, for another file. */
static int open_same_channel(void)
{
	struct migsim_dma_claim claim = { .channels = 1, .node = -1 };
	struct migsim_dma_channel c;
	struct dma other;
	int fd;

	assert_int_equal(dma_claim(&dma, 1), 1);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CHANNELS, &c, 1, 0), 16);
	memcpy(claim.name, c.name, sizeof(claim.name));
	dma_open(&other);
	assert_int_equal(dma_do(&other, MIGSIM_DMA_OP_CLAIM, &claim, 1, 0), 1);
	fd = fcntl(other.fd, F_DUPFD_CLOEXEC, 0);
	assert_true(fd >= 0);
	dma_close(&other);
	return fd;
}

/* For another file, on the same ring, so that the order is seen. */
static void submit_to(int fd, struct migsim_dma_copy *c, unsigned int n,
		      uint64_t data)
{
	int own = dma.fd;

	dma.fd = fd;
	dma_queue(&dma, MIGSIM_DMA_OP_COPY, c, n, 0, data);
	dma.fd = own;
	assert_int_equal(io_uring_submit(&dma.ring), 1);
}

/* Much that came first does not hold up the little of another file. */
static void a_channel_is_fair(void **state)
{
	int fd = open_same_channel();
	uint64_t which;

	(void)state;
	dma_set("chunk_bytes", PAGE);
	dma_set("depth", 1);
	swdma_set("latency_us", 500);
	swdma_set("hang_every", 1);
	submit_to(dma.fd, copies, COPIES - 16, 1);
	swdma_wait_hung(1);
	submit_to(fd, copies + COPIES - 16, 16, 2);
	rig_wait_pinned(COPIES);
	swdma_set("unhang", 1);
	assert_int_equal(dma_wait(&dma, &which, 60), 0);
	assert_int_equal(which, 2);
	assert_int_equal(dma_wait(&dma, &which, 60), 0);
	assert_int_equal(which, 1);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
	close(fd);
}

/* So much is in flight, and stays so; of another file or of this one. */
static void hold(struct dma *d, unsigned int n, unsigned int channels)
{
	swdma_set("hang_every", 1);
	dma_queue(d, MIGSIM_DMA_OP_COPY, copies, n, 0, 1);
	assert_int_equal(io_uring_submit(&d->ring), 1);
	swdma_wait_hung(channels);
}

static void let_go(struct dma *d)
{
	swdma_set("unhang", 1);
	assert_int_equal(dma_wait(d, NULL, 60), 0);
}

static int the_rest(unsigned int n)
{
	uint64_t which;
	int rc;

	dma_queue(&dma, MIGSIM_DMA_OP_COPY, copies + COPIES - n, n, 0, 2);
	assert_int_equal(io_uring_submit(&dma.ring), 1);
	rc = dma_wait(&dma, &which, 60);
	assert_int_equal(which, 2);
	return rc;
}

/* As much as may be is taken, a page more is not; then there is room again. */
static void a_file_can_be_full(void **state)
{
	(void)state;
	assert_int_equal(dma_claim(&dma, 2), 2);
	dma_set("max_in_flight", BYTES - PAGE);
	hold(&dma, COPIES / 2, 2);
	assert_int_equal(the_rest(COPIES / 2), -EBUSY);
	assert_int_equal(copies_with(copies, COPIES, MIGSIM_DMA_PENDING),
			 COPIES);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0),
			 -EBUSY);
	let_go(&dma);
	assert_int_equal(the_rest(COPIES / 2), 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
}

static void all_files_can_be_full(void **state)
{
	struct dma other;

	(void)state;
	dma_open(&other);
	assert_int_equal(dma_claim(&dma, 1), 1);
	assert_int_equal(dma_claim(&other, 1), 1);
	dma_set("max_all", BYTES - PAGE);
	assert_int_equal(rig_info().max_in_flight, BYTES - PAGE);
	hold(&other, COPIES / 2, 1);
	assert_int_equal(the_rest(COPIES / 2), -EBUSY);
	assert_int_equal(the_rest(COPIES / 2 - 1), 0);
	let_go(&other);
	copies_again(copies, COPIES);
	assert_int_equal(the_rest(COPIES / 2), 0);
	dma_close(&other);
}

static bool ends_with(struct migsim_dma_copy *c, int status)
{
	unsigned int i;

	for (i = 0; i < 6000 && !copies_with(c, 1, status); i++)
		usleep(10000);
	return copies_with(c, 1, status) == 1;
}

/* Of two copies of a channel the second one hangs: the first one is told. */
static void a_copy_is_told_before_its_group(void **state)
{
	(void)state;
	assert_int_equal(dma_claim(&dma, 1), 1);
	dma_set("chunk_bytes", PAGE);
	/* After the second one of two comes the first one of two. */
	swdma_set("fail_every", 2);
	do {
		copies_again(copies, 1);
	} while (!dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, 1, 0));
	swdma_set("fail_every", 0);
	copies_again(copies, 1);
	swdma_set("hang_every", 2);
	rig_submit(2);
	swdma_wait_hung(1);
	assert_true(ends_with(&copies[0], 0));
	assert_int_equal(memory_check(dst, PAGE, 1), -1);
	assert_int_equal(copies[1].status, MIGSIM_DMA_PENDING);
	assert_int_equal(dma_wait(&dma, NULL, 0), -ETIME);
	let_go(&dma);
	assert_int_equal(copies[1].status, 0);
}

static int setup(void **state)
{
	(void)state;
	return rig_begin(BYTES);
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, setup, rig_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(groups_go_on_beside_each_other), test(files_share),
		test(a_channel_is_fair), test(a_file_can_be_full),
		test(all_files_can_be_full),
		test(a_copy_is_told_before_its_group),
	};

	need_modules();
	return cmocka_run_group_tests(tests, rig_load, rig_unload);
}
