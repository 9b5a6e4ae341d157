/* SPDX-License-Identifier: MIT */
/*
 * The policy words that are tried for one engine and folio size: the grids of
 * all kinds, or what --policy asks for.
 */
#include <stdlib.h>

#include "bench.h"
#include "recommend.h"

/* A policy of that name with other options: its grid means nothing. */
static void drop_refused(struct word_list *l, size_t from)
{
	size_t i, kept = from;

	migsim_set_log(NULL, NULL);
	for (i = from; i < l->n; i++) {
		if (migsim_policy_check(l->word[i]))
			free(l->word[i]);
		else
			l->word[kept++] = l->word[i];
	}
	l->n = kept;
	listen_to_library(true);
}

/* A kind that has no grid is tried as it is. */
static void add_kind(struct word_list *l, const char *kind)
{
	size_t from = l->n;

	words_try(l, kind);
	drop_refused(l, from);
	if (l->n == from)
		words_add(l, "%s", kind);
}

/* A bare name that is known stands for the grid of its kind. */
static bool is_kind(const char *word)
{
	return !strchr(word, ':') && policy_named(word);
}

bool asks_for_kind(const struct value *policies, const char *kind)
{
	size_t i;

	for (i = 0; i < policies->n; i++)
		if (!strcmp(policies->words[i], kind))
			return true;
	return !policies->n;
}

static void add_all(struct word_list *l)
{
	const struct migsim_policy_ops *ops;
	unsigned int i;

	for (i = 0; (ops = migsim_policy_get(i)); i++)
		add_kind(l, ops->name);
}

static void add_asked(struct word_list *l, const struct value *v)
{
	size_t i;

	for (i = 0; i < v->n; i++) {
		if (is_kind(v->words[i]))
			add_kind(l, v->words[i]);
		else
			words_add(l, "%s", v->words[i]);
	}
}

int candidates(const struct grid_ask *ask, struct value *v)
{
	struct word_list l = { .ask = ask };

	if (ask->only_cpu)
		words_try(&l, "batch");
	else if (ask->policies->n)
		add_asked(&l, ask->policies);
	else
		add_all(&l);
	v->words = l.word;
	v->n = l.n;
	v->name = "policy";
	v->where = strdup("--policy");
	return l.broken || !v->where ? out_of_memory() : 0;
}
