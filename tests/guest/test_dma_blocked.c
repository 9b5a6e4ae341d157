/* SPDX-License-Identifier: MIT */
/*
 * Commands that wait for memory, which userfaultfd holds back: nobody else waits
 * with them, and they can be killed. What they have read before they began to
 * wait cannot be changed any more.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dma_late.h"
#include "dma_rig.h"

#define BYTES	(MIB)
#define COPIES	((unsigned int)(BYTES / PAGE))

/* The array is read, and a source is waited for. */
static void block_in_source(void)
{
	unsigned int i;

	late_begin();
	for (i = 0; i < 4; i++)
		copies[i].src = (uintptr_t)late + i * PAGE;
	assert_int_equal(dma_claim(&dma, 2), 2);
	rig_submit(COPIES);
	late_wanted();
}

static int done(void)
{
	late_comes(src, 0, LATE);
	return dma_wait(&dma, NULL, 60);
}

/* The ring goes on, and the file: commands sleep in a thread of io_uring's. */
static void who_waits_waits_alone(void **state)
{
	(void)state;
	block_in_source();
	assert_int_equal(dma_wait(&dma, NULL, 0), -ETIME);
	assert_int_equal(rig_info().channels, 2);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0),
			 -EBUSY);
	assert_int_equal(done(), 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
	late_end();
}

