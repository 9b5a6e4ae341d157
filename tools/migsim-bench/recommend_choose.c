/* SPDX-License-Identifier: MIT */
/*
 * From points to groups and entries, and to the best of each kind: the most
 * GiB/s within the bounds; and of all that cannot be told apart from that one
 * and have 95 % of its GiB/s, the least first-folio latency. (Where little is
 * known all look alike: that is no reason to give up more.)
 */
#include <errno.h>
#include <stdlib.h>

#include "bench.h"
#include "recommend.h"

static struct group *find_group(struct advice *a, const struct point *p)
{
	size_t i;

	for (i = 0; i < a->nr_groups; i++)
		if (same_group(a->group[i].first, p))
			return &a->group[i];
	return NULL;
}

static struct entry *find_entry(struct group *g, const char *kind)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (!strcmp(g->entry[i].kind, kind))
			return &g->entry[i];
	return NULL;
}

static int add_group(struct advice *a, const struct point *p)
{
	struct group *grown = realloc(a->group, (a->nr_groups + 1) *
				      sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	a->group = grown;
	grown[a->nr_groups++] = (struct group){ .first = p };
	return 0;
}

static int add_entry(struct advice *a, struct group *g, const struct point *p)
{
	struct entry *grown = realloc(g->entry, (g->n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	g->entry = grown;
	grown[g->n] = (struct entry){ .kind = p->kind };
	grown[g->n].point = calloc(a->n, sizeof(struct point *));
	return grown[g->n++].point ? 0 : -ENOMEM;
}

static int place(struct advice *a, const struct point *p)
{
	struct group *g = find_group(a, p);
	struct entry *e;
	int err;

	if (!g) {
		err = add_group(a, p);
		if (err)
			return err;
		g = &a->group[a->nr_groups - 1];
	}
	e = find_entry(g, p->kind);
	if (!e) {
		err = add_entry(a, g, p);
		if (err)
			return err;
		e = &g->entry[g->n - 1];
	}
	e->point[e->n++] = p;
	return 0;
}

/* Of equal latency the faster one comes first, then the first one tried. */
static int by_first(const void *x, const void *y)
{
	const struct point *a = *(const struct point *const *)x;
	const struct point *b = *(const struct point *const *)y;

	if (a->first_us < b->first_us || a->first_us > b->first_us)
		return a->first_us < b->first_us ? -1 : 1;
	if (a->gib_s < b->gib_s || a->gib_s > b->gib_s)
		return a->gib_s > b->gib_s ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

static void find_fastest(struct entry *e)
{
	size_t i;

	for (i = 0; i < e->n; i++) {
		const struct point *p = e->point[i];

		e->met += p->meets;
		if (p->meets && (!e->fastest || p->gib_s > e->fastest->gib_s))
			e->fastest = p;
	}
}

bool as_good(const struct point *p, const struct point *fastest)
{
	if (p->gib_s < ENOUGH * fastest->gib_s)
		return false;
	return p == fastest || (p->knows_interval && fastest->knows_interval &&
		!told_apart(fastest, p, MIGSIM_METRIC_GIB_S));
}

/* Points stand by latency: the first one that will do has the least. */
static void find_best(struct entry *e)
{
	size_t i;

	for (i = 0; i < e->n && e->fastest && !e->best; i++)
		if (e->point[i]->meets && as_good(e->point[i], e->fastest))
			e->best = e->point[i];
	for (i = 0; i < e->n && e->best && !e->beyond; i++)
		if (!e->point[i]->meets &&
		    e->point[i]->gib_s > e->fastest->gib_s)
			e->beyond = e->point[i];
}

/* One that was sought for the purpose counts as well. */
static void find_largest(const struct advice *a, struct entry *e)
{
	const struct point *first = e->point[0];
	size_t i;

	for (i = 0; i < a->n; i++) {
		const struct point *p = a->point[i];

		if (p->batch_pages < 0 || !p->meets || p->only_cpu ||
		    !same_group(p, first) || strcmp(p->kind, e->kind))
			continue;
		if (!e->largest || p->batch_pages > e->largest->batch_pages)
			e->largest = p;
	}
}

static void choose(struct advice *a, struct entry *e)
{
	qsort(e->point, e->n, sizeof(struct point *), by_first);
	e->met = 0;
	e->fastest = e->best = e->beyond = e->largest = NULL;
	find_fastest(e);
	find_best(e);
	find_largest(a, e);
	entry_offload(a, e);
	entry_knees(e);
}

static void group_free(struct group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		free(g->entry[i].point);
		free(g->entry[i].reason);
	}
	free(g->entry);
	free(g->sentence);
}

void advice_ungroup(struct advice *a)
{
	size_t i;

	for (i = 0; i < a->nr_groups; i++)
		group_free(&a->group[i]);
	free(a->group);
	a->group = NULL;
	a->nr_groups = 0;
}

/* Groups and entries stand in the order of their first candidates. */
int advice_group(struct advice *a)
{
	size_t i, k;
	int err = 0;

	advice_ungroup(a);
	for (i = 0; i < a->n && !err; i++)
		if (is_candidate(a->point[i]))
			err = place(a, a->point[i]);
	for (i = 0; i < a->nr_groups && !err; i++) {
		struct group *g = &a->group[i];

		for (k = 0; k < g->n; k++) {
			g->entry[k].group = g;
			choose(a, &g->entry[k]);
		}
	}
	return err;
}

int advice_choose(struct advice *a)
{
	size_t i, k;
	int err = advice_group(a);

	for (i = 0; i < a->nr_groups && !err; i++) {
		struct group *g = &a->group[i];

		group_front(a, g);
		group_winner(g);
		for (k = 0; k < g->n && !err; k++)
			err = entry_words(a, &g->entry[k]);
		if (!err)
			err = group_words(g);
	}
	return err;
}
