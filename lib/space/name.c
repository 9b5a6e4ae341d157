/* SPDX-License-Identifier: MIT */
/*
 * What a call names: its folios' VMAs, as ranges that are under userfaultfd
 * until the call has ended.
 */
#include <errno.h>

#include "sys.h"
#include "uffd.h"

static void drop_range(struct uffd *u, struct range *r)
{
	pthread_mutex_lock(&u->bits);
	ranges_drop(&u->ranges, r);
	pthread_mutex_unlock(&u->bits);
}

void unname_ranges(struct uffd *u)
{
	struct range *r;

	for (r = u->ranges.range; r < u->ranges.range + u->ranges.n; r++) {
		if (r->registered)
			sys_uffd_unregister(u->fd, r->start, r->end - r->start);
		r->registered = false;
	}
}

/*
 * Makes a range for a folio that lies in none: what the list names of its VMA.
 * Nothing when there is no VMA around it: its move will say so.
 */
static int meet(struct uffd *u, const struct migsim_folio *folios, size_t n,
		const struct migsim_folio *f)
{
	uint64_t lo = f->addr, hi = lo + migsim_folio_bytes(f);
	struct vma vma;
	int err;

	if (vma_find(f->addr, &vma) || hi > vma.end)
		return 0;
	for (; f < folios + n; f++) {
		if (f->addr < vma.start ||
		    f->addr + migsim_folio_bytes(f) > vma.end)
			continue;
		if (f->addr < lo)
			lo = f->addr;
		if (f->addr + migsim_folio_bytes(f) > hi)
			hi = f->addr + migsim_folio_bytes(f);
	}
	pthread_mutex_lock(&u->bits);
	err = ranges_add(&u->ranges, lo, hi, &vma);
	pthread_mutex_unlock(&u->bits);
	return err;
}

/* Every folio lies in a range, as far as there can be one. 0 or -ENOMEM. */
static int meet_all(struct uffd *u, const struct migsim_folio *folios, size_t n)
{
	const struct migsim_folio *f;
	struct range *r = NULL;
	int err;

	for (f = folios; f < folios + n; f++) {
		if (r && f->addr >= r->start &&
		    f->addr + migsim_folio_bytes(f) <= r->end)
			continue;
		r = ranges_find(&u->ranges, &u->hint, f->addr,
				migsim_folio_bytes(f));
		if (r)
			continue;
		err = meet(u, folios, n, f);
		if (err)
			return err;
		r = ranges_find(&u->ranges, &u->hint, f->addr,
				migsim_folio_bytes(f));
	}
	return 0;
}

/* False: some could not be registered, and say why. */
static bool register_named(struct uffd *u, const struct migsim_folio *folios,
			   size_t n)
{
	const struct migsim_folio *f;
	struct range *r = NULL;
	bool all = true;

	for (f = folios; f < folios + n; f++) {
		if (r && f->addr >= r->start && f->addr < r->end)
			continue;
		r = ranges_find(&u->ranges, &u->hint, f->addr,
				migsim_folio_bytes(f));
		if (!r || r->registered)
			continue;
		r->err = sys_uffd_register(u->fd, r->start, r->end - r->start);
		r->registered = !r->err;
		all &= r->registered;
	}
	return all;
}

/*
 * Puts what the folios name under userfaultfd. A VMA may have changed since its
 * range was made: those are made anew.
 */
int name_ranges(struct uffd *u, const struct migsim_folio *folios,
		       size_t n)
{
	size_t i;
	int err;

	err = meet_all(u, folios, n);
	if (err || register_named(u, folios, n))
		return err;
	for (i = u->ranges.n; i--;)
		if (u->ranges.range[i].err)
			drop_range(u, &u->ranges.range[i]);
	unname_ranges(u);
	err = meet_all(u, folios, n);
	if (!err)
		register_named(u, folios, n);
	return err;
}
