/* SPDX-License-Identifier: MIT */
/*
 * The operations on folios. UFFDIO_MOVE takes pages from one address to
 * another without copying them, and whoever touches the address they left
 * waits in the kernel until pages are moved there again:
 *
 *	unmap	application → stage		(and one TLB flush a run)
 *	remap	target → application		(wakes who waits)
 *	undo	stage → application
 *
 * Neighbours on both sides are moved by one system call: a run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include <migsim/types.h>

#include "sys.h"
#include "uffd.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

/* Tries of a move that says EAGAIN before the core counts a pass. */
#define MOVE_TRIES 16

static struct pool *pool_of(struct uffd *u, const struct migsim_folio *f)
{
	return &u->pool[f->space_flags & UFFD_POOL_MASK];
}

static size_t slots_of(struct uffd *u, const struct migsim_folio *f)
{
	return migsim_folio_bytes(f) >> pool_of(u, f)->stage.shift;
}

/* begin found out what is huge and what is locked; split changes it. */
static void choose_pool(struct uffd *u, struct migsim_folio *f)
{
	struct range *r = ranges_find(&u->ranges, &u->hint, f->addr,
				      migsim_folio_bytes(f));
	uint8_t kind = f->space_flags & UFFD_POOL_MASK;

	if (f->space_flags & UFFD_SPLIT)
		kind = POOL_BASE;
	if (r && r->locked == LOCKED_YES && kind < POOL_LOCKED)
		kind += POOL_LOCKED;
	f->space_flags = (uint8_t)((f->space_flags & ~UFFD_POOL_MASK) | kind);
}

uint32_t uffd_alloc(void *priv, struct migsim_folio **folios, uint32_t n)
{
	size_t need[POOL_KINDS] = { 0 };
	struct uffd *u = priv;
	struct migsim_folio *f;
	enum pool_kind kind;
	uint32_t i;

	for (i = 0; i < n; i++) {
		choose_pool(u, folios[i]);
		kind = folios[i]->space_flags & UFFD_POOL_MASK;
		if (pool_open(&u->pool[kind], kind, &u->config))
			return i;
		need[kind] += slots_of(u, folios[i]);
	}
	for (i = 0; i < POOL_KINDS; i++)
		if (need[i])
			pool_reserve(&u->pool[i], need[i]);
	for (i = 0; i < n; i++) {
		f = folios[i];
		if (!pool_get(pool_of(u, f), slots_of(u, f), &f->dst, &f->src))
			return i;
	}
	return n;
}

void uffd_put(void *priv, struct migsim_folio **folios, uint32_t n)
{
	struct uffd *u = priv;
	uint32_t i;

	for (i = 0; i < n; i++)
		pool_put(pool_of(u, folios[i]), slots_of(u, folios[i]),
			 folios[i]->dst, folios[i]->src);
}

/*
 * The folios are about to leave, or are back. What could not come back, for
 * its range is not under our userfaultfd, must not leave.
 */
static void mark_flight(struct uffd *u, struct migsim_folio **folios,
			uint32_t n, bool on)
{
	struct migsim_folio *f;
	struct range *r;
	uint32_t i;

	pthread_mutex_lock(&u->bits);
	for (i = 0; i < n; i++) {
		f = folios[i];
		r = ranges_find(&u->ranges, &u->hint, f->addr,
				migsim_folio_bytes(f));
		f->err = !r ? -EFAULT : r->registered ? 0 : r->err;
		if (!f->err)
			range_set_flight(r, f->addr, migsim_folio_bytes(f), on);
	}
	pthread_mutex_unlock(&u->bits);
}

/* Moves as much as it can: bytes moved, and why it stopped. */
static uint64_t move(struct uffd *u, uint64_t dst, uint64_t src, uint64_t len,
		     int *err)
{
	uint64_t done = 0, moved;
	unsigned int tries = 0;

	do {
		*err = sys_uffd_move(u->fd, dst + done, src + done, len - done,
				     &moved);
		done += moved;
		if (moved)
			tries = 0;
	} while (done < len && (moved || *err == -EINTR ||
				(*err == -EAGAIN && ++tries < MOVE_TRIES)));
	if (done == len)
		*err = 0;
	return done;
}

static bool worth_waiting(int err)
{
	return err == -EAGAIN || err == -EBUSY || err == -ENOMEM;
}

