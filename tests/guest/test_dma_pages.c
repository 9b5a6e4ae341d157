/* SPDX-License-Identifier: MIT */
/*
 * The pages of copies in flight, whatever becomes of the memory meanwhile: it
 * goes, is forked, is free to be forgotten. Where they lie they stay.
 */
#define _GNU_SOURCE
#include <sched.h>
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
#include <sys/wait.h>
#include <unistd.h>

#include "dma_rig.h"

#define BYTES	(4 * MIB)
#define COPIES	((unsigned int)(BYTES / PAGE))
/* All of the copies wait for one channel. */
static void hang(void)
{
	assert_int_equal(dma_claim(&dma, 1), 1);
	swdma_set("hang_every", 1);
	rig_submit(COPIES);
	swdma_wait_hung(1);
}

/* The pages live until the copies are done, and nobody else's are touched. */
static void memory_may_go(void **state)
{
	(void)state;
	hang();
	madvise(src, BYTES / 2, MADV_DONTNEED);
	madvise(dst, BYTES / 2, MADV_DONTNEED);
	memory_unmap(src, BYTES);
	memory_unmap(dst, BYTES);
	src = memory_map(BYTES, 0);
	dst = memory_map(BYTES, 0);
	memory_fill(dst, BYTES, 5);
	swdma_set("unhang", 1);
	assert_int_equal(dma_wait(&dma, NULL, 60), 0);
	assert_int_equal(memory_check(dst, BYTES, 5), -1);
}

/* Sees what it had at the fork, when it is told to look. */
static pid_t fork_that_looks(int *tell)
{
	int pipes[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(pipes[1]);
		if (read(pipes[0], &byte, 1) != 1)
			_exit(1);
		_exit(memory_check(dst, BYTES, 2) != -1 ||
		      memory_check(src, BYTES, 1) != -1);
	}
	close(pipes[0]);
	*tell = pipes[1];
	return pid;
}

/* In the half of each page that is not copied. */
static void touch_all(void)
{
	size_t i;

	for (i = PAGE - 1; i < BYTES; i += PAGE) {
		src[i] ^= 1;
		dst[i] ^= 1;
	}
}

/*
 * A fork in flight: the pages that the channel has stay the parent's, even when
 * it writes to them, and the child has others.
 */
static void a_fork_takes_no_pages(void **state)
{
	int tell, status;
	pid_t pid;
	size_t i;

	(void)state;
	for (i = 0; i < COPIES; i++)
		copies[i].len = PAGE / 2;
	dma_set("check", MIGSIM_DMA_CHECK_NONE);
	hang();
	pid = fork_that_looks(&tell);
	touch_all();
	swdma_set("unhang", 1);
	assert_int_equal(dma_wait(&dma, NULL, 60), 0);
	touch_all();
	for (i = 0; i < BYTES; i += PAGE / 2)
		assert_int_equal(memory_check_at(dst + i, PAGE / 2,
						 i % PAGE ? 2 : 1, i), -1);
	assert_int_equal(write(tell, "", 1), 1);
	close(tell);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* What may be forgotten is, of what is not dirty. */
static bool is_forgotten(char *p, size_t bytes)
{
	unsigned int i;

	for (i = 0; i < 100 && !memory_is_zero(p, bytes); i++) {
		assert_int_equal(madvise(p, bytes, MADV_PAGEOUT), 0);
		usleep(10000);
	}
	return memory_is_zero(p, bytes);
}

/* Who reclaims memory must learn that a channel has written to it. */
static void what_was_copied_is_dirty(void **state)
{
	cpu_set_t all, one;
	char *control;

	(void)state;
	/* Pages that another CPU is about to put on a list are not reclaimed. */
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	control = memory_map(BYTES, 0);
	memory_fill(control, BYTES, 3);
	hang();
	assert_int_equal(madvise(dst, BYTES, MADV_FREE), 0);
	assert_int_equal(madvise(control, BYTES, MADV_FREE), 0);
	swdma_set("unhang", 1);
	assert_int_equal(dma_wait(&dma, NULL, 60), 0);
	assert_true(is_forgotten(control, BYTES));
	assert_int_equal(madvise(dst, BYTES, MADV_PAGEOUT), 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
	memory_unmap(control, BYTES);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

/* Does any of ZONE_MOVABLE's frames back a page? */
static bool is_movable(uint64_t pfn)
{
	unsigned long start, spanned = 0;
	bool movable = false, found = false;
	char line[256];
	FILE *f = fopen("/proc/zoneinfo", "re");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, ", zone"))
			movable = strstr(line, "Movable");
		sscanf(line, " spanned %lu", &spanned);
		if (sscanf(line, " start_pfn: %lu", &start) == 1 && movable)
			found |= pfn >= start && pfn < start + spanned;
	}
	fclose(f);
	return found;
}

/*
 * A pin for long would move them out of ZONE_MOVABLE, where the memory of CXL
 * devices is.
 */
static void pages_stay_where_they_are(void **state)
{
	uint64_t *of_src = calloc(COPIES, sizeof(*of_src));
	uint64_t *of_dst = calloc(COPIES, sizeof(*of_dst));

	(void)state;
	read_pfns(src, COPIES, of_src);
	read_pfns(dst, COPIES, of_dst);
	assert_true(is_movable(of_src[0]) && is_movable(of_dst[0]));
	assert_int_equal(dma_claim(&dma, 2), 2);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, COPIES, 0),
			 0);
	assert_int_equal(same_pfns(src, COPIES, of_src), COPIES);
	assert_int_equal(same_pfns(dst, COPIES, of_dst), COPIES);
	free(of_src);
	free(of_dst);
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
		test(memory_may_go), test(a_fork_takes_no_pages),
		test(what_was_copied_is_dirty),
		test(pages_stay_where_they_are),
	};

	need_modules();
	return cmocka_run_group_tests(tests, rig_load, rig_unload);
}
