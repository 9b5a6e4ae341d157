// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver's word is no proof of a copy: ptdma says that all went well whatever
 * its device says. So the end of every target page is made different from what
 * it is to become, and looked at afterwards. That finds what was not copied; a
 * device that copies wrong bytes takes a comparison of all.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include "bridge.h"

/* In one side of a chunk. */
struct place {
	const struct bio_vec *run;
	u32 at;			/* in the run */
};

/* Both sides, in parts: pair_next() says where they end. */
struct pair {
	struct place src;
	struct place dst;
	u32 len;		/* of the part */
};

static struct pair pair_begin(const struct bridge_chunk *chunk)
{
	/* page_address() is to do for a whole run. */
	BUILD_BUG_ON(IS_ENABLED(CONFIG_HIGHMEM));
	return (struct pair){ { chunk->src.runs }, { chunk->dst.runs } };
}

static void advance(struct place *p, u32 len)
{
	p->at += len;
	if (p->at == p->run->bv_len) {
		p->run++;
		p->at = 0;
	}
}

static u32 offset_of(const struct place *p)
{
	return offset_in_page(p->run->bv_offset + p->at);
}

/*
 * The next part of a piece of which so much is left. Returns the rest. Where
 * pages of the source end within those of the target, a part ends there, too:
 * a segment of the source may, and with it a descriptor.
 */
static u32 pair_next(struct pair *p, u32 left)
{
	advance(&p->src, p->len);
	advance(&p->dst, p->len);
	p->len = min3(left, p->src.run->bv_len - p->src.at,
		      p->dst.run->bv_len - p->dst.at);
	if (offset_of(&p->src) != offset_of(&p->dst))
		p->len = min_t(u32, p->len, PAGE_SIZE - offset_of(&p->src));
	return left - p->len;
}

static void *address(const struct place *p)
{
	return page_address(p->run->bv_page) + p->run->bv_offset + p->at;
}

#define PAGE_WORDS	(PAGE_SIZE / sizeof(u64))

/* The last word before each end of a page of the target, and of the part. */
struct tails {
	const u64 *src;
	u64 *dst;
	u64 *last;
};

static struct tails tails(const struct pair *p)
{
	void *src = address(&p->src), *dst = address(&p->dst);
	u32 end = min_t(u32, p->len, PAGE_SIZE - offset_in_page(dst));

	return (struct tails){
		.src = src + end - sizeof(u64),
		.dst = dst + end - sizeof(u64),
		.last = dst + p->len - sizeof(u64),
	};
}

static void poison_part(const struct pair *p)
{
	struct tails t = tails(p);

	for (; t.dst < t.last; t.dst += PAGE_WORDS, t.src += PAGE_WORDS)
		*t.dst = ~READ_ONCE(*t.src);
	t.src -= t.dst - t.last;
	*t.last = ~READ_ONCE(*t.src);
}

static bool tails_are_right(const struct pair *p)
{
	struct tails t = tails(p);

	for (; t.dst < t.last; t.dst += PAGE_WORDS, t.src += PAGE_WORDS) {
		if (*t.dst != READ_ONCE(*t.src))
			return false;
	}
	t.src -= t.dst - t.last;
	return *t.last == READ_ONCE(*t.src);
}

static bool is_right(const struct pair *p, bool all)
{
	return all ? !memcmp(address(&p->dst), address(&p->src), p->len) :
		     tails_are_right(p);
}

/* Before it is mapped. */
void bridge_poison(struct bridge_chunk *chunk)
{
	struct pair p = pair_begin(chunk);
	struct bridge_piece *piece;
	u32 left;

	chunk->check = (u8)READ_ONCE(bridge_check);
	if (chunk->check == MIGSIM_DMA_CHECK_NONE)
		return;
	for (piece = chunk->first; piece; piece = piece->next) {
		for (left = piece->len; left;) {
			left = pair_next(&p, left);
			poison_part(&p);
		}
	}
}

/* After it is unmapped. */
void bridge_check_copied(struct bridge_chunk *chunk)
{
	bool all = chunk->check == MIGSIM_DMA_CHECK_FULL, right;
	struct pair p = pair_begin(chunk);
	struct bridge_piece *piece;
	u32 left;

	if (chunk->check == MIGSIM_DMA_CHECK_NONE)
		return;
	for (piece = chunk->first; piece; piece = piece->next) {
		right = true;
		for (left = piece->len; left;) {
			left = pair_next(&p, left);
			right = right && is_right(&p, all);
		}
		if (!right && !piece->error) {
			piece->error = -EIO;
			bridge_count(BRIDGE_CHECK_ERRORS, 1);
		}
	}
}
