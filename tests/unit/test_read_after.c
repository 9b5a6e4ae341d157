/* SPDX-License-Identifier: MIT */
/*
 * Reading what was migrated: all of it, each word once, and counted.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "read_after.h"

static const atomic_int go_on;
static const atomic_int stopped = 1;

/* Folios of 4K, 2M and 16K; gaps of as much between them must not count. */
#define FOLIOS	3
static const uint8_t orders[FOLIOS] = { 0, 9, 2 };
static struct migsim_folio folios[FOLIOS];

static int make_folios(void **state)
{
	uint64_t bytes = 0, i, k, words;
	uint64_t *memory;

	for (i = 0; i < FOLIOS; i++)
		bytes += 2 * (MIGSIM_PAGE_SIZE << orders[i]);
	words = bytes / sizeof(*memory);
	memory = aligned_alloc(MIGSIM_PAGE_SIZE, bytes);
	*state = memory;
	if (!memory)
		return -1;
	for (k = 0; k < words; k++)
		memory[k] = ((uint64_t)mrand48() << 32) ^ (uint64_t)mrand48();
	for (i = 0; i < FOLIOS; i++) {
		folios[i].addr = (uint64_t)(uintptr_t)memory;
		folios[i].order = orders[i];
		memory += 2 * (MIGSIM_PAGE_SIZE << orders[i]) /
			  sizeof(*memory);
	}
	return 0;
}

static int drop_folios(void **state)
{
	free(*state);
	return 0;
}

/* Byte by byte, as the words lie in memory. */
static uint64_t sum_of(const struct migsim_folio *f)
{
	const uint8_t *byte = (const uint8_t *)(uintptr_t)f->addr;
	uint64_t sum = 0, i;

	for (i = 0; i < migsim_folio_bytes(f); i++)
		sum += (uint64_t)byte[i] << 8 * (i % 8);
	return sum;
}

static void every_word(void **state)
{
	struct read_after r = { 0 };
	uint64_t sum = 0, i;

	(void)state;
	for (i = 0; i < FOLIOS; i++)
		sum += sum_of(&folios[i]);
	assert_int_equal(read_after(folios, FOLIOS, &go_on, &r), 0);
	assert_int_equal(r.bytes, 517 * MIGSIM_PAGE_SIZE);
	assert_true(r.sum == sum);
	assert_true(r.ns > 0);
	/* A second call adds to the first. */
	assert_int_equal(read_after(&folios[2], 1, &go_on, &r), 0);
	assert_int_equal(r.bytes, 521 * MIGSIM_PAGE_SIZE);
	assert_true(r.sum == sum + sum_of(&folios[2]));
}

static void stops(void **state)
{
	struct read_after r = { 0 };

	(void)state;
	assert_int_equal(read_after(folios, FOLIOS, &stopped, &r), -EINTR);
	assert_int_equal(r.bytes, 0);
}

static void rates(void **state)
{
	const struct read_after none = { 0 };
	const struct read_after two = { .bytes = 1ull << 30, .ns = 500000000 };

	(void)state;
	assert_true(isnan(read_after_gib_s(&none)));
	assert_true(fabs(read_after_gib_s(&two) - 2) < 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word),
		cmocka_unit_test(stops),
		cmocka_unit_test(rates),
	};

	return cmocka_run_group_tests(tests, make_folios, drop_folios);
}
