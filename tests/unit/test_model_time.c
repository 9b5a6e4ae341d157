/* SPDX-License-Identifier: MIT */
/*
 * The time of the model, to the tick: who pays what, and when. The profile has
 * round numbers, so that every time can be worked out in the head: a channel
 * copies a page in 1 us, the CPU too, and nothing else costs anything but what
 * a test asks for. Engine and space are driven by hand where it takes that.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core.h"
#include "model/model.h"
#include "model/profile.h"
#include "model/target.h"
#include "scene.h"

#define US	1000000ull	/* in ticks */

#define PLAIN	"zen3-ptdma:call_us=0,cold_call_us=0,cold_unmap_us=0,"	\
		"flush_base_us=0,unmap_us=0,remap_us=0,pte_us=0,"	\
		"spill_us=0,copy_us=1,cold_copy=0,channel_us=0,"	\
		"map_page_us=0,map_large_us=0,stream_us=1,port_us=0.5," \
		"translate_us=0,link_us=0"

static struct scene sc;
static struct migsim_profile *profile;
static struct model *m;

/* "key=value,key=value", in place of what the profile has. */
static void set_keys(const char *words)
{
	char copy[256], why[128], *rest = copy, *word, *value;
	double number;
	int key;

	snprintf(copy, sizeof(copy), "%s", words);
	while ((word = strsep(&rest, ",")) && *word) {
		value = strchr(word, '=');
		assert_non_null(value);
		*value++ = '\0';
		key = migsim_profile_find(word);
		assert_true(key >= 0);
		assert_int_equal(profile_parse((unsigned int)key, value,
					       &number, why, sizeof(why)), 0);
		profile->value[key] = number;
	}
}

static void open_model(const char *keys, const char *engine, size_t n,
		       unsigned int order, const char *policy)
{
	scene_new(&sc, n, order);
	assert_int_equal(migsim_profile_open(&profile, PLAIN), 0);
	set_keys(keys);
	sc.options.space = "model";
	sc.options.engine = engine;
	sc.options.policy = policy;
	sc.options.profile = profile;
	scene_open(&sc);
	m = model_of(sc.migrator);
}

static void run_call(void)
{
	sc.rc = migsim_migrate(sc.migrator, sc.folios, sc.n, sc.report);
	sc.s.size = sizeof(sc.s);
	migsim_report_summary(sc.report, &sc.s);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(sc.s.migrated, sc.n);
}

static void close_model(void)
{
	scene_free(&sc);
	migsim_profile_close(profile);
	profile = NULL;
}

/* One copy of a 2M folio, of which it has so many pages. */
static void submit(uint64_t cookie, uint64_t pages, uint16_t lane)
{
	const struct migsim_copy copy = {
		.dst = (void *)(uintptr_t)target_of(cookie << 21, 9),
		.len = pages * MIGSIM_PAGE_SIZE, .cookie = cookie, .lane = lane,
	};
	const struct migsim_engine *e = sc.migrator->engine;

	assert_int_equal(e->ops->submit(e->priv, &copy, 1), 1);
}

static void kick(void)
{
	const struct migsim_engine *e = sc.migrator->engine;

	e->ops->kick(e->priv);
}

static int reap(struct migsim_completion *done, uint32_t max)
{
	const struct migsim_engine *e = sc.migrator->engine;

	return e->ops->reap(e->priv, done, max, 1000000);
}

/* The next copy to end is this one, at this time, and nothing before it. */
static void assert_next(uint64_t cookie, uint64_t ps)
{
	struct migsim_completion done;

	assert_int_equal(reap(&done, 1), 1);
	assert_int_equal(done.cookie, cookie);
	assert_int_equal(done.status, 0);
	assert_int_equal(m->clock, ps);
}

/* Three pages from 3 us on; meanwhile the set-up of the next ends at 6. */
static void a_channel_may_end_while_another_is_set_up(void **state)
{
	(void)state;
	/* Two channels at a time: 2 us a page. */
	open_model("ports=any,port_us=1,channel_us=3", "model:channels=2",
		   1, 0, "batch");
	submit(1, 1, 0);
	kick();
	submit(2, 1, 0);
	kick();
	/* The first one was alone, from 3 to 4; so is the second. */
	assert_int_equal(m->clock, 6 * US);
	assert_next(1, 6 * US);
	assert_next(2, 7 * US);
	close_model();
}

/*
 * Channel 0 has 4 pages until 4, channel 1 from 3 on 2 pages until 5. At 4.5
 * channel 0 has nothing to do any more, so the third submission is its.
 */
