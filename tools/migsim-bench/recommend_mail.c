/* SPDX-License-Identifier: MIT */
/*
 * Three sentences for a mail: what today's series should do, what would be
 * better, and what to doubt. Each names, for every folio size, the engine that
 * does best there.
 */
#include <stdlib.h>

#include "bench.h"
#include "recommend.h"
#include "render.h"

static bool entry_fits(const struct entry *e)
{
	const struct migsim_policy_ops *ops = policy_named(e->kind);

	return ops && !strcmp(ops->kind, "today");
}

const struct entry *entry_named(const struct group *g, const char *kind)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (!strcmp(g->entry[i].kind, kind))
			return &g->entry[i];
	return NULL;
}

/* What was sought stands for its kind where it has more throughput. */
static const struct point *upstream_point(const struct group *g)
{
	const struct entry *e = entry_named(g, "batch");

	if (!e || !e->best || !e->largest)
		return e ? e->best : NULL;
	if (e->largest->gib_s > e->best->gib_s && !as_good(e->best, e->largest))
		return e->largest;
	return e->best;
}

/* More throughput, or less latency at no less; both keep the bounds. */
static bool does_better(const struct point *p, const struct point *upstream)
{
	return told_apart(p, upstream, MIGSIM_METRIC_GIB_S) > 0 ||
	       is_better(p, upstream);
}

/*
 * Upstream's kind unless another that fits the series does better beyond
 * doubt: the fastest of those.
 */
static const struct point *today_point(const struct group *g)
{
	const struct point *upstream = upstream_point(g), *best = NULL;
	size_t i;

	for (i = 0; i < g->n; i++) {
		const struct point *p = g->entry[i].best;

		if (!p || !entry_fits(&g->entry[i]) ||
		    (upstream && !does_better(p, upstream)))
			continue;
		if (!best || p->gib_s > best->gib_s)
			best = p;
	}
	return best ? best : upstream;
}

/* What an engine can do today, or at all where nothing of today was tried. */
static double merit(const struct group *g)
{
	const struct point *today = today_point(g);
	double most = 0;
	size_t i;

	if (today)
		return today->gib_s;
	for (i = 0; i < g->n; i++)
		if (g->entry[i].best && g->entry[i].best->gib_s > most)
			most = g->entry[i].best->gib_s;
	return most;
}

/* Of all groups with the folio size of the i-th, the one of most merit. */
static bool is_headline(const struct advice *a, size_t i)
{
	const struct group *g = &a->group[i];
	size_t k;

	for (k = 0; k < a->nr_groups; k++) {
		const struct group *other = &a->group[k];

		if (k == i || strcmp(other->first->folio, g->first->folio))
			continue;
		if (merit(other) > merit(g) ||
		    (k < i && merit(other) >= merit(g)))
			return false;
	}
	return true;
}

void add_place(char **text, const struct point *p)
{
	add_words(text, "%s, %s", p->folio, p->label);
	if (p->cpu)
		add_words(text, ", the CPU");
	else if (p->channels > 0)
		add_words(text, ", %lld channel%s", (long long)p->channels,
			  p->channels == 1 ? "" : "s");
}

static void add_today(char **text, const struct group *g)
{
	const struct entry *batch = entry_named(g, "batch");
	const struct point *p = today_point(g);
	char us[FIGURE_LEN];

	add_words(text, "%s (", p ? p->policy : "nothing");
	add_place(text, g->first);
	if (p) {
		add_words(text, ": ");
		add_figures(text, p);
	} else if (batch) {
		add_words(text, ": the least is %s us with %s",
			  figure(batch->point[0]->first_us, us),
			  batch->point[0]->policy);
	}
	add_words(text, ")");
}

char *today_sentence(const struct advice *a)
{
	char *text = strdup("With ");
	const char *glue = "";
	size_t i;

	add_bounds(&text, &a->bounds);
	add_words(&text, ", the best that fits today's series is ");
	for (i = 0; i < a->nr_groups; i++) {
		if (!is_headline(a, i))
			continue;
		add_words(&text, "%s", glue);
		add_today(&text, &a->group[i]);
		glue = " and ";
	}
	add_words(&text, ".");
	return text;
}

char *best_sentence(const struct advice *a)
{
	char *text = strdup("Of all kinds of policy: ");
	const char *glue = "";
	size_t i;

	for (i = 0; i < a->nr_groups; i++) {
		if (!is_headline(a, i))
			continue;
		add_words(&text, "%s%s: %s", glue, a->group[i].first->folio,
			  a->group[i].sentence);
		glue = "; ";
	}
	add_words(&text, ".");
	return text;
}

static void add_offload(char **text, const struct advice *a)
{
	const char *glue = "";
	size_t i;

	for (i = 0; i < a->nr_groups; i++) {
		const struct group *g = &a->group[i];
		const struct entry *e = entry_named(g, "batch");
		char *words;

		if (!is_headline(a, i) || !e)
			continue;
		words = offload_words(e);
		if (words)
			add_words(text, "%s%s: %s", glue, g->first->folio,
				  words);
		free(words);
		glue = "; ";
	}
}

static size_t count_extrapolated(const struct advice *a, size_t *rows)
{
	size_t i, k, n = 0;

	*rows = 0;
	for (i = 0; i < a->nr_groups; i++) {
		for (k = 0; k < a->group[i].n; k++) {
			const struct entry *e = &a->group[i].entry[k];

			*rows += e->best != NULL;
			n += e->best && e->best->extrapolated;
		}
	}
	return n;
}

char *doubt_sentence(const struct advice *a)
{
	char *text = strdup("");
	size_t rows, n = count_extrapolated(a, &rows);

	add_offload(&text, a);
	add_words(&text, "%s", text && *text ? "; " : "");
	if (!rows)
		add_words(&text, "no candidate keeps the bounds");
	else if (!a->measured && n)
		add_words(&text, "all is modelled, and %zu of %zu rows (*) are extrapolated: no measurement shows them",
			  n, rows);
	else if (!a->measured)
		add_words(&text, "all is modelled, within what the profile was fitted to");
	else
		add_words(&text, "%zu of %zu rows were measured", rows - n, rows);
	add_words(&text, ".");
	if (text && *text >= 'a' && *text <= 'z')
		*text = (char)(*text - 'a' + 'A');
	return text;
}
