/* SPDX-License-Identifier: MIT */
/*
 * A test kit for policies. It runs the library's own state machine over a space
 * and an engine that are made up, event by event, without threads and without
 * real time, and holds a policy to this:
 *
 *   - never more in flight than its window, the folio that crosses it aside;
 *   - never stalled: with nothing in flight and folios left it admits some,
 *     though the core would see to it anyway;
 *   - no folio is lost, whatever the engine does;
 *   - answers are within their range, and the same when it is asked the same;
 *   - it writes to its state and its answer and to nothing else.
 *
 * Every function returns NULL, or a sentence that says what is broken and when,
 * so that it goes with any test framework:
 *
 *	assert_null(migsim_policy_test_all(&ops, "pages=64"));
 *
 * Compile the policy with -fsanitize=undefined: some of the scenarios show it
 * counters and rates at their limits.
 */
#ifndef MIGSIM_POLICY_TEST_H
#define MIGSIM_POLICY_TEST_H

#include <migsim/policy.h>
#include <migsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How the engine behaves. */
enum migsim_test_engine {
	MIGSIM_TEST_IN_ORDER,	/* copies end as the channels come to them */
	MIGSIM_TEST_BACKWARDS,	/* the last one that was submitted ends first */
	MIGSIM_TEST_ONE,	/* holds one copy at a time */
	MIGSIM_TEST_DECLINES,	/* takes no copy */
	MIGSIM_TEST_DECLINES_SOME, /* every other time it is asked */
	MIGSIM_TEST_FAILS_SOME,	/* every third copy ends with an error */
	MIGSIM_TEST_NEVER,	/* ends no copy; they can be cancelled */
	MIGSIM_TEST_STUCK,	/* ends no copy, and may write for ever */
	MIGSIM_TEST_DIES,	/* after some copies */
};

/* What the policy is shown of rates, times and counts. */
enum migsim_test_view {
	MIGSIM_TEST_TRUE,	/* what the core shows */
	MIGSIM_TEST_NO_RATES,	/* rates of 0 */
	MIGSIM_TEST_HUGE_RATES,	/* rates of UINT64_MAX */
	/*
	 * Everything but what is in flight jumps between what the core shows,
	 * 0, 1, 2^63 and UINT64_MAX. What cannot be is not shown: folios are
	 * left if some are, and none is larger than 512 pages.
	 */
	MIGSIM_TEST_LIMITS,
};

/**
 * struct migsim_policy_scenario - what a policy is put through
 * @size: sizeof(struct migsim_policy_scenario)
 * @name: for the sentence
 * @orders: a digit for the order of each folio, over and over again: "0", "940"
 * @folios: of a call
 * @calls: one after the other, with the state that the policy has kept
 * @channels: of the engine; 0 is the CPU
 * @depth: copies that the engine holds at most; 0: 1024
 * @engine: enum migsim_test_engine
 * @view: enum migsim_test_view
 * @capacity: most base pages that the space can have in flight; 0: the window
 *            of the policy
 * @busy: every so-manieth folio is remapped at the fifth try only, which in sync
 *        mode is one alone; 0: none
 * @pinned: every so-manieth folio is never unmapped; 0: none
 * @instant: not 0: nothing takes any time
 * @mode: enum migsim_mode
 * @reason: enum migsim_reason
 * @watch: optional; called after each time that the policy was asked, with what
 *         it saw and what it answered. NULL, or a sentence, which ends the run
 *         and must live until the test has returned.
 * @arg: for @watch
 */
struct migsim_policy_scenario {
	uint32_t size;
	uint32_t folios;
	const char *name;
	const char *orders;
	uint32_t calls;
	uint32_t channels;
	uint32_t depth;
	uint32_t engine;
	uint32_t view;
	uint32_t busy;
	uint32_t pinned;
	uint32_t instant;
	uint32_t mode;
	uint32_t reason;
	uint64_t capacity;
	const char *(*watch)(void *arg, const struct migsim_policy_view *view,
			     const struct migsim_policy_answer *answer);
	void *arg;
};

/** MIGSIM_POLICY_SCENARIO_INIT - 64 folios of 4K and one channel */
#define MIGSIM_POLICY_SCENARIO_INIT					\
	{ .size = sizeof(struct migsim_policy_scenario), .folios = 64,	\
	  .name = "64 folios", .orders = "0", .calls = 1, .channels = 1,	\
	  .mode = MIGSIM_MODE_SYNC, .reason = MIGSIM_REASON_SYSCALL }

/**
 * migsim_policy_test - put a policy through one scenario
 * @ops: the policy; need not be registered
 * @options: `key=value,…`, as behind the colon of a word; NULL or "" for none
 * @scenario: the caller's, read during the call only
 *
 * The policy has two states that are asked in turn, to see whether it answers
 * the same.
 *
 * Return: NULL when everything holds; otherwise a sentence, which lives until
 * this thread calls a function of this header again. Bad options, a table or a
 * scenario that is none, and a lack of memory are sentences, too.
 */
const char *migsim_policy_test(const struct migsim_policy_ops *ops,
			       const char *options,
			       const struct migsim_policy_scenario *scenario);

/**
 * migsim_policy_test_all - put a policy through every standard scenario
 * @ops: as for migsim_policy_test()
 * @options: as for migsim_policy_test()
 * Return: as migsim_policy_test(), of the first scenario that breaks it.
 */
const char *migsim_policy_test_all(const struct migsim_policy_ops *ops,
				   const char *options);

/**
 * migsim_policy_scenario - walk over the standard scenarios
 * @i: from 0
 * Return: the i-th one, NULL behind the last.
 */
const struct migsim_policy_scenario *migsim_policy_scenario(unsigned int i);

#ifdef __cplusplus
}
#endif
#endif
