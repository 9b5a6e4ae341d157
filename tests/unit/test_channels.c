/* SPDX-License-Identifier: MIT */
/*
 * The channels of the model by themselves: what goes in comes out once, and no
 * copy is faster or slower than its channel, its port and the link let it be.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_engine.h"
#include "model/channels.h"
#include "model/profile.h"

#define ROOM	4096

/* cmocka's own compares floats. */
#define assert_within(a, b, by)	assert_true(fabs((a) - (b)) <= (by))

static struct costs costs;
static struct channels c;
static uint64_t seed;

static void costs_with(const char *word)
{
	struct migsim_profile *p;

	assert_int_equal(migsim_profile_open(&p, word), 0);
	costs_of(p->value, &costs);
	migsim_profile_close(p);
}

static void open_n(uint32_t n)
{
	assert_int_equal(channels_open(&c, &costs, n, ROOM), 0);
}

static void queue(uint32_t channel, uint64_t cookie, unsigned int order,
		  uint64_t len, uint32_t group)
{
	const struct entry copy = {
		.cookie = cookie, .len = len, .count = 1, .group = group,
		.order = (uint8_t)order,
		.flags = (uint8_t)(fake_random(&seed) % 4 ? 0 : ENTRY_LAST),
	};

	channels_queue(&c, channel, &copy);
}

static void queue_folios(uint32_t channel, unsigned int order, unsigned int n)
{
	while (n--)
		queue(channel, 0, order, MIGSIM_PAGE_SIZE << order, 0);
}

static uint64_t alone_ps(unsigned int level)
{
	return costs.ps[costs_wait(level, 1, false)];
}

/* The link: no level, no port, only what every channel adds. */
static double link_ps(void)
{
	double a = (double)costs.ps[costs_wait(0, 1, false)];
	double b = (double)costs.ps[costs_wait(0, 2, false)];

	/* t(k)^2 = s^2 + (k D)^2 */
	return sqrt((b * b - a * a) / 3);
}

/*
 * What a channel has done of its copy, worked out beside the model: the time
 * between two events, at the rate that the busy channels make of it. A time
 * is rounded up to a tick when a copy begins and when its rate changes.
 */
struct watch {
	long double pages;
	long double rounded;	/* pages that all roundings can come to */
	uint64_t page_ps;	/* 0: the copy begins */
};

static struct watch watched[MODEL_MAX_CHANNELS];

static bool busy(uint32_t i)
{
	return i < c.n && c.ch[i].queue.head != NO_ENTRY;
}

static uint64_t rate_of(uint32_t i, uint32_t nr_busy)
{
	const struct entry *e = &c.entries.entry[c.ch[i].queue.head];
	bool shared = i > 0;

	if (costs.ports == PORTS_PAIR)
		shared = busy(i ^ 1);
	else if (costs.ports == PORTS_ANY)
		shared = nr_busy > 1;
	return costs.ps[costs_wait(costs.level[e->order], nr_busy, shared)];
}

/* From now until the next event nothing changes. */
static void watch_rates(void)
{
	uint32_t i, nr_busy = 0;
	uint64_t page_ps;

	for (i = 0; i < c.n; i++)
		nr_busy += busy(i);
	assert_int_equal(c.active, nr_busy);
	for (i = 0; i < c.n; i++) {
		page_ps = busy(i) ? rate_of(i, nr_busy) : 0;
		if (!page_ps || page_ps == watched[i].page_ps)
			continue;
		watched[i].page_ps = page_ps;
		watched[i].rounded += 1 / (long double)page_ps;
	}
}

/* Before the model goes from @from to its next event: who ends, and rightly. */
static void watch_step(uint64_t from)
{
	const long double tiny = 1e-9;
	long double all;
	uint32_t i;

	for (i = 0; i < c.n; i++) {
		struct watch *w = &watched[i];

		if (!busy(i))
			continue;
		w->pages += (long double)(c.next - from) / w->page_ps;
		all = (long double)c.entries.entry[c.ch[i].queue.head].len /
		      MIGSIM_PAGE_SIZE;
		assert_true(w->pages <= all + w->rounded + tiny);
		if (c.ch[i].end != c.next)
			continue;
		assert_true(w->pages >= all - tiny);
		*w = (struct watch){ 0 };
	}
}

