/* SPDX-License-Identifier: MIT */
/*
 * Threads that use real memory. While folios are in flight they touch nothing
 * but the region and what was touched before: no allocation, no file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bench.h"
#include "load_run.h"
#include "options.h"

#define NS_PER_S	1000000000ull

/* A thread that waits for its turn sleeps but for the last of the time. */
#define SPIN_NS		60000
#define SLEEP_NS	10000000	/* at most, between two looks at stop */

struct worker {
	_Alignas(128) atomic_ullong ops;
	struct load_crowd *crowd;
	pthread_t thread;
	uint64_t random;
	long switches;		/* voluntary ones, as of the last look */
	struct load_times stalls;
};

struct load_crowd {
	const struct load *load;
	uint64_t base;		/* address of the first part */
	uint64_t period;	/* ns; 0: as fast as it goes */
	atomic_bool over;
	atomic_bool migrating;	/* the baseline is behind */
	atomic_uint begun;
	uint64_t call_ns, call_ops;	/* when the call began */
	unsigned int n;
	struct worker worker[];
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static bool go_on(const struct load_crowd *c)
{
	return !atomic_load_explicit(&c->over, memory_order_relaxed) &&
	       !*c->load->stop;
}

static uint64_t *next_word(const struct load_crowd *c, uint64_t *random)
{
	const struct region_shape *s = &c->load->region->shape;
	struct load_place p = load_place_of(s, load_page(&c->load->pages,
							 random));
	uint64_t at = c->base + s->part[p.part].offset +
		p.folio * region_slot_stride(s) *
		region_part_folio(&s->mix, p.part) +
		p.page * MIGSIM_PAGE_SIZE +
		load_random(random) % (MIGSIM_PAGE_SIZE / 8) * 8;

	return (uint64_t *)(uintptr_t)at;
}

static void operate(const struct load_crowd *c, uint64_t *random)
{
	uint64_t *word = next_word(c, random), value = 0;
	bool writes = load_random(random) % 100 < c->load->words.write;

	/* A compiler that knew what is added would only read. */
	__asm__ volatile("" : "+r"(value));
	if (writes)
		__atomic_fetch_add(word, value, __ATOMIC_RELAXED);
	else
		value = __atomic_load_n(word, __ATOMIC_RELAXED);
	/* And one that saw that nobody wants it would not even do that. */
	__asm__ volatile("" : : "r"(value));
}

static long switches(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return u.ru_nvcsw;
}

/* Did it sleep? To lose the CPU is no stall. */
static bool was_stall(struct worker *w, uint64_t ns)
{
	long n = switches();
	bool slept = n != w->switches;

	w->switches = n;
	if (slept && atomic_load(&w->crowd->migrating))
		load_times_add(&w->stalls, ns);
	return slept;
}

/* The time when it is over. */
static uint64_t wait_until(struct worker *w, uint64_t due)
{
	uint64_t now = now_ns(), left;
	bool slept = false;

	for (; now < due && go_on(w->crowd); now = now_ns()) {
		left = due - now;
		if (left <= 2 * SPIN_NS)
			continue;
		left = left - SPIN_NS < SLEEP_NS ? left - SPIN_NS : SLEEP_NS;
		nanosleep(&(struct timespec){ .tv_nsec = (long)left }, NULL);
		slept = true;
	}
	if (slept)
		w->switches = switches();
	return now;
}

/* One look at the clock for each operation: its end is the next one's begin. */
static void *work(void *arg)
{
	struct worker *w = arg;
	struct load_crowd *c = w->crowd;
	uint64_t begin, end, due, ops = 0;

	w->switches = switches();
	atomic_fetch_add(&c->begun, 1);
	due = end = now_ns();
	while (go_on(c)) {
		begin = end;
		operate(c, &w->random);
		end = now_ns();
		atomic_store_explicit(&w->ops, ++ops, memory_order_relaxed);
		if (end - begin > LOAD_SLOW_NS) {
			due = was_stall(w, end - begin) ? end : due;
			end = now_ns();
		}
		if (!c->period)
			continue;
		/* Turns that were missed are not made up for. */
		due += c->period;
		end = wait_until(w, due);
		due = end > due + c->period ? end : due;
	}
	return NULL;
}

static uint64_t ops_done(struct load_crowd *c)
{
	uint64_t ops = 0;
	unsigned int i;

	for (i = 0; i < c->n; i++)
		ops += atomic_load_explicit(&c->worker[i].ops,
					    memory_order_relaxed);
	return ops;
}

/* A signal must find the thread that migrates. */
static int start_workers(struct load_crowd *c, unsigned int n)
{
	sigset_t all, old;
	int err = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	for (; c->n < n && !err; c->n += !err) {
		struct worker *w = &c->worker[c->n];

		w->crowd = c;
		w->random = load_seed(c->load, c->n);
		err = pthread_create(&w->thread, NULL, work, w);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

static void doze(uint64_t ns)
{
	nanosleep(&(struct timespec){ .tv_nsec = (long)ns }, NULL);
}

/* 0 or -EINTR. */
static int measure_baseline(struct load *l)
{
	struct load_crowd *c = l->crowd;
	uint64_t begin, end, ops;

	while (atomic_load(&c->begun) < c->n && !*l->stop)
		doze(100000);
	ops = ops_done(c);
	begin = end = now_ns();
	for (; end - begin < LOAD_BASELINE_NS && !*l->stop; end = now_ns())
		doze(LOAD_BASELINE_NS / 10);
	l->count.base_ops = (double)(ops_done(c) - ops);
	l->count.base_seconds = (double)(end - begin) / NS_PER_S;
	return *l->stop ? -EINTR : 0;
}

int crowd_start(struct load *l)
{
	unsigned int n = l->words.threads;
	struct load_crowd *c;
	size_t size = sizeof(*c) + n * sizeof(c->worker[0]);
	int err;

	c = aligned_alloc(_Alignof(struct worker), size);
	if (!c)
		return -ENOMEM;
	memset(c, 0, size);
	c->load = l;
	c->base = (uint64_t)(uintptr_t)l->region->start + MIGSIM_PAGE_SIZE;
	c->period = l->words.rate ? NS_PER_S / l->words.rate : 0;
	l->crowd = c;
	err = start_workers(c, n);
	if (err) {
		say("only %u of %u threads of the load could be started: %s; lower its threads",
		    c->n, n, strerror(err));
		crowd_end(l);
		return EXIT_FAILED;
	}
	err = measure_baseline(l);
	if (err)
		crowd_end(l);
	else
		atomic_store(&c->migrating, true);
	return err;
}

void crowd_call_begins(struct load_crowd *c)
{
	c->call_ops = ops_done(c);
	c->call_ns = now_ns();
}

void crowd_call_ended(struct load *l)
{
	struct load_crowd *c = l->crowd;

	l->count.seconds += (double)(now_ns() - c->call_ns) / NS_PER_S;
	l->count.ops += ops_done(c) - c->call_ops;
}

void crowd_end(struct load *l)
{
	struct load_crowd *c = l->crowd;

	atomic_store(&c->over, true);
	while (c->n) {
		struct worker *w = &c->worker[--c->n];

		pthread_join(w->thread, NULL);
		load_times_merge(&l->stalls, &w->stalls);
	}
	free(c);
	l->crowd = NULL;
}
