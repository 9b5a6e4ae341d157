/* SPDX-License-Identifier: MIT */
/*
 * Lists of copies, and how a submission falls to channels. Copies are named by
 * their cookies; nothing runs here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <migsim/engine.h>

#include "model/deal.h"

#define ROOM	256
#define ANY	MIGSIM_LANE_ANY
#define PAGE	MIGSIM_PAGE_SIZE

static const struct entry_list none = { NO_ENTRY, NO_ENTRY };
static struct costs costs;
static struct channels c;
static struct entry_list submission;
static struct deal deal;

static void open_n(uint32_t n)
{
	submission = none;
	assert_int_equal(channels_open(&c, &costs, n, ROOM), 0);
}

/* Everything must have been taken. */
static void close_all(void)
{
	assert_int_equal(c.entries.copies, 0);
	assert_int_equal(c.entries.in_use, 0);
	channels_close(&c);
}

static void busy_with(uint32_t channel, uint64_t pages)
{
	c.ch[channel].queued = pages * PAGE;
}

static void submit(uint64_t cookie, uint16_t lane)
{
	const struct entry copy = {
		.cookie = cookie, .len = PAGE, .count = 1, .lane = lane,
	};

	list_add(&c.entries, &submission, &copy);
}

static void deal_all(void)
{
	deal_prepare(&deal, &c, &submission);
	deal_out(&deal, &c, &submission);
	assert_int_equal(submission.head, NO_ENTRY);
}

/*
 * The queue of a channel, in order: "1 2 3". The last copy of a submission,
 * and no other, is marked so: "1 2.".
 */
static const char *queue_of(uint32_t channel)
{
	static char text[ROOM * 4];
	struct entry copy;
	int at = 0;

	*text = '\0';
	while (list_take(&c.entries, &c.ch[channel].queue, 1, &copy))
		at += snprintf(text + at, sizeof(text) - (size_t)at, "%s%u%s",
			       at ? " " : "", (unsigned int)copy.cookie,
			       copy.flags & ENTRY_LAST ? "." : "");
	return text;
}

#define assert_queue(channel, text) \
	assert_string_equal(queue_of(channel), text)

/* 8 copies over 3 channels: 3, 3 and 2, one behind the other. */
static void slices_are_even_and_in_order(void **state)
{
	uint64_t i;

	(void)state;
	open_n(3);
	/* What they have to do does not matter. */
	busy_with(0, 9);
	for (i = 1; i <= 8; i++)
		submit(i, ANY);
	assert_int_equal(c.entries.in_use, 1);
	deal_all();
	assert_int_equal(deal_channels(&deal), 3);
	assert_int_equal(c.ch[0].queued, 12 * PAGE);
	assert_int_equal(c.ch[1].queued, 3 * PAGE);
	assert_int_equal(c.ch[2].queued, 2 * PAGE);
	assert_queue(0, "1 2 3.");
	assert_queue(1, "4 5 6.");
	assert_queue(2, "7 8.");
	close_all();

	/* Fewer than channels. */
	open_n(3);
	submit(7, ANY);
	submit(5, ANY);
	deal_all();
	assert_int_equal(deal_channels(&deal), 2);
	assert_queue(0, "7.");
	assert_queue(1, "5.");
	assert_queue(2, "");
	close_all();
}

/* A slice ends within an entry, and goes over several. */
static void slices_cut_entries(void **state)
{
	static const uint64_t cookies[] = { 1, 2, 3, 10, 20, 30, 40, 41, 50 };
	size_t i;

	(void)state;
	open_n(2);
	for (i = 0; i < 9; i++)
		submit(cookies[i], ANY);
	assert_true(c.entries.in_use > 2);
	deal_all();
	assert_queue(0, "1 2 3 10 20.");
	assert_queue(1, "30 40 41 50.");
	close_all();
}

/* Channels with 5, 1, 3 and 2 pages to do: 1, 3 and 2 are next, in order. */
static void a_lane_takes_the_channel_with_least_to_do(void **state)
{
	static const unsigned char pages[] = { 5, 1, 3, 2 };
	uint32_t i;

	(void)state;
	open_n(4);
	for (i = 0; i < 4; i++)
		busy_with(i, pages[i]);
	submit(10, 0);
	submit(11, 1);
	submit(12, 2);
	submit(13, 0);
	deal_all();
	assert_int_equal(deal_channels(&deal), 3);
	assert_queue(0, "");
	assert_queue(1, "10 13.");
	assert_queue(3, "11.");
	assert_queue(2, "12.");
	close_all();
}

/* Where two lanes go of four channels, the first of which copies already. */
static void goes_to(uint32_t ports, bool pick_ports, const char *first,
		    const char *second, const char *third)
{
	costs.ports = ports;
	open_n(4);
	c.pick_ports = pick_ports;
	busy_with(0, 1);
	submit(1, 0);
	submit(2, 1);
	deal_all();
	assert_queue(1, first);
	assert_queue(2, second);
	assert_queue(3, third);
	close_all();
	costs.ports = 0;
}

static void a_lane_takes_a_channel_on_an_idle_port(void **state)
{
	(void)state;
	goes_to(PORTS_PAIR, false, "1.", "2.", "");
	/* Both on the idle port, not one on each. */
	goes_to(PORTS_PAIR, true, "", "1.", "2.");
	goes_to(PORTS_ANY, true, "1.", "2.", "");
	goes_to(PORTS_FIRST, true, "1.", "2.", "");
}

