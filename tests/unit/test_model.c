/* SPDX-License-Identifier: MIT */
/*
 * The pipeline over the model: what must hold whatever the profile says, and
 * what a batch comes to, worked out here a second time.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core.h"
#include "model/model.h"
#include "model/profile.h"
#include "scene.h"

#define GIB	(double)(1 << 30)

/* cmocka's own compares floats. */
#define assert_within(a, b, by)	assert_true(fabs((a) - (b)) <= (by))

static struct scene sc;
static struct migsim_profile *profile;

/* A call of @n folios over a profile, checked from all sides. */
static void model_new(const char *word, size_t n, unsigned int order,
		      const char *engine, const char *policy)
{
	scene_new(&sc, n, order);
	assert_int_equal(migsim_profile_open(&profile, word), 0);
	sc.options.space = "model";
	sc.options.engine = engine;
	sc.options.policy = policy;
	sc.options.profile = profile;
}

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

/* The timeline, Little's law, and that every byte has moved. */
static void check(const struct model *m)
{
	const struct migsim_phases *p = &sc.s.phases_us;
	uint64_t all = 0;
	double sum = p->alloc + p->unmap + p->flush + fmax(p->submit, 0) +
		     p->wait + p->copy + p->reap + p->remap + p->other;
	unsigned int i;

	for (i = 0; i < COSTS; i++)
		all += m->spent[i].all;
	assert_int_equal(all, m->clock);
	assert_true(near((double)m->clock * 1e-6, sc.s.elapsed_us));
	assert_true(near(sum, sc.s.elapsed_us));
	assert_true(near(sc.s.page_seconds * 1e6,
			 sc.s.mean_pages_in_flight * sc.s.elapsed_us));
	assert_int_equal(m->window, 0);
}

static void model_run(void)
{
	size_t i;

	scene_open(&sc);
	sc.rc = migsim_migrate(sc.migrator, sc.folios, sc.n, sc.report);
	sc.s.size = sizeof(sc.s);
	migsim_report_summary(sc.report, &sc.s);
	assert_int_equal(sc.rc, 0);
	assert_int_equal(sc.s.migrated, sc.n);
	assert_int_equal(sc.s.first_us.n, sc.s.groups);
	check(model_of(sc.migrator));
	for (i = 0; i < sc.n; i++)
		assert_true(sc.folios[i].unmapped < sc.folios[i].remapped);
}

static void model_free(void)
{
	scene_free(&sc);
	migsim_profile_close(profile);
	profile = NULL;
}

static double run_once(const char *word, size_t n, unsigned int order,
		       const char *engine, const char *policy)
{
	double us;

	model_new(word, n, order, engine, policy);
	model_run();
	us = sc.s.elapsed_us;
	model_free();
	return us;
}

static void the_timeline_adds_up_under_every_policy(void **state)
{
	static const char *const words[] = {
		"zen3-ptdma", "cxl-far", "fast-engine",
		"zen3-ptdma:completion=irq,completion_us=0.5,cpus=8",
		"zen3-ptdma:completion=irq,completion_per=group,ports=any",
	};
	static const char *const engines[] = { "model", "model:channels=0",
					       "model:channels=3" };
	static const char *const policies[] = {
		"batch:pages=100", "batch:pages=100,copy=inline", "script",
	};
	unsigned int w, e, p, order;

	(void)state;
	script.groups = 3;
	script.answer = (struct migsim_policy_answer){
		.admit = 64, .submit = 16, .fan = 2, .pieces = 3,
		.remap = MIGSIM_REMAP_GROUP };
	for (w = 0; w < 5; w++)
		for (e = 0; e < 3; e++)
			for (p = 0; p < 3; p++)
				for (order = 0; order <= 9; order += 3)
					run_once(words[w], 700, order,
						 engines[e], policies[p]);
	assert_true(script.max_groups > 1);
}

/* In ticks. */
static double ps(unsigned int key)
{
	return profile->value[key] * 1e6;
}

static double levels(unsigned int order)
{
	if (!order)
		return profile->value[KEY_BASE_LEVEL];
	return order <= 4 ? 2 : order < 9 ? 1 : 0;
}

