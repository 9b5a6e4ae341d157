/* SPDX-License-Identifier: MIT */
/* The policy alone, before it is let near any memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <migsim/policy-test.h>

extern const struct migsim_policy_ops migsim_policy;

/* What every policy is held to, with these options. */
static void it_keeps_what_it_must(void **state)
{
	static const char *const options[] = {
		"", "window=1", "window=1,groups=4096", "window=512,groups=1",
		"window=4294967296", "window=3,groups=2",
	};
	const char *broken;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		broken = migsim_policy_test_all(&migsim_policy, options[i]);
		if (broken)
			fail_msg("%s: %s", options[i], broken);
	}
}

/* And what this one is for: small groups first, never more than four. */
static const char *first_groups(void *arg,
				const struct migsim_policy_view *view,
				const struct migsim_policy_answer *answer)
{
	unsigned int *n = arg;

	if (!answer->admit)
		return NULL;
	if (view->groups >= 4)
		return "a fifth group";
	if (*n < 3 && answer->admit != (uint64_t)8 << *n)
		return "a first group of another size";
	++*n;
	return NULL;
}

static void it_begins_with_small_groups(void **state)
{
	struct migsim_policy_scenario s = MIGSIM_POLICY_SCENARIO_INIT;
	unsigned int n = 0;

	(void)state;
	s.folios = 2000;
	s.channels = 4;
	s.watch = first_groups;
	s.arg = &n;
	assert_null(migsim_policy_test(&migsim_policy, NULL, &s));
	assert_in_range(n, 8, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_keeps_what_it_must),
		cmocka_unit_test(it_begins_with_small_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
