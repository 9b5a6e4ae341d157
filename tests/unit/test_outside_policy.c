/* SPDX-License-Identifier: MIT */
/*
 * Policies from a shared object. Needs BUILD, the build directory, with the
 * skeletons of an engine and a policy in it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <migsim/migsim.h>

#include "own.h"
#include "said.h"

static const char *module(const char *name, const char *options)
{
	static char word[512];
	const char *build = getenv("BUILD");

	assert_non_null(build);
	snprintf(word, sizeof(word), "%s/tests/%s%s", build, name, options);
	return word;
}

/* The skeleton with these options, which begin with a colon. */
static const char *policy(const char *options)
{
	return module("libskeleton_policy.so", options);
}

static void an_object_is_a_policy(void **state)
{
	const struct migsim_policy_ops *ops = migsim_policy_find(policy(":x")),
				       *other;
	struct extent found;
	unsigned int i;
	size_t at = 0;

	(void)state;
	assert_non_null(ops);
	assert_string_equal(ops->name, "skeleton");
	for (i = 0; (other = migsim_policy_get(i)); i++)
		assert_string_not_equal(other->name, "skeleton");
	assert_true(own_next(extent_of(ops, sizeof(*ops)), &at, &found));

	assert_int_equal(migsim_policy_check(policy("")), 0);
	assert_int_equal(migsim_policy_window(policy("")), 1024);
	assert_int_equal(migsim_policy_window(policy(":window=77,groups=2")),
			 77);
	assert_string_equal(migsim_policy_kind(policy("")), "async");
	assert_ptr_equal(migsim_policy_find("batch:x"), migsim_policy_get(0));
	assert_int_equal(sentences, 0);
}

/* It runs, in virtual time, and its window is kept to. */
static void an_outside_policy_migrates(void **state)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	struct migsim_report *report = migsim_report_new();
	struct migsim_folio folios[300] = { 0 };
	struct migsim_migrator_info info = { .size = sizeof(info) };
	struct migsim_summary summary = { .size = sizeof(summary) };
	struct migsim_migrator *m;
	size_t i;

	(void)state;
	assert_non_null(report);
	for (i = 0; i < 300; i++)
		folios[i].addr = (i + 1) << 21;
	o.space = "model";
	o.engine = "model:channels=4";
	o.policy = policy(":window=24,groups=3");
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	migsim_migrator_info(m, &info);
	assert_string_equal(info.policy, "skeleton");
	assert_string_equal(info.policy_kind, "async");
	assert_int_equal(info.window_pages, 24);
	assert_int_equal(migsim_migrate(m, folios, 300, report), 0);
	migsim_report_summary(report, &summary);
	assert_int_equal(summary.migrated, 300);
	/* Groups of 8. */
	assert_int_equal(summary.groups, 38);
	migsim_migrator_close(m);
	migsim_report_free(report);
}

static void refused(const char *word, const char *names)
{
	*said = '\0';
	sentences = 0;
	assert_int_equal(migsim_policy_check(word), -EINVAL);
	assert_int_equal(sentences, 1);
	if (!strstr(said, names))
		fail_msg("'%s' does not name '%s'", said, names);
}

static void what_is_no_policy_is_refused(void **state)
{
	(void)state;
	refused(module("libskeleton.so", ""),
		"is no policy: it has no symbol " MIGSIM_POLICY_SYMBOL);
	assert_int_equal(migsim_engine_check(policy("")), -EINVAL);
	assert_non_null(strstr(said, "is no engine: it has no symbol "
			       MIGSIM_ENGINE_SYMBOL));
	refused("./nothing/of/the/kind.so", "the policy ./nothing");
	refused("/dev/null", "/dev/null");
	refused(policy(":groups=0"), "from 1 to 4096");
	refused(policy(":colour=red"), "it has: window, groups");
	refused("skeleton", "or ./FILE.so");
	*said = '\0';
	assert_null(migsim_policy_find("nobody"));
	assert_non_null(strstr(said, "unknown policy 'nobody'"));
	assert_null(migsim_policy_kind("./nothing.so"));
	assert_int_equal(migsim_policy_window("./nothing.so"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_object_is_a_policy,
						said_listen, said_quiet),
		cmocka_unit_test_setup_teardown(an_outside_policy_migrates,
						said_listen, said_quiet),
		cmocka_unit_test_setup_teardown(what_is_no_policy_is_refused,
						said_listen, said_quiet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