/* A lone channel, and nothing else costs anything. */
static void without_overheads_a_channel_is_the_closed_form(void **state)
{
	static const char free_cpu[] =
		"zen3-ptdma:call_us=0,cold_call_us=0,cold_unmap_us=0,"
		"flush_base_us=0,unmap_us=0,remap_us=0,pte_us=0,spill_us=0,"
		"channel_us=0,map_page_us=0,map_large_us=0,link_us=0";
	double page;
	unsigned int order;

	(void)state;
	for (order = 0; order <= 9; order++) {
		model_new(free_cpu, 300, order, "model:channels=1",
			  "batch:pages=1000");
		model_run();
		page = ps(KEY_STREAM) + ps(KEY_TRANSLATE) * levels(order);
		/* An event for each copy; a tick is a ps. */
		assert_within(sc.s.elapsed_us * 1e6,
				   300 * ldexp(page, (int)order), 300);
		assert_int_equal(sc.s.phases_us.wait * 1e6,
				 sc.s.elapsed_us * 1e6);
		model_free();
	}
}

/*
 * The equations of bench/model.md for a call of one batch: elapsed time and
 * first-folio latency in us. The sum over cold unmaps is an integral there.
 */
static void equations(const struct migsim_cell *c, double *elapsed,
		      double *first)
{
	const double *v = profile->value;
	double q = 1 << c->order, n = (double)c->folios;
	bool large = c->order > 0 && c->order < 9;
	double e = large ? v[KEY_PTE] * (q - 1) : 0;
	double u = v[KEY_UNMAP] + 0.4 * e;
	double o = c->order == 9 ? 5 * v[KEY_REMAP] : v[KEY_REMAP] + 0.6 * e;
	double a = (c->order < 9 ? v[KEY_MAP_PAGE] * fmin(q, 16) : 0) +
		   (large ? v[KEY_MAP_LARGE] : 0);
	double spill = c->order < 9 ? fmax(0, n * q - v[KEY_SPILL_PAGES]) *
				      v[KEY_SPILL] : 0;
	double k = fmin(c->channels, n), nr = levels(c->order);
	double s = v[KEY_STREAM] + v[KEY_TRANSLATE] * nr;
	double link = v[KEY_LINK] * (1 + 0.25 * nr);
	double cold = v[KEY_COLD_CALL] +
		      v[KEY_COLD_UNMAP] * v[KEY_COLD_UNMAP_FOLIOS] *
		      (1 - exp(-n / v[KEY_COLD_UNMAP_FOLIOS]));
	double one = q * v[KEY_COPY] * 1.1;
	double before = cold + 0.35 * v[KEY_FLUSH_BASE] + n * u + 0.75 * spill;
	double after = 0.65 * v[KEY_FLUSH_BASE] + (n - 0.4) * o + 0.25 * spill;

	if (k > 1)
		s = fmax(s, 2 * v[KEY_PORT]);
	*elapsed = v[KEY_CALL] + 0.3 * o * fmin(n, 16384);
	if (c->copy_inline) {
		*first = before + one + 0.4 * o;
		after += (n - 1) * one;
	} else {
		*first = before + k * v[KEY_CHANNEL] + n * a +
			 n / k * q * hypot(s, k * link) + 0.4 * o;
		after += 0.5 * n * a;
	}
	*elapsed += *first + after;
}

