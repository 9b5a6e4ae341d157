/* SPDX-License-Identifier: MIT */
/* What breaks policies: the standard scenarios, the plain ones first. */
#include "kit.h"

#define SCENARIO(text, number, of, how_often)				\
	.size = sizeof(struct migsim_policy_scenario), .name = text,	\
	.folios = number, .orders = of, .calls = how_often,		\
	.reason = MIGSIM_REASON_SYSCALL
#define SYNC	.mode = MIGSIM_MODE_SYNC
#define ASYNC	.mode = MIGSIM_MODE_ASYNC
#define MIXED	"0094010002900009"

static const struct migsim_policy_scenario scenarios[] = {
	{ SCENARIO("small folios, one channel", 1500, "0", 1), SYNC,
	  .channels = 1 },
	{ SCENARIO("one folio", 1, "0", 1), SYNC, .channels = 1 },
	{ SCENARIO("one large folio", 1, "9", 1), ASYNC, .channels = 4 },
	{ SCENARIO("more channels than folios", 3, "90", 1), SYNC,
	  .channels = 64 },
	{ SCENARIO("large folios", 100, "9", 1), SYNC, .channels = 16 },
	{ SCENARIO("mixed orders", 600, MIXED, 1), SYNC, .channels = 4 },
	{ SCENARIO("the CPU copies", 300, MIXED, 1), ASYNC, .channels = 0 },
	{ SCENARIO("three calls", 200, "00900", 3), SYNC, .channels = 4 },
	{ SCENARIO("less room than the window", 300, "4", 1), SYNC, .channels = 4,
	  .capacity = 5 },
	{ SCENARIO("nothing takes any time", 300, MIXED, 2), SYNC, .channels = 4,
	  .instant = 1 },

	{ SCENARIO("copies end backwards", 300, MIXED, 1), SYNC, .channels = 4,
	  .engine = MIGSIM_TEST_BACKWARDS },
	{ SCENARIO("the engine holds one copy", 300, MIXED, 1), SYNC,
	  .channels = 1, .engine = MIGSIM_TEST_ONE },
	{ SCENARIO("the engine holds few copies", 900, "0", 1), SYNC,
	  .channels = 2, .depth = 7 },
	{ SCENARIO("the engine declines everything", 300, MIXED, 2), SYNC,
	  .channels = 4, .engine = MIGSIM_TEST_DECLINES },
	{ SCENARIO("the engine declines some", 300, MIXED, 1), SYNC,
	  .channels = 4, .engine = MIGSIM_TEST_DECLINES_SOME },
	{ SCENARIO("copies fail", 300, MIXED, 1), ASYNC, .channels = 4,
	  .engine = MIGSIM_TEST_FAILS_SOME },
	{ SCENARIO("the engine never completes", 300, MIXED, 1), SYNC,
	  .channels = 4, .engine = MIGSIM_TEST_NEVER },
	{ SCENARIO("it never completes, many small folios", 5000, "0", 1), ASYNC,
	  .channels = 16, .engine = MIGSIM_TEST_NEVER },
	{ SCENARIO("it never completes and may write for ever", 300, MIXED, 2),
	  SYNC, .channels = 4, .engine = MIGSIM_TEST_STUCK },
	{ SCENARIO("the engine dies", 300, MIXED, 2), ASYNC, .channels = 4,
	  .engine = MIGSIM_TEST_DIES },

	{ SCENARIO("busy folios are retried alone", 300, MIXED, 2), SYNC,
	  .channels = 4, .busy = 3 },
	{ SCENARIO("pinned folios fail", 300, MIXED, 1), ASYNC, .channels = 4,
	  .pinned = 2, .busy = 5 },
	{ SCENARIO("every folio is pinned", 40, MIXED, 1), SYNC, .channels = 4,
	  .pinned = 1 },

	{ SCENARIO("rates of zero", 300, MIXED, 2), SYNC, .channels = 4,
	  .view = MIGSIM_TEST_NO_RATES },
	{ SCENARIO("rates at their limit", 300, MIXED, 2), SYNC, .channels = 4,
	  .view = MIGSIM_TEST_HUGE_RATES },
	{ SCENARIO("counters at their limits", 2000, "0", 1), SYNC, .channels = 4,
	  .view = MIGSIM_TEST_LIMITS },
	{ SCENARIO("counters at their limits, mixed orders", 1000, MIXED, 3),
	  ASYNC, .channels = 64, .view = MIGSIM_TEST_LIMITS,
	  .busy = 7 },
};

const struct migsim_policy_scenario *migsim_policy_scenario(unsigned int i)
{
	return i < sizeof(scenarios) / sizeof(scenarios[0]) ? &scenarios[i]
							    : NULL;
}

const char *migsim_policy_test_all(const struct migsim_policy_ops *ops,
				   const char *options)
{
	const struct migsim_policy_scenario *s;
	const char *sentence = NULL;
	unsigned int i;

	for (i = 0; !sentence && (s = migsim_policy_scenario(i)); i++)
		sentence = migsim_policy_test(ops, options, s);
	return sentence;
}
