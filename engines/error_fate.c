/* SPDX-License-Identifier: MIT */
/*
 * What becomes of which copy. It hangs on the seed and on the copy's number
 * alone, so that a copy which is offered again meets the same.
 */
#include <errno.h>
#include <string.h>

#include <migsim/log.h>

#include "error_parts.h"

#define PPM 1000000

static const char *const no_yes[] = { "no", "yes", NULL };
static const char *const cancels[] = { "clean", "stuck", NULL };

#define OF_A_MILLION(key, text)						\
	{ .name = #key, .help = "of a million copies so many " text,	\
	  .offset = offsetof(struct error_args, key), .max = PPM }

const struct migsim_param error_params[] = {
	{ .name = "of",
	  .help = "the engine inside, its options behind '+': mt+threads=2",
	  .type = MIGSIM_PARAM_TEXT, .def_text = "memcpy",
	  .offset = offsetof(struct error_args, of) },
	{ .name = "seed", .help = "which copies meet a fault",
	  .offset = offsetof(struct error_args, seed), .def = 1,
	  .max = UINT64_MAX },
	OF_A_MILLION(decline_ppm,
		     "are declined, with all that are offered behind them"),
	OF_A_MILLION(busy_ppm, "are answered with -EBUSY, once"),
	OF_A_MILLION(fail_ppm, "are not made, and reported as failed"),
	{ .name = "fail_nth", .help = "every n-th copy (a piece is one) fails; 0: none",
	  .offset = offsetof(struct error_args, fail_nth),
	  .max = UINT64_MAX },
	OF_A_MILLION(stuck_ppm, "are given up, and written to afterwards"),
	OF_A_MILLION(corrupt_ppm, "end with garbage in the target"),
	OF_A_MILLION(short_ppm, "are made in part"),
	{ .name = "silent", .help = "what is corrupt or short is no error",
	  .type = MIGSIM_PARAM_CHOICE, .choices = no_yes,
	  .offset = offsetof(struct error_args, silent) },
	OF_A_MILLION(delay_ppm, "are reported late"),
	{ .name = "delay_us", .help = "how late, in us",
	  .offset = offsetof(struct error_args, delay_us), .def = 1000,
	  .max = 10 * PPM },
	OF_A_MILLION(hang_ppm, "never end"),
	{ .name = "reorder", .help = "completions come in a random order",
	  .type = MIGSIM_PARAM_CHOICE, .choices = no_yes,
	  .offset = offsetof(struct error_args, reorder) },
	OF_A_MILLION(twice_ppm, "are reported twice"),
	{ .name = "cancel",
	  .help = "clean: a hung copy ends; stuck: it may write, and will",
	  .type = MIGSIM_PARAM_CHOICE, .choices = cancels,
	  .offset = offsetof(struct error_args, cancel) },
	{ .name = "die_nth",
	  .help = "the engine dies in place of this completion; 0: never",
	  .offset = offsetof(struct error_args, die_nth),
	  .max = UINT64_MAX },
	{ 0 },
};

int error_check(const struct error_args *a)
{
	if (!strncmp(a->of, "error", 5) && strchr("+", a->of[5])) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "engine error cannot wrap itself: give all faults to one");
		return -EINVAL;
	}
	if (a->hang_ppm + a->fail_ppm + a->stuck_ppm + a->corrupt_ppm +
	    a->short_ppm > PPM) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "engine error: hang_ppm, fail_ppm, stuck_ppm, corrupt_ppm and short_ppm are more than a million together");
		return -EINVAL;
	}
	return 0;
}

/* Of a '+', is it `key=` that follows? */
static bool begins_option(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789");

	return n && text[n] == '=';
}

void error_inner_word(char *word)
{
	char next = ':';

	for (; *word; word++) {
		if (*word != '+' || !begins_option(word + 1))
			continue;
		*word = next;
		next = ',';
	}
}

/* splitmix64 */
uint64_t error_random(uint64_t seed, uint64_t number, uint32_t stream)
{
	uint64_t x = seed + (number << 3 | stream) * 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

enum { DRAW_END, DRAW_DECLINE, DRAW_BUSY, DRAW_DELAY, DRAW_TWICE };

static uint32_t drawn(const struct error_args *a, uint64_t number,
		      uint32_t stream, uint64_t ppm, uint32_t fate)
{
	if (!ppm || error_random(a->seed, number, stream) % PPM >= ppm)
		return 0;
	return fate;
}

/* The smallest copy has no half. */
#define SHORTEST 128

static uint32_t end_of(const struct error_args *a, uint64_t number,
		       uint64_t len)
{
	uint64_t x;

	if (a->fail_nth && !(number % a->fail_nth))
		return FATE_FAIL;
	if (!(a->hang_ppm | a->fail_ppm | a->stuck_ppm | a->corrupt_ppm |
	      a->short_ppm))
		return 0;
	x = error_random(a->seed, number, DRAW_END) % PPM;
	if (x < a->hang_ppm)
		return FATE_HANG;
	x -= a->hang_ppm;
	if (x < a->fail_ppm)
		return FATE_FAIL;
	x -= a->fail_ppm;
	if (x < a->stuck_ppm)
		return FATE_STUCK;
	x -= a->stuck_ppm;
	if (x < a->corrupt_ppm)
		return FATE_CORRUPT;
	x -= a->corrupt_ppm;
	return x < a->short_ppm && len >= SHORTEST ? FATE_SHORT : 0;
}

uint32_t error_fate(const struct error_args *a, uint64_t number, uint64_t len)
{
	return drawn(a, number, DRAW_DECLINE, a->decline_ppm, FATE_DECLINE) |
	       drawn(a, number, DRAW_BUSY, a->busy_ppm, FATE_BUSY) |
	       drawn(a, number, DRAW_DELAY, a->delay_ppm, FATE_DELAY) |
	       drawn(a, number, DRAW_TWICE, a->twice_ppm, FATE_TWICE) |
	       end_of(a, number, len);
}