static void a_submission_falls_to_the_channel_that_is_idle_now(void **state)
{
	(void)state;
	open_model("copy_us=0.5", "model:channels=2", 1, 0, "batch");
	submit(1, 4, 0);
	kick();
	model_spend_copy(m, 6);
	submit(2, 2, 0);
	kick();
	model_spend_copy(m, 3);
	submit(3, 1, 0);
	kick();
	assert_next(1, 4500000);
	assert_next(2, 5 * US);
	assert_next(3, 5500000);
	close_model();
}

/* Three have ended at 10; to take note of each, or of all, costs 0.5. */
static void every_completion_is_paid_for(void **state)
{
	static const char *const keys[] = {
		"completion_us=0.5", "completion_us=0.5,completion_per=group",
	};
	struct migsim_completion done[4];
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		open_model(keys[i], "model:channels=1", 1, 0, "batch");
		submit(1, 1, 0);
		submit(2, 1, 0);
		submit(3, 1, 0);
		kick();
		model_spend_copy(m, 10);
		assert_int_equal(reap(done, 4), 3);
		assert_int_equal(m->clock, i ? 10500000 : 11500000);
		close_model();
	}
}

/*
 * A copy ends every us. The CPU works until 1, when the first one interrupts
 * it, for 2 us: until 3, when two more have; until 7, when the last three
 * have; until 13.
 */
static void interrupts_come_while_interrupts_are_served(void **state)
{
	uint64_t i;

	(void)state;
	open_model("completion=irq,irq_us=2", "model:channels=1", 1, 0,
		   "batch");
	for (i = 0; i < 6; i++)
		submit(i, 1, 0);
	kick();
	model_spend_copy(m, 1);
	assert_int_equal(m->clock, 13 * US);
	assert_int_equal(m->spent[COST_IRQ].all, 12 * US);
	model_spend_copy(m, 1);
	assert_int_equal(m->clock, 14 * US);
	close_model();
}

/*
 * Asleep until the first copy ends at 2, and awake at 7. Those that end at 4
 * and 6 interrupt the waking up, for 1 us each, so that the work that follows
 * takes from 7 to 8, and its interrupts until 10; at 8 and 10 end the last.
 */
static void waking_up_is_interrupted_too(void **state)
{
	struct migsim_completion done;
	uint64_t i;

	(void)state;
	open_model("completion=irq,irq_us=1,wake_us=5", "model:channels=1", 1,
		   0, "batch");
	for (i = 0; i < 5; i++)
		submit(i, 2, 0);
	kick();
	assert_int_equal(reap(&done, 1), 1);
	assert_int_equal(m->clock, 2 * US);
	model_spend_copy(m, 1);
	/* 8: three; 11: one more, of 10; 12. */
	assert_int_equal(m->clock, 12 * US);
	assert_int_equal(m->spent[COST_WAKE].all, 5 * US);
	assert_int_equal(m->spent[COST_IRQ].all, 4 * US);
	assert_int_equal(m->slept, 2 * US);
	close_model();
}

/*
 * Through the pipeline: four groups of one folio, two of them in flight. An
 * unmap takes 10 us, a copy 4, an interrupt 1, and waking up 5.
 *
 *	unmap A until 10, copied until 14
 *	unmap B until 20, interrupted by A: 21, copied until 25; remap A
 *	unmap C until 31, interrupted by B: 32, copied until 36; remap B
 *	unmap D until 42, interrupted by C: 43, copied until 47; remap C
 *	asleep until 47, awake at 52; remap D
 */
static void interrupts_steal_from_the_cpu_at_work(void **state)
{
	(void)state;
	script.groups = 2;
	script.answer = (struct migsim_policy_answer){ .admit = 1, .fan = 1 };
	open_model("unmap_us=10,stream_us=4,irq_us=1,wake_us=5,"
		   "completion=irq", "model:channels=2", 4, 0, "script");
	run_call();
	assert_int_equal(m->clock, 52 * US);
	assert_int_equal(m->spent[COST_IRQ].all, 3 * US);
	assert_int_equal(m->spent[COST_WAKE].all, 5 * US);
	assert_int_equal(m->slept, 4 * US);
	close_model();
}