/* Where to, where from, how much: all of it has been read. */
static void what_was_read_counts(void **state)
{
	char *victim = memory_map(BYTES, 0);
	unsigned int i;

	(void)state;
	memory_fill(victim, BYTES, 3);
	block_in_source();
	for (i = 0; i < COPIES; i++) {
		copies[i].dst = (uintptr_t)victim + 8 * i;
		copies[i].src = (uintptr_t)victim + BYTES / 2;
		copies[i].len = UINT32_MAX;
		copies[i].channel = 7;
		copies[i].flags = 1;
		copies[i].reserved = 1;
	}
	assert_int_equal(done(), 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
	assert_int_equal(memory_check(victim, BYTES, 3), -1);
	assert_int_equal(copies_with(copies, COPIES, 0), COPIES);
	memory_unmap(victim, BYTES);
	late_end();
}

/* Copies of 64 bytes each, to the beginnings of pages. */
static struct migsim_dma_copy *many_copies(unsigned int n)
{
	struct migsim_dma_copy *c = calloc(n, sizeof(*c));
	unsigned int i;

	assert_non_null(c);
	for (i = 0; i < n; i++) {
		c[i] = copies[i % COPIES];
		c[i].len = 64;
		c[i].src += i / COPIES * 64;
		c[i].dst += i / COPIES * 64;
	}
	return c;
}

/* The first page of the array has been read when it changes. */
static void an_array_may_come_late(void **state)
{
	struct migsim_dma_copy *c, *all;
	unsigned int n = LATE / sizeof(*c), i;

	(void)state;
	all = many_copies(n);
	late_begin();
	late_comes(all, 0, PAGE);
	c = (struct migsim_dma_copy *)late;
	assert_int_equal(dma_claim(&dma, 2), 2);
	dma_queue(&dma, MIGSIM_DMA_OP_COPY, c, n, 0, 1);
	assert_int_equal(io_uring_submit(&dma.ring), 1);
	late_wanted();
	assert_int_equal(dma_wait(&dma, NULL, 0), -ETIME);
	memset(late, 0xff, PAGE);
	late_comes(all, PAGE, LATE - PAGE);
	assert_int_equal(dma_wait(&dma, NULL, 60), 0);
	assert_int_equal(copies_with(c, n, 0), n);
	for (i = 0; i < BYTES; i += PAGE)
		assert_int_equal(memory_check_at(dst + i, 64 * n / COPIES, 1,
						 i), -1);
	free(all);
	late_end();
}

/* The array is waited for with a lock of the file held; others are not. */
static void block_in_array(void)
{
	late_begin();
	assert_int_equal(dma_claim(&dma, 2), 2);
	dma_queue(&dma, MIGSIM_DMA_OP_COPY, late, 4, 0, 1);
	assert_int_equal(io_uring_submit(&dma.ring), 1);
	late_wanted();
}

static void another_file_does_not_wait(void **state)
{
	struct dma other;

	(void)state;
	block_in_array();
	dma_open(&other);
	assert_int_equal(dma_claim(&other, 16), 16);
	assert_int_equal(dma_do(&other, MIGSIM_DMA_OP_COPY, copies, COPIES, 0),
			 0);
	dma_close(&other);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
	/* Zeros are no copies. */
	memset(src, 0, LATE);
	assert_int_equal(done(), -EINVAL);
	late_end();
}

/* The ring is gone when the command goes on. */
static void a_ring_ends_before(void **state)
{
	(void)state;
	block_in_source();
	io_uring_queue_exit(&dma.ring);
	late_comes(src, 0, LATE);
	assert_true(pinned_become(0));
	assert_int_equal(io_uring_queue_init(8, &dma.ring, 0), 0);
	/* Given up, or done: nothing between. */
	assert_int_equal(copies_with(copies, COPIES, 0) +
			 copies_with(copies, COPIES, -ECANCELED) +
			 copies_with(copies, COPIES, MIGSIM_DMA_PENDING),
			 COPIES);
	late_end();
}

/* One that waits for memory, and one that waits for that one. */
static void dies_while_it_waits(void (*block)(void))
{
	int status, pipes[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dma_open(&dma);
		block();
		dma_queue(&dma, MIGSIM_DMA_OP_INFO, src, 48, 0, 2);
		dma_queue(&dma, MIGSIM_DMA_OP_CANCEL, src, 0, 0, 3);
		assert_int_equal(io_uring_submit(&dma.ring), 2);
		assert_int_equal(write(pipes[1], "", 1), 1);
		pause();
	}
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	close(pipes[0]);
	close(pipes[1]);
	assert_true(pinned_become(0));
}

/* Then its channels are free again. */
static void who_waits_can_be_killed(void **state)
{
	(void)state;
	dies_while_it_waits(block_in_source);
	dies_while_it_waits(block_in_array);
	assert_int_equal(dma_claim(&dma, 16), 16);
	copies_again(copies, COPIES);
}

static int told[2];

/* Another process, in the same memory: the file is its own, too. */
static int waits_for_the_file(void *arg)
{
	struct dma own = { .fd = dma.fd };

	if (io_uring_queue_init(8, &own.ring, 0))
		return 1;
	dma_queue(&own, MIGSIM_DMA_OP_INFO, arg, 48, 0, 1);
	if (io_uring_submit(&own.ring) != 1 || write(told[1], "", 1) != 1)
		return 1;
	pause();
	return 1;
}

static bool ends_soon(pid_t pid)
{
	unsigned int i;
	pid_t ended = 0;

	for (i = 0; i < 6000 && !ended; i++) {
		ended = waitpid(pid, NULL, WNOHANG);
		usleep(10000);
	}
	return ended == pid;
}

/* Who waits for another process can be killed, too, and that one goes on. */
static void who_waits_for_another_can_be_killed(void **state)
{
	char *stack = memory_map(16 * PAGE, 0);
	bool ended;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(told), 0);
	block_in_array();
	pid = clone(waits_for_the_file, stack + 16 * PAGE,
		    CLONE_VM | CLONE_FILES | SIGCHLD, src);
	assert_true(pid > 0);
	assert_int_equal(read(told[0], &byte, 1), 1);
	/* Now a thread of its ring's waits. */
	usleep(100000);
	assert_int_equal(kill(pid, SIGKILL), 0);
	ended = ends_soon(pid);
	memset(src, 0, LATE);
	assert_int_equal(done(), -EINVAL);
	assert_true(ended);
	memory_unmap(stack, 16 * PAGE);
	late_end();
}

static int setup(void **state)
{
	(void)state;
	/* Where all would wait, nobody would say so. */
	alarm(300);
	return rig_begin(BYTES);
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, setup, rig_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(who_waits_waits_alone), test(what_was_read_counts),
		test(an_array_may_come_late), test(another_file_does_not_wait),
		test(a_ring_ends_before), test(who_waits_can_be_killed),
		test(who_waits_for_another_can_be_killed),
	};

	need_modules();
	return cmocka_run_group_tests(tests, rig_load, rig_unload);
}