/* To the next event, watched. */
static uint64_t go_on(uint64_t from)
{
	uint64_t t = c.next;

	watch_step(from);
	channels_run(&c, t);
	assert_true(c.next > t);
	watch_rates();
	return t;
}

/* Takes what has ended; counts how often each cookie came. */
static uint64_t take_done(unsigned char *seen)
{
	struct entry copy;
	uint64_t bytes = 0;

	while (list_take(&c.entries, &c.done, 1, &copy)) {
		bytes += copy.len;
		if (seen)
			seen[copy.cookie]++;
	}
	return bytes;
}

/* Random copies, at random times, on random channels. */
static void a_storm(uint32_t channels)
{
	static const unsigned char orders[] = { 0, 2, 4, 6, 8, 9 };
	static unsigned char seen[ROOM];
	uint64_t t = 0, in = 0, out = 0;
	uint32_t i, n = 3000;
	unsigned int before_order = 0;

	memset(seen, 0, sizeof(seen));
	memset(watched, 0, sizeof(watched));
	open_n(channels);
	for (i = 0; i < n; i++) {
		unsigned int order = orders[fake_random(&seed) % 6];
		uint64_t len;

		/* Runs of alike copies, which become one entry. */
		if (fake_random(&seed) % 4)
			order = before_order;
		before_order = order;
		len = MIGSIM_PAGE_SIZE << order;
		if (!(fake_random(&seed) % 8))
			len = len / 2 + 64;
		queue((uint32_t)(fake_random(&seed) % channels), i, order, len,
		      i / 64);
		in += len;
		if (fake_random(&seed) % 4)
			continue;
		channels_start(&c, t);
		watch_rates();
		for (uint64_t k = fake_random(&seed) % 8; k; k--) {
			if (c.next == UINT64_MAX)
				break;
			t = go_on(t);
			out += take_done(seen);
		}
		/* No more came out than the link can have carried. */
		assert_true((double)out / MIGSIM_PAGE_SIZE * link_ps() <=
			    (double)t * (1 + 1e-9));
	}
	channels_start(&c, t);
	watch_rates();
	while (c.next != UINT64_MAX)
		t = go_on(t);
	out += take_done(seen);
	assert_int_equal(in, out);
	for (i = 0; i < n; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(c.active, 0);
	assert_int_equal(c.entries.copies, 0);
	assert_int_equal(c.entries.in_use, 0);
	channels_close(&c);
}

static void bytes_in_are_bytes_out_and_nothing_is_too_fast(void **state)
{
	static const char *const words[] = {
		"zen3-ptdma", "zen3-ptdma:ports=any", "zen3-ptdma:ports=first",
		"zen3-ptdma:link_us=0.4", "fast-engine",
	};
	size_t i;

	(void)state;
	seed = 1;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		costs_with(words[i]);
		a_storm(1);
		a_storm(5);
		a_storm(16);
	}
}

static uint64_t run_all(void)
{
	uint64_t t = 0;

	channels_start(&c, 0);
	while (c.next != UINT64_MAX)
		channels_run(&c, t = c.next);
	take_done(NULL);
	return t;
}

static void one_channel_is_the_closed_form(void **state)
{
	unsigned int order, n;

	(void)state;
	costs_with("zen3-ptdma");
	for (order = 0; order <= MIGSIM_MAX_ORDER; order++) {
		for (n = 1; n < 100; n += 7) {
			open_n(1);
			queue_folios(0, order, n);
			assert_int_equal(run_all(), ((uint64_t)n << order) *
					 alone_ps(costs.level[order]));
			channels_close(&c);
		}
	}
	/* 2M alone: the figure that was measured, 13.4 GiB/s. */
	assert_within((double)alone_ps(0) / 1e6, 0.295, 0.01);
}

