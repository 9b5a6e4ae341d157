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
#include <errno.h>
#include <string.h>

#include <migsim/types.h>

#include "sys.h"
#include "uffd.h"

static struct pool *pool_of(struct uffd *u, const struct migsim_folio *f)
{
	return &u->pool[f->space_flags & UFFD_POOL_MASK];
}

static size_t slots_of(struct uffd *u, const struct migsim_folio *f)
{
	return migsim_folio_bytes(f) >> pool_of(u, f)->stage.shift;
}

/* prepare found out what is huge; locked and split come on the way. */
static void choose_pool(struct uffd *u, struct migsim_folio *f)
{
	uint8_t kind = f->space_flags & POOL_HUGE;

	if (f->space_flags & UFFD_SPLIT)
		kind = POOL_BASE;
	if (f->addr - u->locked.start < u->locked.end - u->locked.start)
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
		f = folios[i];
		choose_pool(u, f);
		kind = f->space_flags & UFFD_POOL_MASK;
		need[kind] += slots_of(u, f);
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
 * Folios from the first on, of one range, whose addresses follow each other on
 * both sides.
 */
static uint32_t run_of(struct uffd *u, struct migsim_folio **folios, uint32_t n,
		       bool out, uint64_t *len)
{
	const struct migsim_folio *f = folios[0], *g;
	const struct range *r = ranges_find(&u->ranges, &u->hint, f->addr,
					    migsim_folio_bytes(f));
	uint32_t i = 1;

	*len = migsim_folio_bytes(f);
	for (; i < n; i++) {
		g = folios[i];
		if (g->addr != f->addr + *len || g->addr >= r->end ||
		    (out ? g->err || g->src != f->src + *len
			 : g->dst != f->dst + *len))
			break;
		*len += migsim_folio_bytes(g);
	}
	return i;
}

/* One folio out; what is there of it goes back when not all of it is. */
static int move_out(struct uffd *u, struct migsim_folio *f)
{
	uint64_t done;
	int err;

	f->unmapped = sys_ticks();
	done = uffd_move_some(u, f->src, f->addr, migsim_folio_bytes(f), &err);
	if (err && done)
		uffd_move_all(u, f->addr, f->src, done);
	return err;
}

static int unmap_one(struct uffd *u, struct migsim_folio *f)
{
	int err = move_out(u, f);

	if (err == -EBUSY && uffd_claim(u, f))
		err = move_out(u, f);
	if (!err)
		return 0;
	mark_back_and_wake(u, f);
	return err == -EINVAL ? uffd_explain(u, f) : err;
}

/*
 * A run of which only the first @done bytes went out. The folio behind them is
 * tried alone: a run that crosses into another VMA is refused whole.
 */
static uint32_t unmap_stopped(struct uffd *u, struct migsim_folio **folios,
			      uint64_t done)
{
	struct migsim_folio *f;
	uint32_t i = 0;

	while (done >= migsim_folio_bytes(folios[i]))
		done -= migsim_folio_bytes(folios[i++]);
	f = folios[i];
	if (done)
		uffd_move_all(u, f->addr, f->src, done);
	u->flushes++;
	f->err = unmap_one(u, f);
	return i + 1;
}

void uffd_unmap(void *priv, struct migsim_folio **folios, uint32_t n)
{
	uint32_t i, k, run;
	struct uffd *u = priv;
	uint64_t t, len, done;
	int err;

	mark_leaving(u, folios, n);
	for (i = 0; i < n; i += run) {
		run = 1;
		if (folios[i]->err)
			continue;
		run = run_of(u, folios + i, n - i, true, &len);
		t = sys_ticks();
		done = uffd_move_some(u, folios[i]->src, folios[i]->addr, len, &err);
		u->flushes += folios[i]->space_flags & POOL_HUGE ? run : 1;
		for (k = 0; k < run; k++)
			folios[i + k]->unmapped = t;
		if (err)
			run = unmap_stopped(u, folios + i, done);
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
		done = uffd_move_some(u, f->addr, f->dst, len, &err);
	if (!done && (err == -EAGAIN || err == -EBUSY)) {
		f->err = -EAGAIN;
		return;
	}
	if (done < len)
		done += uffd_move_all(u, f->addr + done, f->dst + done,
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
		mark_back(u, folios + first, i - first);
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
		run = run_of(u, folios + i, n - i, false, &len);
		done = uffd_move_some(u, folios[i]->addr, folios[i]->dst, len, &err);
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
static void undo_one(struct uffd *u, struct migsim_folio *f)
{
	bool stuck = f->space_flags & UFFD_NO_TARGET;
	uint64_t dst = stuck ? 0 : f->dst;
	uint64_t len = migsim_folio_bytes(f), back;

	back = stuck ? uffd_bring_back(u, f->addr, f->src, len)
		     : uffd_move_all(u, f->addr, f->src, len);
	if (back == len)
		pool_put(pool_of(u, f), slots_of(u, f), dst, f->src);
	else
		pool_drop(pool_of(u, f), slots_of(u, f), dst, f->src);
	f->remapped = sys_ticks();
	mark_back_and_wake(u, f);
}

void uffd_undo(void *priv, struct migsim_folio **folios, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		undo_one(priv, folios[i]);
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
	struct uffd *u = priv;

	if (!(f->space_flags & POOL_HUGE))
		return -EBUSY;
	if (pool_open(&u->pool[POOL_BASE], POOL_BASE, &u->config))
		return -EBUSY;
	f->space_flags |= UFFD_SPLIT;
	return 0;
}
