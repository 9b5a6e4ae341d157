/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../tools/migsim-bench/region.c"
#include "../../tools/migsim-bench/shape.c"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static const struct region_limits plenty = { .memory = 64 * GIB };
static const struct region_route anywhere = { -1, -1, false };

static const struct mix four_k = { 1, { { 0, 100 } } };
static const struct mix two_m = { 1, { { 9, 100 } } };
static const struct mix mixed = { 2, { { 0, 80 }, { 9, 20 } } };
static const struct mix three = { 3, { { 4, 50 }, { 0, 25 }, { 9, 25 } } };

static struct config config_of(const struct mix *mix, enum layout layout,
			       uint64_t total, uint64_t folios_per_call)
{
	return (struct config) { .mix = *mix, .layout = layout, .total = total,
				 .folios_per_call = folios_per_call,
				 .seed = 7 };
}

static struct region *open_of(const struct config *cfg,
			      struct region_route route)
{
	struct region_shape shape;
	struct region *region;

	assert_int_equal(region_shape_of(&shape, cfg, route, &plenty), 0);
	assert_int_equal(region_open(&region, &shape), 0);
	return region;
}

static uint64_t offset_of(const struct region *r, const struct migsim_folio *f)
{
	return f->addr - (uint64_t)(uintptr_t)r->start - MIGSIM_PAGE_SIZE;
}

/* Every page belongs to one folio at most; all others are gaps and guards. */
static void check_pages(const struct region *r)
{
	uint8_t *owned = calloc(r->pages, 1);

	assert_non_null(owned);
	for (uint64_t i = 0; i < r->shape.folios; i++) {
		const struct migsim_folio *f = &r->folios[i];
		uint64_t page = offset_of(r, f) / MIGSIM_PAGE_SIZE + 1;

		assert_int_equal(f->addr % migsim_folio_bytes(f), 0);
		for (uint64_t k = 0; k < migsim_folio_pages(f); k++) {
			assert_in_range(page + k, 1, r->pages - 2);
			assert_false(owned[page + k]);
			owned[page + k] = 1;
		}
	}
	for (uint64_t page = 0; page < r->pages; page++) {
		enum region_page kind = region_page_kind(r, page);

		if (page == 0 || page == r->pages - 1)
			assert_int_equal(kind, PAGE_OF_GUARD);
		else
			assert_int_equal(kind, owned[page] ? PAGE_OF_FOLIO :
							     PAGE_OF_GAP);
	}
	free(owned);
}

static void test_every_page_has_one_owner(void **state)
{
	const struct mix *mixes[] = { &four_k, &two_m, &mixed, &three };

	(void)state;
	for (size_t i = 0; i < sizeof(mixes) / sizeof(*mixes); i++) {
		for (int layout = 0; layout < 2; layout++) {
			struct config cfg = config_of(mixes[i],
						      (enum layout)layout,
						      51 * MIB, 3);
			struct region *r = open_of(&cfg, anywhere);

			assert_int_equal(r->shape.folios % 3, 0);
			assert_true(r->shape.bytes >= 51 * MIB);
			check_pages(r);
			region_close(r);
		}
	}
}

static void test_parts_begin_at_2m(void **state)
{
	struct config cfg = config_of(&three, LAYOUT_SCATTERED, 20 * MIB, 0);
	struct region *r = open_of(&cfg, anywhere);

	(void)state;
	assert_int_equal(((uint64_t)(uintptr_t)r->start + MIGSIM_PAGE_SIZE) %
			 REGION_HUGE, 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_true(r->shape.part[i].folios > 0);
		assert_int_equal(r->shape.part[i].offset % REGION_HUGE, 0);
	}
	region_close(r);
}

static void test_contiguous_is_in_address_order(void **state)
{
	struct config cfg = config_of(&mixed, LAYOUT_CONTIGUOUS, 64 * MIB, 0);
	struct region *r = open_of(&cfg, anywhere);
	uint64_t next[MIGSIM_MAX_ORDER + 1] = { 0 };

	(void)state;
	next[0] = r->shape.part[0].offset;
	next[9] = r->shape.part[1].offset;
	for (uint64_t i = 0; i < r->shape.folios; i++) {
		const struct migsim_folio *f = &r->folios[i];

		assert_int_equal(offset_of(r, f), next[f->order]);
		next[f->order] += migsim_folio_bytes(f);
	}
	region_close(r);
}

