/* SPDX-License-Identifier: MIT */
/*
 * Folios as move_pages(2) wants them, page by page, and what it did to them.
 *
 * A folio of the kernel's is named by its first page: naming the others as
 * well would end the kernel's list at each, and every folio were a batch of
 * its own. All pages are named of what is none: an order that base pages map,
 * or a THP that the kernel has split.
 */
#ifndef MIGSIM_PAGE_LIST_H
#define MIGSIM_PAGE_LIST_H

#include <migsim/types.h>

/* space_flags of a folio: */
#define KERNEL_WHOLE	1	/* its first page names it */
#define KERNEL_GUESSED	2	/* likely: nobody could be asked */

struct page_list {
	int to;			/* the target node */
	int pagemap, kpageflags; /* fds; -1: not readable */
	uint64_t not_huge;	/* 2M folios that no huge page maps */
	size_t n, cap;		/* pages that are named */
	void **pages;
	int *nodes;
	int *status;
};

void page_list_open(struct page_list *l, int to);
void page_list_close(struct page_list *l);

/* How each folio is to be named, and room for that. 0 or -ENOMEM. */
int page_list_prepare(struct page_list *l, struct migsim_folio *folios,
		      size_t n);

/*
 * The migration entries that take the place of what maps the folios, once
 * prepared: one for a huge page, one for every page of any other folio, also
 * where its first names it.
 */
uint64_t page_list_entries(const struct migsim_folio *folios, size_t n);

void page_list_name(struct page_list *l, const struct migsim_folio *folios,
		    size_t n);

/* move_pages(2) of what was named: as it returns. */
int page_list_move(struct page_list *l);

/*
 * Sets the status of each folio. @rc: what page_list_move() returned. Returns
 * the number of folios that are not wholly on the target.
 */
long page_list_read(struct page_list *l, struct migsim_folio *folios, size_t n,
		    int rc);

#endif
