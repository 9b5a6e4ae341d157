/* SPDX-License-Identifier: MIT */
/*
 * The largest batch within the bounds, to one folio: between the last batch of
 * the ladder that keeps them and the first that does not, by halves. In
 * virtual time only, where one run says all and costs little.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "recommend.h"

struct search {
	char *engine, *folio;
	bool copies_inline;
	unsigned int order;
	int64_t keeps, breaks;	/* folios of a batch */
	struct point *found;	/* a probe that keeps the bounds; NULL: none */
};

static const struct entry *batch_entry(const struct group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (!strcmp(g->entry[i].kind, "batch") && g->entry[i].largest)
			return &g->entry[i];
	return NULL;
}

/* The smallest batch above @keeps that breaks a bound; -1: none was tried. */
static int64_t next_above(const struct entry *e, const struct point *keeps)
{
	int64_t least = -1;
	size_t i;

	for (i = 0; i < e->n; i++) {
		const struct point *p = e->point[i];

		if (p->batch_pages > keeps->batch_pages && !p->meets &&
		    p->copies_inline == keeps->copies_inline &&
		    (least < 0 || p->batch_pages < least))
			least = p->batch_pages;
	}
	return least;
}

static bool search_start(struct search *s, const struct group *g)
{
	const struct entry *e = batch_entry(g);
	const struct point *p = e ? e->largest : NULL;
	int64_t above = p ? next_above(e, p) : -1;

	if (above < 0 || p->order < 0)
		return false;
	*s = (struct search){
		.engine = p->engine, .folio = p->folio,
		.copies_inline = p->copies_inline,
		.order = (unsigned int)p->order,
		.keeps = p->batch_pages >> p->order,
		.breaks = above >> p->order,
	};
	return true;
}

static bool is_open(const struct search *s)
{
	return s->breaks - s->keeps > 1;
}

static int64_t middle(const struct search *s)
{
	return (s->keeps + s->breaks) / 2;
}

static int probe_set(struct options *set, const struct request *rq,
		     const struct search *s)
{
	const struct options *o = &rq->options;
	struct value *v = &set->value[OPT_POLICY];
	char word[64];
	int rc = option_pick(set, o, OPT_FOLIO, s->folio);

	snprintf(word, sizeof(word), "batch:pages=%" PRId64 "%s",
		 middle(s) << s->order, s->copies_inline ? ",copy=inline" : "");
	if (!rc)
		rc = option_pick(set, o, OPT_ENGINE, s->engine);
	if (!rc)
		rc = option_pick(set, o, OPT_POLICY, word);
	v->name = "policy";
	return rc ? rc : options_inherit(set, o);
}

static void narrow(struct search *s, struct point *p)
{
	if (!p->meets) {
		s->breaks = middle(s);
		return;
	}
	s->keeps = middle(s);
	s->found = p;
}

/* One run for every search that is still open. */
static int probe_all(struct advice *a, const struct request *rq,
		     struct search *s, size_t n)
{
	struct options *sets = calloc(n, sizeof(*sets));
	size_t i, k = 0, from = a->n;
	int rc = sets ? 0 : out_of_memory();

	for (i = 0; i < n && !rc; i++)
		if (is_open(&s[i]))
			rc = probe_set(&sets[k++], rq, &s[i]);
	if (!rc && k)
		rc = measure_sets(a, sets, k, 0);
	/* Ctrl-C: those that came before it are complete. */
	for (i = 0; i < n && !rc && from < a->n && !a->interrupted; i++)
		if (is_open(&s[i]))
			narrow(&s[i], a->point[from++]);
	while (k)
		options_free(&sets[--k]);
	free(sets);
	return rc;
}

static bool is_found(const struct search *s, size_t n, const struct point *p)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (s[i].found == p)
			return true;
	return false;
}

/* The others only led to what was found. */
static void drop_probes(struct advice *a, size_t from, const struct search *s,
			size_t n)
{
	size_t i, kept = from;

	for (i = from; i < a->n; i++) {
		if (!is_found(s, n, a->point[i])) {
			point_free(a->point[i]);
			continue;
		}
		a->point[i]->sought = true;
		a->point[kept++] = a->point[i];
	}
	a->n = kept;
}

static bool any_open(const struct search *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (is_open(&s[i]))
			return true;
	return false;
}

int recommend_bound(struct advice *a, const struct request *rq)
{
	size_t i, n = 0, from = a->n;
	struct search *s;
	int rc = 0;

	if (advice_group(a))
		return out_of_memory();
	s = calloc(a->nr_groups + 1, sizeof(*s));
	for (i = 0; s && i < a->nr_groups; i++)
		n += search_start(&s[n], &a->group[i]);
	advice_ungroup(a);
	if (!s)
		return out_of_memory();
	while (!rc && !a->interrupted && any_open(s, n))
		rc = probe_all(a, rq, s, n);
	drop_probes(a, from, s, n);
	free(s);
	return rc;
}
