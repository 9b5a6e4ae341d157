/* SPDX-License-Identifier: MIT */
/*
 * The provider's driver is taken from its device, while the bridge has channels
 * of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dma_rig.h"

#define BYTES	(4 * MIB)
#define COPIES	((unsigned int)(BYTES / PAGE))
/* Of a chunk; one is begun. */
#define BEGUN	64u

static void *driver(void *what)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path),
		 "/sys/bus/platform/drivers/migsim_swdma/%s", (char *)what);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "migsim_swdma.0", 14) != 14)
		abort();
	close(fd);
	return NULL;
}

static char bind_word[] = "bind", unbind_word[] = "unbind";

/* Until the copies that are with the provider are back. */
static pthread_t begin_unbind(unsigned int dead)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, driver, unbind_word), 0);
	while (rig_info().dead != dead)
		usleep(10000);
	return thread;
}

/* None can be had, until the driver is back. */
static void bind_again(void)
{
	struct migsim_dma_channel c;

	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0), 0);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CHANNELS, &c, 1, 0), 0);
	assert_int_equal(dma_claim(&dma, 2), -ENODEV);
	driver(bind_word);
	assert_int_equal(dma_claim(&dma, 16), 16);
	copies_again(copies, COPIES);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, COPIES, 0),
			 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
}

/* What is with the provider is waited for; the rest is answered. */
static void the_driver_may_go_in_flight(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(dma_claim(&dma, 1), 1);
	swdma_set("hang_every", 1);
	rig_submit(COPIES);
	swdma_wait_hung(1);
	thread = begin_unbind(1);
	swdma_set("unhang", 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(dma_wait(&dma, NULL, 60), COPIES - BEGUN);
	assert_int_equal(copies_with(copies, BEGUN, 0), BEGUN);
	assert_int_equal(copies_with(copies, COPIES, -ENODEV), COPIES - BEGUN);
	assert_int_equal(memory_check(dst, BEGUN * PAGE, 1), -1);
	bind_again();
}

/* And what was given up. */
static void the_driver_waits_for_what_hangs(void **state)
{
	pthread_t thread;

	(void)state;
	dma_set("timeout_ms", 500);
	assert_int_equal(dma_claim(&dma, 2), 2);
	copies[0].channel = 0;
	swdma_set("hang_every", 1);
	rig_submit(1);
	assert_int_equal(dma_wait(&dma, NULL, 60), 1);
	assert_int_equal(copies[0].status, -ETIMEDOUT);
	swdma_wait_hung(1);
	/* It waits for twice as long. */
	dma_set("timeout_ms", 60000);
	thread = begin_unbind(2);
	assert_int_equal(pinned_pages(), 2);
	swdma_set("unhang", 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(pinned_become(0));
	bind_again();
}

/*
 * Who wants channels of others, or gives back what he has, does not wait with
 * who unbinds.
 */
static void nobody_waits_for_an_unbind(void **state)
{
	struct migsim_dma_channel c[3];
	struct dma other;
	pthread_t thread;

	(void)state;
	dma_open(&other);
	assert_int_equal(dma_claim(&other, 2), 2);
	assert_int_equal(dma_claim(&dma, 1), 1);
	swdma_set("hang_every", 1);
	rig_submit(1);
	swdma_wait_hung(1);
	thread = begin_unbind(1);
	assert_int_equal(dma_do(&other, MIGSIM_DMA_OP_CHANNELS, c, 3, 0), 3);
	dma_close(&other);
	dma_open(&other);
	assert_int_equal(dma_claim(&other, 2), -ENODEV);
	dma_close(&other);
	swdma_set("unhang", 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(dma_wait(&dma, NULL, 60), 0);
	bind_again();
}

static void right_or_answered(void)
{
	size_t i;

	for (i = 0; i < COPIES; i++) {
		if (copies[i].status == -ENODEV)
			continue;
		assert_int_equal(copies[i].status, 0);
		assert_int_equal(memory_check_at(dst + i * PAGE, PAGE, 1,
						 i * PAGE), -1);
	}
}

static void the_driver_may_go_at_any_time(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		memory_fill(dst, BYTES, 2);
		copies_again(copies, COPIES);
		swdma_set("latency_us", 300);
		dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0);
		assert_int_equal(dma_claim(&dma, 4), 4);
		rig_submit(COPIES);
		rig_wait_pinned(1);
		usleep(i * i * 2000);
		driver(unbind_word);
		assert_true(dma_wait(&dma, NULL, 60) >= 0);
		right_or_answered();
		swdma_set("latency_us", 0);
		bind_again();
	}
}

static int setup(void **state)
{
	(void)state;
	rig_begin(BYTES);
	/* As many descriptors in a chunk as a channel gets at once. */
	dma_set("desc_bytes", PAGE);
	return 0;
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, setup, rig_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_driver_may_go_in_flight),
		test(the_driver_waits_for_what_hangs),
		test(nobody_waits_for_an_unbind),
		test(the_driver_may_go_at_any_time),
	};

	need_modules();
	return cmocka_run_group_tests(tests, rig_load, rig_unload);
}
