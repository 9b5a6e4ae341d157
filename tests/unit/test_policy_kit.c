/* SPDX-License-Identifier: MIT */
/*
 * The test kit itself: policies that break one thing each must be found out,
 * with the sentence that says so, and those that break nothing must pass.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <migsim/migsim.h>
#include <migsim/policy-test.h>

#include "said.h"

struct args {
	uint64_t window;
};

struct state {
	uint64_t flying, seen, asked;
};

static const struct migsim_param params[] = {
	{ .name = "window", .help = "base pages", .def = 64, .min = 1,
	  .max = 4096, .offset = offsetof(struct args, window) },
	{ 0 },
};

static uint64_t window(const void *args)
{
	return ((const struct args *)args)->window;
}

typedef void decide_fn(void *priv, const void *args,
		       const struct migsim_policy_view *view,
		       struct migsim_policy_answer *answer);

static int begin(void *priv, const void *args)
{
	(void)args;
	*(struct state *)priv = (struct state){ 0 };
	return 0;
}

#define POLICY(name)							\
	static void name(void *priv, const void *args,			\
			 const struct migsim_policy_view *view,		\
			 struct migsim_policy_answer *answer)
#define UNUSED_STATE	((void)priv)

static uint64_t room(const void *args, const struct migsim_policy_view *view)
{
	uint64_t flying = view->pages_copying + view->pages_copied;

	return window(args) > flying ? window(args) - flying : 0;
}

/* --- they keep to it */
POLICY(slides)
{
	UNUSED_STATE;
	answer->admit = room(args, view);
	answer->remap = MIGSIM_REMAP_FOLIO;
	answer->pieces = MIGSIM_MAX_PIECES;
	answer->tick = 1;
}

POLICY(one_folio_at_a_time)
{
	UNUSED_STATE;
	(void)args;
	answer->admit = view->groups ? 0 : UINT64_MAX;
	answer->folios = 1;
}

/* --- and they do not */
POLICY(is_greedy)
{
	slides(priv, args, view, answer);
	answer->admit = window(args);
}

POLICY(is_off_by_one)
{
	slides(priv, args, view, answer);
	answer->admit++;
}

POLICY(never_begins)
{
	slides(priv, args, view, answer);
	answer->admit = 0;
}

POLICY(stops_after_a_while)
{
	struct state *s = priv;

	slides(priv, args, view, answer);
	if (++s->asked > 100)
		answer->admit = 0;
}

/* Never admits what crosses its window, and so no large folio. */
POLICY(waits_for_room)
{
	slides(priv, args, view, answer);
	if (room(args, view) < view->next_pages)
		answer->admit = 0;
}

POLICY(needs_a_rate)
{
	slides(priv, args, view, answer);
	if (view->groups_done && !view->copy_rate)
		answer->admit = 0;
}

/* Twice the last group: of 2^63 pages that is 0. */
POLICY(overflows)
{
	slides(priv, args, view, answer);
	if (view->last_pages && view->last_pages * 2 < answer->admit)
		answer->admit = view->last_pages * 2;
}

/* Counts by itself: what was never unmapped, or was retried, leads it astray. */
POLICY(counts_by_itself)
{
	struct state *s = priv;

	s->flying -= view->pages_done - s->seen;
	s->seen = view->pages_done;
	answer->admit = s->flying < window(args) ? window(args) - s->flying : 0;
	answer->folios = 1;
	if (view->folios_left && answer->admit)
		s->flying += view->next_pages;
}

POLICY(cuts_too_often)
{
	slides(priv, args, view, answer);
	answer->pieces = MIGSIM_MAX_PIECES + 1;
}

POLICY(remaps_oddly)
{
	slides(priv, args, view, answer);
	answer->remap = MIGSIM_REMAP_FOLIO + 1;
}

POLICY(changes_its_arguments)
{
	slides(priv, args, view, answer);
	((struct args *)(uintptr_t)args)->window++;
}

POLICY(changes_the_view)
{
	slides(priv, args, view, answer);
	((struct migsim_policy_view *)(uintptr_t)view)->pages_left = 0;
}

POLICY(writes_behind_its_state)
{
	slides(priv, args, view, answer);
	((char *)priv)[sizeof(struct state)] = 0;
}

POLICY(writes_before_its_state)
{
	slides(priv, args, view, answer);
	((char *)priv)[-1] = 0;
}

POLICY(writes_behind_the_answer)
{
	slides(priv, args, view, answer);
	memset(answer + 1, 0, 8);
}