/* How many folios of two lists lie at the same place. */
static uint64_t same_places(const struct region *a, const struct region *b)
{
	uint64_t same = 0;

	assert_int_equal(a->shape.folios, b->shape.folios);
	for (uint64_t i = 0; i < a->shape.folios; i++)
		same += offset_of(a, &a->folios[i]) ==
			offset_of(b, &b->folios[i]);
	return same;
}

static void test_scattered_is_seeded(void **state)
{
	struct config cfg = config_of(&four_k, LAYOUT_SCATTERED, 8 * MIB, 0);
	struct region *a = open_of(&cfg, anywhere);
	struct region *b = open_of(&cfg, anywhere);
	uint64_t neighbours = 0;
	struct region *c;

	(void)state;
	cfg.seed = 8;
	c = open_of(&cfg, anywhere);
	assert_int_equal(same_places(a, b), 2048);
	assert_true(same_places(a, c) < 100);
	for (uint64_t i = 1; i < 2048; i++)
		neighbours += a->folios[i].addr ==
			      a->folios[i - 1].addr + 2 * MIGSIM_PAGE_SIZE;
	assert_true(neighbours < 100);
	region_close(a);
	region_close(b);
	region_close(c);
}

/* Every beginning of the list is within one 2M folio of the shares. */
static void test_mix_keeps_its_shares(void **state)
{
	struct config cfg = config_of(&mixed, LAYOUT_CONTIGUOUS, 256 * MIB, 512);
	struct region *r = open_of(&cfg, anywhere);
	double small = 0, all = 0;

	(void)state;
	for (uint64_t i = 0; i < r->shape.folios; i++) {
		double bytes = (double)migsim_folio_bytes(&r->folios[i]);

		all += bytes;
		if (r->folios[i].order == 0)
			small += bytes;
		assert_true(small - 0.8 * all < 2.0 * MIB);
		assert_true(0.8 * all - small < 2.0 * MIB);
	}
	assert_true(small < all);
	region_close(r);
}

static void test_mix_folios(void **state)
{
	(void)state;
	assert_int_equal(region_mix_folios(&four_k, MIB), 256);
	assert_int_equal(region_mix_folios(&four_k, MIB + 4095), 256);
	assert_int_equal(region_mix_folios(&two_m, MIB), 1);
	/* Of 10M: 8M in 4K, 2M in one. */
	assert_int_equal(region_mix_folios(&mixed, 10 * MIB), 2048 + 1);
}

static void test_walk_covers_all(void **state)
{
	struct config cfg = config_of(&four_k, LAYOUT_SCATTERED, MIB, 64);
	struct region *r = open_of(&cfg, anywhere);

	(void)state;
	for (uint64_t i = 0; i < 2 * 256 / 64; i++) {
		struct migsim_folio *list = region_next(r, 64);

		assert_ptr_equal(list, r->folios + i * 64 % 256);
		assert_false(r->away);
	}
	/* Another step: the next multiple of it, and never past the end. */
	assert_ptr_equal(region_next(r, 16), r->folios);
	assert_ptr_equal(region_next(r, 64), r->folios + 64);
	assert_ptr_equal(region_next(r, 128), r->folios + 128);
	assert_ptr_equal(region_next(r, 128), r->folios);
	region_close(r);
}

static void test_walk_goes_back_and_forth(void **state)
{
	struct config cfg = config_of(&four_k, LAYOUT_CONTIGUOUS, MIB, 128);
	struct region *r = open_of(&cfg, (struct region_route) { -1, 1, true });
	const bool expected[] = { false, false, true, true, false };

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		bool away;
		/* Lies where the call that the walk comes to last left it. */
		struct migsim_folio *last = region_last(r, 128, &away);

		assert_ptr_equal(last, r->folios + (i + 1) % 2 * 128);
		assert_int_equal(away, i ? !expected[i - 1] : false);
		region_next(r, 128);
		assert_int_equal(r->away, expected[i]);
	}
	region_close(r);
}

static void test_lists_are_cleared(void **state)
{
	struct config cfg = config_of(&two_m, LAYOUT_CONTIGUOUS, 8 * MIB, 4);
	struct region *r = open_of(&cfg, anywhere);
	struct migsim_folio *list = region_next(r, 4);
	uint64_t addr = list[2].addr;

	(void)state;
	list[2].status = -EBUSY;
	list[2].flags = 3;
	list[2].dst = 4096;
	list = region_next(r, 4);
	assert_int_equal(list[2].status, 0);
	assert_int_equal(list[2].flags, 0);
	assert_int_equal(list[2].dst, 0);
	assert_int_equal(list[2].addr, addr);
	assert_int_equal(list[2].order, 9);
	region_close(r);
}

