/* SPDX-License-Identifier: MIT */
/*
 * The inside of the engine mt:
 *
 *	mt.c        the table: open, submit, kick
 *	mt_reap.c   reap and cancel
 *	mt_deal.c   which thread copies what
 *	mt_thread.c the threads: claim, copy, wait
 *	mt_place.c  which CPU a thread runs on
 *
 * The caller is thread 0, whether it copies or not. Each thread has a queue of
 * jobs, filled by the caller, and a ring of copies that it has ended, emptied
 * by the caller. Whoever has nothing to do takes jobs of the others.
 */
#ifndef MIGSIM_ENGINE_MT_H
#define MIGSIM_ENGINE_MT_H

#include <stdatomic.h>
#include <stdbool.h>

#include <migsim/engine.h>

#include "routine.h"
#include "sys.h"

#define MT_MAX_THREADS	256
#define MT_MAX_PARTS	64
#define MT_DEPTH	4096u	/* a power of two */
#define MT_SPLIT_AUTO	UINT64_MAX
#define MT_ALIGN	64	/* bytes; where a folio may be cut */

/* One CPU's cache lines are fetched in pairs. */
#define MT_APART	_Alignas(128)

struct mt_args {
	uint64_t threads;
	uint64_t caller;
	uint64_t split;
	uint64_t place;
	const char *cpus;
	uint64_t nice;
	uint64_t spin_us;
	uint64_t routine;
	uint64_t prefetch;
};

enum mt_place { MT_SPREAD, MT_PACK, MT_SOURCE, MT_TARGET, MT_ANYWHERE };

/*
 * A job: @n copies from @first on, or one part of one copy. As one word, so
 * that it can be looked at before it is claimed.
 */
struct mt_job {
	uint16_t first, n;
	uint8_t part, parts;	/* parts 1: whole copies */
	bool bound;		/* to this thread's queue */
};

static inline uint64_t mt_pack(struct mt_job j)
{
	return (uint64_t)j.bound << 48 | (uint64_t)j.parts << 40 |
	       (uint64_t)j.part << 32 | (uint64_t)j.n << 16 | j.first;
}

static inline struct mt_job mt_unpack(uint64_t word)
{
	return (struct mt_job){ .first = (uint16_t)word,
				.n = (uint16_t)(word >> 16),
				.part = (uint8_t)(word >> 32),
				.parts = (uint8_t)(word >> 40),
				.bound = word >> 48 & 1 };
}

/* Jobs: the caller adds at the tail, any thread claims at the head. */
struct mt_queue {
	_Atomic uint64_t *job;
	uint32_t mask;
	MT_APART atomic_uint head;
	MT_APART atomic_uint tail;
};

/* Jobs' copies that have ended (first << 16 | n): the thread adds, the caller
 * takes. */
struct mt_ended {
	uint32_t *copies;	/* MT_DEPTH */
	MT_APART atomic_uint tail;
	MT_APART uint32_t head;
};

struct mt;

struct mt_thread {
	struct mt *mt;
	struct mt_queue queue;
	struct mt_ended ended;
	MT_APART atomic_uint asleep;	/* a futex: 1 while it sleeps */
	struct sys_thread thread;
	int cpu;		/* -1: any */
	uint32_t index;
	bool running;
};

/* What is known of a copy besides the copy. */
struct mt_state {
	atomic_uchar parts_left;
	atomic_bool cancelled;
	bool ended;		/* the caller's: reaped or given up */
};

struct mt {
	/* read by all */
	const struct mt_args *args;
	struct copier copier;
	uint32_t nr_threads;	/* that copy */
	uint32_t first_thread;	/* 0, or 1 when the caller does not copy */
	uint64_t spin_ticks;
	struct migsim_copy *copies;	/* MT_DEPTH, a ring */
	struct mt_state *states;
	struct mt_thread *threads;	/* nr_threads + first_thread */
	atomic_bool quit;
	MT_APART atomic_uint waiting;	/* a futex: 1 while the caller sleeps */

	/* the caller's: copies [head, kicked) were dealt out, [kicked, tail)
	 * wait for the kick */
	MT_APART uint32_t head;
	uint32_t kicked, tail;
	uint32_t next;		/* of those that copy; gets the next slice */
	uint16_t *ready;	/* MT_DEPTH, a ring: ended, not reaped */
	uint32_t ready_head, ready_tail;
	char driver[96];
};

static inline uint32_t mt_threads(const struct mt *mt)
{
	return mt->first_thread + mt->nr_threads;
}

/* mt_deal.c: deals out [kicked, tail) and wakes who sleeps. */
void mt_deal(struct mt *mt);
/* Jobs that a thread's queue may have to hold. */
uint32_t mt_queue_room(const struct mt_args *args);

/* mt_reap.c: operations of the table */
int mt_reap(void *priv, struct migsim_completion *done, uint32_t max,
	    uint64_t timeout_ns);
int mt_cancel(void *priv, uint32_t group);

/* mt_thread.c */
int mt_start(struct mt *mt);
void mt_stop(struct mt *mt);
void mt_wake(struct mt_thread *t);
/* Does one job of this thread's queue, or of another's. False: there is none. */
bool mt_work(struct mt_thread *t);
/* The caller waits for an end until then; true: there may be one. */
bool mt_wait(struct mt *mt, uint64_t deadline);

/* mt_place.c: sets the threads' CPUs. -EINVAL or -ENODEV with a sentence. */
int mt_place(struct mt *mt, const struct migsim_engine_env *env);

#endif
