/* SPDX-License-Identifier: MIT */
/*
 * The bridge when something goes wrong below it or above: a channel hangs, loses
 * its driver; a process ends, or takes its memory away.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dma.h"

#define BYTES	(4 * MIB)
#define COPIES	((unsigned int)(BYTES / PAGE))

static struct dma dma;
static char *src, *dst;
static struct migsim_dma_copy *copies;

static int setup(void **state)
{
	(void)state;
	swdma_well();
	dma_set("timeout_ms", 60000);
	/* Pages that lie beside each other would be done too fast. */
	dma_set("desc_bytes", PAGE);
	dma_open(&dma);
	src = memory_map(BYTES, 0);
	dst = memory_map(BYTES, 0);
	memory_fill(src, BYTES, 1);
	memory_fill(dst, BYTES, 2);
	copies = copies_of(dst, src, PAGE, COPIES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	swdma_well();
	free(copies);
	if (src)
		memory_unmap(src, BYTES);
	if (dst)
		memory_unmap(dst, BYTES);
	dma_close(&dma);
	return !pinned_become(0) || dma_counter("quarantined_pages");
}

static void submit(unsigned int n)
{
	dma_queue(&dma, MIGSIM_DMA_OP_COPY, copies, n, 0, 1);
	assert_int_equal(io_uring_submit(&dma.ring), 1);
}

/* The group is pinned: at least its targets and its sources. */
static void wait_until_in_flight(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < 1000 && pinned_pages() < 2 * (long)n; i++)
		usleep(10000);
	assert_true(pinned_pages() >= 2 * (long)n);
}

static struct migsim_dma_info info(void)
{
	struct migsim_dma_info in;

	memset(&in, 0, sizeof(in));
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_INFO, &in, sizeof(in), 0),
			 sizeof(in));
	return in;
}

/* Copies of channel 0 hang; those of channel 1 are done. Then 0 is left out. */
static void a_hang_is_quarantined(void **state)
{
	long timeouts = dma_counter("timeouts"), pinned;
	unsigned int i;

	(void)state;
	dma_set("timeout_ms", 500);
	assert_int_equal(dma_claim(&dma, 2), 2);
	for (i = 0; i < 64; i++)
		copies[i].channel = 0;
	swdma_set("hang_every", 1);
	submit(64);
	assert_int_equal(dma_wait(&dma, NULL, 60), 64);
	swdma_set("hang_every", 0);
	assert_int_equal(copies_with(copies, 64, -ETIMEDOUT), 64);
	assert_int_equal(dma_counter("timeouts"), timeouts + 1);
	assert_int_equal(dma_counter("quarantined_pages"), 128);
	pinned = pinned_pages();
	assert_int_equal(pinned, 128);
	assert_int_equal(info().dead, 1);

	/* The other one goes on, whatever is wished. */
	for (i = 64; i < 128; i++)
		copies[i].channel = 0;
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies + 64,
				COPIES - 64, 0), 0);
	assert_int_equal(memory_check_at(dst + 64 * PAGE, BYTES - 64 * PAGE, 1,
					 64 * PAGE), -1);
	assert_int_equal(pinned_pages(), pinned);

	/* Neither the file nor the module can go before it comes back. */
	dma_close(&dma);
	assert_int_equal(module_unload("migsim_dma"), -EAGAIN);
	dma_open(&dma);
	assert_int_equal(pinned_pages(), pinned);
	swdma_set("unhang", 1);
	assert_true(pinned_become(0));
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
	/* And the channel can be had again. */
	assert_int_equal(dma_claim(&dma, 16), 16);
	assert_int_equal(info().dead, 0);
}