/* Slices as even as the model's: t(k) for all of a stage, as published. */
static void even_slices_are_the_published_stages(void **state)
{
	static const uint32_t nr[][2] = { { 16, 1 }, { 16, 33 }, { 12, 512 },
					  { 4, 6 }, { 3, 8 } };
	uint64_t base, rem, expected, took;
	uint32_t i, k;
	size_t at;

	(void)state;
	costs_with("zen3-ptdma:ports=any");
	for (at = 0; at < sizeof(nr) / sizeof(nr[0]); at++) {
		uint32_t n = nr[at][0] < nr[at][1] ? nr[at][0] : nr[at][1];

		k = n;
		base = nr[at][1] / k;
		rem = nr[at][1] % k;
		open_n(nr[at][0]);
		for (i = 0; i < k; i++)
			queue_folios(i, 9, (unsigned int)(base + (i < rem)));
		took = run_all();
		expected = base * 512 * costs.ps[costs_wait(0, k, k > 1)];
		if (rem)
			expected += 512 * costs.ps[costs_wait(0, (unsigned int)rem,
							      rem > 1)];
		assert_in_range(took, expected, expected + 2 * base + 2);
		channels_close(&c);
	}
}

static uint64_t dealt(uint32_t channels, unsigned int order, uint32_t folios)
{
	uint64_t took;
	uint32_t i;

	open_n(channels);
	for (i = 0; i < channels; i++)
		queue_folios(i, order, folios / channels);
	took = run_all();
	channels_close(&c);
	return took;
}

/* Where the folios can be dealt evenly; nothing is paid for a channel here. */
static void more_channels_never_hurt(void **state)
{
	static const uint32_t n[] = { 1, 2, 3, 4, 6, 8, 12, 16 };
	static const char *const words[] = { "zen3-ptdma", "cxl-far",
					     "fast-engine" };
	uint64_t before, took;
	unsigned int order, i, w;

	(void)state;
	for (w = 0; w < 3; w++) {
		costs_with(words[w]);
		for (order = 0; order <= MIGSIM_MAX_ORDER; order++) {
			before = UINT64_MAX;
			for (i = 0; i < 8; i++) {
				took = dealt(n[i], order, 48);
				assert_true(took <= before);
				before = took;
			}
		}
	}
}

static void neighbours_share_a_port(void **state)
{
	uint64_t alone, pair, apart, any, first;

	(void)state;
	costs_with("zen3-ptdma:link_us=0");
	alone = 512 * alone_ps(0);
	open_n(4);
	queue_folios(0, 9, 1);
	queue_folios(1, 9, 1);
	pair = run_all();
	channels_close(&c);
	open_n(4);
	queue_folios(0, 9, 1);
	queue_folios(2, 9, 1);
	apart = run_all();
	channels_close(&c);
	assert_true(pair > alone * 3 / 2);
	assert_int_equal(apart, alone);

	costs_with("zen3-ptdma:link_us=0,ports=any");
	open_n(4);
	queue_folios(0, 9, 1);
	queue_folios(2, 9, 1);
	any = run_all();
	channels_close(&c);
	assert_int_equal(any, pair);

	costs_with("zen3-ptdma:link_us=0,ports=first");
	open_n(4);
	queue_folios(2, 9, 1);
	first = run_all();
	channels_close(&c);
	assert_int_equal(first, pair);
}

/* A copy under way is slowed down by those that begin later, and sped up. */
static void a_copy_is_slowed_down_while_others_run(void **state)
{
	uint64_t alone, both, took;

	(void)state;
	costs_with("zen3-ptdma");
	alone = costs.ps[costs_wait(0, 1, false)];
	both = costs.ps[costs_wait(0, 2, true)];
	open_n(2);
	queue_folios(0, 9, 2);
	channels_start(&c, 0);
	/* One folio alone; then half of the other beside a short copy. */
	queue(1, 0, 9, 256 * MIGSIM_PAGE_SIZE, 0);
	channels_run(&c, 512 * alone);
	channels_start(&c, 512 * alone);
	while (c.next != UINT64_MAX)
		channels_run(&c, took = c.next);
	assert_in_range(took, 512 * alone + 256 * both + 256 * alone,
			512 * alone + 256 * both + 256 * alone + 2);
	channels_close(&c);
}