static void test_size(void **state)
{
	struct config cfg = config_of(&four_k, LAYOUT_CONTIGUOUS, 4 * MIB, 256);
	struct region_limits limits = { 32 * MIB, 64 * GIB };
	struct region_shape shape;

	(void)state;
	/* Twice the cache, 1 GiB at most, a call at least. */
	assert_int_equal(region_shape_of(&shape, &cfg, anywhere, &limits), 0);
	assert_int_equal(shape.bytes, 64 * MIB);
	cfg.total = 8 * GIB;
	assert_int_equal(region_shape_of(&shape, &cfg, anywhere, &limits), 0);
	assert_int_equal(shape.bytes, GIB);
	cfg.folios_per_call = 0;
	assert_int_equal(region_shape_of(&shape, &cfg, anywhere, &limits), 0);
	assert_int_equal(shape.call, 8 * GIB / MIGSIM_PAGE_SIZE);
	assert_int_equal(shape.bytes, 8 * GIB);
	cfg.layout = LAYOUT_SCATTERED;
	assert_int_equal(region_shape_of(&shape, &cfg, anywhere, &limits), 0);
	assert_int_equal(shape.length, 16 * GIB);
}

static void test_little_memory(void **state)
{
	struct config cfg = config_of(&four_k, LAYOUT_CONTIGUOUS, 64 * MIB, 256);
	struct region_limits limits = { 32 * MIB, 16 * MIB };
	struct region_shape shape;

	(void)state;
	/* One call instead of a cold source. */
	assert_int_equal(region_shape_of(&shape, &cfg, anywhere, &limits), 0);
	assert_int_equal(shape.bytes, MIB);
	cfg.folios_per_call = 0;
	assert_int_equal(region_shape_of(&shape, &cfg, anywhere, &limits),
			 -ENOMEM);
	cfg.folios_per_call = UINT64_MAX / 2;
	assert_int_equal(region_shape_of(&shape, &cfg, anywhere, &limits),
			 -ENOMEM);
}

static void test_equal_shapes(void **state)
{
	struct config cfg = config_of(&four_k, LAYOUT_CONTIGUOUS, 64 * MIB, 64);
	const struct region_route trip = { 0, 1, true };
	struct region_shape a, b;

	(void)state;
	region_shape_of(&a, &cfg, anywhere, &plenty);
	cfg.folios_per_call = 512;
	cfg.seed++;
	region_shape_of(&b, &cfg, anywhere, &plenty);
	assert_true(region_shape_equal(&a, &b));
	/* Half a pass of another step would leave folios on the wrong node. */
	region_shape_of(&a, &cfg, trip, &plenty);
	assert_false(region_shape_equal(&a, &b));
	cfg.folios_per_call = 64;
	region_shape_of(&b, &cfg, trip, &plenty);
	assert_false(region_shape_equal(&a, &b));
	cfg.mix = two_m;
	region_shape_of(&a, &cfg, anywhere, &plenty);
	assert_false(region_shape_equal(&a, &b));
	cfg.layout = LAYOUT_SCATTERED;
	region_shape_of(&b, &cfg, anywhere, &plenty);
	assert_false(region_shape_equal(&a, &b));
	cfg.seed++;
	region_shape_of(&a, &cfg, anywhere, &plenty);
	assert_false(region_shape_equal(&a, &b));
}

/* The same order as over memory, at places that nothing is mapped at. */
static void check_virtual(const struct mix *mix, uint64_t call)
{
	struct config cfg = config_of(mix, LAYOUT_CONTIGUOUS, 64 * MIB, call);
	struct region *real = open_of(&cfg, anywhere), *r;
	struct region_shape shape;

	region_shape_virtual(&shape, &cfg);
	assert_int_equal(shape.folios, shape.call);
	assert_true(region_shape_cost(&shape) <
		    (shape.call + 1) * sizeof(struct migsim_folio));
	assert_false(region_shape_equal(&shape, &real->shape));
	assert_int_equal(region_open(&r, &shape), 0);
	assert_null(r->map);
	check_pages(r);
	for (uint64_t i = 0; i < shape.folios; i++) {
		assert_int_equal(r->folios[i].order, real->folios[i].order);
		assert_true(r->folios[i].addr >= (uint64_t)1 << 46);
		assert_true(r->folios[i].addr <
			    ((uint64_t)1 << 46) + shape.length);
	}
	region_close(real);
	region_close(r);
}

