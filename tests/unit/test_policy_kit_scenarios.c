/* SPDX-License-Identifier: MIT */
/* The test kit of policies: is each scenario what it says? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <migsim/policy-test.h>

#define WINDOW	64

static void fill(void *priv, const void *args,
		 const struct migsim_policy_view *view,
		 struct migsim_policy_answer *answer)
{
	uint64_t flying = view->pages_copying + view->pages_copied;

	(void)priv;
	(void)args;
	answer->admit = flying < WINDOW ? WINDOW - flying : 0;
	answer->remap = MIGSIM_REMAP_FOLIO;
}

static void one_folio(void *priv, const void *args,
		      const struct migsim_policy_view *view,
		      struct migsim_policy_answer *answer)
{
	(void)priv;
	(void)args;
	answer->admit = view->groups ? 0 : UINT64_MAX;
	answer->folios = 1;
}

static uint64_t window(const void *args)
{
	(void)args;
	return WINDOW;
}

static struct migsim_policy_ops ops = {
	.size = sizeof(struct migsim_policy_ops), .abi = MIGSIM_POLICY_ABI,
	.name = "tested", .help = "-", .kind = "async", .decide = fill,
	.window = window,
};

/* What it saw of a run. */
struct witness {
	uint64_t asked, now, channels, most_flying, groups, calls, last_now;
	uint64_t alone, rates, limits;
	uint64_t busy, least_idle;	/* channels */
	uint64_t first_back;		/* when a first folio was remapped */
};

static const char *witness(void *arg, const struct migsim_policy_view *view,
			   const struct migsim_policy_answer *answer)
{
	struct witness *w = arg;
	uint64_t flying = view->pages_copying + view->pages_copied;

	(void)answer;
	w->asked++;
	w->calls += view->now < w->last_now || w->asked == 1;
	w->last_now = view->now;
	w->now = view->now > w->now ? view->now : w->now;
	w->channels = view->channels;
	w->most_flying = flying > w->most_flying ? flying : w->most_flying;
	w->groups = view->groups > w->groups ? view->groups : w->groups;
	w->alone += view->groups && !flying;
	w->rates += view->copy_rate != 0;
	w->limits += view->copy_rate == UINT64_MAX;
	w->busy += view->channels_idle < view->channels;
	if (view->channels_idle < w->least_idle)
		w->least_idle = view->channels_idle;
	if (!w->first_back && view->pages_done)
		w->first_back = view->now;
	return NULL;
}

static struct witness seen(struct migsim_policy_scenario *s)
{
	struct witness w = { .least_idle = UINT64_MAX };
	const char *broken;

	s->watch = witness;
	s->arg = &w;
	broken = migsim_policy_test(&ops, NULL, s);
	if (broken)
		fail_msg("%s", broken);
	return w;
}

static struct witness seen_with(uint32_t engine)
{
	struct migsim_policy_scenario s = MIGSIM_POLICY_SCENARIO_INIT;

	s.folios = 200;
	s.channels = 3;
	s.engine = engine;
	return seen(&s);
}

static void engines_copy_as_they_should(void **state)
{
	struct witness plain = seen_with(MIGSIM_TEST_IN_ORDER), w;

	(void)state;
	assert_int_equal(plain.channels, 3);
	/* It is asked of a full window, as nothing but it bounds that. */
	assert_int_equal(plain.most_flying, WINDOW);
	assert_true(plain.groups > 1 && plain.rates && plain.now < 1000000);
	assert_int_equal(plain.calls, 1);
	assert_int_equal(plain.alone, 0);
	assert_int_equal(plain.least_idle, 0);

	w = seen_with(MIGSIM_TEST_BACKWARDS);
	/* Its channel had a third of the window, 900 ns each, before it. */
	assert_int_equal(w.first_back - plain.first_back, 21 * 900);
	w = seen_with(MIGSIM_TEST_ONE);
	assert_int_equal(w.least_idle, 2);
	assert_true(w.now > plain.now);
}

