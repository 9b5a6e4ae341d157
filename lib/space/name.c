/* SPDX-License-Identifier: MIT */
/*
 * What a call names: its folios' VMAs, as ranges that are under userfaultfd
 * until the call has ended.
 */
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
			sys_uffd_unregister(u->fd, r->lo, r->hi - r->lo);
		r->registered = false;
		r->lo = r->hi = 0;
	}
}

/*
 * The range around a folio. One that is not known is learnt, as large as its
 * VMA; where none is around it, its move will say so.
 */
static int find_range(struct uffd *u, const struct migsim_folio *f,
		      struct range **r)
{
	uint64_t bytes = migsim_folio_bytes(f);
	struct vma vma;
	int err;

	*r = ranges_find(&u->ranges, &u->hint, f->addr, bytes);
	if (*r || vma_find(f->addr, &vma) || f->addr + bytes > vma.end)
		return 0;
	pthread_mutex_lock(&u->bits);
	err = ranges_add(&u->ranges, vma.start, vma.end, &vma);
	pthread_mutex_unlock(&u->bits);
	*r = ranges_find(&u->ranges, &u->hint, f->addr, bytes);
	return err;
}

/* What the list names of every range. 0 or -ENOMEM. */
static int find_ranges(struct uffd *u, const struct migsim_folio *folios,
		       size_t n)
{
	const struct migsim_folio *f;
	struct range *r = NULL;
	uint64_t end;
	int err;

	for (f = folios; f < folios + n; f++) {
		end = f->addr + migsim_folio_bytes(f);
		if (!r || f->addr < r->start || end > r->end) {
			err = find_range(u, f, &r);
			if (err)
				return err;
		}
		if (!r)
			continue;
		if (!r->hi || f->addr < r->lo)
			r->lo = f->addr;
		if (end > r->hi)
			r->hi = end;
	}
	return 0;
}

/* False: some could not be registered, and say why. */
static bool register_named(struct uffd *u)
{
	struct range *r;
	bool all = true;

	for (r = u->ranges.range; r < u->ranges.range + u->ranges.n; r++) {
		if (!r->hi)
			continue;
		r->err = sys_uffd_register(u->fd, r->lo, r->hi - r->lo);
		r->registered = !r->err;
		all &= r->registered;
	}
	return all;
}

/* A VMA may have changed since its range was learnt: those are learnt anew. */
int name_ranges(struct uffd *u, const struct migsim_folio *folios, size_t n)
{
	size_t i;
	int err;

	err = find_ranges(u, folios, n);
	if (err || register_named(u))
		return err;
	for (i = u->ranges.n; i--;)
		if (u->ranges.range[i].hi && !u->ranges.range[i].registered)
			drop_range(u, &u->ranges.range[i]);
	unname_ranges(u);
	err = find_ranges(u, folios, n);
	if (!err)
		register_named(u);
	return err;
}
