// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of the caller are pinned for as long as a channel has them.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "bridge.h"

unsigned long bridge_pages_of(u64 addr, u64 len)
{
	return (unsigned long)((offset_in_page(addr) + len + PAGE_SIZE - 1) >>
			       PAGE_SHIFT);
}

/*
 * Pins some pages of the range, the first ones: how many, or -errno. Without
 * FOLL_LONGTERM, which would move pages out of ZONE_MOVABLE, where the memory
 * of CXL devices is.
 */
int bridge_look_up(u64 addr, u64 len, bool write, struct page **batch)
{
	unsigned long most = min_t(unsigned long, BRIDGE_BATCH,
				   bridge_pages_of(addr, len));
	int got;

	if (fatal_signal_pending(current))
		return -EINTR;
	got = pin_user_pages_fast((unsigned long)addr & PAGE_MASK, (int)most,
				  write ? FOLL_WRITE : 0, batch);
	if (got > 0)
		return got;
	return got == -ENOMEM || got == -EINTR ? got : -EFAULT;
}

/*
 * Behind that one in memory, and in the same array: where each section has one
 * of its own, they can lie beside each other although the sections do not.
 */
static bool is_next(const struct page *page, const struct page *before)
{
	if (page != before + 1)
		return false;
	return !IS_ENABLED(CONFIG_SPARSEMEM) ||
	       IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP) ||
	       page_to_pfn(page) == page_to_pfn(before) + 1;
}

/* How many of these pages lie beside each other. */
static unsigned int neighbours(struct page **pages, unsigned int n)
{
	unsigned int i = 1;

	while (i < n && is_next(pages[i], pages[i - 1]))
		i++;
	return i;
}

/* A run is never joined within a page: each page of it was pinned once. */
static void add_run(struct bridge_pins *pins, struct page *page,
		    unsigned int offset, unsigned int len)
{
	if (pins->last && !offset && is_next(page, pins->last) &&
	    pins->runs[pins->nr - 1].bv_len < SZ_1G)
		pins->runs[pins->nr - 1].bv_len += len;
	else
		pins->runs[pins->nr++] = (struct bio_vec){ page, len, offset };
	pins->last = NULL;
	if (pins->join && !((offset + len) % PAGE_SIZE))
		pins->last = page + ((offset + len) >> PAGE_SHIFT) - 1;
}

/*
 * Takes over @nr pinned pages, which begin at @addr and hold @len bytes more at
 * most. Returns how many bytes they hold.
 */
u64 bridge_add_runs(struct bridge_pins *pins, struct page **pages,
		    unsigned int nr, u64 addr, u64 len)
{
	u64 start = addr, end = addr + len;
	unsigned int i, n, bytes;

	for (i = 0; i < nr; i += n, addr += bytes) {
		n = pins->join ? neighbours(pages + i, nr - i) : 1;
		bytes = (unsigned int)min_t(u64, end - addr,
				n * PAGE_SIZE - offset_in_page(addr));
		add_run(pins, pages[i], offset_in_page(addr), bytes);
	}
	pins->pages += nr;
	return addr - start;
}

/* May sleep. */
void bridge_unpin(struct bridge_pins *pins, bool dirty)
{
	const struct bio_vec *run = pins->runs;

	for (; pins->nr; pins->nr--, run++)
		unpin_user_page_range_dirty_lock(
			run->bv_page,
			bridge_pages_of(run->bv_offset, run->bv_len), dirty);
	pins->pages = 0;
}