static void engines_fail_as_they_should(void **state)
{
	struct witness plain = seen_with(MIGSIM_TEST_IN_ORDER), w;

	(void)state;
	w = seen_with(MIGSIM_TEST_NEVER);
	/* Four windows of 64 or less hung for ten seconds each. */
	assert_true(w.now >= 30000000000 && w.now < 50000000000);
	w = seen_with(MIGSIM_TEST_STUCK);
	/* And then the engine is dead; each of its folios is retried alone. */
	assert_true(w.now >= 10000000000 && w.now < 20000000000);
	assert_int_equal(w.alone, WINDOW);

	w = seen_with(MIGSIM_TEST_DECLINES);
	assert_int_equal(w.rates + w.busy, 0);
	w = seen_with(MIGSIM_TEST_DECLINES_SOME);
	assert_true(w.busy && w.now > plain.now);
	w = seen_with(MIGSIM_TEST_DIES);
	/* When three copies had ended. */
	assert_true(w.busy && w.busy < plain.busy);
	w = seen_with(MIGSIM_TEST_FAILS_SOME);
	/* The CPU copies a third of them again. */
	assert_true(w.now > plain.now && w.busy > 100);
}

static void calls_and_views_are_what_they_should(void **state)
{
	struct migsim_policy_scenario s = MIGSIM_POLICY_SCENARIO_INIT;
	struct witness w;

	(void)state;
	s.folios = 200;
	s.calls = 3;
	assert_int_equal(seen(&s).calls, 3);
	s.calls = 1;
	s.instant = 1;
	w = seen(&s);
	assert_int_equal(w.now + w.rates, 0);
	s.instant = 0;
	s.depth = 2;
	s.channels = 5;
	assert_int_equal(seen(&s).least_idle, 3);
	s.depth = 0;
	s.capacity = 5;
	assert_int_equal(seen(&s).most_flying, 4);
	s.capacity = 0;
	s.busy = 4;
	assert_int_equal(seen(&s).alone, 50);
	s.mode = MIGSIM_MODE_ASYNC;
	assert_int_equal(seen(&s).alone, 0);
	s.busy = 0;
	s.pinned = 1;
	assert_int_equal(seen(&s).most_flying, 0);
	s.pinned = 0;
	s.view = MIGSIM_TEST_NO_RATES;
	assert_int_equal(seen(&s).rates, 0);
	s.view = MIGSIM_TEST_HUGE_RATES;
	w = seen(&s);
	assert_int_equal(w.limits, w.asked);
	s.view = MIGSIM_TEST_LIMITS;
	w = seen(&s);
	assert_true(w.limits && w.limits < w.asked && w.now == UINT64_MAX);
}

static const char *objects(void *arg, const struct migsim_policy_view *view,
			   const struct migsim_policy_answer *answer)
{
	(void)arg;
	(void)answer;
	return view->folios_left < 3 ? "too few" : NULL;
}

static void who_watches_may_object(void **state)
{
	struct migsim_policy_scenario s = MIGSIM_POLICY_SCENARIO_INIT;
	struct migsim_policy_ops single = ops;
	const char *broken;

	(void)state;
	single.decide = one_folio;
	s.watch = objects;
	broken = migsim_policy_test(&single, NULL, &s);
	assert_non_null(broken);
	/* It is asked twice of each folio, the second time of those behind. */
	if (!strstr(broken, "question 124: too few"))
		fail_msg("%s", broken);
}

/* Each has another name, and there is one for everything that breaks policies. */
static void standard_ones_are_there(void **state)
{
	const struct migsim_policy_scenario *s, *other;
	uint32_t engines = 0, views = 0;
	unsigned int i, j;

	(void)state;
	for (i = 0; (s = migsim_policy_scenario(i)); i++) {
		assert_int_equal(s->size, sizeof(*s));
		engines |= 1u << s->engine;
		views |= 1u << s->view;
		for (j = 0; j < i; j++) {
			other = migsim_policy_scenario(j);
			assert_string_not_equal(s->name, other->name);
		}
	}
	assert_int_equal(engines, (1u << (MIGSIM_TEST_DIES + 1)) - 1);
	assert_int_equal(views, (1u << (MIGSIM_TEST_LIMITS + 1)) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engines_copy_as_they_should),
		cmocka_unit_test(engines_fail_as_they_should),
		cmocka_unit_test(calls_and_views_are_what_they_should),
		cmocka_unit_test(who_watches_may_object),
		cmocka_unit_test(standard_ones_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
