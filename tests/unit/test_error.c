/* SPDX-License-Identifier: MIT */
/*
 * The engine error, called as the core would call it: over memcpy, and over an
 * asynchronous engine which keeps what it was given (tape.h).
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <migsim/engine.h>
#include <migsim/log.h>

#include "../../engines/error.h"
#include "tape.h"

#define COPIES	60
#define LEN	256
#define FOREVER	((uint64_t)20000000000)	/* ns */

static _Alignas(64) unsigned char src[COPIES * LEN], dst[COPIES * LEN];
static struct migsim_copy copies[COPIES];
static struct migsim_completion done[4 * COPIES];
static struct migsim_engine *engine;
static const struct error_counts *counts;
static char sentence[512];

static void hear(void *arg, enum migsim_log_level level, const char *text)
{
	(void)arg;
	(void)level;
	snprintf(sentence, sizeof(sentence), "%s", text);
}

static void fill(void)
{
	uint32_t i;

	for (i = 0; i < sizeof(src); i++)
		src[i] = (unsigned char)(i / LEN + 1);
	memset(dst, 0, sizeof(dst));
	for (i = 0; i < COPIES; i++)
		copies[i] = (struct migsim_copy){
			.dst = dst + i * LEN, .src = src + i * LEN,
			.len = LEN, .cookie = 0xabcd00000000ull + i,
			.group = i / 30, .piece = (uint16_t)(i % 3),
			.lane = (uint16_t)(i % 5),
		};
}

static int setup(void **state)
{
	(void)state;
	migsim_set_log(hear, NULL);
	*sentence = '\0';
	tape_reset();
	fill();
	return 0;
}

static int try_open(const char *word)
{
	const struct migsim_engine_env env = { .from = -1, .to = -1 };

	return migsim_engine_open(&engine, word, &env);
}

static void open_engine(const char *word)
{
	assert_int_equal(try_open(word), 0);
	counts = error_engine_counts(engine);
}

static int teardown(void **state)
{
	(void)state;
	migsim_engine_close(engine);
	engine = NULL;
	return 0;
}

static int submit(uint32_t from, uint32_t n)
{
	return engine->ops->submit(engine->priv, copies + from, n);
}

static int reap(uint32_t max, uint64_t timeout_ns)
{
	return engine->ops->reap(engine->priv, done, max, timeout_ns);
}

static void submit_all(void)
{
	assert_int_equal(submit(0, COPIES), COPIES);
	engine->ops->kick(engine->priv);
}

/* Which copy this completion is of. */
static uint32_t nth(const struct migsim_completion *c)
{
	uint64_t i = c->cookie - copies[0].cookie;

	assert_true(i < COPIES);
	return (uint32_t)i;
}

/* Until @n have come. How often each came stands in @seen. */
static void reap_all(uint32_t n, uint8_t *seen, int32_t *status)
{
	uint32_t got = 0;
	int i, more;

	memset(seen, 0, COPIES);
	while (got < n) {
		more = reap(COPIES, FOREVER);
		assert_true(more > 0);
		for (i = 0; i < more; i++) {
			seen[nth(&done[i])]++;
			status[nth(&done[i])] = done[i].status;
		}
		got += (uint32_t)more;
	}
	assert_int_equal(got, n);
}

