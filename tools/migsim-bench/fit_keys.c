/* SPDX-License-Identifier: MIT */
/*
 * --free and --fix: which coefficients a fit may change.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "fit_command.h"
#include "options.h"

/* "call_us, cold_call_us, …". NULL without memory; free it. */
static char *coefficients(void)
{
	const struct migsim_profile_key *k;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	unsigned int i;

	if (!out)
		return NULL;
	for (i = 0; (k = migsim_profile_key(i)); i++)
		if (k->coefficient)
			fprintf(out, "%s%s", ftell(out) ? ", " : "", k->name);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

static int refuse_key(const char *option, const char *name, const char *what)
{
	char *known = coefficients();

	if (!known)
		return out_of_memory();
	say("%s: '%.60s' %s; the coefficients are: %s", option, name, what,
	    known);
	free(known);
	return EXIT_USAGE;
}

/* Marks the keys of one word, `KEY,…`. */
static int mark(const char *option, char *word, bool *marked)
{
	char *name;
	int key;

	while ((name = strsep(&word, ","))) {
		key = migsim_profile_find(name);
		if (key < 0)
			return refuse_key(option, name, "is no key");
		if (!migsim_profile_key((unsigned int)key)->coefficient)
			return refuse_key(option, name,
					  "is no cost that a fit can change");
		marked[key] = true;
	}
	return 0;
}

static int mark_all(const char *option, const struct fit_words *words,
		    bool *marked)
{
	size_t i;
	int code = 0;

	for (i = 0; i < words->n && !code; i++) {
		char *copy = strdup(words->word[i]);

		code = copy ? mark(option, copy, marked) : out_of_memory();
		free(copy);
	}
	return code;
}

int fit_choose_keys(struct fit_job *job)
{
	bool wanted[MIGSIM_PROFILE_MAX_KEYS] = { false };
	bool unwanted[MIGSIM_PROFILE_MAX_KEYS] = { false };
	const struct migsim_profile_key *k;
	bool left = false, any = false;
	unsigned int i;
	int code = mark_all("--free", &job->rq->free, wanted);

	if (!code)
		code = mark_all("--fix", &job->rq->fix, unwanted);
	for (i = 0; !code && (k = migsim_profile_key(i)); i++) {
		bool zero = !(migsim_profile_value(job->start, i) > 0);

		if (wanted[i] && unwanted[i]) {
			say("--free and --fix both name %s", k->name);
			return EXIT_USAGE;
		}
		if (wanted[i] && zero) {
			say("--free: %s is 0 at the start, and a fit varies logarithms; set it with --start PROFILE:%s=VALUE",
			    k->name, k->name);
			return EXIT_USAGE;
		}
		job->fixed[i] = !k->coefficient || zero || unwanted[i] ||
				(job->rq->free.n && !wanted[i]);
		left |= !job->fixed[i];
		any |= k->coefficient && !zero;
	}
	if (code || left)
		return code;
	if (any)
		say("--fix leaves no coefficient to fit");
	else
		say("--start: all coefficients of %.200s are 0, and a fit varies logarithms; give them values above 0",
		    job->rq->start);
	return EXIT_USAGE;
}
