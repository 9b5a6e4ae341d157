/* SPDX-License-Identifier: MIT */
/*
 * What is copied: every length and place, alone and beside others.
 */
#include "rig.h"

#define PAGE	(4 * KIB)
#define LINE	((size_t)64)

static bool short_lengths(struct rig *r)
{
	size_t len;

	for (len = LINE; len <= 2 * PAGE; len += LINE)
		if (!rig_place(r, len))
			return false;
	return true;
}

static bool page_lengths(struct rig *r)
{
	size_t len;

	for (len = PAGE; len <= 2 * MIB; len *= 2)
		if (!rig_place(r, len - LINE) || !rig_place(r, len) ||
		    !rig_place(r, len + LINE))
			return false;
	return true;
}

static bool odd_lengths(struct rig *r)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		if (!rig_place(r, LINE * (next_random(&r->random) %
					  (MIB / LINE) | 1)))
			return false;
	return true;
}

static void lengths(struct suite *s)
{
	struct rig r;

	if (rig_open(&r, s, 5 * MIB, 256) && short_lengths(&r) &&
	    page_lengths(&r) && odd_lengths(&r))
		rig_run(&r);
	rig_close(&r);
}

/* One place of the target in a page, and every place of the source. */
static bool align(struct rig *r, size_t dst)
{
	static const size_t len[] = { 64, 128, 448, 4032, 4096, 4160, 5056 };
	const size_t stride = 3 * PAGE;
	size_t i;

	rig_begin(r);
	for (i = 0; i < PAGE / LINE; i++)
		rig_add(r, i * stride + dst, i * stride + i * LINE,
			len[(dst / LINE + i) % (sizeof(len) / sizeof(len[0]))]);
	return rig_run(r);
}

static void alignments(struct suite *s)
{
	size_t dst, n = PAGE / LINE;
	struct rig r;

	if (rig_open(&r, s, n * 3 * PAGE, (uint32_t)n))
		for (dst = 0; dst < PAGE && align(&r, dst); dst += LINE)
			;
	rig_close(&r);
}

#define RUN	640	/* pages: more than 2M, up to which engines may join */

/* A run of pages: each side goes on from page to page, or backwards. */
static bool run_of_pages(struct rig *r, bool dst_back, bool src_back,
			 size_t dst_offset)
{
	size_t i, back;

	rig_begin(r);
	for (i = 0; i < RUN; i++) {
		back = RUN - 1 - i;
		rig_add(r, dst_offset + (dst_back ? back : i) * PAGE,
			PAGE + (src_back ? back : i) * PAGE, PAGE);
	}
	return rig_run(r);
}

static void neighbours(struct suite *s)
{
	struct rig r;

	if (rig_open(&r, s, (RUN + 2) * PAGE, RUN) &&
	    run_of_pages(&r, false, false, PAGE) &&
	    run_of_pages(&r, false, true, PAGE) &&
	    run_of_pages(&r, true, false, PAGE) &&
	    run_of_pages(&r, true, true, PAGE))
		run_of_pages(&r, false, false, 5 * LINE);
	rig_close(&r);
}

static bool scatter(struct rig *r)
{
	uint32_t n = 1 + (uint32_t)(next_random(&r->random) % 200);
	size_t len;

	rig_begin(r);
	while (r->n < n) {
		len = next_random(&r->random) % 4 ? PAGE :
		      LINE * (1 + next_random(&r->random) % 1024);
		if (!rig_place(r, len))
			return false;
	}
	rig_shuffle(r);
	r->burst = 1 + (uint32_t)(next_random(&r->random) % n);
	return rig_run(r);
}

static void scattered(struct suite *s)
{
	unsigned int i;
	struct rig r;

	if (rig_open(&r, s, 4 * MIB, 200))
		for (i = 0; i < 8 && scatter(&r); i++)
			;
	rig_close(&r);
}

/* A folio cut in pieces, as the core cuts it, submitted in any order. */
static bool cut(struct rig *r, size_t folio, uint32_t pieces)
{
	uint32_t i;
	size_t at, end;

	rig_begin(r);
	for (i = 0; i < pieces; i++) {
		at = folio / PAGE * i / pieces * PAGE;
		end = folio / PAGE * (i + 1) / pieces * PAGE;
		rig_add(r, folio + at, folio + at, end - at)->piece =
			(uint16_t)i;
	}
	rig_shuffle(r);
	return rig_run(r);
}

static void pieces(struct suite *s)
{
	struct rig r;

	if (rig_open(&r, s, 4 * MIB, MIGSIM_MAX_PIECES) &&
	    cut(&r, 2 * MIB, MIGSIM_MAX_PIECES) && cut(&r, 2 * MIB, 7) &&
	    cut(&r, 64 * KIB, 16))
		cut(&r, 64 * KIB, 3);
	rig_close(&r);
}

static bool deal(struct rig *r, uint32_t lanes, bool some_any)
{
	uint32_t i;

	rig_begin(r);
	for (i = 0; i < r->room; i++) {
		struct migsim_copy *c = rig_add(r, 2 * i * PAGE, 2 * i * PAGE,
						PAGE);

		if (lanes && !(some_any && i % 3 == 0))
			c->lane = (uint16_t)(lanes - 1 - i % lanes);
	}
	return rig_run(r);
}

static void lanes(struct suite *s)
{
	uint32_t channels;
	struct rig r;

	if (rig_open(&r, s, MIB, 128)) {
		channels = r.engine->caps.channels;
		if (channels > 20000)
			channels = 20000;
		if (deal(&r, 0, false) && deal(&r, 1, false) &&
		    deal(&r, channels, false) && deal(&r, channels, true) &&
		    deal(&r, 3 * channels + 2, false))
			deal(&r, MIGSIM_LANE_ANY, false);
	}
	rig_close(&r);
}

const struct check copy_checks[] = {
	{ "lengths", "multiples of 64, pages up to 2M, odd ones", lengths },
	{ "alignments", "every place in a page, on both sides", alignments },
	{ "neighbours", "runs that go on, on both sides or on one",
	  neighbours },
	{ "scattered", "random lengths, places, orders and submissions",
	  scattered },
	{ "pieces", "a folio in pieces, in any order", pieces },
	{ "lanes", "none, one, as many as channels, more", lanes },
	{ 0 },
};