/* Every copy once; the status of each. */
static void each_once(int32_t *status)
{
	uint8_t seen[COPIES];
	uint32_t i;

	reap_all(COPIES, seen, status);
	for (i = 0; i < COPIES; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(reap(COPIES, 0), 0);
}

/* How many bytes of the target are the source's, and how many are 0. */
static void look_at(uint32_t i, uint32_t *same, uint32_t *zero)
{
	uint32_t k;

	*same = *zero = 0;
	for (k = i * LEN; k < (i + 1) * LEN; k++) {
		*same += dst[k] == src[k];
		*zero += !dst[k];
	}
}

static void nothing_injected(void **state)
{
	int32_t status[COPIES];
	uint32_t i;

	(void)state;
	open_engine("error:of=tape");
	submit_all();
	/* In one piece, with all that the caller said. */
	assert_int_equal(tape.nr_submits, 1);
	assert_int_equal(tape.nr_kicks, 1);
	assert_int_equal(tape.in_flight, COPIES);
	for (i = 0; i < COPIES; i++) {
		assert_ptr_equal(tape.copies[i].dst, copies[i].dst);
		assert_ptr_equal(tape.copies[i].src, copies[i].src);
		assert_int_equal(tape.copies[i].len, LEN);
		assert_int_equal(tape.copies[i].group, copies[i].group);
		assert_int_equal(tape.copies[i].piece, copies[i].piece);
		assert_int_equal(tape.copies[i].lane, copies[i].lane);
	}
	each_once(status);
	for (i = 0; i < COPIES; i++)
		assert_int_equal(status[i], 0);
	assert_memory_equal(dst, src, sizeof(dst));
	assert_int_equal(counts->taken, COPIES);
}

static void capabilities_of_the_inner(void **state)
{
	(void)state;
	open_engine("error");
	assert_int_equal(engine->caps.flags, MIGSIM_ENGINE_SYNC);
	assert_int_equal(engine->caps.depth, 512);
	migsim_engine_close(engine);
	open_engine("error:hang_ppm=1");
	assert_int_equal(engine->caps.flags, 0);
	migsim_engine_close(engine);
	open_engine("error:of=null,delay_ppm=1");
	assert_int_equal(engine->caps.flags, MIGSIM_ENGINE_NO_COPY);
	migsim_engine_close(engine);
	tape.flags = MIGSIM_ENGINE_VIRTUAL;
	open_engine("error:of=tape");
	assert_int_equal(engine->caps.flags, MIGSIM_ENGINE_VIRTUAL);
	assert_int_equal(engine->caps.depth, 64);
	assert_int_equal(engine->caps.channels, 3);
	assert_string_equal(engine->caps.driver, "error over tape");
}

static void every_nth_fails(void **state)
{
	int32_t status[COPIES];
	uint32_t i, same, zero;

	(void)state;
	open_engine("error:of=tape,fail_nth=7");
	submit_all();
	assert_int_equal(tape.nr_submits, 1);
	each_once(status);
	for (i = 0; i < COPIES; i++) {
		look_at(i, &same, &zero);
		assert_int_equal(status[i], (i + 1) % 7 ? 0 : -EIO);
		assert_int_equal(same, (i + 1) % 7 ? LEN : 0);
		assert_int_equal(zero, (i + 1) % 7 ? 0 : LEN);
	}
	assert_int_equal(counts->failed, COPIES / 7);
}

static void statuses(const char *word, int32_t *status)
{
	fill();
	open_engine(word);
	submit_all();
	each_once(status);
}

/* The share is met within what chance allows: 5 standard deviations. */
static void a_share_fails(void **state)
{
	int32_t status[COPIES];
	uint32_t round, i, failed = 0;

	(void)state;
	open_engine("error:fail_ppm=300000,seed=5");
	for (round = 0; round < 100; round++) {
		submit_all();
		each_once(status);
		for (i = 0; i < COPIES; i++)
			failed += status[i] == -EIO;
	}
	assert_int_equal(counts->failed, failed);
	assert_in_range(failed, 1800 - 178, 1800 + 178);
}

static void same_seed_same_faults(void **state)
{
	static const char word[] = "error:fail_ppm=300000,seed=5";
	int32_t a[COPIES], b[COPIES];

	(void)state;
	statuses(word, a);
	migsim_engine_close(engine);
	statuses(word, b);
	migsim_engine_close(engine);
	assert_memory_equal(a, b, sizeof(a));
	statuses("error:fail_ppm=300000,seed=6", b);
	assert_memory_not_equal(a, b, sizeof(a));
	migsim_engine_close(engine);
	/* However the copies are offered. */
	fill();
	open_engine(word);
	for (uint32_t i = 0; i < COPIES; i += 4)
		assert_int_equal(submit(i, 4), 4);
	each_once(b);
	assert_memory_equal(a, b, sizeof(a));
}

static void garbage(const char *word, int32_t expected)
{
	uint32_t i, same, zero, bad = 0;
	int32_t status[COPIES];

	statuses(word, status);
	for (i = 0; i < COPIES; i++) {
		look_at(i, &same, &zero);
		assert_true(same == LEN || !same);
		assert_int_equal(zero, 0);
		assert_int_equal(status[i], same ? 0 : expected);
		bad += !same;
	}
	assert_int_equal(counts->corrupted, bad);
	assert_in_range(bad, 1, COPIES - 1);
	migsim_engine_close(engine);
	engine = NULL;
}

static void corrupt(void **state)
{
	(void)state;
	garbage("error:of=tape,corrupt_ppm=200000", -EIO);
	garbage("error:of=tape,corrupt_ppm=200000,silent=yes", 0);
}

static void halves(const char *word, int32_t expected)
{
	uint32_t i, same, zero, cut = 0;
	int32_t status[COPIES];

	statuses(word, status);
	for (i = 0; i < COPIES; i++) {
		look_at(i, &same, &zero);
		assert_true(same == LEN || (same == LEN / 2 &&
					    zero == LEN / 2));
		assert_int_equal(status[i], zero ? expected : 0);
		cut += zero != 0;
	}
	assert_int_equal(counts->shortened, cut);
	assert_in_range(cut, 1, COPIES - 1);
	migsim_engine_close(engine);
	engine = NULL;
}

static void short_copies(void **state)
{
	(void)state;
	halves("error:short_ppm=200000", -EIO);
	halves("error:short_ppm=200000,silent=yes", 0);
}

/* The first that is declined takes those behind it along. */
static void decline(void **state)
{
	uint32_t at = 0, declined = 0, n;
	int took;

	(void)state;
	open_engine("error:of=tape,decline_ppm=100000");
	while (at < COPIES) {
		n = COPIES - at < 10 ? COPIES - at : 10;
		took = submit(at, n);
		if (took < 0) {
			assert_int_equal(took, -EOPNOTSUPP);
			declined += n;
			at += n;
			continue;
		}
		/* What came before it was passed on together. */
		at += (uint32_t)took;
		assert_int_equal(tape.in_flight, at - declined);
	}
	assert_in_range(declined, 1, COPIES - 1);
	assert_int_equal(counts->declined, declined);
	assert_int_equal(counts->taken, COPIES - declined);
}

static void busy(void **state)
{
	uint32_t at = 0, answers = 0;
	int took;

	(void)state;
	open_engine("error:of=tape,busy_ppm=200000,seed=3");
	while (at < COPIES) {
		took = submit(at, COPIES - at);
		if (took < 0) {
			assert_int_equal(took, -EBUSY);
			assert_true(at > 0);
			/* It is taken when it is offered again. */
			answers++;
			took = submit(at, 1);
			assert_int_equal(took, 1);
		}
		at += (uint32_t)took;
	}
	assert_in_range(answers, 2, COPIES - 1);
	assert_int_equal(counts->busy, answers);
	assert_int_equal(counts->declined, 0);
}

static void busy_with_nothing_in_flight_is_declined(void **state)
{
	(void)state;
	open_engine("error:of=tape,busy_ppm=1000000");
	assert_int_equal(submit(0, 9), -EBUSY);
	assert_int_equal(counts->declined, 9);
	assert_int_equal(tape.nr_submits, 0);
}

static unsigned int sleeps;

/* The engine's own: how often it goes to sleep. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until,
		    struct timespec *left)
{
	sleeps++;
	return syscall(SYS_clock_nanosleep, clock, flags, until, left) ? errno
								       : 0;
}

static void delay(void **state)
{
	int32_t status[COPIES];

	(void)state;
	open_engine("error:delay_ppm=1000000,delay_us=10000000");
	submit_all();
	assert_int_equal(reap(COPIES, 0), 0);
	assert_int_equal(reap(COPIES, 1000000), 0);
	assert_int_equal(counts->delayed, COPIES);
	migsim_engine_close(engine);
	/* The wait ends when one is due, long before its deadline. */
	open_engine("error:delay_ppm=500000,delay_us=3000,fail_ppm=500000");
	submit_all();
	each_once(status);
	assert_in_range(counts->delayed, 1, COPIES - 1);
	assert_in_range(counts->failed, 1, COPIES - 1);
}

