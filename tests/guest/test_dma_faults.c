/* SPDX-License-Identifier: MIT */
/*
 * The bridge when a channel hangs: what it has is given up and stays pinned, the
 * others go on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dma_rig.h"

#define BYTES	(4 * MIB)
#define COPIES	((unsigned int)(BYTES / PAGE))

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
	rig_submit(64);
	assert_int_equal(dma_wait(&dma, NULL, 60), 64);
	swdma_set("hang_every", 0);
	assert_int_equal(copies_with(copies, 64, -ETIMEDOUT), 64);
	assert_int_equal(dma_counter("timeouts"), timeouts + 1);
	assert_int_equal(dma_counter("quarantined_pages"), 128);
	pinned = pinned_pages();
	assert_int_equal(pinned, 128);
	assert_int_equal(rig_info().dead, 1);

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
	assert_int_equal(rig_info().dead, 0);
}

/*
 * What waits behind a hang goes to others when any would do. What wants that
 * channel ends, but for what came when it was known to be dead.
 */
static void what_waits_goes_elsewhere(void **state)
{
	unsigned int i, failed;

	(void)state;
	dma_set("timeout_ms", 1500);
	dma_set("chunk_bytes", PAGE);
	dma_set("depth", 1);
	assert_int_equal(dma_claim(&dma, 2), 2);
	for (i = 0; i < 8; i++)
		copies[i].channel = 0;
	swdma_set("hang_every", 1);
	rig_submit(1);
	swdma_wait_hung(1);
	dma_queue(&dma, MIGSIM_DMA_OP_COPY, copies + 1, COPIES - 1, 0, 1);
	assert_int_equal(io_uring_submit(&dma.ring), 1);
	failed = (unsigned int)dma_wait(&dma, NULL, 60);
	failed += (unsigned int)dma_wait(&dma, NULL, 60);
	assert_int_equal(copies[0].status, -ETIMEDOUT);
	assert_int_equal(copies_with(copies + 1, 7, -ENODEV), failed - 1);
	assert_int_equal(copies_with(copies, COPIES, 0), COPIES - failed);
	assert_int_equal(memory_check_at(dst + 8 * PAGE, BYTES - 8 * PAGE, 1,
					 8 * PAGE), -1);
	swdma_set("unhang", 1);
	assert_true(pinned_become(0));
}

/* That is not the channel's end. */
static void a_provider_may_lack_memory(void **state)
{
	(void)state;
	dma_set("timeout_ms", 300);
	swdma_set("refuse_every", 1);
	assert_int_equal(dma_claim(&dma, 1), 1);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, 4, 0), 4);
	assert_int_equal(copies_with(copies, 4, -ENOMEM), 4);
	assert_int_equal(rig_info().dead, 0);
	swdma_set("refuse_every", 0);
	copies_again(copies, 4);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, COPIES, 0),
			 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
}

/* Lines of the kernel's log since it was opened. */
static unsigned int lines_with(int log, const char *what)
{
	unsigned int n = 0;
	char line[1024];
	ssize_t len;

	while ((len = read(log, line, sizeof(line) - 1)) > 0) {
		line[len] = 0;
		n += strstr(line, what) != NULL;
	}
	assert_int_equal(errno, EAGAIN);
	return n;
}

/*
 * With all channels dead a group is refused at once. Ten lines in five seconds
 * may be said of it.
 */
static void without_a_channel_it_is_refused(void **state)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	long timeouts = dma_counter("timeouts");
	unsigned int i;

	(void)state;
	assert_true(log >= 0 && lseek(log, 0, SEEK_END) >= 0);
	dma_set("timeout_ms", 300);
	assert_int_equal(dma_claim(&dma, 16), 16);
	for (i = 0; i < 16; i++)
		copies[i].channel = (uint16_t)i;
	swdma_set("hang_every", 1);
	rig_submit(16);
	assert_int_equal(dma_wait(&dma, NULL, 60), 16);
	assert_int_equal(dma_counter("timeouts"), timeouts + 16);
	assert_int_equal(rig_info().dead, 16);
	assert_in_range(lines_with(log, "hangs and is given up"), 1, 15);
	close(log);
	copies_again(copies, 1);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, 1, 0),
			 -ENODEV);
	assert_int_equal(copies[0].status, MIGSIM_DMA_PENDING);
}

static void tracing(const char *file, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/%s", file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, value, strlen(value)), strlen(value));
	close(fd);
}

static unsigned int traced(const char *event)
{
	FILE *f = fopen("/sys/kernel/tracing/trace", "re");
	unsigned int n = 0;
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		/* None of them tells an address of the kernel. */
		assert_null(strstr(line, "ffff"));
		n += strstr(line, event) != NULL;
	}
	fclose(f);
	return n;
}

/* One group ends well, one hangs and comes back. */
static void what_happens_is_traced(void **state)
{
	(void)state;
	tracing("events/migsim_dma/enable", "1");
	assert_int_equal(dma_claim(&dma, 1), 1);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies + 1, 1, 0), 0);
	dma_set("timeout_ms", 300);
	swdma_set("hang_every", 1);
	rig_submit(1);
	assert_int_equal(dma_wait(&dma, NULL, 60), 1);
	swdma_well();
	assert_true(pinned_become(0));
	tracing("events/migsim_dma/enable", "0");
	assert_int_equal(traced("migsim_dma_submit: group="), 2);
	assert_int_equal(traced("migsim_dma_issue: group="), 2);
	assert_int_equal(traced("migsim_dma_complete: group="), 2);
	assert_int_equal(traced("migsim_dma_quarantine: group="), 1);
	assert_int_equal(traced("migsim_dma_drained: group="), 1);
	tracing("trace", " ");
}

/* A chunk of 64 pages has begun. */
static void what_has_not_begun_is_cancelled(void **state)
{
	(void)state;
	assert_int_equal(dma_claim(&dma, 1), 1);
	swdma_set("hang_every", 1);
	rig_submit(COPIES);
	swdma_wait_hung(1);
	dma_queue(&dma, MIGSIM_DMA_OP_CANCEL, copies, 0, 0, 2);
	assert_int_equal(io_uring_submit(&dma.ring), 1);
	assert_int_equal(dma_wait(&dma, NULL, 60), 0);
	swdma_set("unhang", 1);
	assert_int_equal(dma_wait(&dma, NULL, 60), COPIES - 64);
	assert_int_equal(copies_with(copies, 64, 0), 64);
	assert_int_equal(copies_with(copies + 64, COPIES - 64, -ECANCELED),
			 COPIES - 64);
	assert_int_equal(memory_check(dst, 64 * PAGE, 1), -1);
	assert_int_equal(memory_check_at(dst + 64 * PAGE, BYTES - 64 * PAGE, 2,
					 64 * PAGE), -1);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_CANCEL, copies, 0, 0),
			 -ENOENT);
}

static int setup(void **state)
{
	(void)state;
	rig_begin(BYTES);
	/* Pages that lie beside each other would be done too fast. */
	dma_set("desc_bytes", PAGE);
	return 0;
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, setup, rig_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_hang_is_quarantined), test(what_waits_goes_elsewhere),
		test(a_provider_may_lack_memory),
		test(without_a_channel_it_is_refused),
		test(what_has_not_begun_is_cancelled),
		test(what_happens_is_traced),
	};

	need_modules();
	return cmocka_run_group_tests(tests, rig_load, rig_unload);
}
