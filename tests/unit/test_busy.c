/* SPDX-License-Identifier: MIT */
/*
 * The threads of a busy machine: as many as asked for, at work, deaf to
 * signals, and gone afterwards.
 */
#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "busy.h"

static const atomic_int go_on;
static const atomic_int stopped = 1;

/* The kernel may show a thread a little longer than pthread_join() waits. */
static unsigned int count_threads(unsigned int at_most)
{
	unsigned int n = 0, tries;

	for (tries = 0; tries < 10000 && (!n || n > at_most); tries++) {
		DIR *dir = opendir("/proc/self/task");
		const struct dirent *d;

		assert_non_null(dir);
		for (n = 0; (d = readdir(dir));)
			n += d->d_name[0] != '.';
		closedir(dir);
		usleep(1000 * (n > at_most));
	}
	return n;
}

/* A sanitizer runs a thread of its own, from the first of the program's on. */
static unsigned int others;

static void count_others(void)
{
	unsigned int tries, n;

	assert_int_equal(busy_start(1, &go_on), 0);
	busy_stop();
	others = count_threads(UINT32_MAX);
	for (tries = 0; tries < 50; tries++) {
		usleep(1000);
		n = count_threads(UINT32_MAX);
		others = n < others ? n : others;
	}
}

static void as_many_as_asked(void **state)
{
	static const unsigned int counts[] = { 0, 1, 3, 0, 8 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		assert_int_equal(busy_start(counts[i], &go_on), 0);
		assert_int_equal(count_threads(others + counts[i]),
				 others + counts[i]);
		busy_stop();
		assert_int_equal(count_threads(others), others);
	}
	busy_stop();	/* once more does nothing */
}

/* Stopping a run must not wait for them to get a CPU, nor leave them behind. */
static void stopped_at_once(void **state)
{
	(void)state;
	assert_int_equal(busy_start(64, &stopped), 0);
	assert_int_equal(count_threads(others), others);
	busy_stop();
}

/* They would keep the CPUs from the thread that is to end them. */
static void end_by_themselves(void **state)
{
	atomic_int stop = 0;

	(void)state;
	assert_int_equal(busy_start(8, &stop), 0);
	stop = 1;
	assert_int_equal(count_threads(others), others);
	busy_stop();
}

static void make_way_for_a_signal(void **state)
{
	sigset_t sigint, old;
	int sig;

	(void)state;
	sigemptyset(&sigint);
	sigaddset(&sigint, SIGINT);
	sigprocmask(SIG_BLOCK, &sigint, &old);
	assert_int_equal(busy_start(8, &go_on), 0);
	kill(getpid(), SIGINT);
	assert_int_equal(count_threads(others), others);
	busy_stop();
	assert_int_equal(sigwait(&sigint, &sig), 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static uint64_t process_cpu_ns(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* This thread sleeps, so all CPU time that is used is theirs. */
static void they_spin(void **state)
{
	uint64_t begin = process_cpu_ns(), enough = begin + 50000000;
	unsigned int tries;

	(void)state;
	assert_int_equal(busy_start(2, &go_on), 0);
	for (tries = 0; tries < 20000 && process_cpu_ns() < enough; tries++)
		usleep(1000);
	busy_stop();
	assert_true(process_cpu_ns() >= enough);
}

static uint64_t blocked_of(const char *task)
{
	char path[280], line[256];
	uint64_t mask = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%s/status", task);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "SigBlk:", 7))
			mask = strtoull(line + 7, NULL, 16);
	fclose(f);
	return mask;
}

static void deaf_to_signals(void **state)
{
	const uint64_t wanted = (uint64_t)1 << (SIGINT - 1) |
				(uint64_t)1 << (SIGTERM - 1);
	unsigned int deaf = 0;
	const struct dirent *d;
	sigset_t now;
	DIR *dir;

	(void)state;
	assert_int_equal(busy_start(3, &go_on), 0);
	dir = opendir("/proc/self/task");
	assert_non_null(dir);
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.' && atoi(d->d_name) != getpid())
			deaf += (blocked_of(d->d_name) & wanted) == wanted;
	closedir(dir);
	busy_stop();
	assert_true(deaf >= 3 && deaf <= 2 + others);
	/* The caller hears them as before. */
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &now), 0);
	assert_int_equal(sigismember(&now, SIGINT), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_as_asked),
		cmocka_unit_test(stopped_at_once),
		cmocka_unit_test(end_by_themselves),
		cmocka_unit_test(make_way_for_a_signal),
		cmocka_unit_test(they_spin),
		cmocka_unit_test(deaf_to_signals),
	};

	count_others();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
