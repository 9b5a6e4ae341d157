/* SPDX-License-Identifier: MIT */
/*
 * Arrivals on folios in virtual time, against cases that were worked out by
 * hand, and against a walk over the clock.
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

#include "bench.h"
#include "load_run.h"
#include "region.h"

#define US	1000000ull	/* ps */

static const atomic_int go_on;
static const atomic_int stopped = 1;

static struct region *open_region(const char *mix_words, uint64_t bytes)
{
	struct config c = { .backend = "model", .total = bytes };
	struct region_shape shape;
	struct region *region;

	assert_int_equal(parse_mix(mix_words, &c.mix), 0);
	region_shape_virtual(&shape, &c);
	assert_int_equal(region_open(&region, &shape), 0);
	return region;
}

/* An empty report: no time has passed. */
static void close_all(struct load *l, struct region *region)
{
	struct migsim_report *report = migsim_report_new();

	assert_non_null(report);
	load_end(l, report);
	assert_null(l->arrivals);
	migsim_report_free(report);
	load_close(l);
	region_close(region);
}

static struct load *open_load(unsigned int threads, enum load_pattern pattern,
			      uint64_t rate)
{
	struct config c = {
		.backend = "model", .seed = 5,
		.load = { .threads = threads, .pattern = pattern,
			  .rate = rate },
	};
	struct load *l;

	assert_int_equal(load_open(&l, &c), 0);
	assert_non_null(l);
	return l;
}

/*
 * One folio, one thread that comes every 10 us, first in the first 10 us. In
 * flight from 100 to 200 us the folio makes one operation wait: that which came
 * from 100 to 110 us.
 */
static void one_folio(void **state)
{
	struct region *region = open_region("2M", 2 << 20);
	struct load *l = open_load(1, LOAD_UNIFORM, 100000);
	uint64_t first;

	(void)state;
	assert_int_equal(region->shape.folios, 1);
	assert_int_equal(load_start(l, region, &go_on), 0);
	load_call_begins(l);
	region->folios[0].unmapped = 100 * US;
	region->folios[0].remapped = 200 * US;
	assert_int_equal(load_call_ended(l), 0);
	/* Ten before, and the one that waited. */
	assert_int_equal(l->count.ops, 11);
	assert_int_equal(l->stalls.n, 1);
	first = l->stalls.sum;
	assert_true(first > 90000 && first <= 100000);

	/* It comes again 10 us behind the remap, and waits in the next call. */
	region->folios[0].unmapped = 205 * US;
	region->folios[0].remapped = 240 * US;
	assert_int_equal(load_call_ended(l), 0);
	assert_int_equal(l->count.ops, 12);
	assert_int_equal(l->stalls.n, 2);
	assert_int_equal(l->stalls.sum, first + 30000);
	close_all(l, region);
}

/* In flight up to an instant, and from an instant on: [unmapped, remapped). */
static void the_edges(void **state)
{
	struct region *region = open_region("4K", 4096);
	struct load *l = open_load(1, LOAD_UNIFORM, 1000000);
	uint64_t first;

	(void)state;
	assert_int_equal(load_start(l, region, &go_on), 0);
	region->folios[0].remapped = 1 * US;
	assert_int_equal(load_call_ended(l), 0);
	/* It came once, and waited up to 1 us; now it comes at 2, 3, … us. */
	assert_int_equal(l->stalls.n, 1);
	first = l->stalls.sum;
	assert_true(first <= 1000);
	region->folios[0].unmapped = 2 * US + 1;
	region->folios[0].remapped = 3 * US;
	assert_int_equal(load_call_ended(l), 0);
	assert_int_equal(l->stalls.n, 1);
	assert_int_equal(l->count.ops, 2);
	region->folios[0].unmapped = 3 * US;
	region->folios[0].remapped = 3 * US + 7000;
	assert_int_equal(load_call_ended(l), 0);
	assert_int_equal(l->stalls.n, 2);
	assert_int_equal(l->stalls.sum, first + 7);
	close_all(l, region);
}

/* A list that is in flight as a whole stops everybody; else nobody stalls. */
static void all_or_nobody(void **state)
{
	struct region *region = open_region("4K:80/2M:20", 64 << 20);
	struct load *l = open_load(3, LOAD_ZIPF, 1000000);
	uint64_t i;

	(void)state;
	assert_int_equal(load_start(l, region, &go_on), 0);
	for (i = 0; i < region->shape.folios; i++) {
		region->folios[i].unmapped = 50 * US;
		region->folios[i].remapped = 90 * US;
	}
	assert_int_equal(load_call_ended(l), 0);
	assert_int_equal(l->count.ops, 3 * 51);
	assert_int_equal(l->stalls.n, 3);
	/* They come again at 91 us, just when a folio is there again. */
	for (i = 0; i < region->shape.folios; i++) {
		region->folios[i].unmapped = 90 * US + 1;
		region->folios[i].remapped = 91 * US;
	}
	region->folios[i - 1].unmapped = 190 * US;
	region->folios[i - 1].remapped = 190 * US;
	assert_int_equal(load_call_ended(l), 0);
	assert_int_equal(l->count.ops, 3 * (51 + 99));
	assert_int_equal(l->stalls.n, 3);
	close_all(l, region);
}

