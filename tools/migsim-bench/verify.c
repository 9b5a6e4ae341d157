/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <xxhash.h>

#include "verify.h"

/*
 * A word: generation (20 bits), kind (2), page (33), word in the page (9).
 * No kind is 0, so no word is.
 */
#define WORDS		(MIGSIM_PAGE_SIZE / sizeof(uint64_t))
#define PAGE_BITS	9
#define KIND_BITS	42
#define GENERATION_BITS	44
#define GENERATIONS	(1u << 20)

/* Pages between two looks at the stop flag: 64 MiB. */
#define STRETCH		((uint64_t)1 << 14)

static uint64_t page_mark(const struct region *region, uint64_t page)
{
	return (uint64_t)region->generation << GENERATION_BITS |
	       (uint64_t)region_page_kind(region, page) << KIND_BITS |
	       page << PAGE_BITS;
}

static uint64_t *page_words(const struct region *region, uint64_t page)
{
	return (uint64_t *)(void *)(region->start + page * MIGSIM_PAGE_SIZE);
}

/* One count for all regions: a recycled page may come from any of them. */
static uint32_t next_generation(void)
{
	static uint32_t last;

	last = (last + 1) % GENERATIONS;
	if (!last)
		last = 1;
	return last;
}

int verify_fill(struct region *region, const atomic_int *stop)
{
	region->generation = next_generation();
	for (uint64_t page = 0; page < region->pages; page++) {
		uint64_t *words = page_words(region, page);
		uint64_t mark = page_mark(region, page);

		if (page % STRETCH == 0 && *stop)
			return -EINTR;
		for (uint64_t i = 0; i < WORDS; i++)
			words[i] = mark | i;
	}
	return 0;
}

int verify_hash(const struct region *region, const atomic_int *stop,
		uint64_t *hash)
{
	XXH3_state_t *state = XXH3_createState();
	int ret = 0;

	if (!state)
		return -ENOMEM;
	XXH3_64bits_reset(state);
	for (uint64_t page = 0; page < region->pages; page += STRETCH) {
		uint64_t left = region->pages - page;

		if (*stop) {
			ret = -EINTR;
			break;
		}
		XXH3_64bits_update(state, page_words(region, page),
				   (left < STRETCH ? left : STRETCH) *
				   MIGSIM_PAGE_SIZE);
	}
	*hash = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	return ret;
}

static void judge_word(const struct region *region, uint64_t page, uint64_t i,
		       struct verify_bad *bad)
{
	uint64_t word = page_words(region, page)[i];
	uint64_t kind = word >> KIND_BITS & 3;

	if (region_page_kind(region, page) != PAGE_OF_FOLIO)
		bad->outside++;
	else if (!word)
		bad->not_copied++;
	else if (!kind || word % WORDS != i)
		bad->other++;
	else if (word >> GENERATION_BITS == region->generation)
		bad->wrong_page++;
	else
		bad->not_copied++;
}

/* The first wrong word of a page is its witness. */
int verify_walk(const struct region *region, const atomic_int *stop,
		struct verify_bad *bad)
{
	for (uint64_t page = 0; page < region->pages; page++) {
		const uint64_t *words = page_words(region, page);
		uint64_t mark = page_mark(region, page);

		if (page % STRETCH == 0 && *stop)
			return -EINTR;
		for (uint64_t i = 0; i < WORDS; i++) {
			if (words[i] != (mark | i)) {
				judge_word(region, page, i, bad);
				break;
			}
		}
	}
	return 0;
}

uint64_t verify_sum(const struct verify_bad *bad)
{
	return bad->not_copied + bad->outside + bad->wrong_page + bad->other;
}

void verify_sentence(const struct verify_bad *bad, char *buf, size_t len)
{
	snprintf(buf, len, "%" PRIu64 " base pages are wrong after migration: %"
		 PRIu64 " not copied, %" PRIu64 " written to outside of the "
		 "folios, %" PRIu64 " with the content of another page, %"
		 PRIu64 " with other content.",
		 verify_sum(bad), bad->not_copied, bad->outside,
		 bad->wrong_page, bad->other);
}