/* Who waits for what does not come sleeps, until the deadline. */
static void hang(void **state)
{
	uint8_t seen[COPIES];
	int32_t status[COPIES];
	int n;

	(void)state;
	open_engine("error:hang_ppm=200000");
	submit_all();
	reap_all(COPIES - (uint32_t)counts->hung, seen, status);
	assert_in_range(counts->hung, 1, COPIES - 1);
	sleeps = 0;
	assert_int_equal(reap(COPIES, 20000000), 0);
	assert_in_range(sleeps, 1, 5);
	assert_int_equal(engine->ops->cancel(engine->priv, 0), 0);
	assert_int_equal(engine->ops->cancel(engine->priv, 1), 0);
	assert_int_equal(counts->cancelled, counts->hung);
	assert_int_equal(reap(COPIES, 0), 0);
	/* Their places are free again: the engine is as deep as before. */
	for (n = 0; n < 8; n++)
		assert_int_equal(submit(0, COPIES), COPIES);
	assert_int_equal(submit(0, COPIES), 512 - 8 * COPIES);
	assert_int_equal(submit(0, COPIES), -EBUSY);
	assert_int_equal(counts->busy, 0);
}

/* A cancel takes one group, wherever its copies are. */
static void cancel_takes_one_group(void **state)
{
	uint32_t i, k;
	int n;

	(void)state;
	tape.per_reap = 5;
	open_engine("error:of=tape,fail_ppm=300000,hang_ppm=100000");
	submit_all();
	assert_int_equal(reap(1, FOREVER), 1);
	i = nth(&done[0]);
	assert_int_equal(engine->ops->cancel(engine->priv, 0), 0);
	assert_int_equal(tape.nr_cancels, 1);
	assert_int_equal(counts->cancelled, 30 - (i < 30));
	assert_int_equal(engine->ops->cancel(engine->priv, 7), 0);
	assert_int_equal(counts->cancelled, 30 - (i < 30));
	while ((n = reap(COPIES, 0)) > 0)
		for (k = 0; k < (uint32_t)n; k++)
			assert_true(nth(&done[k]) >= 30);
	assert_int_equal(tape.in_flight, 0);
}

