/* SPDX-License-Identifier: MIT */
/*
 * A warm pool whose pages do not come back is refilled by a thread beside, so
 * that a call does not wait for the allocation of its targets. With one CPU it
 * would wait for that thread: the pool is refilled before the next call then.
 */
#include <signal.h>

#include <migsim/types.h>

#include "pool.h"
#include "sys.h"

/* Allocated at a time: 2 MiB, or one huge page. */
#define STEP_BYTES ((uint64_t)2 << 20)

/* False: there is nothing to do, or no memory to do it with. */
static bool step(struct pool *p)
{
	size_t n = p->keep - p->fresh.nr_full, max = STEP_BYTES / p->fresh.unit;
	uint64_t addr;
	int err;

	if (p->fresh.nr_full >= p->keep)
		return false;
	n = arena_claim(&p->fresh, n < max ? n : max, &addr);
	if (!n)
		return false;
	pthread_mutex_unlock(&p->lock);
	err = arena_populate(&p->fresh, addr, n);
	atomic_store_explicit(&p->refill_cpu_ns, sys_thread_cpu_ns(),
			      memory_order_relaxed);
	pthread_mutex_lock(&p->lock);
	if (err)
		arena_release(&p->fresh, addr, n);
	else
		arena_set(&p->fresh, addr, n, SLOT_FULL);
	return !err;
}

static void *refill(void *arg)
{
	struct pool *p = arg;

	pthread_mutex_lock(&p->lock);
	while (!p->quit)
		if (!step(p) && !p->quit)
			pthread_cond_wait(&p->wanted, &p->lock);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

int refill_start(struct pool *p)
{
	int err;

	p->between = sys_one_cpu();
	if (p->between)
		return 0;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wanted, NULL);
	err = sys_thread_start(&p->thread, refill, p);
	p->refilling = !err;
	return err;
}

void refill_stop(struct pool *p)
{
	if (!p->refilling)
		return;
	pthread_mutex_lock(&p->lock);
	p->quit = true;
	pthread_cond_signal(&p->wanted);
	pthread_mutex_unlock(&p->lock);
	sys_thread_join(&p->thread);
	p->refilling = false;
	pthread_cond_destroy(&p->wanted);
	pthread_mutex_destroy(&p->lock);
}

void refill_between(struct pool *p)
{
	uint64_t start;
	size_t max, n;

	if (!p->between)
		return;
	start = sys_thread_cpu_ns();
	max = STEP_BYTES / p->fresh.unit;
	while (p->fresh.nr_full < p->keep) {
		n = p->keep - p->fresh.nr_full;
		if (!arena_fill(&p->fresh, n < max ? n : max))
			break;
	}
	atomic_fetch_add_explicit(&p->refill_cpu_ns,
				  sys_thread_cpu_ns() - start,
				  memory_order_relaxed);
}
