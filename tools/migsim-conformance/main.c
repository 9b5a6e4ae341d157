/* SPDX-License-Identifier: MIT */
/*
 * migsim-conformance: does an engine keep its contract?
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define EXIT_USAGE	2
#define EXIT_LACKS	77

static const struct check *const lists[] = {
	table_checks, copy_checks, queue_checks, end_checks, instance_checks,
	migrate_checks,
};

#define NR_LISTS	(sizeof(lists) / sizeof(lists[0]))

struct words {
	struct suite suite;
	const char *only;
	unsigned int timeout;	/* s */
	bool list;
};

enum { KEY_BACKEND = 256, KEY_FAULTS, KEY_LIST, KEY_ONLY, KEY_SEED,
       KEY_TIMEOUT };

static const struct argp_option options[] = {
	{ "backend", KEY_BACKEND, "model", 0,
	  "open the engine in the space model, in virtual time", 0 },
	{ "faults", KEY_FAULTS, NULL, 0,
	  "copies may be declined, and may fail", 0 },
	{ "list", KEY_LIST, NULL, 0, "show the checks", 0 },
	{ "only", KEY_ONLY, "NAME", 0, "run this check alone", 0 },
	{ "seed", KEY_SEED, "N", 0, "of what is random (1)", 0 },
	{ "timeout", KEY_TIMEOUT, "SECONDS", 0,
	  "what takes longer has hung, a check or the first open (120)", 0 },
	{ 0 },
};

static uint64_t number(struct argp_state *state, const char *text,
		       uint64_t min, uint64_t max)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n < min || n > max)
		argp_error(state, "'%s' is no whole number from %llu to %llu",
			   text, (unsigned long long)min,
			   (unsigned long long)max);
	return n;
}

static const struct check *find(const char *name)
{
	const struct check *c;
	size_t i;

	for (i = 0; i < NR_LISTS; i++)
		for (c = lists[i]; c->name; c++)
			if (!strcmp(c->name, name))
				return c;
	return NULL;
}

static error_t read_word(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;

	switch (key) {
	case KEY_BACKEND:
		w->suite.model = !strcmp(arg, "model");
		if (!w->suite.model)
			argp_error(state, "--backend is model or not given");
		return 0;
	case KEY_FAULTS:
		w->suite.faults = true;
		return 0;
	case KEY_LIST:
		w->list = true;
		return 0;
	case KEY_ONLY:
		w->only = arg;
		if (!find(arg))
			argp_error(state, "there is no check '%s'; --list shows them",
				   arg);
		return 0;
	case KEY_SEED:
		w->suite.seed = number(state, arg, 0, UINT64_MAX);
		return 0;
	case KEY_TIMEOUT:
		w->timeout = (unsigned int)number(state, arg, 1, 86400);
		return 0;
	case ARGP_KEY_ARG:
		if (w->suite.word)
			argp_error(state, "one engine at a time, not '%s' too",
				   arg);
		w->suite.word = arg;
		return 0;
	case ARGP_KEY_END:
		if (!w->suite.word && !w->list)
			argp_error(state, "an engine is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = read_word,
	.args_doc = "ENGINE",
	.doc = "Does an engine keep the contract of migsim/engine.h?\v"
	       "ENGINE is written as for migsim-bench: name:key=value,… or ./libname.so:key=value,…\n\n"
	       "A line tells of each check, the last line counts. Exit codes: 0 all passed, 1 one failed, 2 the command line is wrong, 77 the machine lacks what the engine needs.\n\n"
	       "Example:\n  migsim-conformance ./libskeleton.so:depth=64",
};

static void list_checks(void)
{
	const struct check *c;
	size_t i;

	for (i = 0; i < NR_LISTS; i++)
		for (c = lists[i]; c->name; c++)
			printf("%-16s%s\n", c->name, c->help);
}

/* Returns what the program ends with when the engine does not open at all. */
static int try_open(struct words *w)
{
	static const unsigned int none[3];
	struct suite *s = &w->suite;
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	const struct migsim_engine_env env = { .from = -1, .to = -1 };
	struct migsim_migrator *m = NULL;
	struct migsim_engine *e = NULL;
	int err;

	o.space = "model";
	o.engine = s->word;
	watch("first-open", w->timeout, none);
	err = s->model ? migsim_migrator_open(&m, &o)
		       : migsim_engine_open(&e, s->word, &env);
	watch("first-close", w->timeout, none);
	migsim_migrator_close(m);
	migsim_engine_close(e);
	if (!err)
		return EXIT_SUCCESS;
	fprintf(stderr, "migsim-conformance: %s cannot be opened: %s\n",
		s->word, *last_sentence() ? last_sentence() : strerror(-err));
	if (err == -ENODEV || err == -EOPNOTSUPP || err == -EPERM)
		return EXIT_LACKS;
	return err == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
}

static void run(const struct check *c, struct words *w, unsigned int *counts)
{
	static const char *const word[] = { "ok", "not ok", "skip" };
	struct suite *s = &w->suite;

	s->verdict = PASSED;
	watch(c->name, w->timeout, counts);
	c->run(s);
	counts[s->verdict]++;
	printf("%s %s%s%s\n", word[s->verdict], c->name,
	       s->verdict == PASSED ? "" : ": ",
	       s->verdict == PASSED ? "" : s->why);
	fflush(stdout);
}

static int run_all(struct words *w)
{
	unsigned int counts[3] = { 0 };
	const struct check *c;
	size_t i;

	for (i = 0; i < NR_LISTS; i++)
		for (c = lists[i]; c->name; c++)
			if (!w->only || !strcmp(w->only, c->name))
				run(c, w, counts);
	printf("%u passed, %u failed, %u skipped\n", counts[PASSED],
	       counts[FAILED], counts[SKIPPED]);
	return counts[FAILED] ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct words w = { .suite.seed = 1, .timeout = 120 };
	int rc;

	argp_err_exit_status = EXIT_USAGE;
	argp_program_version = "migsim-conformance " MIGSIM_VERSION;
	argp_parse(&argp, argc, argv, 0, NULL, &w);
	if (w.list) {
		list_checks();
		return EXIT_SUCCESS;
	}
	listen_to_library();
	w.suite.ops = migsim_engine_find(w.suite.word);
	if (!w.suite.ops) {
		fprintf(stderr, "migsim-conformance: %s\n", last_sentence());
		return EXIT_USAGE;
	}
	rc = try_open(&w);
	return rc ? rc : run_all(&w);
}