/*
 * One page. Where the application has changed the VMA meanwhile (mprotect(2),
 * mlock(2)), moves are refused, but the kernel copies.
 */
static uint64_t move_page(struct uffd *u, uint64_t dst, uint64_t src)
{
	int err;

	while (!move(u, dst, src, MIGSIM_PAGE_SIZE, &err)) {
		if (err == -EINVAL)
			err = sys_uffd_copy(u->fd, dst, src, MIGSIM_PAGE_SIZE);
		if (!err) {
			sys_advise((void *)(uintptr_t)src, MIGSIM_PAGE_SIZE,
				   MADV_DONTNEED_LOCKED);
			break;
		}
		if (!worth_waiting(err))
			return 0;
		sched_yield();
	}
	return MIGSIM_PAGE_SIZE;
}

/*
 * Moves all that is there, however long it takes; what is not is skipped.
 * A hole makes the kernel refuse the whole, so it then goes page by page.
 */
static uint64_t move_for_sure(struct uffd *u, uint64_t dst, uint64_t src,
			      uint64_t len)
{
	uint64_t done = 0, total = 0, moved;
	int err;

	while (done < len) {
		moved = move(u, dst + done, src + done, len - done, &err);
		done += moved;
		total += moved;
		if (!err)
			break;
		if (worth_waiting(err)) {
			sched_yield();
		} else {
			total += move_page(u, dst + done, src + done);
			done += MIGSIM_PAGE_SIZE;
		}
	}
	return total;
}

/* Folios from the first on whose addresses follow each other on both sides. */
static uint32_t run_of(struct migsim_folio **folios, uint32_t n, bool out,
		       uint64_t *len)
{
	const struct migsim_folio *f = folios[0], *g;
	uint32_t i = 1;

	*len = migsim_folio_bytes(f);
	for (; i < n; i++) {
		g = folios[i];
		if (g->addr != f->addr + *len || (out && g->err) ||
		    (out ? g->src != f->src + *len : g->dst != f->dst + *len))
			break;
		*len += migsim_folio_bytes(g);
	}
	return i;
}

/* What the application's VMA is like turns out only now. */
static int explain_einval(struct uffd *u, const struct migsim_folio *f)
{
	struct range *r = ranges_find(&u->ranges, &u->hint, f->addr,
				      migsim_folio_bytes(f));

	if (!r)
		return -EINVAL;
	if (r->locked == LOCKED_UNKNOWN)
		r->locked = vma_locked(f->addr) ? LOCKED_YES : LOCKED_NO;
	/* Another pool will do for it, and for those that stand with it. */
	return r->locked == LOCKED_YES &&
	       (f->space_flags & UFFD_POOL_MASK) < POOL_LOCKED ? -EAGAIN :
								 -EINVAL;
}

/* The first @done bytes of the run are out; the folio behind failed. */
static uint32_t split_run(struct uffd *u, struct migsim_folio **folios,
			  uint64_t done, int err)
{
	struct migsim_folio *f;
	uint32_t i = 0;

	while (done >= migsim_folio_bytes(folios[i]))
		done -= migsim_folio_bytes(folios[i++]);
	f = folios[i];
	if (done)
		move_for_sure(u, f->addr, f->src, done);
	mark_flight(u, &f, 1, false);
	f->err = err == -EINVAL ? explain_einval(u, f) : err;
	return i + 1;
}

void uffd_unmap(void *priv, struct migsim_folio **folios, uint32_t n)
{
	uint32_t i, k, run;
	struct uffd *u = priv;
	uint64_t t, len, done;
	int err;

	mark_flight(u, folios, n, true);
	for (i = 0; i < n; i += run) {
		run = 1;
		if (folios[i]->err)
			continue;
		run = run_of(folios + i, n - i, true, &len);
		t = sys_ticks();
		done = move(u, folios[i]->src, folios[i]->addr, len, &err);
		u->flushes += folios[i]->space_flags & POOL_HUGE ? run : 1;
		for (k = 0; k < run; k++)
			folios[i + k]->unmapped = t;
		if (done < len)
			run = split_run(u, folios + i, done, err);
	}
}

int uffd_copy(void *priv, struct migsim_folio *f)
{
	(void)priv;
	memcpy((void *)(uintptr_t)f->dst, (const void *)(uintptr_t)f->src,
	       migsim_folio_bytes(f));
	return 0;
}

