/* SPDX-License-Identifier: MIT */
/*
 * Every policy that the library knows, alone, through what breaks policies:
 * with its defaults, with each option at its limits and in between, with each
 * two of them at their limits, and with all of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <migsim/migsim.h>
#include <migsim/policy-test.h>

#include "registry.h"
#include "said.h"

#define MAX_POLICIES	64
#define MAX_PARAMS	16
#define MAX_SAID	8

struct walk {
	const struct migsim_policy_ops *ops;
	char options[512];
	unsigned int done, refused, broken;
};

static unsigned int nr_params(const struct migsim_policy_ops *ops)
{
	unsigned int n = 0;

	while (ops->params && ops->params[n].name)
		n++;
	assert_true(n <= MAX_PARAMS);
	return n;
}

static uint64_t least(const struct migsim_param *p)
{
	return p->type == MIGSIM_PARAM_NUMBER ? p->min : 0;
}

static uint64_t most(const struct migsim_param *p)
{
	uint64_t n = 0;

	if (p->type == MIGSIM_PARAM_NUMBER)
		return p->max;
	while (p->choices[n])
		n++;
	return n - 1;
}

static void set(struct walk *w, unsigned int param, uint64_t v)
{
	const struct migsim_param *p = &w->ops->params[param];
	size_t at = strlen(w->options), room = sizeof(w->options) - at;
	const char *comma = at ? "," : "";

	if (p->type == MIGSIM_PARAM_CHOICE)
		snprintf(w->options + at, room, "%s%s=%s", comma, p->name,
			 p->choices[v]);
	else
		snprintf(w->options + at, room, "%s%s=%" PRIu64, comma,
			 p->name, v);
}

/* Options that do not go together are refused before a call, by init. */
static bool init_refuses(const struct walk *w)
{
	char word[600];
	struct spec spec;
	void *priv;
	int err;

	snprintf(word, sizeof(word), "%s%s%s", w->ops->name,
		 *w->options ? ":" : "", w->options);
	if (spec_parse(OPS_POLICY, word, &spec))
		fail_msg("'%s': %s", word, said);
	priv = calloc(1, w->ops->priv_size + 1);
	assert_non_null(priv);
	err = w->ops->init ? w->ops->init(priv, spec.args) : 0;
	assert_true(err == 0 || err == -EINVAL);
	free(priv);
	spec_free(&spec);
	return err;
}

static void drive(struct walk *w)
{
	const char *broken;

	if (init_refuses(w)) {
		w->refused++;
	} else {
		broken = migsim_policy_test_all(w->ops, w->options);
		if (broken && w->broken++ < MAX_SAID)
			print_error("with '%s': %s\n", w->options, broken);
		w->done++;
	}
	*w->options = '\0';
}

__attribute__((unused)) static void each_alone(struct walk *w)
{
	const struct migsim_param *p = w->ops->params;
	uint64_t between[] = { 2, 3, 17, 500 };
	unsigned int i, j, n = nr_params(w->ops);

	for (i = 0; i < n; i++) {
		set(w, i, least(&p[i]));
		drive(w);
		set(w, i, most(&p[i]));
		drive(w);
		for (j = 0; j < 4; j++) {
			if (between[j] <= least(&p[i]) ||
			    between[j] >= most(&p[i]))
				continue;
			set(w, i, between[j]);
			drive(w);
		}
	}
}

__attribute__((unused)) static void each_two(struct walk *w)
{
	const struct migsim_param *p = w->ops->params;
	unsigned int i, j, k, n = nr_params(w->ops);

	for (i = 0; i < n; i++)
		for (j = i + 1; j < n; j++)
			for (k = 0; k < 4; k++) {
				set(w, i, k & 1 ? most(&p[i]) : least(&p[i]));
				set(w, j, k & 2 ? most(&p[j]) : least(&p[j]));
				drive(w);
			}
}

static void all_at_once(struct walk *w)
{
	const struct migsim_param *p = w->ops->params;
	unsigned int i, n = nr_params(w->ops);

	for (i = 0; i < n; i++)
		set(w, i, least(&p[i]));
	drive(w);
	for (i = 0; i < n; i++)
		set(w, i, most(&p[i]));
	drive(w);
}

static void keeps_what_it_must(void **state)
{
	struct walk w = { .ops = *state };

	drive(&w);
	assert_int_equal(w.done, 1);
#ifndef __SANITIZE_THREAD__	/* one thread, and minutes */
	each_alone(&w);
	each_two(&w);
#endif
	all_at_once(&w);
	print_message("%s: %u sets of options, %u more refused\n", w.ops->name,
		      w.done, w.refused);
	assert_int_equal(w.broken, 0);
	/* Most of what the table of options allows must be of use. */
	assert_true(w.done > w.refused);
}

int main(void)
{
	static struct CMUnitTest tests[MAX_POLICIES];
	const struct migsim_policy_ops *ops;
	size_t n;

	said_listen(NULL);
	for (n = 0; n < MAX_POLICIES && (ops = migsim_policy_get((unsigned int)n)); n++)
		tests[n] = (struct CMUnitTest){
			.name = ops->name, .test_func = keeps_what_it_must,
			.initial_state = (void *)(uintptr_t)ops,
		};
	return n ? _cmocka_run_group_tests("policies", tests, n, NULL, NULL)
		 : 1;
}