/* Small numbers: 7 ps a page alone, 10 while another channel copies. */
static void costs_of_seven_and_ten(void)
{
	costs_with("zen3-ptdma");
	costs.ps[costs_wait(0, 1, false)] = 7;
	costs.ps[costs_wait(0, 2, true)] = 10;
}

/*
 * From 0 a page on channel 0, from 3 a page on channel 1. At 3, 4 of 7 ps are
 * left, which become 40 / 7: over at 9, not at 8. Until then the other has
 * done 6 of its 10 ps; the 4 become 28 / 10: over at 12.
 */
static void a_copy_never_ends_early(void **state)
{
	(void)state;
	costs_of_seven_and_ten();
	open_n(2);
	queue(0, 0, 9, MIGSIM_PAGE_SIZE, 0);
	channels_start(&c, 0);
	assert_int_equal(c.next, 7);
	queue(1, 1, 9, MIGSIM_PAGE_SIZE, 0);
	channels_start(&c, 3);
	assert_int_equal(c.next, 9);
	channels_run(&c, 9);
	assert_int_equal(c.next, 12);
	channels_close(&c);
	/* A part of a tick is a tick: half a page, 3.5 ps. */
	open_n(1);
	queue(0, 0, 9, MIGSIM_PAGE_SIZE / 2, 0);
	channels_start(&c, 0);
	assert_int_equal(c.next, 4);
	channels_close(&c);
}

static const struct entry hanging = {
	.len = MIGSIM_PAGE_SIZE, .count = 1, .flags = ENTRY_HANGS
};

static void a_group_is_cancelled(void **state)
{
	static unsigned char seen[8];
	struct entry hang = hanging;
	uint32_t at;

	(void)state;
	costs_with("zen3-ptdma");
	open_n(2);
	queue(0, 0, 9, 2097152, 7);
	queue(0, 1, 9, 2097152, 8);
	queue(1, 2, 9, 2097152, 7);
	queue(1, 3, 9, 2097152, 7);
	hang.cookie = 4;
	hang.group = 7;
	channels_queue(&c, 1, &hang);
	queue(1, 5, 0, 4096, 8);
	channels_start(&c, 0);
	channels_cancel(&c, 7, 1000);
	assert_int_equal(c.entries.copies, 2);
	while (c.next != UINT64_MAX)
		channels_run(&c, c.next);
	take_done(seen);
	for (at = 0; at < 6; at++)
		assert_int_equal(seen[at], at == 1 || at == 5);
	assert_int_equal(c.entries.in_use, 0);
	channels_close(&c);
}

/*
 * Two channels at 10 ps a page, one at 7. At 20 group 7 is cancelled, of which
 * channel 1 has the copy under way: channel 0 goes on with 3 of its 5 pages,
 * and channel 1 begins with the copy behind, of one page: over at 30. Then
 * channel 0 has 2 pages left, and is alone: over at 44.
 */
static void a_cancel_disturbs_no_other_copy(void **state)
{
	(void)state;
	costs_of_seven_and_ten();
	open_n(2);
	queue(0, 0, 9, 5 * MIGSIM_PAGE_SIZE, 8);
	queue(0, 1, 9, 9 * MIGSIM_PAGE_SIZE, 7);
	queue(1, 2, 9, 5 * MIGSIM_PAGE_SIZE, 7);
	queue(1, 3, 9, MIGSIM_PAGE_SIZE, 8);
	channels_start(&c, 0);
	channels_cancel(&c, 7, 20);
	assert_int_equal(c.ch[0].queued, 5 * MIGSIM_PAGE_SIZE);
	assert_int_equal(c.ch[1].queued, MIGSIM_PAGE_SIZE);
	assert_int_equal(c.next, 30);
	channels_run(&c, 30);
	assert_int_equal(c.next, 44);
	channels_close(&c);

	/* Nothing behind it: at 20 channel 0 is alone with 3 pages. */
	open_n(2);
	queue(0, 0, 9, 5 * MIGSIM_PAGE_SIZE, 8);
	queue(1, 1, 9, 5 * MIGSIM_PAGE_SIZE, 7);
	channels_start(&c, 0);
	channels_cancel(&c, 7, 20);
	assert_int_equal(c.ch[1].queued, 0);
	assert_int_equal(c.next, 20 + 3 * 7);
	channels_close(&c);
}

