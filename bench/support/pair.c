/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <migsim/topology.h>

#include "pair.h"
#include "sys.h"

static struct {
	cpu_set_t allowed;
	int cpu;
	bool running;
	pthread_t other;
	pthread_barrier_t begin, end;
	void (*fn)(void *arg, unsigned int part);	/* NULL: end */
	void *arg;
} pair;

static void *other(void *unused)
{
	(void)unused;
	for (;;) {
		pthread_barrier_wait(&pair.begin);
		if (!pair.fn)
			return NULL;
		pair.fn(pair.arg, 1);
		pthread_barrier_wait(&pair.end);
	}
}

static void bind_to(pthread_t thread, int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	pthread_setaffinity_np(thread, sizeof(one), &one);
}

/* The CPU next to ours of those that we may use; -1: none. */
static int next_cpu(void)
{
	int i, cpu;

	for (i = 1; i < CPU_SETSIZE; i++) {
		cpu = (pair.cpu + i) % CPU_SETSIZE;
		if (CPU_ISSET(cpu, &pair.allowed))
			return cpu;
	}
	return -1;
}

bool pair_start(void)
{
	int cpu;

	/*
	 * To look at the machine moves this thread over all CPUs and leaves it on
	 * the last one, which the engine then takes for the caller's.
	 */
	migsim_topology_llc_bytes();
	sched_getaffinity(0, sizeof(pair.allowed), &pair.allowed);
	pair.cpu = sched_getcpu();
	cpu = next_cpu();
	if (cpu >= 0) {
		pthread_barrier_init(&pair.begin, NULL, 2);
		pthread_barrier_init(&pair.end, NULL, 2);
		if (pthread_create(&pair.other, NULL, other, NULL))
			exit(1);
		bind_to(pair.other, cpu);
		pair.running = true;
	}
	bind_to(pthread_self(), pair.cpu);
	return pair.running;
}

void pair_stop(void)
{
	if (!pair.running)
		return;
	pair.fn = NULL;
	pthread_barrier_wait(&pair.begin);
	pthread_join(pair.other, NULL);
}

/* On a busy machine the free thread may be moved: then once more. */
void pair_open(struct raw *r, const char *word)
{
	bool moved;

	do {
		sched_setaffinity(0, sizeof(pair.allowed), &pair.allowed);
		raw_open(r, word);
		moved = sched_getcpu() != pair.cpu;
		bind_to(pthread_self(), pair.cpu);
		if (moved)
			raw_close(r);
	} while (moved);
}

uint64_t pair_run(void (*fn)(void *arg, unsigned int part), void *arg,
		  unsigned int threads)
{
	uint64_t t;

	pair.fn = fn;
	pair.arg = arg;
	if (threads > 1)
		pthread_barrier_wait(&pair.begin);
	t = sys_ticks();
	fn(arg, 0);
	if (threads > 1)
		pthread_barrier_wait(&pair.end);
	return sys_ticks() - t;
}