static void a_batch_is_what_the_equations_say(void **state)
{
	static const struct migsim_cell cells[] = {
		{ 0, 0, true, 512, 512 }, { 0, 0, true, 64, 512 },
		{ 9, 0, true, 1, 512 }, { 4, 0, true, 32, 512 },
		{ 0, 1, false, 512, 512 }, { 0, 16, false, 8192, 8192 },
		{ 2, 4, false, 1000, 1u << 20 }, { 6, 8, false, 800, 1u << 20 },
		{ 9, 16, false, 256, 1u << 20 }, { 9, 4, false, 2, 1u << 20 },
		{ 0, 4, false, 80000, 1u << 20 }, { 4, 2, false, 6000, 1u << 20 },
	};
	struct migsim_predictor *pr = migsim_predictor_open();
	struct migsim_prediction p;
	double elapsed, first;
	size_t i;

	(void)state;
	assert_non_null(pr);
	assert_int_equal(migsim_profile_open(&profile, "zen3-ptdma"), 0);
	for (i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		const struct migsim_cell *c = &cells[i];

		assert_int_equal(migsim_predict(pr, profile, c, &p), 0);
		equations(c, &elapsed, &first);
		assert_within(p.value[MIGSIM_METRIC_FIRST_US] / first, 1,
				   1e-3);
		assert_within(p.value[MIGSIM_METRIC_GIB_S] *
				   (elapsed * 1e-6) * GIB /
				   (double)(c->folios * (4096ull << c->order)),
				   1, 1e-3);
	}
	migsim_profile_close(profile);
	migsim_predictor_close(pr);
}

static void predict(const struct migsim_cell *c, bool full,
		    struct migsim_prediction *p)
{
	struct migsim_predictor *pr = migsim_predictor_open();

	assert_non_null(pr);
	migsim_predictor_full(pr, full);
	assert_int_equal(migsim_predict(pr, profile, c, p), 0);
	migsim_predictor_close(pr);
}

/* Batches that are counted instead of being run: the same to the last bit. */
static void repeating_batches_are_bit_equal(void **state)
{
	struct migsim_prediction full, quick;
	struct migsim_cell c;
	uint64_t seed = 3;
	int i;

	(void)state;
	for (i = 0; i < 120; i++) {
		assert_int_equal(migsim_profile_open(&profile, i % 2 ?
			"zen3-ptdma:cold_unmap_folios=7,cold_isolate_folios=100,"
			"cold_copy_pages=200" :
			"fast-engine:cold_unmap_folios=3,cold_isolate_folios=64,"
			"completion=irq,completion_us=0.3"), 0);
		c.order = (uint32_t)(fake_random(&seed) % 10);
		c.channels = (uint32_t)(fake_random(&seed) % 17);
		c.copy_inline = fake_random(&seed) % 2;
		c.folios = 1 + fake_random(&seed) % 3000;
		c.batch_pages = 1 + (fake_random(&seed) % 50 << c.order);
		predict(&c, true, &full);
		predict(&c, false, &quick);
		assert_memory_equal(&full, &quick, sizeof(full));
		migsim_profile_close(profile);
	}
}

/* And for all calls that are published, as long as they are. */
static void published_calls_are_bit_equal(void **state)
{
	struct migsim_prediction full, quick;
	struct migsim_cell c, last = { 0 };
	char path[512], line[256], engine[16];
	unsigned int n = 0;
	FILE *csv;

	(void)state;
	snprintf(path, sizeof(path), "%s/bench/data/published.csv",
		 getenv("SRC") ? getenv("SRC") : ".");
	csv = fopen(path, "r");
	assert_non_null(csv);
	assert_int_equal(migsim_profile_open(&profile, "zen3-ptdma"), 0);
	while (fgets(line, sizeof(line), csv)) {
		memset(&c, 0, sizeof(c));
		if (sscanf(line, "%*[^,],%" SCNu32 ",%*u,%15[^,],%" SCNu32
			   ",%" SCNu64 ",%" SCNu64, &c.order, engine,
			   &c.channels, &c.folios, &c.batch_pages) != 5)
			continue;
		c.copy_inline = !strcmp(engine, "cpu");
		if (!memcmp(&c, &last, sizeof(c)))
			continue;	/* the other metric of the same call */
		last = c;
		predict(&c, true, &full);
		predict(&c, false, &quick);
		assert_memory_equal(&full, &quick, sizeof(full));
		n++;
	}
	assert_true(n > 100);
	migsim_profile_close(profile);
	fclose(csv);
}

