/* SPDX-License-Identifier: MIT */
/*
 * What is tried of each kind of policy. The kinds that fit today's series are
 * tried without cutting folios, which does not.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "recommend.h"
#include "render.h"

/* Beyond that a batch gains nothing that its latency would not spoil. */
#define LARGEST		65536
#define MAX_CUT		8	/* pieces of at least LEAST_PIECE pages */
#define LEAST_PIECE	32

void words_add(struct word_list *l, const char *fmt, ...)
{
	char **grown = realloc(l->word, (l->n + 1) * sizeof(*grown));
	va_list ap;

	if (grown)
		l->word = grown;
	va_start(ap, fmt);
	if (!grown || vasprintf(&grown[l->n], fmt, ap) < 0)
		l->broken = true;
	else
		l->n++;
	va_end(ap);
}

static uint64_t folio_pages(const struct grid_ask *ask)
{
	return (uint64_t)1 << ask->order;
}

/* From at least @least pages, and one folio; a call is the longest batch. */
static uint64_t ladder_start(const struct grid_ask *ask, uint64_t least)
{
	return least > folio_pages(ask) ? least : folio_pages(ask);
}

static uint64_t clamp(const struct grid_ask *ask, uint64_t end)
{
	end = end < LARGEST ? end : LARGEST;
	end = end < ask->call_pages ? end : ask->call_pages;
	return end > folio_pages(ask) ? end : folio_pages(ask);
}

/* A small folio needs no finer ladder, and each of its runs takes longer. */
static bool large_folios(const struct grid_ask *ask)
{
	return folio_pages(ask) >= 2 * LEAST_PIECE;
}

/*
 * The batch is tried up to the end, for its knee. Of the others only what
 * could come near the bound: 8 pages per us are 31 GiB/s, which small folios
 * do not reach, 64 are 244.
 */
static uint64_t others_end(const struct grid_ask *ask)
{
	double pages = ask->bounds->first_us * (large_folios(ask) ? 64 : 8);

	return clamp(ask, pages < LARGEST ? (uint64_t)pages : LARGEST);
}

/* Real memory takes its time: half as many. */
static uint64_t step(const struct grid_ask *ask)
{
	return ask->real ? 4 : 2;
}

#define for_ladder(n, ask, least, by) \
	for (n = ladder_start(ask, least); n <= others_end(ask); n *= (by))

/* One piece, two, four, eight: of folios large enough. */
static uint64_t cuts(const struct grid_ask *ask)
{
	uint64_t most = folio_pages(ask) / LEAST_PIECE;

	if (ask->cpu || most < 1)
		return 1;
	return most < MAX_CUT ? most : MAX_CUT;
}

static void add_cut(struct word_list *l, const char *word, uint64_t split)
{
	if (split > 1)
		words_add(l, "%s,split=%" PRIu64, word, split);
	else
		words_add(l, "%s", word);
}

static void try_batch(struct word_list *l)
{
	const struct grid_ask *ask = l->ask;
	uint64_t n;

	for (n = ladder_start(ask, ask->real ? 64 : 16);
	     n <= clamp(ask, LARGEST); n *= 2) {
		words_add(l, "batch:pages=%" PRIu64, n);
		if (ask->cpu)
			words_add(l, "batch:pages=%" PRIu64 ",copy=inline", n);
	}
}

static void try_bytes(struct word_list *l)
{
	uint64_t n;

	for_ladder(n, l->ask, 64, step(l->ask)) {
		char size[FIGURE_LEN];

		size_figure(n * MIGSIM_PAGE_SIZE, size);
		words_add(l, "bytes:bytes=%s", size);
	}
}

static void try_folios(struct word_list *l)
{
	uint64_t n;

	for_ladder(n, l->ask, 64, step(l->ask))
		words_add(l, "folios:folios=%" PRIu64, n / folio_pages(l->ask));
}

/* Parts of the bound: what is asked for is not always what is kept. */
static void try_bound(struct word_list *l, const char *kind)
{
	static const unsigned int eighths[] = { 1, 2, 4, 6, 8 };
	size_t i;

	for (i = 0; i < sizeof(eighths) / sizeof(eighths[0]); i++) {
		double us = l->ask->bounds->first_us * eighths[i] / 8;

		if (us >= 1)
			words_add(l, "%s:us=%.0f", kind, us);
	}
}

static void try_time(struct word_list *l)
{
	try_bound(l, "time");
}

static void try_adaptive(struct word_list *l)
{
	try_bound(l, "adaptive");
}

static void try_ramp(struct word_list *l)
{
	uint64_t n;

	for_ladder(n, l->ask, 64, step(l->ask))
		words_add(l, "ramp:pages=%" PRIu64, n);
}

static void try_cut(struct word_list *l, const char *kind, uint64_t least)
{
	uint64_t n, split;
	char word[64];

	for_ladder(n, l->ask, least, step(l->ask)) {
		snprintf(word, sizeof(word), "%s:pages=%" PRIu64, kind, n);
		for (split = 1; split <= cuts(l->ask); split *= step(l->ask))
			add_cut(l, word, split);
	}
}

static void try_double(struct word_list *l)
{
	try_cut(l, "double", 2 * ladder_start(l->ask, 32));
}

static void try_folio(struct word_list *l)
{
	try_cut(l, "folio", 64);
}

/* Groups that share a flush do what a larger group does for small folios. */
static void add_flush(struct word_list *l, const char *word, uint64_t window)
{
	const struct grid_ask *ask = l->ask;
	uint64_t split, flush;
	char text[96];

	for (flush = 1; flush <= 2; flush++) {
		if (flush > 1 && (!large_folios(ask) || ask->real || ask->cpu ||
				  window < 2 * folio_pages(ask)))
			break;
		snprintf(text, sizeof(text), flush > 1 ? "%s,flush=%" PRIu64 :
			 "%s", word, flush);
		for (split = 1; split <= cuts(ask); split *= step(ask))
			add_cut(l, text, split);
	}
}

/* A group is a folio at least; larger ones save submissions and flushes. */
static void try_window(struct word_list *l, uint64_t window)
{
	uint64_t group;
	char word[64];

	snprintf(word, sizeof(word), "sliding:window=%" PRIu64, window);
	add_flush(l, word, window);
	for (group = ladder_start(l->ask, 32); 2 * group <= window;
	     group *= 4) {
		if (group == ladder_start(l->ask, 128) || group > 512)
			continue;	/* that is the default */
		snprintf(word, sizeof(word), "sliding:window=%" PRIu64
			 ",group=%" PRIu64, window, group);
		add_cut(l, word, 1);
	}
}

/* 1, 1.5, 2, 3, 4 … folios; the CPU has no use for many in flight. */
static void try_sliding(struct word_list *l)
{
	const struct grid_ask *ask = l->ask;
	uint64_t n;

	for_ladder(n, ask, 64, ask->cpu ? 4 : step(ask)) {
		if (n > LARGEST / 4)
			break;
		try_window(l, n);
		if (large_folios(ask) && !ask->real && !ask->cpu)
			try_window(l, n + n / 2);
	}
}

static const struct {
	const char *kind;
	void (*try)(struct word_list *l);
} kinds[] = {
	{ "batch", try_batch }, { "bytes", try_bytes },
	{ "folios", try_folios }, { "time", try_time },
	{ "ramp", try_ramp }, { "double", try_double },
	{ "folio", try_folio }, { "sliding", try_sliding },
	{ "adaptive", try_adaptive },
};

void words_try(struct word_list *l, const char *kind)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].kind, kind))
			kinds[i].try(l);
}