/* Until close nothing is written; the engine is of no more use. */
static void stuck(void **state)
{
	uint32_t i, same, zero, hung = 0;
	uint8_t seen[COPIES];
	int32_t status[COPIES];

	(void)state;
	open_engine("error:hang_ppm=200000,cancel=stuck");
	submit_all();
	reap_all(COPIES - (uint32_t)counts->hung, seen, status);
	assert_int_equal(engine->ops->cancel(engine->priv, 0), -EINPROGRESS);
	assert_int_equal(submit(0, 5), -EIO);
	assert_int_equal(counts->declined, 5);
	assert_int_equal(engine->ops->cancel(engine->priv, 1), -EINPROGRESS);
	for (i = 0; i < COPIES; i++) {
		look_at(i, &same, &zero);
		assert_int_equal(zero, seen[i] ? 0 : LEN);
		hung += !seen[i];
	}
	assert_int_equal(counts->cancelled, hung);
	migsim_engine_close(engine);
	engine = NULL;
	for (i = 0; i < COPIES; i++) {
		look_at(i, &same, &zero);
		assert_int_equal(same, seen[i] ? LEN : 0);
		assert_int_equal(zero, 0);
	}
}

/* Reported, then written to at the next call, while the engine goes on. */
static void given_up_and_written_to(void **state)
{
	uint32_t i, same, zero;
	uint8_t seen[COPIES];
	int32_t status[COPIES];
	int n;

	(void)state;
	open_engine("error:stuck_ppm=200000");
	submit_all();
	assert_int_equal(reap(COPIES, FOREVER), COPIES);
	for (i = 0; i < COPIES; i++)
		status[nth(&done[i])] = done[i].status;
	for (i = 0; i < COPIES; i++) {
		look_at(i, &same, &zero);
		assert_int_equal(same, status[i] ? 0 : LEN);
		assert_int_equal(zero, status[i] ? LEN : 0);
		assert_true(!status[i] || status[i] == -ETIMEDOUT);
	}
	assert_in_range(counts->stuck, 1, COPIES - 1);
	assert_int_equal(reap(COPIES, 0), 0);
	for (i = 0; i < COPIES; i++) {
		look_at(i, &same, &zero);
		assert_int_equal(same, status[i] ? 0 : LEN);
		assert_int_equal(zero, 0);
	}
	/* Their places are free again: more than the engine is deep. */
	for (n = 0; n < 32; n++) {
		assert_int_equal(submit(0, COPIES), COPIES);
		reap_all(COPIES, seen, status);
	}
}