/* It leaves it to the core to see that the window is full. */
POLICY(relies_on_the_core)
{
	(void)priv;
	(void)args;
	answer->admit = view->next_pages;
}

/* Its state is not where the core put it. */
POLICY(remembers_elsewhere)
{
	static unsigned int asked;

	slides(priv, args, view, answer);
	answer->fan = asked++;
}

#define TABLE(function)							\
	{ .size = sizeof(struct migsim_policy_ops),			\
	  .abi = MIGSIM_POLICY_ABI, .name = "tested", .help = "-",	\
	  .kind = "async", .params = params,				\
	  .args_size = sizeof(struct args),				\
	  .priv_size = sizeof(struct state), .init = begin,		\
	  .decide = function, .window = window }

struct cheat {
	const char *name;
	decide_fn *decide;
	const char *scenario;	/* that finds it out; NULL: any */
	const char *sentence;
};

#define CHEAT(function, scenario, sentence)				\
	{ #function, function, scenario, sentence }

static const struct cheat cheats[] = {
	CHEAT(is_greedy, "small folios", "it exceeds its window of 64 pages"),
	CHEAT(relies_on_the_core, "small folios", "it exceeds its window of 64"),
	CHEAT(is_off_by_one, "small folios", "it exceeds its window of 64"),
	CHEAT(never_begins, "small folios",
	      "question 1: it stalls: with nothing in flight and 1500 folios"),
	CHEAT(stops_after_a_while, "small folios", "it stalls"),
	CHEAT(waits_for_room, "one large folio", "it stalls"),
	CHEAT(needs_a_rate, "the CPU copies|takes any time|rates of zero|declines",
	      "it stalls"),
	CHEAT(overflows, "counters at their limits", "it stalls"),
	CHEAT(counts_by_itself, "pinned|may write for ever", "it stalls"),
	CHEAT(cuts_too_often, NULL, "cuts folios into 33 pieces; 32 are"),
	CHEAT(remaps_oddly, NULL, "remaps by 3, which is no"),
	CHEAT(changes_its_arguments, NULL, "decide writes to its arguments"),
	CHEAT(changes_the_view, NULL, "decide writes to the view"),
	CHEAT(writes_behind_its_state, NULL,
	      "decide writes beside its state of 24 bytes"),
	CHEAT(writes_before_its_state, NULL, "decide writes beside its state"),
	CHEAT(writes_behind_the_answer, NULL, "writes behind the answer"),
	CHEAT(remembers_elsewhere, NULL,
	      "answers differently when it is asked the same"),
};

#define NR_CHEATS	(sizeof(cheats) / sizeof(cheats[0]))

/* Does the text hold one of these words, which bars part? */
static bool holds(const char *text, const char *words)
{
	char buf[256], *rest = buf, *word;

	snprintf(buf, sizeof(buf), "%s", words);
	while ((word = strsep(&rest, "|")))
		if (strstr(text, word))
			return true;
	return false;
}

static void a_cheat_is_found_out(void **state)
{
	const struct cheat *c = *state;
	struct migsim_policy_ops ops = TABLE(c->decide);
	const char *broken = migsim_policy_test_all(&ops, NULL);

	assert_non_null(broken);
	if (!strstr(broken, c->sentence) ||
	    !holds(broken, c->scenario ? c->scenario : "scenario"))
		fail_msg("%s", broken);
	assert_int_equal(sentences, 0);
}

static void honest_ones_pass(void **state)
{
	static const char *const options[] = {
		NULL,
#ifndef __SANITIZE_THREAD__	/* one thread, and minutes */
		"", "window=1", "window=512", "window=4096",
#endif
	};
	struct migsim_policy_ops sliding = TABLE(slides);
	struct migsim_policy_ops single = TABLE(one_folio_at_a_time);
	const char *broken;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		broken = migsim_policy_test_all(&sliding, options[i]);
		if (!broken)
			broken = migsim_policy_test_all(&single, options[i]);
		if (broken)
			fail_msg("%s: %s", options[i], broken);
	}
}

int main(void)
{
	static struct CMUnitTest tests[NR_CHEATS + 1] = {
		cmocka_unit_test_setup(honest_ones_pass, said_listen),
	};
	size_t i;

	for (i = 0; i < NR_CHEATS; i++)
		tests[1 + i] = (struct CMUnitTest){
			.name = cheats[i].name,
			.test_func = a_cheat_is_found_out,
			.setup_func = said_listen,
			.initial_state = (void *)(uintptr_t)&cheats[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
