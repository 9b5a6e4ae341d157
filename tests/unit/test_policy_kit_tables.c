/* SPDX-License-Identifier: MIT */
/* The test kit of policies: what it makes of tables, options and scenarios. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <migsim/policy-test.h>

#include "said.h"

struct args {
	uint64_t window;
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

static void decide(void *priv, const void *args,
		   const struct migsim_policy_view *view,
		   struct migsim_policy_answer *answer)
{
	(void)priv;
	if (!view->groups)
		answer->admit = window(args);
}

static const struct migsim_policy_ops plain = {
	.size = sizeof(struct migsim_policy_ops), .abi = MIGSIM_POLICY_ABI,
	.name = "tested", .help = "-", .kind = "today", .params = params,
	.args_size = sizeof(struct args), .decide = decide, .window = window,
};

static void broken_by(const struct migsim_policy_ops *ops, const char *sentence)
{
	struct migsim_policy_scenario s = MIGSIM_POLICY_SCENARIO_INIT;
	const char *broken = migsim_policy_test(ops, NULL, &s);

	assert_non_null(broken);
	if (!strstr(broken, sentence))
		fail_msg("%s", broken);
}

static int refuse(void *priv, const void *args)
{
	(void)priv;
	(void)args;
	return -22;
}

static int change(void *priv, const void *args)
{
	(void)priv;
	((struct args *)(uintptr_t)args)->window = 1;
	return 0;
}

static void boast(const void *priv, const void *args,
		  struct migsim_policy_note *note)
{
	(void)priv;
	note->window = window(args) + 1;
}

static void smear(const void *priv, const void *args,
		  struct migsim_policy_note *note)
{
	(void)priv;
	(void)args;
	memset(note + 1, 1, 1);
}

static void other_operations_are_watched(void **state)
{
	struct migsim_policy_ops ops = plain;

	(void)state;
	ops.init = refuse;
	broken_by(&ops, "init refuses the options: it returns -22");
	ops.init = change;
	broken_by(&ops, "init writes to its arguments");
	ops.init = NULL;
	ops.note = boast;
	broken_by(&ops, "it notes a window of 65 pages, and names one of 64");
	ops.note = smear;
	broken_by(&ops, "note writes behind the note");
}

/* What an older table lacks is not called. */
static void an_older_table_is_understood(void **state)
{
	struct migsim_policy_scenario s = MIGSIM_POLICY_SCENARIO_INIT;
	struct migsim_policy_ops ops = plain;

	(void)state;
	ops.size = offsetof(struct migsim_policy_ops, window);
	ops.window = (uint64_t (*)(const void *))0x1;
	ops.note = boast;
	assert_null(migsim_policy_test(&ops, NULL, &s));
	ops.size = 8;
	broken_by(&ops, "lacks its size");
	ops.size = sizeof(ops);
	ops.kind = "tomorrow";
	broken_by(&ops, "its kind (today or async)");
}

static void what_is_no_test_is_said(void **state)
{
	struct migsim_policy_ops ops = plain;
	struct migsim_policy_scenario s = MIGSIM_POLICY_SCENARIO_INIT;
	const char *broken;

	(void)state;
	broken = migsim_policy_test_all(&ops, "window=0");
	assert_non_null(strstr(broken, "does not understand the options 'window=0'"));
	assert_non_null(strstr(said, "from 1 to 4096"));
	s.orders = "0x";
	broken_by(NULL, "lacks");
	assert_non_null(strstr(migsim_policy_test(&ops, NULL, &s), "a digit"));
	s.orders = "0";
	s.engine = MIGSIM_TEST_DIES + 1;
	assert_non_null(strstr(migsim_policy_test(&ops, NULL, &s), "is none"));
	s.size = 0;
	assert_non_null(strstr(migsim_policy_test(&ops, NULL, &s), "INIT"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(other_operations_are_watched,
				       said_listen),
		cmocka_unit_test_setup(an_older_table_is_understood,
				       said_listen),
		cmocka_unit_test_setup(what_is_no_test_is_said, said_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
