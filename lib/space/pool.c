/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include <migsim/types.h>

#include "pool.h"
#include "sys.h"

#define HUGE_BYTES	((uint64_t)2 << 20)
/* Slots beside the largest group, so that a large folio finds neighbours. */
#define SLACK_BYTES	((uint64_t)8 << 20)

static struct arena *arena_of(struct pool *p, uint64_t addr)
{
	return arena_has(&p->stage, addr) ? &p->stage : &p->fresh;
}

static int open_arenas(struct pool *p, uint64_t unit, bool locked,
		       const struct pool_config *c)
{
	size_t room = (c->group_bytes + SLACK_BYTES) / unit + 2;
	int err;

	err = arena_open(&p->stage, unit, room + (p->recycle ? p->keep : 0),
			 p->recycle ? c->to : c->from, locked);
	if (err)
		return err;
	return arena_open(&p->fresh, unit,
			  room + (p->recycle ? 0 : p->keep), c->to, locked);
}

int pool_open(struct pool *p, enum pool_kind kind, const struct pool_config *c)
{
	uint64_t unit = kind % POOL_LOCKED == POOL_HUGE ? HUGE_BYTES
							: MIGSIM_PAGE_SIZE;
	int err;

	if (p->stage.base)
		return 0;
	*p = (struct pool){ .fd = c->fd, .recycle = c->recycle };
	p->keep = c->keep_bytes / unit;
	err = open_arenas(p, unit, kind >= POOL_LOCKED, c);
	if (err)
		goto fail;
	/* Pages first: once registered, a first touch would wait for ever. */
	if (kind < POOL_LOCKED)
		arena_fill(p->recycle ? &p->stage : &p->fresh, p->keep);
	err = sys_uffd_register(c->fd, p->stage.base,
				p->stage.nr * p->stage.unit);
	if (!err && !p->recycle && p->keep)
		err = refill_start(p);
	if (!err)
		return 0;
fail:
	pool_close(p);
	return err;
}

void pool_close(struct pool *p)
{
	refill_stop(p);
	if (p->stage.base)
		arena_close(&p->stage);
	if (p->fresh.base)
		arena_close(&p->fresh);
}

/* Only the refill thread shares an arena with the thread that migrates. */
static void lock_fresh(struct pool *p)
{
	if (p->refilling)
		pthread_mutex_lock(&p->lock);
}

static void unlock_fresh(struct pool *p)
{
	if (p->refilling)
		pthread_mutex_unlock(&p->lock);
}

/* The call itself allocates what is missing. */
static size_t fill_fresh(struct pool *p, size_t n)
{
	size_t filled = arena_fill(&p->fresh, n);

	p->allocated += filled * (p->fresh.unit / MIGSIM_PAGE_SIZE);
	return filled;
}

void pool_reserve(struct pool *p, size_t n)
{
	size_t have;

	lock_fresh(p);
	have = p->fresh.nr_full + (p->recycle ? p->stage.nr_full : 0);
	if (have < n)
		fill_fresh(p, n - have);
	unlock_fresh(p);
}

/* Neighbours may be missing although there are pages enough. */
static uint64_t take_fresh(struct pool *p, size_t n)
{
	uint64_t dst;

	lock_fresh(p);
	dst = arena_take(&p->fresh, SLOT_FULL, n);
	if (!dst && fill_fresh(p, n))
		dst = arena_take(&p->fresh, SLOT_FULL, n);
	unlock_fresh(p);
	return dst;
}

static void set_target(struct pool *p, uint64_t dst, size_t n, enum slot state)
{
	struct arena *a = arena_of(p, dst);

	if (a == &p->stage) {
		arena_set(a, dst, n, state);
		return;
	}
	lock_fresh(p);
	arena_set(a, dst, n, state);
	if (p->refilling && a->nr_full < p->keep)
		pthread_cond_signal(&p->wanted);
	unlock_fresh(p);
}

static void release_target(struct pool *p, uint64_t dst, size_t n)
{
	lock_fresh(p);
	arena_release(arena_of(p, dst), dst, n);
	unlock_fresh(p);
}

bool pool_get(struct pool *p, size_t n, uint64_t *dst, uint64_t *src)
{
	*src = arena_take(&p->stage, SLOT_EMPTY, n);
	if (!*src)
		return false;
	*dst = p->recycle ? arena_take(&p->stage, SLOT_FULL, n) : 0;
	if (!*dst)
		*dst = take_fresh(p, n);
	if (*dst)
		return true;
	arena_set(&p->stage, *src, n, SLOT_EMPTY);
	return false;
}

void pool_put(struct pool *p, size_t n, uint64_t dst, uint64_t src)
{
	arena_set(&p->stage, src, n, SLOT_EMPTY);
	if (dst)
		set_target(p, dst, n, SLOT_FULL);
}

/* Vacated pages are kept as targets, up to the pool's bound. */
static void keep_vacated(struct pool *p, size_t n, uint64_t src)
{
	if (p->recycle && p->stage.nr_full < p->keep)
		arena_set(&p->stage, src, n, SLOT_FULL);
	else
		arena_release(&p->stage, src, n);
}

void pool_used(struct pool *p, size_t n, uint64_t dst, uint64_t src)
{
	set_target(p, dst, n, SLOT_EMPTY);
	keep_vacated(p, n, src);
}

void pool_drop(struct pool *p, size_t n, uint64_t dst, uint64_t src)
{
	arena_release(&p->stage, src, n);
	if (!dst)
		return;
	if (arena_of(p, dst) == &p->fresh)
		release_target(p, dst, n);
	else
		arena_set(&p->stage, dst, n, SLOT_FULL);
}

void pool_forget(struct pool *p, size_t n, uint64_t dst)
{
	release_target(p, dst, n);
}

void pool_quarantine(struct pool *p, size_t n, uint64_t dst)
{
	set_target(p, dst, n, SLOT_BAD);
}
