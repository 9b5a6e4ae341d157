/* SPDX-License-Identifier: MIT */
/*
 * Which kind wins a group, or why none does: sentences.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench.h"
#include "recommend.h"

static void add_kinds(char **text, const struct group *g)
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < g->n; i++) {
		const struct entry *e = &g->entry[i];

		if (!e->unbeaten)
			continue;
		add_words(text, "%s%s", comma, e->kind);
		comma = ", ";
	}
}

/* The unbeaten one that has the most GiB/s, or the least latency. */
static const struct point *pick_unbeaten(const struct group *g, bool most)
{
	const struct point *at = NULL;
	size_t i;

	for (i = 0; i < g->n; i++) {
		const struct point *p = g->entry[i].best;

		if (!g->entry[i].unbeaten)
			continue;
		if (!at || (most ? p->gib_s > at->gib_s :
				   p->first_us < at->first_us))
			at = p;
	}
	return at;
}

/* One alone is unbeaten, but does not beat all. */
static void add_undecided(char **text, const struct group *g)
{
	const char *comma = "";
	const struct entry *e = g->entry;
	size_t i;

	while (!e->unbeaten)
		e++;
	add_words(text, "no winner can be named: no kind beats %s, but it does not beat ",
		  e->best->policy);
	for (i = 0; i < g->n; i++) {
		if (&g->entry[i] == e || !g->entry[i].best ||
		    kind_beats(e, &g->entry[i]))
			continue;
		add_words(text, "%s%s", comma, g->entry[i].kind);
		comma = ", ";
	}
	add_words(text, "; ");
	add_figures(text, e->best);
}

/* The best of a kind need not be its earliest that is good enough. */
static void add_earlier(char **text, const struct group *g,
			const struct point *best)
{
	const struct point *at = best;
	size_t i, k;

	for (i = 0; i < g->n; i++) {
		const struct entry *e = &g->entry[i];

		if (!strcmp(e->kind, best->kind))
			continue;
		for (k = 0; k < e->n; k++)
			if (e->point[k]->first_us < at->first_us &&
			    as_good(e->point[k], best) &&
			    stands_against(e->point[k], best))
				at = e->point[k];
	}
	if (at == best)
		return;
	add_words(text, "; %s is earlier and not slower as far as can be told, ",
		  at->policy);
	add_figures(text, at);
}

static void add_unbeaten(char **text, const struct group *g)
{
	const struct point *most = pick_unbeaten(g, true);
	const struct point *least = pick_unbeaten(g, false);

	add_words(text, "no winner can be named among ");
	add_kinds(text, g);
	if (intervals_apart(most, least, MIGSIM_METRIC_GIB_S) > 0) {
		add_words(text, "; of their bests %s has the most throughput, ",
			  most->policy);
		add_figures(text, most);
		add_words(text, ", and %s", least->policy);
	} else {
		add_words(text, ", whose intervals of throughput overlap; of their bests %s",
			  least->policy);
	}
	add_words(text, " has the least latency, ");
	add_figures(text, least);
	add_earlier(text, g, least);
}

/* "beaten: time by sliding, ramp by double" */
char *beaten_words(const struct group *g)
{
	char *text = strdup("");
	const char *lead = "beaten: ";
	size_t i;

	for (i = 0; i < g->n; i++) {
		if (!g->entry[i].beaten_by)
			continue;
		add_words(&text, "%s%s by %s", lead, g->entry[i].kind,
			  g->entry[i].beaten_by->kind);
		lead = ", ";
	}
	return text;
}

/* What the series has is what everything else is held against. */
static void add_batch(char **text, const struct group *g)
{
	const struct entry *e = entry_named(g, "batch");

	if (e && e->beaten_by)
		add_words(text, "; %s is better than batch",
			  e->beaten_by->kind);
}

static size_t count_kinds(const struct group *g, bool unbeaten)
{
	size_t i, n = 0;

	for (i = 0; i < g->n; i++)
		n += unbeaten ? g->entry[i].unbeaten :
				g->entry[i].best != NULL;
	return n;
}

static void add_no_winner(char **text, const struct group *g)
{
	size_t n = count_kinds(g, true);

	if (!n)
		add_words(text, "no winner can be named: every kind is beaten by another");
	else if (n == 1)
		add_undecided(text, g);
	else
		add_unbeaten(text, g);
	add_batch(text, g);
}

int group_words(struct group *g)
{
	char *text = strdup("");

	if (g->winner) {
		add_words(&text, "%s is better than all other kinds: ",
			  g->winner->best->policy);
		add_figures(&text, g->winner->best);
	} else if (!count_kinds(g, false)) {
		add_words(&text, "no candidate keeps the bounds");
	} else if (count_kinds(g, false) == 1) {
		const struct point *only = pick_unbeaten(g, true);

		add_words(&text, "%s, of the only kind that keeps the bounds: ",
			  only->policy);
		add_figures(&text, only);
	} else {
		add_no_winner(&text, g);
	}
	g->sentence = text;
	return text ? 0 : -ENOMEM;
}
