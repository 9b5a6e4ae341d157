/* SPDX-License-Identifier: MIT */
/*
 * Thousands of commands of which most are malformed, up to sixteen in flight at
 * the same time, some of them changed by another thread meanwhile. What becomes
 * of each is what an oracle has said, and no byte changes but those that were
 * to. MIGSIM_FUZZ_SEED of the environment is the seed, of a first round.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "dma_outcome.h"
#include "dma_rig.h"
#include "dma_words.h"

#define MOST_FLIPS	2u

static struct rules rules;
static struct command commands[WORLD_SLOTS];
static unsigned int allowed[WORLD_SLOTS], nr;
static int results[WORLD_SLOTS];
static unsigned long seed, all, malformed, refused, cancelled, raced, races_won;

static struct flip flips[MOST_FLIPS + 1];
static unsigned int nr_flips;
static atomic_bool flipping;
static atomic_uint flipped;
static pthread_t flipper;

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoul(s, NULL, 0) : otherwise;
}

static void flip_no_more(void)
{
	if (atomic_exchange(&flipping, false))
		pthread_join(flipper, NULL);
}

static void complain(const char *what, unsigned long where)
{
	const struct command *c;
	unsigned int i;

	flip_no_more();
	printf("seed %lu, %lu commands: %s, %#lx\n", seed, all, what, where);
	for (i = 0; i < nr; i++) {
		c = &commands[i];
		printf("%u at %#zx: op %#x addr %#lx count %#x flags %#x%s%s%s: %d of %#x\n",
		       i, (size_t)(c->slot->array - world.base), c->op,
		       (unsigned long)c->addr, c->count, c->flags,
		       c->races ? " raced" : "",
		       c->cancelled ? " cancelled" : "",
		       c->ambiguous ? " ambiguous" : "", results[i],
		       allowed[i]);
	}
	fail();
}

static void came_to(unsigned int i)
{
	struct command *c = &commands[i];
	const char *wrong = "this must not become of it";

	if (oracle_agrees(allowed[i], results[i]))
		wrong = outcome(c, results[i], &rules);
	if (wrong)
		complain(wrong, i);
	refused += results[i] < 0;
	races_won += c->races && results[i] >= 0;
	if (c->cancelled && !c->ambiguous && results[i] > 0)
		cancelled += (unsigned int)results[i];
}

/* Some commands that give up name another one. */
static void aim(void)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct command *c = &commands[i];
		struct command *other = &commands[words_random(nr)];

		if (c->op != MIGSIM_DMA_OP_CANCEL || c->count || c->flags ||
		    other->op != MIGSIM_DMA_OP_COPY || other->races)
			continue;
		c->addr = other->addr;
		c->hits = true;
		other->cancelled = true;
	}
}

static void make_up(void)
{
	unsigned int i, race;

	nr = words_random(4) ? 1 + words_random(WORLD_SLOTS) : 1;
	race = rules.channels ? words_random(3 * nr) : nr;
	nr_flips = 0;
	for (i = 0; i < nr; i++) {
		if (i == race)
			nr_flips = words_race(&commands[i], i, &rules, flips,
					      MOST_FLIPS);
		else
			words_command(&commands[i], i, nr == 1, &rules);
	}
	aim();
	for (i = 0; i < nr; i++) {
		struct command *c = &commands[i];

		allowed[i] = oracle_allows(c, &rules);
		malformed += c->races || !(allowed[i] & SUCCEEDS);
		if (c->races)
			allowed[i] |= IS_EINVAL | IS_EFAULT;
		raced += c->races;
		c->ambiguous = c->op == MIGSIM_DMA_OP_COPY &&
			       allowed[i] & SUCCEEDS && oracle_is_ambiguous(c);
	}
	all += nr;
}

/* The entry of the ring, too: another array, or how many of them. */
static void queue(void)
{
	struct io_uring_sq *sq = &dma.ring.sq;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct command *c = &commands[i];
		unsigned int at_tail = sq->sqe_tail & *sq->kring_mask;
		uint64_t *words = (uint64_t *)&sq->sqes[at_tail].addr3;

		dma_queue(&dma, c->op, (void *)c->addr, c->count, c->flags, i);
		if (!c->races)
			continue;
		flips[nr_flips++] = words_random(2) ? (struct flip){
			&words[0], words[0], (uintptr_t)c->slot->victim,
		} : (struct flip){
			&words[1], words[1], words[1] | 1ull << 40,
		};
	}
}

/* Where nothing runs at the same time, what wakes up interrupts what runs. */
static void run_on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(io_uring_register_iowq_aff(&dma.ring, sizeof(one),
						    &one), 0);
}