/* The slopes against what small changes of a coefficient do. */
static void slopes_are_derivatives(void **state)
{
	static const struct migsim_cell cells[] = {
		{ 0, 0, true, 3000, 512 }, { 0, 16, false, 9000, 3000 },
		{ 9, 12, false, 100, 16384 }, { 6, 4, false, 500, 100000 },
		{ 2, 1, false, 5000, 4096 }, { 0, 0, false, 3000, 700 },
	};
	struct migsim_prediction at, up, down;
	const double step = 0.02;
	double value, d;
	unsigned int k, m;
	size_t i;

	(void)state;
	assert_int_equal(migsim_profile_open(&profile,
					     "zen3-ptdma:spill_pages=1000"), 0);
	for (i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		predict(&cells[i], false, &at);
		for (k = 0; k < PROFILE_KEYS; k++) {
			if (!profile_keys[k].coefficient)
				continue;
			value = profile->value[k];
			profile->value[k] = value * exp(step);
			predict(&cells[i], false, &up);
			profile->value[k] = value * exp(-step);
			predict(&cells[i], false, &down);
			profile->value[k] = value;
			for (m = 0; m < MIGSIM_METRICS; m++) {
				d = log(up.value[m] / down.value[m]) /
				    (2 * step);
				assert_within(d, at.slopes.d[m][k], 1e-3);
			}
		}
	}
	migsim_profile_close(profile);
}

static void more_channels_never_hurt_without_their_cost(void **state)
{
	static const uint32_t n[] = { 1, 2, 3, 4, 6, 8, 12, 16 };
	char engine[32];
	double before, us;
	unsigned int order, i;

	(void)state;
	for (order = 0; order <= 9; order += 3) {
		before = INFINITY;
		for (i = 0; i < 8; i++) {
			snprintf(engine, sizeof(engine), "model:channels=%u",
				 n[i]);
			/* Every batch can be dealt evenly. */
			us = run_once("zen3-ptdma:channel_us=0", 192, order,
				      engine, order == 9 ? "batch:pages=24576" :
				      order == 6 ? "batch:pages=3072" :
				      order == 3 ? "batch:pages=384" :
				      "batch:pages=48");
			assert_true(us <= before);
			before = us;
		}
	}
}

/* A CPU that sleeps is woken once for each batch, and works the less. */
static void interrupts_and_sleep_are_paid_for(void **state)
{
	double poll, irq, cpu;

	(void)state;
	model_new("zen3-ptdma:wake_us=5,irq_us=2", 2048, 0, "model:channels=4",
		  "batch:pages=512");
	model_run();
	poll = sc.s.elapsed_us;
	assert_true(near(sc.s.caller_cpu_s * 1e6, floor(poll * 1e3) * 1e-3));
	model_free();
	model_new("zen3-ptdma:wake_us=5,irq_us=2,completion=irq", 2048, 0,
		  "model:channels=4", "batch:pages=512");
	model_run();
	irq = sc.s.elapsed_us;
	cpu = sc.s.caller_cpu_s * 1e6;
	assert_within(irq - poll, 4 * 5, 1e-6);
	assert_within(cpu, irq - sc.s.phases_us.wait, 1e-2);
	model_free();
}

static void completions_cost_what_the_profile_says(void **state)
{
	double without, with;

	(void)state;
	without = run_once("zen3-ptdma", 1024, 0, "model:channels=4",
			   "batch:pages=512");
	with = run_once("zen3-ptdma:completion_us=0.1", 1024, 0,
			"model:channels=4", "batch:pages=512");
	/* Those that end last are the only ones that nothing hides. */
	assert_true(with > without);
	assert_true(with <= without + 1024 * 0.1 + 1e-6);
	with = run_once("zen3-ptdma:cpus=5,flush_per_cpu_us=3", 1024, 0,
			"model:channels=4", "batch:pages=512");
	assert_within(with, without + 2 * 4 * 3, 1e-6);
}

