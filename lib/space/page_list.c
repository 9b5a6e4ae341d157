/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "page_list.h"
#include "sys.h"

/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_PRESENT	(UINT64_C(1) << 63)
#define PAGEMAP_PFN	((UINT64_C(1) << 55) - 1)
#define KPF_HEAD	(UINT64_C(1) << 15)
#define KPF_TAIL	(UINT64_C(1) << 16)

#define MAX_PAGES	(1u << MIGSIM_MAX_ORDER)

/* What no status is: the kernel leaves those of failed pages unwritten. */
#define UNWRITTEN	(-EAGAIN)

void page_list_open(struct page_list *l, int to)
{
	*l = (struct page_list){ .to = to };
	l->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	l->kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
}

static void free_vectors(struct page_list *l)
{
	sys_unmap(l->pages, l->cap * sizeof(*l->pages));
	sys_unmap(l->nodes, l->cap * sizeof(*l->nodes));
	sys_unmap(l->status, l->cap * sizeof(*l->status));
}

void page_list_close(struct page_list *l)
{
	free_vectors(l);
	if (l->pagemap >= 0)
		close(l->pagemap);
	if (l->kpageflags >= 0)
		close(l->kpageflags);
}

static void *page_of(const struct migsim_folio *f, size_t i)
{
	return (void *)(uintptr_t)(f->addr + i * MIGSIM_PAGE_SIZE);
}

static size_t named_pages(const struct migsim_folio *f)
{
	return f->space_flags & KERNEL_WHOLE ? 1 : migsim_folio_pages(f);
}

/* 0 where there is none, or without the right to see it. */
static uint64_t frame_of(const struct page_list *l, uint64_t addr)
{
	uint64_t entry;

	if (pread(l->pagemap, &entry, sizeof(entry),
		  (off_t)(addr / MIGSIM_PAGE_SIZE * sizeof(entry))) !=
	    sizeof(entry) || !(entry & PAGEMAP_PRESENT))
		return 0;
	return entry & PAGEMAP_PFN;
}

static bool frame_is(const struct page_list *l, uint64_t frame, uint64_t flag)
{
	uint64_t flags;

	return pread(l->kpageflags, &flags, sizeof(flags),
		     (off_t)(frame * sizeof(flags))) == sizeof(flags) &&
	       flags & flag;
}

/* From head to tail one folio of the kernel's? -EPERM: it cannot be seen. */
static int is_whole(const struct page_list *l, const struct migsim_folio *f)
{
	uint64_t last = migsim_folio_pages(f) - 1;
	uint64_t frame = frame_of(l, f->addr);

	if (!frame || l->kpageflags < 0)
		return -EPERM;
	return frame_is(l, frame, KPF_HEAD) &&
	       frame_of(l, f->addr + last * MIGSIM_PAGE_SIZE) == frame + last &&
	       frame_is(l, frame + last, KPF_TAIL);
}

/* Base pages of the folio that do not lie on the node. */
static size_t pages_off(const struct migsim_folio *f, int node)
{
	size_t i, n = migsim_folio_pages(f), off = 0;
	void *pages[MAX_PAGES];
	int found[MAX_PAGES];

	for (i = 0; i < n; i++)
		pages[i] = page_of(f, i);
	if (sys_move_pages(n, pages, NULL, found) < 0)
		return n;
	for (i = 0; i < n; i++)
		off += found[i] != node;
	return off;
}

/*
 * PAGEMAP_SCAN (Linux 6.7) tells what huge pages map; before it, and of
 * smaller folios, the flags of frames do, for root. Without either a 2M folio
 * passes for a huge page until it is found half on the target.
 */
