/* SPDX-License-Identifier: MIT */
/*
 * Who leaves while copies are in flight: a ring, the process, the module. Copies
 * hang, so that they are in flight for certain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dma_rig.h"

#define BYTES	(4 * MIB)
#define COPIES	((unsigned int)(BYTES / PAGE))
/* Of a chunk; one is begun. */
#define BEGUN	64u

/* All of the copies wait for one channel, which has begun some. */
static void hang(void)
{
	assert_int_equal(dma_claim(&dma, 1), 1);
	swdma_set("hang_every", 1);
	rig_submit(COPIES);
	swdma_wait_hung(1);
}

/* Since 6.7 a ring that ends asks for its commands to be given up. */
static bool rings_cancel(void)
{
	unsigned int major, minor;
	struct utsname u;

	assert_int_equal(uname(&u), 0);
	assert_int_equal(sscanf(u.release, "%u.%u", &major, &minor), 2);
	return major > 6 || (major == 6 && minor >= 7);
}

/* What has begun ends when the channel goes on; the rest is given up before. */
static void goes_on_after_the_end(void)
{
	unsigned int rest = rings_cancel() ? COPIES - BEGUN : 0, i;

	for (i = 0; i < 6000 && copies_with(copies, COPIES, -ECANCELED) < rest;
	     i++)
		usleep(10000);
	assert_int_equal(copies_with(copies, COPIES, -ECANCELED), rest);
	swdma_set("unhang", 1);
	assert_true(pinned_become(0));
	assert_int_equal(copies_with(copies, COPIES, -ECANCELED), rest);
	assert_int_equal(copies_with(copies, COPIES, 0), COPIES - rest);
}

/* The file stays as it is. */
static void a_ring_may_end(void **state)
{
	(void)state;
	hang();
	io_uring_queue_exit(&dma.ring);
	goes_on_after_the_end();
	assert_int_equal(io_uring_queue_init(8, &dma.ring, 0), 0);
	assert_int_equal(memory_check(dst, BEGUN * PAGE, 1), -1);
	copies_again(copies, COPIES);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_COPY, copies, COPIES, 0),
			 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
}

/* A child with a file of its own, which copies until it is told to end. */
static pid_t fork_that_copies(bool execs, unsigned int channels)
{
	const struct timespec forever = { 1000, 0 };
	sigset_t usr1;
	pid_t pid;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	dma_open(&dma);
	if (dma_claim(&dma, channels) != (int)channels)
		_exit(1);
	do {
		copies_again(copies, COPIES);
		rig_submit(COPIES);
		if (execs && sigtimedwait(&usr1, NULL, &forever) == SIGUSR1)
			execl("/bin/busybox", "true", NULL);
	} while (dma_wait(&dma, NULL, 1000) == 0);
	_exit(1);
}

/* A process ends when its copies have; nothing of them reaches another. */
static void dies_in_flight(int by)
{
	pid_t pid;

	swdma_set("hang_every", 1);
	pid = fork_that_copies(by == SIGUSR1, 1);
	swdma_wait_hung(1);
	assert_int_equal(kill(pid, by), 0);
	goes_on_after_the_end();
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(memory_check(dst, BYTES, 2), -1);
}

static void a_process_may_be_killed(void **state)
{
	(void)state;
	dies_in_flight(SIGKILL);
}

static void a_process_may_become_another(void **state)
{
	(void)state;
	dies_in_flight(SIGUSR1);
}

/*
 * exec waits for all commands of a ring, and so for the timeout; the pages of
 * what was there before for the channel.
 */
static void a_timeout_lets_a_process_go(void **state)
{
	pid_t pid;

	(void)state;
	dma_set("timeout_ms", 1000);
	swdma_set("hang_every", 1);
	pid = fork_that_copies(true, 1);
	swdma_wait_hung(1);
	assert_int_equal(kill(pid, SIGUSR1), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(copies_with(copies, COPIES, -ETIMEDOUT), BEGUN);
	assert_int_equal(copies_with(copies, COPIES, rings_cancel() ?
				     -ECANCELED : -ENODEV), COPIES - BEGUN);
	assert_int_equal(pinned_pages(), 2 * BEGUN);
	swdma_set("unhang", 1);
	assert_true(pinned_become(0));
	assert_int_equal(memory_check(dst, BYTES, 2), -1);
}

/* And the module as soon as it is gone. */
static void killed_at_any_time(void **state)
{
	unsigned int i;
	pid_t pid;

	(void)state;
	for (i = 0; i < 6; i++) {
		pid = fork_that_copies(false, 4);
		rig_wait_pinned(1);
		usleep(i * i * 3000);
		dma_close(&dma);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(module_leaves("migsim_dma"), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(module_leaves("migsim_swdma"), 0);
		assert_int_equal(pinned_pages(), 0);
		rig_load(state);
		dma_open(&dma);
	}
	assert_int_equal(memory_check(dst, BYTES, 2), -1);
}

static void modules_stay_while_in_use(void **state)
{
	(void)state;
	hang();
	assert_int_equal(module_unload("migsim_dma"), -EAGAIN);
	assert_int_equal(module_unload("migsim_swdma"), -EAGAIN);
	swdma_set("unhang", 1);
	assert_int_equal(dma_wait(&dma, NULL, 60), 0);
	assert_int_equal(memory_check(dst, BYTES, 1), -1);
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
		test(a_ring_may_end), test(a_process_may_be_killed),
		test(a_process_may_become_another),
		test(a_timeout_lets_a_process_go), test(killed_at_any_time),
		test(modules_stay_while_in_use),
	};

	need_modules();
	return cmocka_run_group_tests(tests, rig_load, rig_unload);
}
