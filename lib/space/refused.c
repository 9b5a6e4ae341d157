/* SPDX-License-Identifier: MIT */
/*
 * Folios that UFFDIO_MOVE has refused: would it take them in another way?
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <migsim/types.h>

#include "sys.h"
#include "uffd.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define PM_EXCLUSIVE	(UINT64_C(1) << 56)	/* mapped by us only, once */
#define PM_PRESENT	(UINT64_C(1) << 63)
#define ENTRIES		64

/* Perhaps the VMA is mlocked: then pages of a locked pool will do. */
int uffd_explain(struct uffd *u, const struct migsim_folio *f)
{
	enum pool_kind kind = f->space_flags & UFFD_POOL_MASK;

	if (kind >= POOL_LOCKED ||
	    f->addr - u->refused.start < u->refused.end - u->refused.start)
		return -EINVAL;
	if (!vma_locked(f->addr, &u->locked)) {
		/* Nor are its other folios; smaps takes long to read. */
		if (vma_find(f->addr, &u->refused))
			u->refused = (struct vma){ 0 };
		return -EINVAL;
	}
	kind += POOL_LOCKED;
	if (!pool_open(&u->pool[kind], kind, &u->config))
		return -EAGAIN;
	u->locked = (struct vma){ 0 };
	return -EPERM;
}

/* What others have mapped, too, would be copied: it stays as it is. */
static bool only_ours(const struct uffd *u, const struct migsim_folio *f)
{
	const uint64_t want = PM_EXCLUSIVE | PM_PRESENT;
	uint64_t pages = migsim_folio_pages(f), entry[ENTRIES], i, n, k;
	uint64_t first = f->addr / MIGSIM_PAGE_SIZE;

	for (i = 0; i < pages; i += n) {
		n = pages - i < ENTRIES ? pages - i : ENTRIES;
		if (pread(u->pagemap, entry, n * sizeof(entry[0]),
			  (off_t)((first + i) * sizeof(entry[0]))) !=
		    (ssize_t)(n * sizeof(entry[0])))
			return false;
		for (k = 0; k < n; k++)
			if ((entry[k] & want) != want)
				return false;
	}
	return true;
}

/*
 * After fork() a page counts as shared until it is written to, even when the
 * child has long gone; the kernel's own migration does not mind. A write fault
 * gives it to who is left, without a copy.
 */
bool uffd_claim(struct uffd *u, struct migsim_folio *f)
{
	int err;

	if (!only_ours(u, f))
		return false;
	/* Not in flight: a page that has gone by now must not be waited for. */
	mark_back(u, &f, 1);
	err = sys_advise((void *)(uintptr_t)f->addr, migsim_folio_bytes(f),
			 MADV_POPULATE_WRITE);
	mark_leaving(u, &f, 1);
	return !err && !f->err;
}