/* 7 lanes on 3 channels: every third one shares. */
static void lanes_that_outnumber_channels_share(void **state)
{
	uint16_t lane;

	(void)state;
	open_n(3);
	busy_with(0, 2);
	busy_with(1, 1);
	for (lane = 0; lane < 7; lane++)
		submit(lane, lane);
	deal_all();
	assert_int_equal(deal_channels(&deal), 3);
	assert_queue(2, "0 3 6.");
	assert_queue(1, "1 4.");
	assert_queue(0, "2 5.");
	close_all();
}

/* Lanes find their channels; the others are dealt from channel 0 on. */
static void lanes_and_slices_go_together(void **state)
{
	(void)state;
	open_n(4);
	busy_with(0, 1);
	busy_with(1, 1);
	busy_with(2, 1);
	submit(10, 0);
	submit(20, ANY);
	submit(11, 0);
	submit(21, ANY);
	submit(12, 1);
	deal_all();
	/* Lane 0 on channel 3, lane 1 and slice 0 on channel 0, slice 1. */
	assert_int_equal(deal_channels(&deal), 3);
	assert_queue(3, "10 11.");
	assert_queue(0, "20 12.");
	assert_queue(1, "21.");
	assert_queue(2, "");
	close_all();
}

/* Behind the last copy of a submission begins the next, never within. */
static void submissions_are_kept_apart(void **state)
{
	(void)state;
	open_n(1);
	submit(1, ANY);
	submit(2, ANY);
	deal_all();
	submit(3, ANY);
	submit(4, ANY);
	deal_all();
	assert_queue(0, "1 2. 3 4.");
	close_all();
}

static const struct entry three = {
	.cookie = 100, .step = 7, .len = PAGE, .count = 3, .group = 1,
	.lane = 2, .order = 3,
};

/* What goes on behind it: 121, and 121 to 142. */
static const struct entry alike[] = {
	{ 121, 0, PAGE, 1, 0, 1, 2, 3, 0 }, { 121, 7, PAGE, 4, 0, 1, 2, 3, 0 },
};

/* What does not: by length, group, lane, order, flag, a gap, its own step. */
static const struct entry unlike[] = {
	{ 121, 0, 2 * PAGE, 1, 0, 1, 2, 3, 0 },
	{ 121, 0, PAGE, 1, 0, 2, 2, 3, 0 },
	{ 121, 0, PAGE, 1, 0, 1, 1, 3, 0 }, { 121, 0, PAGE, 1, 0, 1, 2, 2, 0 },
	{ 121, 0, PAGE, 1, 0, 1, 2, 3, ENTRY_LAST },
	{ 122, 0, PAGE, 1, 0, 1, 2, 3, 0 }, { 121, 8, PAGE, 4, 0, 1, 2, 3, 0 },
};

/* Returns how many entries "three" and these make; all of them come out. */
static uint32_t entries_with(const struct entry *next, uint8_t flags)
{
	struct entry first = three, copy;
	uint32_t n, i;

	open_n(1);
	first.flags = flags;
	list_add(&c.entries, &submission, &first);
	list_add(&c.entries, &submission, next);
	n = c.entries.in_use;
	for (i = 0; i < 3 + next->count; i++) {
		const struct entry *of = i < 3 ? &first : next;

		assert_true(list_take(&c.entries, &submission, 1, &copy));
		assert_int_equal(copy.cookie, of->cookie +
				 (i < 3 ? i : i - 3) * of->step);
		assert_int_equal(copy.len, of->len);
		assert_int_equal(copy.group, of->group);
		assert_int_equal(copy.lane, of->lane);
		assert_int_equal(copy.order, of->order);
	}
	assert_false(list_take(&c.entries, &submission, 1, &copy));
	close_all();
	return n;
}

static void only_alike_copies_become_one_entry(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(alike) / sizeof(*alike); i++)
		assert_int_equal(entries_with(&alike[i], 0), 1);
	for (i = 0; i < sizeof(unlike) / sizeof(*unlike); i++)
		assert_int_equal(entries_with(&unlike[i], 0), 2);
	assert_int_equal(entries_with(&alike[0], ENTRY_LAST), 2);
}

/* Two, then the rest, which keeps the mark of the last. */
static void an_entry_is_taken_in_parts(void **state)
{
	struct entry five = three, part;

	(void)state;
	five.count = 5;
	five.flags = ENTRY_LAST;
	open_n(1);
	list_add(&c.entries, &submission, &five);
	assert_true(list_take(&c.entries, &submission, 2, &part));
	assert_int_equal(part.cookie, 100);
	assert_int_equal(part.count, 2);
	assert_int_equal(part.step, 7);
	assert_int_equal(part.flags, 0);
	assert_int_equal(c.entries.copies, 3);
	assert_true(list_take(&c.entries, &submission, 3, &part));
	assert_int_equal(part.cookie, 114);
	assert_int_equal(part.count, 3);
	assert_int_equal(part.flags, ENTRY_LAST);
	assert_false(list_take(&c.entries, &submission, 1, &part));
	close_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_are_even_and_in_order),
		cmocka_unit_test(slices_cut_entries),
		cmocka_unit_test(a_lane_takes_the_channel_with_least_to_do),
		cmocka_unit_test(a_lane_takes_a_channel_on_an_idle_port),
		cmocka_unit_test(lanes_that_outnumber_channels_share),
		cmocka_unit_test(lanes_and_slices_go_together),
		cmocka_unit_test(submissions_are_kept_apart),
		cmocka_unit_test(only_alike_copies_become_one_entry),
		cmocka_unit_test(an_entry_is_taken_in_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
