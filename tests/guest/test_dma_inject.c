/* SPDX-License-Identifier: MIT */
/*
 * Whatever the bridge asks the kernel for is refused once, one request after the
 * other: it says so, the rest goes well, and nothing is lost.
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
#include <sys/mman.h>
#include <unistd.h>

#include "dma.h"
#include "inject.h"

/* Their descriptions take more than a page. */
#define COPIES	160u
#define BYTES	(COPIES * PAGE)
/* Copies, the last ones, whose targets have no page yet. */
#define FRESH	4u
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"

static struct dma dma;
static char *src, *dst, *fresh;
static struct migsim_dma_copy *copies;

/* Of whatever was in flight. What is lost for good will be missed below. */
static void nothing_is_left(void)
{
	assert_true(pinned_become(0));
	assert_int_equal(status_kb("VmPin:"), 0);
	assert_int_equal(dma_counter("quarantined_pages"), 0);
}

static char *target(unsigned int i)
{
	return i < COPIES - FRESH ? dst + i * PAGE :
				    fresh + (i - (COPIES - FRESH)) * PAGE;
}

/* Neither a page nor a table of pages is there. */
static void map_fresh(void)
{
	if (fresh)
		memory_unmap(fresh, 4 * MIB);
	fresh = memory_reserve(4 * MIB, 0);
}

static void prepare(void)
{
	unsigned int i;

	map_fresh();
	memset(dst, 0, BYTES);
	for (i = 0; i < COPIES; i++)
		copies[i].dst = (uintptr_t)target(i);
	copies_again(copies, COPIES);
}

static bool copy(void)
{
	unsigned int i, failed;
	int rc;

	prepare();
	rc = dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, COPIES,
		    MIGSIM_DMA_SPLIT);
	nothing_is_left();
	if (rc < 0) {
		assert_true(rc == -ENOMEM || rc == -EFAULT);
		assert_int_equal(copies_with(copies, COPIES,
					     MIGSIM_DMA_PENDING), COPIES);
		return false;
	}
	failed = copies_with(copies, COPIES, -ENOMEM);
	assert_int_equal(failed, rc);
	assert_int_equal(copies_with(copies, COPIES, 0), COPIES - failed);
	for (i = 0; i < COPIES; i++) {
		if (!copies[i].status)
			assert_memory_equal(target(i), src + i * PAGE, PAGE);
	}
	return !failed;
}

static bool claim(void)
{
	int rc = dma_claim(&dma, 4);

	if (rc < 0) {
		assert_true(rc == -ENOMEM || rc == -EFAULT);
		return false;
	}
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0), 0);
	return rc == 4;
}

static bool list(void)
{
	static struct migsim_dma_channel entries[64];
	int rc = dma_do(&dma, MIGSIM_DMA_OP_CHANNELS, entries, 64, 0);

	assert_true(rc == 16 || rc == -ENOMEM || rc == -EFAULT);
	return rc == 16;
}

static bool tell(void)
{
	struct migsim_dma_info info;
	int rc = dma_do(&dma, MIGSIM_DMA_OP_INFO, &info, sizeof(info), 0);

	assert_true(rc == sizeof(info) || rc == -EFAULT);
	return rc == sizeof(info);
}

static bool open_another(void)
{
	int fd = open(MIGSIM_DMA_DEVICE, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0 || errno == ENOMEM);
	return fd >= 0 && !close(fd);
}

static void opening(void **state)
{
	(void)state;
	inject_each(inject_this_task, open_another);
}

static void questions(void **state)
{
	(void)state;
	inject_each(inject_ring_worker, tell);
	inject_each(inject_ring_worker, list);
}

static void channels(void **state)
{
	(void)state;
	inject_each(inject_ring_worker, claim);
}

/* The group, its parts, its pins, and the pages that it brings in. */
static void in_the_command(void **state)
{
	(void)state;
	assert_int_equal(dma_claim(&dma, 1), 1);
	assert_true(inject_each(inject_ring_worker, copy) > 2 * FRESH);
}

/* What is mapped for the device, and the descriptors. */
static void in_the_channel(void **state)
{
	(void)state;
	assert_int_equal(dma_claim(&dma, 1), 1);
	inject_each(inject_channel, copy);
}

/* Several at once, in all threads. */
static void anywhere(void **state)
{
	unsigned int i, ill = 0;

	(void)state;
	assert_int_equal(dma_claim(&dma, 16), 16);
	inject_percent(2);
	for (i = 0; i < 100; i++)
		ill += !copy();
	inject_percent(0);
	printf("%u of 100 groups failed\n", ill);
	assert_in_range(ill, 1, 99);
	assert_true(copy());
}

/* The kernel looks for memory that nothing points to. */
static void no_memory_is_lost(void **state)
{
	char line[512];
	int i, fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);
	bool lost = false;
	FILE *f;

	(void)state;
	dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0);
	/* It trusts nothing younger than five seconds, and needs two looks. */
	for (i = 0; i < 2; i++) {
		sleep(6);
		if (write(fd, "scan", 4) != 4) {
			printf("this kernel does not look for what is lost\n");
			skip();
		}
	}
	close(fd);
	f = fopen(KMEMLEAK, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		printf("%s", line);
		lost = lost || strstr(line, "[migsim_");
	}
	fclose(f);
	assert_false(lost);
}

static int setup(void **state)
{
	unsigned int one[2] = { 1, 1 };

	(void)state;
	dma_open(&dma);
	if (io_uring_register_iowq_max_workers(&dma.ring, one))
		return -1;
	/* So that the one worker is there. */
	return !tell();
}

static int teardown(void **state)
{
	(void)state;
	dma_close(&dma);
	return 0;
}

static int load(void **state)
{
	(void)state;
	if (module_load("migsim_swdma", "channels=16") ||
	    module_load("migsim_dma", ""))
		return -1;
	inject_below("migsim_dma");
	/* What a group loses of its room is missed by the next one. */
	dma_set("max_in_flight", BYTES);
	dma_set("max_all", BYTES);
	src = memory_map(BYTES, 0);
	dst = memory_map(BYTES, 0);
	memory_fill(src, BYTES, 1);
	copies = copies_of(dst, src, PAGE, COPIES);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	free(copies);
	return module_unload("migsim_dma") || module_unload("migsim_swdma");
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(opening), test(questions), test(channels),
		test(in_the_command), test(in_the_channel), test(anywhere),
		test(no_memory_is_lost),
	};

	need_modules();
	need_injection();
	return cmocka_run_group_tests(tests, load, unload);
}