/* Each word is wrong for half of the time. */
static void *flip_all(void *arg)
{
	const struct timespec nap = { 0, 10000 };
	unsigned int i;

	prctl(PR_SET_TIMERSLACK, 1);
	for (i = 0; atomic_load(&flipping); i++) {
		struct flip *f = &flips[i % nr_flips];
		bool right = i / nr_flips % 2;

		__atomic_store_n(f->word, right ? f->right : f->wrong,
				 __ATOMIC_RELAXED);
		atomic_store(&flipped, i);
		nanosleep(&nap, NULL);
	}
	for (i = 0; i < nr_flips; i++)
		__atomic_store_n(flips[i].word, flips[i].right,
				 __ATOMIC_RELAXED);
	return arg;
}

static void begin_to_flip(void)
{
	unsigned int some;

	if (!nr_flips)
		return;
	some = 1 + words_random(4 * nr_flips);
	atomic_store(&flipped, 0);
	atomic_store(&flipping, true);
	assert_int_equal(pthread_create(&flipper, NULL, flip_all, NULL), 0);
	while (atomic_load(&flipped) < some)
		usleep(10);
}

/* Each of them has one completion. */
static void perform(void)
{
	unsigned int i, told = 0;
	uint64_t which;
	int rc;

	queue();
	begin_to_flip();
	assert_int_equal(io_uring_submit(&dma.ring), nr);
	for (i = 0; i < nr; i++) {
		rc = dma_wait(&dma, &which, 60);
		if (rc == -ETIME || which >= nr || told & 1u << which)
			complain("a completion is wrong", i);
		told |= 1u << which;
		results[which] = rc;
	}
	flip_no_more();
	if (io_uring_cq_ready(&dma.ring))
		complain("there is one completion more", nr);
}

static void burst(void)
{
	const char *wrong;
	unsigned int i;

	make_up();
	perform();
	for (i = 0; i < nr; i++)
		came_to(i);
	wrong = world_wrong();
	if (wrong)
		complain("a word is wrong", (size_t)(wrong - world.base));
}

/* The bridge and its provider in another mood. */
static void weather(void)
{
	static const unsigned int bytes[] = { 16 * PAGE, 64 * MIB };

	rules.max_copies = words_random(2) ? 4096 : 16;
	rules.max_bytes = bytes[words_random(2)];
	rules.check = words_random(3);
	dma_set("max_copies", rules.max_copies);
	dma_set("max_bytes", rules.max_bytes);
	dma_set("check", rules.check);
	dma_set("desc_bytes", words_random(2) ? PAGE : 0);
	dma_set("chunk_bytes", words_random(2) ? PAGE : MIB / 4);
	dma_set("depth", words_random(2) ? 1 + words_random(4) : 64);
	swdma_set("slots", words_random(2) ? 0 : 1 + words_random(4));
	swdma_set("out_of_order", words_random(2));
	swdma_set("latency_us", words_random(3) ? 0 : 100);
	assert_int_equal(dma_do(&dma, MIGSIM_DMA_OP_RELEASE, NULL, 0, 0), 0);
	rules.channels = 1 + words_random(16);
	assert_int_equal(dma_claim(&dma, rules.channels), rules.channels);
	assert_int_equal(pinned_pages(), 0);
}

static void nothing_is_said(int log)
{
	char line[1024];
	ssize_t len;

	while ((len = read(log, line, sizeof(line) - 1)) > 0) {
		line[len] = 0;
		assert_null(strstr(line, "migsim"));
	}
	close(log);
}

static void nonsense_does_no_harm(void **state)
{
	unsigned long wanted = number("MIGSIM_FUZZ_COMMANDS", 10000), i;
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	long before = dma_counter("refused");

	(void)state;
	assert_true(log >= 0 && lseek(log, 0, SEEK_END) >= 0);
	seed = number("MIGSIM_FUZZ_SEED", 1) + number("ROUND", 1) - 1;
	words_seed(seed);
	run_on_one_cpu();
	for (i = 0; malformed < wanted; i++) {
		if (i % 32 == 0)
			weather();
		burst();
	}
	printf("seed %lu: %lu commands, %lu malformed, %lu refused; %lu copies cancelled; %lu raced, of which %lu were done\n",
	       seed, all, malformed, refused, cancelled, raced, races_won);
	assert_int_equal(dma_counter("refused") - before, refused);
	/* There was something to be had, too. */
	assert_true(all - refused > all / 8);
	nothing_is_said(log);
}

static int setup(void **state)
{
	(void)state;
	world_begin();
	return rig_begin(PAGE);
}

static int teardown(void **state)
{
	world_end();
	return rig_end(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nonsense_does_no_harm, setup,
						teardown),
	};

	need_modules();
	return cmocka_run_group_tests(tests, rig_load, rig_unload);
}
