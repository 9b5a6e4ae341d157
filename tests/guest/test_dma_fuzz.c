/* SPDX-License-Identifier: MIT */
/*
 * Thousands of commands of which most are malformed, up to sixteen in flight at
 * the same time, some of them changed by another thread meanwhile. What becomes
 * of each is what an oracle has said, and no byte changes but those that were
 * to. MIGSIM_FUZZ_SEED of the environment is the seed, of a first round.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoul(s, NULL, 0) : otherwise;
}

static void complain(const char *what, unsigned long where)
{
	const struct command *c;
	unsigned int i;

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

static void *at(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

/* Of copies that may be given up. */
static void group_is_done(const struct command *c, unsigned int i)
{
	struct migsim_dma_copy *expected = world_expected(at(c->addr)), copy;
	int failed = 0;
	uint32_t k;

	for (k = 0; k < c->count; k++) {
		copy = oracle_copy(c, k);
		if (!c->races)
			expected[k].status = copy.status;
		if (copy.status == -ECANCELED && c->cancelled)
			failed++;
		else if (copy.status && !c->races)
			complain("a status is wrong", i);
		else
			memcpy(world_expected(at(copy.dst)),
			       world_expected(at(copy.src)), copy.len);
	}
	if (results[i] != failed)
		complain("the statuses say another number", i);
	if (c->races)
		world_learn(c->slot->array, PAGE);
	races_won += c->races;
	cancelled += (unsigned int)failed;
}

/* What its copies do to each other is not told, where they do it is. */
static void ambiguous_group_is_done(const struct command *c)
{
	struct migsim_dma_copy copies_of_it[PAGE / sizeof(*copies)];
	uint32_t k;

	/* They may have gone where the array is. */
	memcpy(copies_of_it, world_expected(at(c->addr)),
	       c->count * sizeof(*copies_of_it));
	for (k = 0; k < c->count; k++)
		world_learn(at(copies_of_it[k].dst), copies_of_it[k].len);
	world_learn(c->slot->array, PAGE);
	world_learn(c->slot->victim, PAGE);
}

static void info_is_told(const struct command *c, unsigned int i)
{
	const struct migsim_dma_info info = {
		.abi = MIGSIM_DMA_ABI, .align = 64, .channels = rules.channels,
		.max_channels = 64, .max_copies = rules.max_copies,
		.max_bytes = rules.max_bytes, .max_in_flight = 1024 * MIB,
		.timeout_ms = 60000, .check = rules.check,
	};
	const size_t known = offsetof(struct migsim_dma_info, cpu_ns);
	size_t n = c->count < sizeof(info) ? c->count : sizeof(info);

	if (results[i] != (int)n)
		complain("another size is wanted", i);
	if (n)
		memcpy(world_expected(at(c->addr)), &info,
		       n < known ? n : known);
	if (n > known)
		world_learn(at(c->addr + known), n - known);
}

static void channels_are_told(const struct command *c, unsigned int i)
{
	uint32_t n = c->count < 16 ? c->count : 16, k;
	struct migsim_dma_channel channel;
	const char *from = at(c->addr);

	if (results[i] != 16)
		complain("there are 16 channels", i);
	for (k = 0; k < n; k++, from += sizeof(channel)) {
		memcpy(&channel, from, sizeof(channel));
		if (!oracle_is_channel(&channel, &rules))
			complain("what is told is no channel", i);
		world_learn(from, sizeof(channel));
	}
}

static void claim_is_done(const struct command *c, unsigned int i)
{
	struct migsim_dma_claim claim;

	memcpy(&claim, at(c->addr), sizeof(claim));
	rules.channels = (unsigned int)results[i];
	if (rules.channels != oracle_channels(&claim))
		complain("another number of channels is wanted", i);
}

static void succeeded(const struct command *c, unsigned int i)
{
	switch (c->op) {
	case MIGSIM_DMA_OP_COPY:
		if (c->ambiguous)
			ambiguous_group_is_done(c);
		else
			group_is_done(c, i);
		return;
	case MIGSIM_DMA_OP_INFO:
		info_is_told(c, i);
		return;
	case MIGSIM_DMA_OP_CHANNELS:
		channels_are_told(c, i);
		return;
	case MIGSIM_DMA_OP_CLAIM:
		claim_is_done(c, i);
		return;
	}
	if (results[i])
		complain("there is nothing to count", i);
	if (c->op == MIGSIM_DMA_OP_RELEASE)
		rules.channels = 0;
}

static void came_to(const struct command *c, unsigned int i)
{
	if (!oracle_agrees(allowed[i], results[i]))
		complain("this must not become of it", i);
	if (results[i] >= 0) {
		succeeded(c, i);
		return;
	}
	refused++;
	/* A part may have been written before the rest was not there. */
	if (results[i] == -EFAULT && c->op <= MIGSIM_DMA_OP_CHANNELS)
		world_learn(c->slot->victim, PAGE);
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
	race = rules.channels ? words_random(6 * nr) : nr;
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

		dma_queue(&dma, c->op, at(c->addr), c->count, c->flags, i);
		if (!c->races)
			continue;
		flips[nr_flips++] = words_random(2) ? (struct flip){
			&words[0], words[0], (uintptr_t)c->slot->victim,
		} : (struct flip){
			&words[1], words[1], words[1] | 1ull << 40,
		};
	}
}

/*
 * Each word is wrong for half of the time. An emulated guest would wait for a
 * thread that never sleeps.
 */
static void *flip_all(void *arg)
{
	const struct timespec nap = { 0, 20000 };
	unsigned int i;

	for (i = 0; atomic_load(&flipping); i++) {
		struct flip *f = &flips[i % nr_flips];
		bool right = i / nr_flips % 2;

		__atomic_store_n(f->word, right ? f->right : f->wrong,
				 __ATOMIC_RELAXED);
		nanosleep(&nap, NULL);
	}
	for (i = 0; i < nr_flips; i++)
		__atomic_store_n(flips[i].word, flips[i].right,
				 __ATOMIC_RELAXED);
	return arg;
}

/* Each of them has one completion. */
static void perform(void)
{
	unsigned int i, told = 0;
	pthread_t thread;
	uint64_t which;
	int rc;

	queue();
	atomic_store(&flipping, nr_flips);
	if (nr_flips)
		assert_int_equal(pthread_create(&thread, NULL, flip_all, NULL),
				 0);
	assert_int_equal(io_uring_submit(&dma.ring), nr);
	for (i = 0; i < nr; i++) {
		rc = dma_wait(&dma, &which, 60);
		if (rc == -ETIME || which >= nr || told & 1u << which)
			complain("a completion is wrong", i);
		told |= 1u << which;
		results[which] = rc;
	}
	atomic_store(&flipping, false);
	if (nr_flips)
		assert_int_equal(pthread_join(thread, NULL), 0);
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
		came_to(&commands[i], i);
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
