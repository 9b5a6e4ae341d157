/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "busy.h"
#include "options.h"

/* Some tens of us between two looks at what ends a thread. */
#define SPINS	(1u << 16)

static pthread_t *threads;
static unsigned int nr_threads;
static atomic_uint spinning;
static atomic_bool over;
static const atomic_int *stopped;	/* the caller's */

/*
 * The caller is to take the signal, but among a thousand threads its turn comes
 * late: they make way as soon as one waits for it. All block both signals.
 */
static bool signal_waits(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM);
}

static bool go_on(void)
{
	return !atomic_load_explicit(&over, memory_order_relaxed) &&
	       !*stopped && !signal_waits();
}

static void *spin(void *arg)
{
	uint64_t x = 1;
	unsigned int i;

	atomic_fetch_add(&spinning, 1);
	while (go_on()) {
		for (i = 0; i < SPINS; i++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			__asm__ volatile("" : "+r"(x));	/* not left out */
		}
	}
	return arg;
}

/* A signal must find the thread that migrates. */
static int start_thread(pthread_t *thread)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	err = pthread_create(thread, NULL, spin, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

int busy_start(unsigned int n, const atomic_int *stop)
{
	int err;

	if (!n)
		return 0;
	atomic_store(&over, false);
	atomic_store(&spinning, 0);
	stopped = stop;
	threads = calloc(n, sizeof(*threads));
	if (!threads)
		return out_of_memory();
	for (nr_threads = 0; nr_threads < n && !*stop; nr_threads++) {
		err = start_thread(&threads[nr_threads]);
		if (!err)
			continue;
		say("only %u of %u busy threads could be started: %s; lower --busy",
		    nr_threads, n, strerror(err));
		busy_stop();
		return EXIT_FAILED;
	}
	while (atomic_load(&spinning) < n && !*stop)
		sched_yield();
	return 0;
}

void busy_stop(void)
{
	atomic_store(&over, true);
	while (nr_threads)
		pthread_join(threads[--nr_threads], NULL);
	free(threads);
	threads = NULL;
}