static void test_virtual_is_a_list(void **state)
{
	(void)state;
	check_virtual(&four_k, 0);
	check_virtual(&four_k, 100);
	check_virtual(&two_m, 0);
	check_virtual(&two_m, 7);
	check_virtual(&mixed, 0);
	check_virtual(&mixed, 4000);
	check_virtual(&three, 0);
}

/* Every call goes through the same list, which is left as it is. */
static void test_virtual_walk(void **state)
{
	struct config cfg = config_of(&mixed, LAYOUT_CONTIGUOUS, 64 * MIB, 4000);
	struct region_shape shape;
	struct region *r;

	(void)state;
	region_shape_virtual(&shape, &cfg);
	assert_int_equal(region_open(&r, &shape), 0);
	for (int i = 0; i < 3; i++) {
		struct migsim_folio *list = region_next(r, 4000);

		assert_ptr_equal(list, r->folios);
		assert_int_equal(list[7].status, i);
		assert_false(r->away);
		list[7].status++;
	}
	region_close(r);
}

/* Sum of a field of smaps over the mappings that touch a range, in bytes. */
static uint64_t smaps_sum(const char *field, uint64_t from, uint64_t to)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	uint64_t sum = 0, kib, lo, hi;
	size_t len = strlen(field);
	bool inside = false;
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &lo, &hi) == 2)
			inside = lo < to && hi > from;
		else if (inside && !strncmp(line, field, len) &&
			 sscanf(line + len, " %lu", &kib) == 1)
			sum += kib << 10;
	}
	fclose(f);
	return sum;
}

static bool thp_is_possible(void)
{
	char word[64] = "never";
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");

	if (f) {
		if (!fgets(word, sizeof(word), f))
			word[0] = 0;
		fclose(f);
	}
	return f && !strstr(word, "[never]");
}

static uint64_t huge_bytes_written(const struct mix *mix)
{
	struct config cfg = config_of(mix, LAYOUT_CONTIGUOUS, 8 * MIB, 0);
	struct region *r = open_of(&cfg, anywhere);
	uint64_t start = (uint64_t)(uintptr_t)r->start;
	uint64_t sum;

	memset(r->start, 1, r->pages * MIGSIM_PAGE_SIZE);
	sum = smaps_sum("AnonHugePages:", start,
			start + r->pages * MIGSIM_PAGE_SIZE);
	region_close(r);
	return sum;
}

static void test_small_folios_are_base_pages(void **state)
{
	(void)state;
	assert_int_equal(huge_bytes_written(&four_k), 0);
}

static void test_large_folios_are_huge_pages(void **state)
{
	(void)state;
	if (!thp_is_possible()) {
		print_message("transparent huge pages are off\n");
		skip();
	}
	assert_true(huge_bytes_written(&two_m) > 0);
}

static void test_bad_node(void **state)
{
	struct config cfg = config_of(&four_k, LAYOUT_CONTIGUOUS, MIB, 0);
	struct region_route far = { 99, 99, false };
	struct region_shape shape;
	struct region *region;

	(void)state;
	assert_int_equal(region_shape_of(&shape, &cfg, far, &plenty), 0);
	assert_int_equal(region_open(&region, &shape), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_page_has_one_owner),
		cmocka_unit_test(test_parts_begin_at_2m),
		cmocka_unit_test(test_contiguous_is_in_address_order),
		cmocka_unit_test(test_scattered_is_seeded),
		cmocka_unit_test(test_mix_keeps_its_shares),
		cmocka_unit_test(test_mix_folios),
		cmocka_unit_test(test_walk_covers_all),
		cmocka_unit_test(test_walk_goes_back_and_forth),
		cmocka_unit_test(test_lists_are_cleared),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_little_memory),
		cmocka_unit_test(test_equal_shapes),
		cmocka_unit_test(test_virtual_is_a_list),
		cmocka_unit_test(test_virtual_walk),
		cmocka_unit_test(test_small_folios_are_base_pages),
		cmocka_unit_test(test_large_folios_are_huge_pages),
		cmocka_unit_test(test_bad_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