/* The folio of a page by its address: parts lie one behind the other. */
static const struct migsim_folio *find_folio(const struct region *region,
					     uint64_t page)
{
	const struct region_shape *s = &region->shape;
	uint64_t at = 0, i;
	unsigned int k = 0;

	while (page * MIGSIM_PAGE_SIZE >= s->part[k].folios *
					  region_part_folio(&s->mix, k)) {
		page -= s->part[k].folios * region_part_folio(&s->mix, k) /
			MIGSIM_PAGE_SIZE;
		k++;
	}
	at = (uint64_t)(uintptr_t)region->start + MIGSIM_PAGE_SIZE +
	     s->part[k].offset + page * MIGSIM_PAGE_SIZE;
	for (i = 0; i < s->folios; i++)
		if (at - region->folios[i].addr <
		    migsim_folio_bytes(&region->folios[i]))
			return &region->folios[i];
	fail();
	return NULL;
}

/* What one thread of a load of 1000000 a second meets until @end. */
struct walk {
	uint64_t time, random, ops, stalls, stalled;
};

static void walk_on(struct walk *w, const struct load *l,
		    const struct region *region, uint64_t end)
{
	while (w->time < end) {
		const struct migsim_folio *f =
			find_folio(region, load_page(&l->pages, &w->random));

		w->ops++;
		if (w->time >= f->unmapped && w->time < f->remapped) {
			w->stalls++;
			w->stalled += (f->remapped - w->time) / 1000;
			w->time = f->remapped;
		}
		w->time += US;
	}
}

/* Groups of a mix of sizes one behind the other, in twenty calls. */
static void many_folios(void **state)
{
	struct region *region = open_region("4K:50/64K:30/2M:20", 16 << 20);
	struct load *l = open_load(2, LOAD_UNIFORM, 1000000);
	uint64_t ops = 0, stalls = 0, stalled = 0, call, i, end = 0;
	struct walk w[2] = { { 0 }, { 0 } };

	(void)state;
	assert_int_equal(load_start(l, region, &go_on), 0);
	for (i = 0; i < 2; i++) {
		w[i].random = load_seed(l, (unsigned int)i);
		w[i].time = load_random(&w[i].random) % US;
	}
	for (call = 0; call < 20; call++) {
		for (i = 0; i < region->shape.folios; i++) {
			struct migsim_folio *f = &region->folios[i];

			f->unmapped = (100 + call * 1000 + i / 100 * 40) * US;
			end = f->unmapped + 30 * US + i * 1000;
			f->remapped = end;
		}
		assert_int_equal(load_call_ended(l), 0);
		for (i = 0; i < 2; i++)
			walk_on(&w[i], l, region, end);
	}
	for (i = 0; i < 2; i++) {
		ops += w[i].ops;
		stalls += w[i].stalls;
		stalled += w[i].stalled;
	}
	assert_true(stalls > 500 && stalls < ops / 2);
	assert_int_equal(l->count.ops, ops);
	assert_int_equal(l->stalls.n, stalls);
	assert_int_equal(l->stalls.sum, stalled);
	close_all(l, region);
}

static void nothing_of_earlier_users(void **state)
{
	struct region *region = open_region("4K", 1 << 20);
	struct load *l = open_load(1, LOAD_UNIFORM, 1000000);
	uint64_t i;

	(void)state;
	for (i = 0; i < region->shape.folios; i++)
		region->folios[i].remapped = 1000 * US;
	assert_int_equal(load_start(l, region, &go_on), 0);
	region->folios[0].unmapped = region->folios[0].remapped = 500 * US;
	assert_int_equal(load_call_ended(l), 0);
	assert_int_equal(l->count.ops, 500);
	assert_int_equal(l->stalls.n, 0);
	close_all(l, region);
}

static void stops(void **state)
{
	struct region *region = open_region("4K", 1 << 20);
	struct load *l = open_load(1, LOAD_UNIFORM, 1000000);

	(void)state;
	assert_int_equal(load_start(l, region, &stopped), 0);
	region->folios[0].remapped = 1000 * US;
	assert_int_equal(load_call_ended(l), -EINTR);
	assert_int_equal(l->count.ops, 0);
	close_all(l, region);
}

static void none(void **state)
{
	struct config c = { .backend = "model" };
	struct sample sample = { 0 };
	struct load *l;

	(void)state;
	assert_int_equal(load_open(&l, &c), 0);
	assert_null(l);
	assert_int_equal(load_start(l, NULL, &go_on), 0);
	load_call_begins(l);
	assert_int_equal(load_call_ended(l), 0);
	load_end(l, NULL);
	load_take(l, &sample);
	assert_true(isnan(sample.ops_per_s));
	assert_true(isnan(sample.baseline_ops_per_s));
	load_close(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_folio),
		cmocka_unit_test(the_edges),
		cmocka_unit_test(all_or_nobody),
		cmocka_unit_test(many_folios),
		cmocka_unit_test(nothing_of_earlier_users),
		cmocka_unit_test(stops),
		cmocka_unit_test(none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