/*
 * The rest of a run whose move in stopped: folio by folio, and page by page
 * where the application has taken addresses away or filled them itself; its
 * own view is then the newer one. A folio of which nothing could be moved in
 * has failed, and undo will find the same.
 */
static void remap_slowly(struct uffd *u, struct migsim_folio *f, uint64_t done)
{
	uint64_t len = migsim_folio_bytes(f);
	int err = 0;

	if (!done)
		done = move(u, f->addr, f->dst, len, &err);
	if (!done && (err == -EAGAIN || err == -EBUSY)) {
		f->err = -EAGAIN;
		return;
	}
	if (done < len)
		done += move_for_sure(u, f->addr + done, f->dst + done,
				      len - done);
	f->err = done ? 0 : err;
	if (done && done < len)
		pool_forget(pool_of(u, f), slots_of(u, f), f->dst);
}

/* Folios that were moved in, side by side in their pool: back with the rest. */
static uint32_t used_run(struct uffd *u, struct migsim_folio **folios,
			 uint32_t n)
{
	const struct migsim_folio *f = folios[0], *g;
	uint64_t len = migsim_folio_bytes(f);
	struct pool *p = pool_of(u, f);
	uint32_t i = 1;

	for (; i < n; i++) {
		g = folios[i];
		if (g->err || pool_of(u, g) != p || g->src != f->src + len ||
		    g->dst != f->dst + len)
			break;
		len += migsim_folio_bytes(g);
	}
	pool_used(p, len >> p->stage.shift, f->dst, f->src);
	return i;
}

static void all_used(struct uffd *u, struct migsim_folio **folios, uint32_t n)
{
	uint32_t i = 0, first;

	while (i < n) {
		for (first = i; i < n && !folios[i]->err; i++)
			;
		mark_flight(u, folios + first, i - first, false);
		while (first < i)
			first += used_run(u, folios + first, i - first);
		while (i < n && folios[i]->err)
			i++;
	}
}

void uffd_remap(void *priv, struct migsim_folio **folios, uint32_t n)
{
	uint32_t i, k, run;
	struct uffd *u = priv;
	uint64_t t, len, done, bytes;
	int err;

	for (i = 0; i < n; i += run) {
		run = run_of(folios + i, n - i, false, &len);
		done = move(u, folios[i]->addr, folios[i]->dst, len, &err);
		t = sys_ticks();
		for (k = 0; k < run; k++) {
			struct migsim_folio *f = folios[i + k];

			bytes = migsim_folio_bytes(f);
			f->err = 0;
			if (done < bytes) {
				remap_slowly(u, f, done);
				t = sys_ticks();
				done = bytes;
				run = k + 1;
			}
			done -= bytes;
			f->remapped = t;
		}
	}
	all_used(u, folios, n);
}

/* Must not fail. What cannot go back has no place any more: unmapped. */
void uffd_undo(void *priv, struct migsim_folio **folios, uint32_t n)
{
	struct uffd *u = priv;
	struct migsim_folio *f;
	uint64_t len, dst;
	uint32_t i;

	for (i = 0; i < n; i++) {
		f = folios[i];
		len = migsim_folio_bytes(f);
		dst = f->space_flags & UFFD_NO_TARGET ? 0 : f->dst;
		if (move_for_sure(u, f->addr, f->src, len) == len)
			pool_put(pool_of(u, f), slots_of(u, f), dst, f->src);
		else
			pool_drop(pool_of(u, f), slots_of(u, f), dst, f->src);
		f->remapped = sys_ticks();
	}
	mark_flight(u, folios, n, false);
}

void uffd_quarantine(void *priv, struct migsim_folio *f)
{
	struct uffd *u = priv;

	pool_quarantine(pool_of(u, f), slots_of(u, f), f->dst);
	f->space_flags |= UFFD_NO_TARGET;
	u->quarantined += migsim_folio_pages(f);
}

/* No 2M page to be had: 512 base pages will do, and the THP falls apart. */
int uffd_split(void *priv, struct migsim_folio *f)
{
	(void)priv;
	if (!(f->space_flags & POOL_HUGE))
		return -EBUSY;
	f->space_flags |= UFFD_SPLIT;
	return 0;
}