static void order_of(const char *word, uint32_t *order)
{
	uint32_t i;

	open_engine(word);
	submit_all();
	assert_int_equal(reap(COPIES, FOREVER), COPIES);
	for (i = 0; i < COPIES; i++)
		order[i] = nth(&done[i]);
	migsim_engine_close(engine);
	engine = NULL;
}

static void reorder(void **state)
{
	uint32_t a[COPIES], b[COPIES], i;
	uint8_t seen[COPIES] = { 0 };

	(void)state;
	order_of("error:reorder=no", a);
	for (i = 0; i < COPIES; i++)
		assert_int_equal(a[i], i);
	order_of("error:reorder=yes", a);
	order_of("error:reorder=yes", b);
	assert_memory_equal(a, b, sizeof(a));
	order_of("error:reorder=yes,seed=2", b);
	assert_memory_not_equal(a, b, sizeof(a));
	for (i = 0; i < COPIES; i++)
		seen[a[i]]++;
	for (i = 0; i < COPIES; i++)
		assert_int_equal(seen[i], 1);
}

static void twice(void **state)
{
	uint32_t i, again = 0;
	uint8_t seen[COPIES] = { 0 };
	int n;

	(void)state;
	open_engine("error:twice_ppm=300000");
	submit_all();
	/* In small steps, so that some come later. */
	while ((n = reap(7, 0)) > 0)
		for (i = 0; i < (uint32_t)n; i++)
			seen[nth(&done[i])]++;
	for (i = 0; i < COPIES; i++) {
		assert_in_range(seen[i], 1, 2);
		again += seen[i] == 2;
	}
	assert_in_range(again, 1, COPIES - 1);
	assert_int_equal(counts->twice, again);
}

static void cancel_all(void)
{
	uint32_t group;

	for (group = 0; group < COPIES; group++)
		assert_int_equal(engine->ops->cancel(engine->priv, group), 0);
}

static void dies(void **state)
{
	(void)state;
	open_engine("error:of=tape,die_nth=21");
	submit_all();
	assert_int_equal(reap(COPIES, 0), 20);
	assert_true(tape.is_open);
	assert_int_equal(reap(COPIES, 0), -EIO);
	/* None of its copies is in flight any more. */
	assert_false(tape.is_open);
	assert_int_equal(counts->cancelled, COPIES - 20);
	assert_int_equal(submit(0, 3), -EIO);
	assert_int_equal(reap(COPIES, 0), -EIO);
	cancel_all();
	assert_int_equal(counts->cancelled, COPIES - 20);
	engine->ops->kick(engine->priv);
}

/* With copies that the inner engine had not even begun. */
static void dies_early(void **state)
{
	(void)state;
	open_engine("error:of=mt+threads=1,die_nth=1");
	submit_all();
	assert_int_equal(reap(COPIES, UINT64_MAX), -EIO);
	cancel_all();
	assert_int_equal(counts->cancelled, COPIES);
}

static void what_the_inner_says(void **state)
{
	int32_t status[COPIES];
	uint32_t i, failed = 0;

	(void)state;
	tape.fail_every = 4;
	statuses("error:of=tape", status);
	for (i = 0; i < COPIES; i++)
		failed += status[i] == -EIO;
	assert_int_equal(failed, COPIES / 4);
	assert_int_equal(counts->failed, failed);
	tape.submit_err = -EOPNOTSUPP;
	assert_int_equal(submit(0, 4), -EOPNOTSUPP);
	assert_int_equal(counts->declined, 4);
	tape.submit_err = 0;
	submit_all();
	tape.cancel_err = -EINPROGRESS;
	assert_int_equal(engine->ops->cancel(engine->priv, 0), -EINPROGRESS);
	assert_int_equal(submit(0, 4), -EIO);
	tape.reap_err = -ENODEV;
	assert_int_equal(reap(COPIES, 0), -ENODEV);
	assert_int_equal(counts->cancelled, COPIES);
}