/* Every piece after the first costs; all pieces of a folio share its rate. */
static void pieces_cost_and_copy_in_parallel(void **state)
{
	double whole, cut, free_cut;

	(void)state;
	script.answer = (struct migsim_policy_answer){ .admit = 512 };
	whole = run_once("zen3-ptdma:piece_us=2", 64, 9, "model:channels=4",
			 "script");
	script.answer.pieces = 4;
	cut = run_once("zen3-ptdma:piece_us=2", 64, 9, "model:channels=4",
		       "script");
	free_cut = run_once("zen3-ptdma:piece_us=0", 64, 9, "model:channels=4",
			    "script");
	assert_within(cut - free_cut, 64 * 3 * 2, 1e-6);
	assert_true(free_cut < whole);
}

/* A group on one channel leaves the others to the next groups. */
static void a_fan_of_one_takes_one_channel(void **state)
{
	double one, both;

	(void)state;
	script.answer = (struct migsim_policy_answer){ .admit = 2048,
						       .fan = 1 };
	one = run_once("zen3-ptdma", 16, 9, "model:channels=4", "script");
	assert_true(near(one, run_once("zen3-ptdma", 16, 9, "model:channels=1",
				       "script")));
	script.groups = 2;
	both = run_once("zen3-ptdma", 16, 9, "model:channels=4", "script");
	assert_true(both < one);
}

static void failures_and_hangs_are_those_of_the_seed(void **state)
{
	struct migsim_summary first;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		model_new("zen3-ptdma", 4096, 0, i < 2 ?
			  "model:channels=4,fail_ppm=20000,seed=9" :
			  "model:channels=4,fail_ppm=20000,seed=10",
			  "batch:pages=512");
		model_run();
		assert_in_range(sc.s.cpu_fallback, 40, 130);
		if (i == 0)
			first = sc.s;
		else
			assert_int_equal(!memcmp(&first, &sc.s, sizeof(first)),
					 i == 1);
		model_free();
	}
	model_new("zen3-ptdma", 2048, 0, "model:channels=4,hang_ppm=1000",
		  "batch:pages=512");
	sc.options.copy_timeout_ms = 50;
	model_run();
	assert_true(sc.s.cpu_fallback > 0);
	assert_true(sc.s.elapsed_us > 50000);
	assert_int_equal(sc.s.quarantined_pages, 0);
	assert_int_equal(sc.s.failed, 0);
	model_free();
}

/* Real memory and made-up memory do not mix. */
static void engines_and_spaces_that_do_not_fit_are_refused(void **state)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	struct migsim_migrator *m;

	(void)state;
	o.space = "model";
	assert_int_equal(migsim_migrator_open(&m, &o), -EINVAL);
	o.engine = "model";
	o.space = "fake";
	fake_space_reset(1);
	assert_int_equal(migsim_migrator_open(&m, &o), -EINVAL);
	o.space = "model:profile=nowhere";
	assert_int_equal(migsim_migrator_open(&m, &o), -EINVAL);
	o.space = "model";
	o.engine = "null";
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	migsim_migrator_close(m);
}

static void slopes_are_of_the_model_only(void **state)
{
	struct migsim_slopes s;

	(void)state;
	scene_new(&sc, 4, 0);
	scene_run(&sc);
	assert_int_equal(migsim_model_slopes(sc.migrator, &s), -EOPNOTSUPP);
	scene_free(&sc);
	model_new("zen3-ptdma", 4, 0, "model", "batch");
	scene_open(&sc);
	assert_int_equal(migsim_model_slopes(sc.migrator, &s), -ENODATA);
	model_free();
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, scene_setup, scene_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_timeline_adds_up_under_every_policy),
		TEST(without_overheads_a_channel_is_the_closed_form),
		TEST(a_batch_is_what_the_equations_say),
		TEST(repeating_batches_are_bit_equal),
		TEST(published_calls_are_bit_equal),
		TEST(slopes_are_derivatives),
		TEST(more_channels_never_hurt_without_their_cost),
		TEST(interrupts_and_sleep_are_paid_for),
		TEST(completions_cost_what_the_profile_says),
		TEST(pieces_cost_and_copy_in_parallel),
		TEST(a_fan_of_one_takes_one_channel),
		TEST(failures_and_hangs_are_those_of_the_seed),
		TEST(engines_and_spaces_that_do_not_fit_are_refused),
		TEST(slopes_are_of_the_model_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