static void name_huge(struct page_list *l, struct migsim_folio *f)
{
	int64_t bytes = (int64_t)migsim_folio_bytes(f), huge;
	int whole;
	size_t off;

	huge = sys_huge_bytes(l->pagemap, f->addr, (uint64_t)bytes);
	whole = huge < 0 ? is_whole(l, f) : huge == bytes;
	if (whole < 0) {
		off = pages_off(f, l->to);
		whole = !off || off == migsim_folio_pages(f);
		if (whole)
			f->space_flags |= KERNEL_GUESSED;
	}
	if (whole)
		f->space_flags |= KERNEL_WHOLE;
	else
		l->not_huge++;
}

static int make_vectors(struct page_list *l, size_t n)
{
	if (n <= l->cap)
		return 0;
	free_vectors(l);
	l->cap = n;
	l->pages = sys_map(n * sizeof(*l->pages));
	l->nodes = sys_map(n * sizeof(*l->nodes));
	l->status = sys_map(n * sizeof(*l->status));
	if (l->pages && l->nodes && l->status)
		return 0;
	free_vectors(l);
	l->cap = 0;
	return -ENOMEM;
}

int page_list_prepare(struct page_list *l, struct migsim_folio *folios,
		      size_t n)
{
	size_t i, pages = 0;

	for (i = 0; i < n; i++) {
		if (folios[i].order == MIGSIM_MAX_ORDER)
			name_huge(l, &folios[i]);
		else if (folios[i].order && is_whole(l, &folios[i]) > 0)
			folios[i].space_flags = KERNEL_WHOLE;
		pages += named_pages(&folios[i]);
	}
	l->n = pages;
	return make_vectors(l, pages);
}

uint64_t page_list_entries(const struct migsim_folio *folios, size_t n)
{
	uint64_t entries = 0;
	size_t i;

	for (i = 0; i < n; i++)
		entries += folios[i].order == MIGSIM_MAX_ORDER ?
			   named_pages(&folios[i]) :
			   migsim_folio_pages(&folios[i]);
	return entries;
}

void page_list_name(struct page_list *l, const struct migsim_folio *folios,
		    size_t n)
{
	size_t i, j, at = 0;

	for (i = 0; i < n; i++) {
		for (j = 0; j < named_pages(&folios[i]); j++, at++) {
			l->pages[at] = page_of(&folios[i], j);
			l->nodes[at] = l->to;
			l->status[at] = UNWRITTEN;
		}
	}
}

int page_list_move(struct page_list *l)
{
	return sys_move_pages(l->n, l->pages, l->nodes, l->status);
}

static bool all_written(const struct page_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->status[i] != l->to)
			return false;
	return true;
}

/* 0, or why not every named page lies on the target. */
static int why_not(const struct page_list *l, size_t at, size_t n, int rc)
{
	size_t i;

	for (i = at; i < at + n; i++) {
		if (l->nodes[i] == l->to)
			continue;
		if (l->status[i] < 0 && l->status[i] != UNWRITTEN)
			return l->status[i];
		return rc == -ENOMEM ? rc : -EAGAIN;
	}
	return 0;
}

/*
 * A call that fails leaves the statuses of its last pages unwritten, moved or
 * not, and one that meets a folio twice says EBUSY of it: then the pages' own
 * nodes tell. (Those of the target's vector are not needed any more.)
 */
long page_list_read(struct page_list *l, struct migsim_folio *folios, size_t n,
		    int rc)
{
	bool asked = rc || !all_written(l);
	size_t i, named, at = 0;
	long failed = 0;

	if (asked && sys_move_pages(l->n, l->pages, NULL, l->nodes) < 0)
		return rc < 0 ? rc : -EIO;
	for (i = 0; i < n; i++, at += named) {
		struct migsim_folio *f = &folios[i];

		named = named_pages(f);
		f->status = asked ? why_not(l, at, named, rc) : 0;
		/* The kernel may have split what one page has named. */
		if (!f->status && migsim_folio_pages(f) > named &&
		    (asked || f->space_flags & KERNEL_GUESSED) &&
		    pages_off(f, l->to))
			f->status = rc == -ENOMEM ? rc : -EAGAIN;
		failed += f->status != 0;
	}
	return failed;
}
