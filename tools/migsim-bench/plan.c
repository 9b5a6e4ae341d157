/* SPDX-License-Identifier: MIT */
/*
 * Options become a list of configurations: the product of all lists of words,
 * nested in the order of enum option_id, so that the last one varies fastest.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "plan.h"

static const char *const yes_or_no[] = { "no", "yes", NULL };
static const char *const formats[] = { "table", "lkml", "csv", "json", NULL };

static void config_free(struct config *c)
{
	free(c->backend);
	free(c->engine);
	free(c->policy);
	free(c->profile);
}

void plan_free(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n; i++)
		config_free(&plan->configs[i]);
	free(plan->configs);
	for (i = 0; i < plan->nr_profiles; i++)
		migsim_profile_close(plan->profiles[i]);
	free(plan->profiles);
	free(plan->output);
	*plan = (struct plan){ 0 };
}

/* The combination number @index of the words of @o. */
static int config_make(struct config *c, const struct options *o, size_t index)
{
	size_t pick[DIMENSIONS];
	unsigned int i;
	int rc = 0;

	for (i = DIMENSIONS; i-- > 0;) {
		size_t n = o->value[i].n ? o->value[i].n : 1;

		pick[i] = index % n;
		index /= n;
	}
	for (i = 0; i < DIMENSIONS && !rc; i++)
		rc = config_set(c, i, &o->value[i], pick[i]);
	return rc;
}

/* The profile that an earlier configuration has opened by the same word. */
static const struct migsim_profile *find_profile(const struct plan *plan,
						 const char *word)
{
	size_t i;

	for (i = plan->n; i-- > 0;) {
		const struct config *c = &plan->configs[i];

		if (c->model && !strcmp(c->profile, word))
			return c->model;
	}
	return NULL;
}

/* The library says what is wrong with a profile. */
static int open_profile(struct plan *plan, struct config *c,
			const struct options *o)
{
	struct migsim_profile **grown;
	int err;

	if (!c->profile)
		return 0;
	c->model = find_profile(plan, c->profile);
	if (c->model)
		return 0;
	grown = realloc(plan->profiles,
			(plan->nr_profiles + 1) * sizeof(*grown));
	if (!grown)
		return out_of_memory();
	plan->profiles = grown;
	say_where(o->value[OPT_PROFILE].where);
	err = migsim_profile_open(&grown[plan->nr_profiles], c->profile);
	say_where(NULL);
	if (err)
		return err == -ENOMEM ? out_of_memory() : EXIT_USAGE;
	c->model = grown[plan->nr_profiles++];
	return 0;
}

/* Combinations of @o; more than MAX_CONFIGS need not be exact. */
static size_t count_configs(const struct options *o)
{
	size_t n = 1;
	unsigned int i;

	for (i = 0; i < DIMENSIONS && n <= MAX_CONFIGS; i++)
		if (o->value[i].n)
			n *= o->value[i].n;
	return n;
}

static int plan_add(struct plan *plan, const struct options *o,
		    const struct machine *m)
{
	size_t n = count_configs(o), i;
	struct config *grown;
	int rc;

	if (n > MAX_CONFIGS - plan->n) {
		say("these are more than %d configurations; use shorter lists or larger steps",
		    MAX_CONFIGS);
		return EXIT_USAGE;
	}
	grown = realloc(plan->configs, (plan->n + n) * sizeof(*grown));
	if (!grown)
		return out_of_memory();
	plan->configs = grown;
	for (i = 0; i < n; i++) {
		struct config *c = &grown[plan->n++];

		*c = (struct config){ .seed = plan->seed };
		rc = config_make(c, o, i);
		if (!rc)
			rc = open_profile(plan, c, o);
		if (!rc)
			rc = config_check(c, o, m);
		if (rc)
			return rc;
	}
	return 0;
}

/* The first set that gives this option, which holds for all. */
static const struct value *first_given(const struct options *sets, size_t n,
				       enum option_id id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (sets[i].value[id].n)
			return &sets[i].value[id];
	return NULL;
}

static int refuse(const struct value *v, const char *expected)
{
	say_where(v->where);
	say("%.100s is not %s", v->words[0], expected);
	say_where(NULL);
	return EXIT_USAGE;
}

static int set_common(struct plan *plan, const struct options *sets, size_t n)
{
	const struct value *v;
	int i;

	plan->seed = 1;
	v = first_given(sets, n, OPT_SEED);
	if (v && parse_count(v->words[0], &plan->seed))
		return refuse(v, "a whole number");
	v = first_given(sets, n, OPT_FORMAT);
	if (v) {
		i = choose(v->words[0], formats);
		if (i < 0)
			return refuse(v, "a format; there are table, lkml, csv and json");
		plan->format = (enum format)i;
	}
	v = first_given(sets, n, OPT_QUIET);
	if (v) {
		i = choose(v->words[0], yes_or_no);
		if (i < 0)
			return refuse(v, "yes or no");
		plan->quiet = i > 0;
	}
	v = first_given(sets, n, OPT_OUTPUT);
	if (!v)
		return 0;
	plan->output = strdup(v->words[0]);
	return plan->output ? 0 : out_of_memory();
}

int plan_make(struct plan *plan, const struct options *sets, size_t n)
{
	struct machine *m = malloc(sizeof(*m));
	size_t i;
	int rc = 0;

	*plan = (struct plan){ .format = FORMAT_TABLE };
	if (!m)
		return out_of_memory();
	rc = set_common(plan, sets, n);
	if (!rc)
		rc = machine_read(m);
	for (i = 0; i < n && !rc; i++)
		rc = plan_add(plan, &sets[i], m);
	free(m);
	if (rc)
		plan_free(plan);
	return rc;
}