static void queue_last(uint64_t cookie, uint32_t group, bool last)
{
	const struct entry copy = {
		.cookie = cookie, .len = MIGSIM_PAGE_SIZE, .count = 1,
		.group = group, .order = 9, .flags = last ? ENTRY_LAST : 0,
	};

	channels_queue(&c, 0, &copy);
}

/* What has ended and was not reaped is forgotten too. */
static void a_cancel_forgets_what_has_ended(void **state)
{
	unsigned char seen[4] = { 0 };

	(void)state;
	costs_of_seven_and_ten();
	open_n(1);
	queue_last(0, 7, true);
	queue_last(1, 8, true);
	channels_start(&c, 0);
	channels_cancel(&c, 7, 14);
	assert_int_equal(take_done(seen), MIGSIM_PAGE_SIZE);
	assert_int_equal(seen[1], 1);
	channels_close(&c);

	/* Ended, and held until the last of the submission has. */
	costs.per_group = true;
	open_n(1);
	queue_last(0, 7, false);
	queue_last(1, 8, false);
	queue_last(2, 8, true);
	channels_start(&c, 0);
	channels_run(&c, 14);
	assert_int_equal(c.done.head, NO_ENTRY);
	channels_cancel(&c, 7, 14);
	channels_run(&c, 21);
	assert_int_equal(take_done(seen), 2 * MIGSIM_PAGE_SIZE);
	assert_int_equal(seen[0], 0);
	assert_int_equal(seen[1], 2);
	assert_int_equal(seen[2], 1);
	assert_int_equal(c.entries.in_use, 0);
	channels_close(&c);
}

static void a_hung_channel_takes_no_share(void **state)
{
	(void)state;
	costs_with("zen3-ptdma");
	open_n(2);
	channels_queue(&c, 1, &hanging);
	queue_folios(0, 9, 1);
	channels_start(&c, 0);
	assert_int_equal(c.next, 512 * alone_ps(0));
	channels_run(&c, c.next);
	assert_int_equal(c.next, UINT64_MAX);
	assert_int_equal(c.entries.copies, 2);
	channels_close(&c);
}

static void a_group_completes_as_a_whole(void **state)
{
	const struct entry three = {
		.len = 2097152, .order = 9, .count = 3, .step = 1,
		.flags = ENTRY_LAST,
	};
	uint64_t one;

	(void)state;
	costs_with("zen3-ptdma:completion_per=group");
	one = 512 * alone_ps(0);
	open_n(1);
	channels_queue(&c, 0, &three);
	channels_start(&c, 0);
	channels_run(&c, 3 * one - 1);
	assert_int_equal(c.done.head, NO_ENTRY);
	assert_int_equal(c.completions, 0);
	channels_run(&c, 3 * one);
	assert_int_equal(c.completions, 1);
	assert_int_equal(take_done(NULL), 3 * 2097152);
	channels_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_in_are_bytes_out_and_nothing_is_too_fast),
		cmocka_unit_test(one_channel_is_the_closed_form),
		cmocka_unit_test(even_slices_are_the_published_stages),
		cmocka_unit_test(more_channels_never_hurt),
		cmocka_unit_test(neighbours_share_a_port),
		cmocka_unit_test(a_copy_is_slowed_down_while_others_run),
		cmocka_unit_test(a_copy_never_ends_early),
		cmocka_unit_test(a_group_is_cancelled),
		cmocka_unit_test(a_cancel_disturbs_no_other_copy),
		cmocka_unit_test(a_cancel_forgets_what_has_ended),
		cmocka_unit_test(a_hung_channel_takes_no_share),
		cmocka_unit_test(a_group_completes_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
