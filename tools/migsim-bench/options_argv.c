/* SPDX-License-Identifier: MIT */
/*
 * argv, read by argp, which must neither print nor exit: every mistake is one
 * sentence of ours.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "options.h"

#define FIRST_KEY	256	/* keys of argp above any letter */

/* What is wrong with a word that getopt stopped at; NULL: nothing. */
static const char *what_is_wrong(const char *word)
{
	const struct spelling *s = NULL, *t;
	size_t len = strcspn(word, "="), i, matches = 0;

	if (strncmp(word, "--", 2))
		return "is unknown";
	for (i = 0; (t = options_spelling(i)); i++) {
		if (strncmp(t->name, word + 2, len - 2))
			continue;
		s = t;
		matches++;
		if (strlen(s->name) == len - 2) {
			matches = 1;
			break;
		}
	}
	if (matches > 1)
		return "could be several; write it out";
	if (!matches)
		return "is unknown";
	if (s->kind == FLAG)
		return word[len] ? "takes no value" : NULL;
	return word[len] ? NULL : "needs a value";
}

static void say_bad_option(const struct argp_state *state)
{
	const char *word = state->argv[state->next - 1], *wrong = NULL;

	if (*word == '-')
		wrong = what_is_wrong(word);
	if (!wrong && state->next < state->argc) {
		word = state->argv[state->next];
		wrong = what_is_wrong(word);
	}
	say("option %.100s %s; 'migsim-bench %s --help' lists them all", word,
	    wrong ? wrong : "cannot be read", state->argv[0]);
}

/* What argp calls for every word; rc of the first that failed is kept. */
struct reading {
	struct command_line *line;
	int rc;
};

static error_t read_word(int key, char *arg, struct argp_state *state)
{
	struct reading *r = state->input;
	const struct spelling *s;
	char where[64];

	switch (key) {
	case 'h':
		r->line->help = true;
		return 0;
	case ARGP_KEY_ARG:
		r->line->files[r->line->nr_files++] = arg;
		return 0;
	case ARGP_KEY_ERROR:
		if (!r->rc) {
			say_bad_option(state);
			r->rc = EXIT_USAGE;
		}
		return 0;
	default:
		break;
	}
	s = key < FIRST_KEY ? NULL : options_spelling((size_t)(key - FIRST_KEY));
	if (!s)
		return ARGP_ERR_UNKNOWN;
	snprintf(where, sizeof(where), "--%s", s->name);
	r->rc = options_set(&r->line->options, s->name, arg ? arg : "yes",
			    where);
	return r->rc ? EINVAL : 0;
}

int options_parse(int argc, char **argv, struct command_line *line)
{
	struct argp_option table[MAX_SPELLINGS + 2] = {
		{ .name = "help", .key = 'h' },
	};
	const struct argp argp = { .options = table, .parser = read_word };
	struct reading r = { .line = line };
	const struct spelling *s;
	size_t i;
	int err;

	for (i = 0; i < MAX_SPELLINGS && (s = options_spelling(i)); i++) {
		table[i + 1].name = s->name;
		table[i + 1].key = FIRST_KEY + (int)i;
		table[i + 1].arg = s->kind == FLAG ? NULL : "V";
	}
	line->files = calloc((size_t)argc, sizeof(*line->files));
	if (!line->files)
		return out_of_memory();
	err = argp_parse(&argp, argc, argv, ARGP_SILENT, NULL, &r);
	if (err && !r.rc)
		return err == ENOMEM ? out_of_memory() : EXIT_FAILED;
	return r.rc;
}
