// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver's word is no proof of a copy: ptdma says that all went well whatever
 * its device says. So the end of every target page is made different from what
 * it is to become, and looked at afterwards. That finds what was not copied; a
 * device that copies wrong bytes takes a comparison of all.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "bridge.h"

#define TAIL	BRIDGE_ALIGN

/* The two sides of a piece, in parts that do not cross a page on either. */
struct pair {
	struct page **src;
	struct page **dst;
	unsigned int src_at;
	unsigned int dst_at;
	unsigned int len;
	u32 left;
};

static void pair_begin(struct pair *p, const struct bridge_piece *piece,
		       struct page **src, struct page **dst)
{
	p->src = src;
	p->dst = dst;
	p->src_at = offset_in_page(piece->copy->src + piece->offset);
	p->dst_at = offset_in_page(piece->copy->dst + piece->offset);
	p->left = piece->len;
	p->len = 0;
}

/* Behind the last part the pages are those of the next piece. */
static bool pair_next(struct pair *p)
{
	p->src_at += p->len;
	p->dst_at += p->len;
	p->left -= p->len;
	if (p->src_at == PAGE_SIZE || (!p->left && p->src_at)) {
		p->src++;
		p->src_at = 0;
	}
	if (p->dst_at == PAGE_SIZE || (!p->left && p->dst_at)) {
		p->dst++;
		p->dst_at = 0;
	}
	p->len = min3(p->left, (u32)(PAGE_SIZE - p->src_at),
		      (u32)(PAGE_SIZE - p->dst_at));
	return p->left;
}

static void poison_part(const struct pair *p)
{
	u8 *src = kmap_local_page(*p->src), *dst = kmap_local_page(*p->dst);
	unsigned int i;

	for (i = p->len - TAIL; i < p->len; i++)
		dst[p->dst_at + i] = (u8)~READ_ONCE(src[p->src_at + i]);
	kunmap_local(dst);
	kunmap_local(src);
}

static bool is_right(const struct pair *p, bool all)
{
	u8 *src = kmap_local_page(*p->src), *dst = kmap_local_page(*p->dst);
	unsigned int skip = all ? 0 : p->len - TAIL;
	bool right = !memcmp(dst + p->dst_at + skip, src + p->src_at + skip,
			     p->len - skip);

	kunmap_local(dst);
	kunmap_local(src);
	return right;
}

/* Before it is mapped. */
void bridge_poison(struct bridge_chunk *chunk)
{
	struct page **src = chunk->src.pages, **dst = chunk->dst.pages;
	struct bridge_piece *piece;
	struct pair p;

	chunk->check = (u8)min_t(unsigned int, READ_ONCE(bridge_check),
				 MIGSIM_DMA_CHECK_FULL);
	if (chunk->check == MIGSIM_DMA_CHECK_NONE)
		return;
	for (piece = chunk->first; piece; piece = piece->next) {
		pair_begin(&p, piece, src, dst);
		while (pair_next(&p))
			poison_part(&p);
		src = p.src;
		dst = p.dst;
	}
}

/* After it is unmapped. */
void bridge_check_copied(struct bridge_chunk *chunk)
{
	struct page **src = chunk->src.pages, **dst = chunk->dst.pages;
	bool all = chunk->check == MIGSIM_DMA_CHECK_FULL, right;
	struct bridge_piece *piece;
	struct pair p;

	if (chunk->check == MIGSIM_DMA_CHECK_NONE)
		return;
	for (piece = chunk->first; piece; piece = piece->next) {
		pair_begin(&p, piece, src, dst);
		right = true;
		while (pair_next(&p))
			right = right && is_right(&p, all);
		src = p.src;
		dst = p.dst;
		if (!right && !piece->error) {
			piece->error = -EIO;
			bridge_count(BRIDGE_CHECK_ERRORS, 1);
		}
	}
}