/* Of a million copies half fail and half hang: none comes to a good end. */
static void what_does_not_hang_fails(void **state)
{
	struct migsim_completion done[64];
	uint16_t i;
	int n;

	(void)state;
	open_model("", "model:channels=64,fail_ppm=500000,hang_ppm=500000", 1,
		   0, "batch");
	for (i = 0; i < 64; i++)
		submit(i, 1, i);
	kick();
	n = reap(done, 64);
	assert_in_range(n, 16, 48);
	while (n--)
		assert_int_equal(done[n].status, -EIO);
	assert_int_equal(reap(done, 64), 0);
	close_model();
}

static uint64_t spent_on_first(void)
{
	uint64_t all = 0;
	unsigned int i;

	for (i = 0; i < COSTS; i++)
		all += m->spent[i].first;
	return all;
}

/*
 * Time counts as the first folio's until it is accessible, and not for longer:
 * it adds up to the first-folio latencies.
 */
static void what_the_first_folio_waits_for_is_its_latency(void **state)
{
	static const char *const engines[] = { "model:channels=0",
					       "model:channels=2" };
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		open_model("unmap_us=3,remap_us=10,flush_base_us=7,"
			   "channel_us=1,map_page_us=2", engines[i], 20, 0,
			   "batch:pages=8");
		run_call();
		assert_int_equal(sc.s.groups, 3);
		assert_int_equal(spent_on_first(), sc.report->first.sum);
		/* 0.4 of 10 us are the remap, 0.2 the putback behind it. */
		assert_int_equal(m->spent[COST_REMAP_0].first, 3 * 4 * US);
		assert_int_equal(m->spent[COST_PUTBACK_0].all, 20 * 2 * US);
		assert_int_equal(m->spent[COST_PUTBACK_0].first, 0);
		close_model();
	}
}

/* Three groups are flushed before the first of them is remapped. */
static void the_end_of_every_flush_is_paid_for(void **state)
{
	(void)state;
	script.groups = 3;
	script.answer = (struct migsim_policy_answer){ .admit = 4, .fan = 1 };
	open_model("flush_base_us=10,flush_share=0.4", "model:channels=1", 24,
		   0, "script");
	run_call();
	assert_int_equal(script.max_groups, 3);
	assert_int_equal(sc.s.flushes, 6);
	assert_int_equal(m->spent[COST_FLUSH].all, 6 * 4 * US);
	assert_int_equal(m->spent[COST_FLUSH_END].all, 6 * 6 * US);
	close_model();
}

/*
 * 100 folios of 16 pages, and room for 1000: the 63rd folio is over by 8, each
 * of the others behind it by all of its pages. So 600 pages are paid for, at
 * unmap and again when they come back.
 */
static void only_what_spills_is_paid_for(void **state)
{
	(void)state;
	open_model("spill_us=1,spill_pages=1000,spill_unmap=0.75",
		   "model:channels=1", 100, 4, "batch:pages=1600");
	run_call();
	assert_int_equal(m->spent[COST_SPILL_UNMAP].all, 600 * 750000);
	assert_int_equal(m->spent[COST_SPILL_REMAP].all, 600 * 250000);
	close_model();
}

/*
 * Asleep until 2, awake at 7, and then a cold unmap of 10 us until 17, when
 * those that end at 4, 6, 8 and 10 have interrupted it: 21.
 */
static void a_cold_unmap_wakes_the_cpu_up(void **state)
{
	struct migsim_folio *f;
	struct migsim_completion done;
	uint64_t i;

	(void)state;
	open_model("completion=irq,irq_us=1,wake_us=5,cold_unmap_us=10",
		   "model:channels=1", 1, 0, "batch");
	for (i = 0; i < 5; i++)
		submit(i, 2, 0);
	kick();
	assert_int_equal(reap(&done, 1), 1);
	m->cold_unmap = m->costs.ps[COST_COLD_UNMAP] << COLD_SHIFT;
	f = &sc.folios[0];
	sc.migrator->space->unmap(sc.migrator->space_priv, &f, 1);
	assert_int_equal(m->clock, 21 * US);
	close_model();
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, scene_setup, scene_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_channel_may_end_while_another_is_set_up),
		TEST(a_submission_falls_to_the_channel_that_is_idle_now),
		TEST(every_completion_is_paid_for),
		TEST(interrupts_come_while_interrupts_are_served),
		TEST(waking_up_is_interrupted_too),
		TEST(a_cold_unmap_wakes_the_cpu_up),
		TEST(interrupts_steal_from_the_cpu_at_work),
		TEST(what_does_not_hang_fails),
		TEST(what_the_first_folio_waits_for_is_its_latency),
		TEST(the_end_of_every_flush_is_paid_for),
		TEST(only_what_spills_is_paid_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
