/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

#include "../../tools/migsim-bench/region.c"
#include "../../tools/migsim-bench/shape.c"
#include "../../tools/migsim-bench/verify.c"

static atomic_int stop;

/* 4K folios, scattered: guard, folio, gap, folio, gap, …, guard. */
static int setup(void **state)
{
	const struct config cfg = {
		.mix = { 1, { { 0, 100 } } },
		.layout = LAYOUT_SCATTERED,
		.total = 1 << 20,
	};
	const struct region_limits limits = { 0, (uint64_t)1 << 30 };
	const struct region_route route = { -1, -1, false };
	struct region_shape shape;
	struct region *region;

	stop = 0;
	if (region_shape_of(&shape, &cfg, route, &limits) ||
	    region_open(&region, &shape))
		return -1;
	*state = region;
	return verify_fill(region, &stop);
}

static int teardown(void **state)
{
	region_close(*state);
	return 0;
}

static uint64_t hash_of(const struct region *region)
{
	uint64_t hash;

	assert_int_equal(verify_hash(region, &stop, &hash), 0);
	return hash;
}

static struct verify_bad walk(const struct region *region)
{
	struct verify_bad bad = { 0 };

	assert_int_equal(verify_walk(region, &stop, &bad), 0);
	return bad;
}

static void assert_bad(const struct region *region, uint64_t not_copied,
		       uint64_t outside, uint64_t wrong_page, uint64_t other)
{
	struct verify_bad bad = walk(region);

	assert_int_equal(bad.not_copied, not_copied);
	assert_int_equal(bad.outside, outside);
	assert_int_equal(bad.wrong_page, wrong_page);
	assert_int_equal(bad.other, other);
	assert_int_equal(verify_sum(&bad),
			 not_copied + outside + wrong_page + other);
}

static uint64_t *folio_page(struct region *region, uint64_t page)
{
	assert_int_equal(region_page_kind(region, page), PAGE_OF_FOLIO);
	return page_words(region, page);
}

static void test_untouched(void **state)
{
	uint64_t hash = hash_of(*state);

	assert_bad(*state, 0, 0, 0, 0);
	assert_int_equal(hash_of(*state), hash);
}

static void test_generations_differ(void **state)
{
	uint64_t hash = hash_of(*state);

	assert_int_equal(verify_fill(*state, &stop), 0);
	assert_int_not_equal(hash_of(*state), hash);
	assert_bad(*state, 0, 0, 0, 0);
}

/* One bit of any page, the guards' ends included, changes the hash. */
static void test_hash_sees_every_page(void **state)
{
	struct region *region = *state;
	uint64_t hash = hash_of(region);

	for (uint64_t page = 0; page < region->pages; page += 57) {
		page_words(region, page)[WORDS - 1] ^= 1;
		assert_int_not_equal(hash_of(region), hash);
		page_words(region, page)[WORDS - 1] ^= 1;
	}
	page_words(region, region->pages - 1)[WORDS - 1] ^= 1;
	assert_int_not_equal(hash_of(region), hash);
}

static void test_not_copied(void **state)
{
	struct region *region = *state;
	uint64_t old[WORDS];

	memcpy(old, folio_page(region, 5), sizeof(old));
	assert_int_equal(verify_fill(region, &stop), 0);
	memcpy(folio_page(region, 5), old, sizeof(old));
	memset(folio_page(region, 7), 0, MIGSIM_PAGE_SIZE);
	/* A piece of a page only, and the content of a recycled page. */
	memcpy(folio_page(region, 9) + 400, old + 400, 100);
	memcpy(folio_page(region, 11), old, sizeof(old));
	assert_bad(region, 4, 0, 0, 0);
}

static void test_outside(void **state)
{
	struct region *region = *state;

	assert_int_equal(region_page_kind(region, 2), PAGE_OF_GAP);
	page_words(region, 2)[0] = 0;
	page_words(region, 0)[WORDS - 1] = 1;
	memcpy(page_words(region, region->pages - 1), folio_page(region, 1), 64);
	assert_bad(region, 0, 3, 0, 0);
}

static void test_wrong_page(void **state)
{
	struct region *region = *state;
	uint64_t t[WORDS];

	memcpy(t, folio_page(region, 21), sizeof(t));
	memcpy(folio_page(region, 21), folio_page(region, 23), sizeof(t));
	memcpy(folio_page(region, 23), t, sizeof(t));
	memcpy(folio_page(region, 31), page_words(region, 32), sizeof(t));
	assert_bad(region, 0, 0, 3, 0);
}

static void test_other(void **state)
{
	struct region *region = *state;

	/* Torn: the right words at the wrong place. And words of nobody. */
	memmove(folio_page(region, 41), folio_page(region, 41) + 1, 800);
	memset(folio_page(region, 43), 0x55, 8);
	folio_page(region, 45)[100] &= ~((uint64_t)3 << KIND_BITS);
	assert_bad(region, 0, 0, 0, 3);
}

/* Two regions never hold the same words: pages of both get recycled. */
static void test_regions_differ(void **state)
{
	struct region *region = *state;
	void *second;

	assert_int_equal(setup(&second), 0);
	memcpy(folio_page(region, 51), folio_page(second, 51),
	       MIGSIM_PAGE_SIZE);
	assert_bad(region, 1, 0, 0, 0);
	teardown(&second);
}

static void test_sentence(void **state)
{
	const struct verify_bad bad = { 11, 22, 33, 44 };
	char buf[300];

	(void)state;
	verify_sentence(&bad, buf, sizeof(buf));
	assert_non_null(strstr(buf, "110 base pages"));
	assert_non_null(strstr(buf, "11 not copied"));
	assert_non_null(strstr(buf, "22 written"));
	assert_non_null(strstr(buf, "33 with the content of another"));
	assert_non_null(strstr(buf, "44 with other"));
}

static void test_stop(void **state)
{
	struct verify_bad bad = { 0 };
	uint64_t hash;

	stop = 1;
	assert_int_equal(verify_fill(*state, &stop), -EINTR);
	assert_int_equal(verify_hash(*state, &stop, &hash), -EINTR);
	assert_int_equal(verify_walk(*state, &stop, &bad), -EINTR);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_untouched),
		TEST(test_generations_differ),
		TEST(test_hash_sees_every_page),
		TEST(test_not_copied),
		TEST(test_outside),
		TEST(test_wrong_page),
		TEST(test_other),
		TEST(test_regions_differ),
		TEST(test_sentence),
		TEST(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