/* The inner engine takes fewer: what is taken is a prefix, none twice. */
static void the_inner_takes_less(void **state)
{
	int32_t status[COPIES];
	uint32_t at = 0, i;
	int took;

	(void)state;
	tape.take = 3;
	open_engine("error:of=tape,fail_nth=2");
	while (at < COPIES) {
		took = submit(at, COPIES - at);
		/* Three of the inner's, and the failing ones between. */
		assert_in_range(took, 3, 7);
		at += (uint32_t)took;
	}
	each_once(status);
	for (i = 0; i < COPIES; i++)
		assert_int_equal(status[i], i % 2 ? -EIO : 0);
	/* All that is taken may be of those that fail. */
	tape.submit_err = -EOPNOTSUPP;
	assert_int_equal(submit(0, 1), -EOPNOTSUPP);
	assert_int_equal(submit(0, 4), 1);
	assert_int_equal(submit(0, 4), -EOPNOTSUPP);
}

/* Nothing is written where no memory is. */
static void over_no_memory(void **state)
{
	uint32_t i;

	(void)state;
	tape.flags = MIGSIM_ENGINE_VIRTUAL | MIGSIM_ENGINE_NO_COPY;
	for (i = 0; i < COPIES; i++)
		copies[i].dst = (void *)(uintptr_t)(0x5aull << 56 | i);
	open_engine("error:of=tape,corrupt_ppm=500000,hang_ppm=500000,cancel=stuck");
	submit_all();
	while (reap(COPIES, 0) > 0)
		assert_int_equal(done[0].status, -EIO);
	assert_int_equal(counts->corrupted + counts->hung, COPIES);
	assert_int_equal(engine->ops->cancel(engine->priv, 0), -EINPROGRESS);
}

static void words(void **state)
{
	(void)state;
	open_engine("error:of=tape+width=42+list=0+2");
	assert_int_equal(tape.width, 42);
	assert_string_equal(tape.list, "0+2");
	migsim_engine_close(engine);
	open_engine("error:seed=7,of=tape+list=a+b,fail_nth=3");
	assert_string_equal(tape.list, "a+b");
	assert_int_equal(tape.width, 0);
}

static void refused(const char *word, const char *because)
{
	*sentence = '\0';
	assert_int_equal(try_open(word), -EINVAL);
	assert_non_null(strstr(sentence, because));
	assert_false(tape.is_open);
	engine = NULL;
}

static void refusals(void **state)
{
	(void)state;
	refused("error:of=error", "cannot wrap itself");
	refused("error:of=error+of=memcpy", "cannot wrap itself");
	refused("error:of=nobody", "unknown engine 'nobody'");
	refused("error:of=tape+wide=3", "it has: width, list");
	refused("error:of=model", "virtual time only");
	refused("error:fails=3", "no option 'fails'");
	refused("error:cancel=maybe", "clean, stuck");
	refused("error:hang_ppm=500000,short_ppm=500001", "together");
	tape.flags = MIGSIM_ENGINE_VIRTUAL;
	refused("error:of=tape,delay_ppm=1", "real time");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_injected),
		TEST(capabilities_of_the_inner),
		TEST(every_nth_fails),
		TEST(a_share_fails),
		TEST(same_seed_same_faults),
		TEST(corrupt),
		TEST(short_copies),
		TEST(decline),
		TEST(busy),
		TEST(busy_with_nothing_in_flight_is_declined),
		TEST(delay),
		TEST(hang),
		TEST(cancel_takes_one_group),
		TEST(stuck), TEST(given_up_and_written_to),
		TEST(reorder),
		TEST(twice),
		TEST(dies),
		TEST(dies_early),
		TEST(what_the_inner_says),
		TEST(the_inner_takes_less),
		TEST(over_no_memory),
		TEST(words),
		TEST(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
