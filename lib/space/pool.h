/* SPDX-License-Identifier: MIT */
/*
 * Where target pages come from, and where vacated pages go.
 *
 * Two arenas of a kind: `stage`, under userfaultfd, takes what is moved out;
 * `fresh`, not under userfaultfd, is where pages are allocated. On one node
 * the stage recycles: the pages just vacated are the targets to come. Between
 * nodes, and with a cold pool, every target is fresh and the vacated pages go
 * back to the system; a warm pool is then refilled by a thread beside, or
 * before the next call where that thread would take the CPU from the call.
 */
#ifndef MIGSIM_POOL_H
#define MIGSIM_POOL_H

#include <pthread.h>
#include <stdatomic.h>

#include "arena.h"
#include "sys.h"

/* What tells the pools of one space apart. */
enum pool_kind {
	POOL_BASE,		/* 4K slots */
	POOL_HUGE,		/* 2M slots, each a THP */
	POOL_BASE_LOCKED,	/* for memory that is mlocked */
	POOL_HUGE_LOCKED,
	POOL_KINDS,
};

#define POOL_LOCKED POOL_BASE_LOCKED

struct pool_config {
	int fd;			/* userfaultfd */
	int from, to;		/* nodes, -1: any */
	bool recycle;
	uint64_t keep_bytes;	/* pages kept ready */
	uint64_t group_bytes;	/* the largest group expected */
};

struct pool {
	struct arena stage;
	struct arena fresh;
	size_t keep;		/* slots */
	bool recycle;
	int fd;
	uint64_t allocated;	/* base pages that calls had to wait for */

	/* refill.c; the lock guards `fresh` while the thread runs */
	bool refilling;
	bool between;		/* without the thread */
	bool quit;
	struct sys_thread thread;
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	atomic_ullong refill_cpu_ns;
};

/* Opens the pool of a kind, if it is not open yet. 0 or -errno. */
int pool_open(struct pool *p, enum pool_kind kind,
	      const struct pool_config *c);
void pool_close(struct pool *p);

/* Makes @n more targets available if it can. */
void pool_reserve(struct pool *p, size_t n);

/* A target and a place on the stage for @n slots. False: there is none. */
bool pool_get(struct pool *p, size_t n, uint64_t *dst, uint64_t *src);

/* Neither was used, or the content went back to where it came from. */
void pool_put(struct pool *p, size_t n, uint64_t dst, uint64_t src);

/* The target has gone to the application, the vacated pages are ours. */
void pool_used(struct pool *p, size_t n, uint64_t dst, uint64_t src);

/* As pool_put(), but whether the stage holds pages is not known. */
void pool_drop(struct pool *p, size_t n, uint64_t dst, uint64_t src);

/* Part of the target went to the application, the rest is of no use. */
void pool_forget(struct pool *p, size_t n, uint64_t dst);

/* The target must never be used again. */
void pool_quarantine(struct pool *p, size_t n, uint64_t dst);

/*
 * Starts and ends the thread that keeps p->keep fresh pages ready. 0 or
 * -errno. With one CPU there is none.
 */
int refill_start(struct pool *p);
void refill_stop(struct pool *p);

/* Between two calls: what the thread would have done. */
void refill_between(struct pool *p);

#endif