/* What waits behind a hang goes to others, when any would do. */
static void what_waits_goes_elsewhere(void **state)
{
	int failed;

	(void)state;
	dma_set("timeout_ms", 500);
	dma_set("depth", 1);
	assert_int_equal(dma_claim(&dma, 4), 4);
	/* The 100th descriptor of each channel. */
	swdma_set("hang_every", 100);
	submit(COPIES);
	failed = dma_wait(&dma, NULL, 60);
	swdma_set("hang_every", 0);
	dma_set("depth", 64);
	assert_true(failed >= 0);
	assert_int_equal(copies_with(copies, COPIES, -ETIMEDOUT) +
			 copies_with(copies, COPIES, -EIO) +
			 copies_with(copies, COPIES, -ENODEV), failed);
	assert_int_equal(copies_with(copies, COPIES, MIGSIM_DMA_PENDING), 0);
	swdma_set("unhang", 1);
	assert_true(pinned_become(0));
}

/* With all channels dead a group is refused at once. */
static void without_a_channel_it_is_refused(void **state)
{
	(void)state;
	dma_set("timeout_ms", 300);
	assert_int_equal(dma_claim(&dma, 1), 1);
	swdma_set("hang_every", 1);
	submit(1);
	assert_int_equal(dma_wait(&dma, NULL, 60), 1);
	copies_again(copies, 1);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, 1, 0),
			 -ENODEV);
	assert_int_equal(copies[0].status, MIGSIM_DMA_PENDING);
}

static void what_has_not_begun_is_cancelled(void **state)
{
	unsigned int i;
	int failed;

	(void)state;
	assert_int_equal(dma_claim(&dma, 1), 1);
	swdma_set("latency_us", 20000);
	submit(COPIES);
	wait_until_in_flight(COPIES);
	dma_queue(&dma, MIGSIM_DMA_OP_CANCEL, copies, 0, 0, 2);
	assert_int_equal(io_uring_submit(&dma.ring), 1);
	assert_int_equal(dma_wait(&dma, NULL, 60), 0);
	swdma_set("latency_us", 0);
	failed = dma_wait(&dma, NULL, 60);
	assert_in_range(failed, COPIES / 2, COPIES - 1);
	assert_int_equal(copies_with(copies, COPIES, -ECANCELED), failed);
	for (i = 0; i < COPIES; i++)
		assert_int_equal(memory_check_at(dst + i * PAGE, PAGE,
						 copies[i].status ? 2 : 1,
						 i * PAGE), -1);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CANCEL, copies, 0, 0),
			 -ENOENT);
}

/* By the end of its ring a group is, too; before 6.7 that waits for all of it. */
static void a_ring_that_ends_cancels(void **state)
{
	struct utsname kernel;
	struct dma own;

	(void)state;
	assert_int_equal(uname(&kernel), 0);
	if (strverscmp(kernel.release, "6.7") < 0)
		skip();
	dma_open(&own);
	assert_int_equal(dma_claim(&own, 1), 1);
	swdma_set("latency_us", 20000);
	dma_queue(&own, MIGSIM_DMA_OP_COPY, copies, COPIES, 0, 1);
	assert_int_equal(io_uring_submit(&own.ring), 1);
	wait_until_in_flight(COPIES);
	io_uring_queue_exit(&own.ring);
	assert_true(pinned_become(0));
	assert_in_range(copies_with(copies, COPIES, -ECANCELED), COPIES / 2,
			COPIES - 1);
	close(own.fd);
}

/* The pages live until the copies are done, and nobody else's are touched. */
static void memory_may_go_in_flight(void **state)
{
	(void)state;
	assert_int_equal(dma_claim(&dma, 2), 2);
	swdma_set("latency_us", 20000);
	submit(COPIES);
	wait_until_in_flight(COPIES);
	madvise(src, BYTES / 2, MADV_DONTNEED);
	madvise(dst, BYTES / 2, MADV_DONTNEED);
	memory_unmap(src, BYTES);
	memory_unmap(dst, BYTES);
	src = memory_map(BYTES, 0);
	dst = memory_map(BYTES, 0);
	memory_fill(dst, BYTES, 5);
	swdma_set("latency_us", 0);
	assert_int_equal(dma_wait(&dma, NULL, 60), 0);
	assert_int_equal(memory_check(dst, BYTES, 5), -1);
}

