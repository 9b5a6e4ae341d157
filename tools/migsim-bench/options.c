/* SPDX-License-Identifier: MIT */
/*
 * The options of run and sweep: their names, and the words they were given.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "options.h"

/* Tests hold the help texts against this table. */
static const struct spelling spellings[] = {
	{ "backend", OPT_BACKEND, LIST },
	{ "engine", OPT_ENGINE, ITEMS },
	{ "policy", OPT_POLICY, ITEMS },
	{ "batch", OPT_POLICY, LIST },
	{ "profile", OPT_PROFILE, ITEMS },
	{ "folio", OPT_FOLIO, LIST },
	{ "order", OPT_FOLIO, LIST },
	{ "total", OPT_TOTAL, LIST },
	{ "folios-per-call", OPT_FOLIOS_PER_CALL, LIST },
	{ "from", OPT_FROM, LIST },
	{ "to", OPT_TO, LIST },
	{ "layout", OPT_LAYOUT, LIST },
	{ "pool", OPT_POOL, LIST },
	{ "mode", OPT_MODE, LIST },
	{ "reason", OPT_REASON, LIST },
	{ "runs", OPT_RUNS, LIST },
	{ "warmup", OPT_WARMUP, LIST },
	{ "busy", OPT_BUSY, LIST },
	{ "load", OPT_LOAD, LOADS },
	{ "verify", OPT_VERIFY, FLAG },
	{ "read-after", OPT_READ_AFTER, FLAG },
	{ "seed", OPT_SEED, ONE },
	{ "format", OPT_FORMAT, ONE },
	{ "output", OPT_OUTPUT, ONE },
	{ "quiet", OPT_QUIET, FLAG },
};

#define NR_SPELLINGS	(sizeof(spellings) / sizeof(spellings[0]))
_Static_assert(NR_SPELLINGS <= MAX_SPELLINGS, "the table of argv is too short");

const struct spelling *options_spelling(size_t i)
{
	return i < NR_SPELLINGS ? &spellings[i] : NULL;
}

static const struct spelling *find(const char *name)
{
	size_t i;

	for (i = 0; i < NR_SPELLINGS; i++)
		if (!strcmp(spellings[i].name, name))
			return &spellings[i];
	return NULL;
}

int options_find(const char *name)
{
	const struct spelling *s = find(name);

	return s ? (int)s->id : -1;
}

static void value_free(struct value *v)
{
	free_words(v->words, v->n);
	free(v->where);
	*v = (struct value){ 0 };
}

void options_free(struct options *o)
{
	unsigned int i;

	for (i = 0; i < OPTIONS; i++)
		value_free(&o->value[i]);
}

static int one_word(const char *text, char ***words, size_t *n)
{
	if (!*text)
		return -EINVAL;
	*words = malloc(sizeof(**words));
	if (!*words)
		return -ENOMEM;
	**words = strdup(text);
	*n = 1;
	if (**words)
		return 0;
	free(*words);
	return -ENOMEM;
}

static int say_bad_list(int err, enum option_kind kind, const char *text)
{
	if (err == -ENOMEM)
		return out_of_memory();
	if (err == -E2BIG)
		say("%.200s are more than 10000 values; take a larger step", text);
	else if (err == -EDOM)
		say("%.200s holds a range that leads nowhere; write FROM:TO:xFACTOR or FROM:TO:+STEP, with FROM up to TO, a factor from 2 and a step from 1",
		    text);
	else if (kind == LOADS && *text)
		say("'%.200s' is no load; write threads=N,pattern=uniform|zipf,write=PERCENT,rate=OPS, or none",
		    text);
	else if (kind == ITEMS && *text)
		say("'%.200s' is no list of names with their options; write name:key=value,key=value,name",
		    text);
	else
		say("a value is missing%s", *text ? " between the commas" : "");
	return EXIT_USAGE;
}

/* The word that --batch or --order is short for; NULL with errno set. */
static char *spell_out(const char *name, const char *word)
{
	const struct mix order = { .n = 1, .part[0].percent = 100 };
	struct mix mix = order;
	char text[32], *full;
	uint64_t v;

	if (!strcmp(name, "batch")) {
		if (parse_count(word, &v) || !v) {
			say("%s is no batch size; it is a whole number of base pages from 1", word);
			errno = EINVAL;
			return NULL;
		}
		return asprintf(&full, "batch:pages=%s", word) < 0 ? NULL : full;
	}
	if (parse_count(word, &v) || v > MIGSIM_MAX_ORDER) {
		say("%s is no order; it is a whole number from 0 (4K) to %d (2M)",
		    word, MIGSIM_MAX_ORDER);
		errno = EINVAL;
		return NULL;
	}
	mix.part[0].order = (unsigned int)v;
	format_mix(&mix, text, sizeof(text));
	return strdup(text);
}

static int spell_all_out(const char *name, struct value *v)
{
	size_t i;

	if (strcmp(name, "batch") && strcmp(name, "order"))
		return 0;
	for (i = 0; i < v->n; i++) {
		char *full = spell_out(name, v->words[i]);

		if (!full)
			return errno == EINVAL ? EXIT_USAGE : out_of_memory();
		free(v->words[i]);
		v->words[i] = full;
	}
	return 0;
}

static int read_value(const struct spelling *s, const char *text,
		      const char *where, struct value *v)
{
	int err;

	if (s->kind == ITEMS)
		err = expand_items(text, &v->words, &v->n);
	else if (s->kind == LOADS)
		err = load_expand(text, &v->words, &v->n);
	else if (s->kind == LIST)
		err = expand_values(text, &v->words, &v->n);
	else
		err = one_word(text, &v->words, &v->n);
	if (err)
		return say_bad_list(err, s->kind, text);
	v->name = s->name;
	v->where = strdup(where);
	return v->where ? spell_all_out(s->name, v) : out_of_memory();
}

int options_set(struct options *o, const char *name, const char *text,
		const char *where)
{
	const struct spelling *s = find(name);
	struct value *old = &o->value[s->id], new = { 0 };
	int rc;

	say_where(where);
	if (old->n && strcmp(old->name, name)) {
		say("%s and %s are two ways to say the same; keep one of them",
		    old->name, name);
		rc = EXIT_USAGE;
	} else {
		rc = read_value(s, text, where, &new);
	}
	say_where(NULL);
	if (rc) {
		value_free(&new);
		return rc;
	}
	value_free(old);
	*old = new;
	return 0;
}

static int value_copy(struct value *to, const struct value *from)
{
	size_t i;

	to->where = strdup(from->where);
	to->words = calloc(from->n, sizeof(*to->words));
	if (!to->where || !to->words)
		return -ENOMEM;
	to->name = from->name;
	for (i = 0; i < from->n; i++) {
		to->words[i] = strdup(from->words[i]);
		if (!to->words[i])
			return -ENOMEM;
		to->n++;
	}
	return 0;
}

int options_inherit(struct options *o, const struct options *lower)
{
	unsigned int i;

	for (i = 0; i < OPTIONS; i++)
		if (!o->value[i].n && lower->value[i].n &&
		    value_copy(&o->value[i], &lower->value[i]))
			return out_of_memory();
	return 0;
}