/* A child of its own file, killed with its copies in flight. */
static void die_in_flight(int way)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		struct dma own;
		unsigned int i;

		dma_open(&own);
		if (dma_claim(&own, 4) != 4)
			_exit(1);
		dma_queue(&own, MIGSIM_DMA_OP_COPY, copies, COPIES, 0, 1);
		if (io_uring_submit(&own.ring) != 1)
			_exit(1);
		wait_until_in_flight(COPIES);
		for (i = 0; way == 3 && i < 1000 &&
			    !dma_counter("quarantined_pages"); i++)
			usleep(10000);
		if (way == 1)
			io_uring_queue_exit(&own.ring);
		if (way == 2)
			execl("/bin/true", "true", NULL);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_process_may_die_in_flight(void **state)
{
	int way;

	(void)state;
	for (way = 0; way < 3; way++) {
		swdma_set("latency_us", 5000);
		die_in_flight(way);
		swdma_set("latency_us", 0);
		assert_true(pinned_become(0));
	}
}

/* Dies while a channel hangs: its pages wait for the channel. */
static void a_process_may_die_in_quarantine(void **state)
{
	(void)state;
	dma_set("timeout_ms", 500);
	swdma_set("hang_every", 1);
	die_in_flight(3);
	swdma_set("hang_every", 0);
	assert_true(pinned_pages() > 0);
	swdma_set("unhang", 1);
	assert_true(pinned_become(0));
}

static void modules_stay_while_in_use(void **state)
{
	(void)state;
	assert_int_equal(dma_claim(&dma, 4), 4);
	swdma_set("latency_us", 5000);
	submit(COPIES);
	wait_until_in_flight(COPIES);
	assert_int_equal(module_unload("migsim_dma"), -EAGAIN);
	assert_int_equal(module_unload("migsim_swdma"), -EAGAIN);
	swdma_set("latency_us", 0);
	assert_int_equal(dma_wait(&dma, NULL, 60), 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
}

static void driver(const char *what)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path),
		 "/sys/bus/platform/drivers/migsim_swdma/%s", what);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "migsim_swdma.0", 14), 14);
	close(fd);
}

/* What is with the provider is waited for; the rest is answered. */
static void the_driver_may_go_in_flight(void **state)
{
	unsigned int i;
	int failed;

	(void)state;
	assert_int_equal(dma_claim(&dma, 2), 2);
	swdma_set("latency_us", 20000);
	submit(COPIES);
	wait_until_in_flight(COPIES);
	driver("unbind");
	failed = dma_wait(&dma, NULL, 60);
	assert_in_range(failed, 1, COPIES);
	for (i = 0; i < COPIES; i++)
		assert_int_equal(memory_check_at(dst + i * PAGE, PAGE,
						 copies[i].status ? 2 : 1,
						 i * PAGE) != -1 &&
				 copies[i].status != -EIO, 0);
	assert_int_equal(info().dead, 2);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0), 0);
	assert_int_equal(dma_claim(&dma, 2), -ENODEV);
	driver("bind");
	assert_int_equal(dma_claim(&dma, 2), 2);
	copies_again(copies, COPIES);
	swdma_set("latency_us", 0);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, COPIES, 0),
			 0);
}

static int load(void **state)
{
	(void)state;
	assert_int_equal(module_load("migsim_swdma", "channels=16"), 0);
	assert_int_equal(module_load("migsim_dma", ""), 0);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	assert_int_equal(module_unload("migsim_dma"), 0);
	assert_int_equal(module_unload("migsim_swdma"), 0);
	return 0;
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_hang_is_quarantined), test(what_waits_goes_elsewhere),
		test(without_a_channel_it_is_refused),
		test(what_has_not_begun_is_cancelled),
		test(a_ring_that_ends_cancels),
		test(memory_may_go_in_flight),
		test(a_process_may_die_in_flight),
		test(a_process_may_die_in_quarantine),
		test(modules_stay_while_in_use),
		test(the_driver_may_go_in_flight),
	};

	need_modules();
	return cmocka_run_group_tests(tests, load, unload);
}
