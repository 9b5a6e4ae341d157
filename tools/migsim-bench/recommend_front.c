/* SPDX-License-Identifier: MIT */
/*
 * What no other candidate dominates; whether one kind is better than all
 * others; and from which batch on an engine is better than the CPU.
 */
#include "bench.h"
#include "recommend.h"

/* No worse in any of the three, and better in one. */
static bool dominates(const struct point *a, const struct point *b)
{
	if (a->gib_s < b->gib_s || a->first_us > b->first_us ||
	    a->away_p99 > b->away_p99)
		return false;
	return a->gib_s > b->gib_s || a->first_us < b->first_us ||
	       a->away_p99 < b->away_p99;
}

/* Of twins the first one stands for both. */
static bool same_figures(const struct point *a, const struct point *b)
{
	return !dominates(a, b) && !dominates(b, a) &&
	       a->gib_s >= b->gib_s && a->gib_s <= b->gib_s &&
	       a->first_us >= b->first_us && a->first_us <= b->first_us;
}

/* @today: of those alone that fit the posted series. */
static bool is_front(const struct advice *a, size_t i, bool today)
{
	const struct point *p = a->point[i];
	size_t k;

	for (k = 0; k < a->n; k++) {
		const struct point *q = a->point[k];

		if (k == i || !is_candidate(q) || !same_group(p, q) ||
		    (today && q->today <= 0))
			continue;
		if (dominates(q, p) || (k < i && same_figures(q, p)))
			return false;
	}
	return true;
}

void group_front(struct advice *a, const struct group *g)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		struct point *p = a->point[i];

		if (!is_candidate(p) || !same_group(p, g->first))
			continue;
		p->pareto = is_front(a, i, false);
		p->pareto_today = p->today > 0 && is_front(a, i, true);
	}
}

bool is_better(const struct point *a, const struct point *b)
{
	if (told_apart(a, b, MIGSIM_METRIC_GIB_S) < 0 ||
	    told_apart(a, b, MIGSIM_METRIC_FIRST_US) > 0)
		return false;
	return intervals_apart(a, b, MIGSIM_METRIC_GIB_S) > 0 ||
	       intervals_apart(a, b, MIGSIM_METRIC_FIRST_US) < 0;
}

bool stands_against(const struct point *p, const struct point *best)
{
	return p->meets && told_apart(best, p, MIGSIM_METRIC_GIB_S) <= 0 &&
	       told_apart(best, p, MIGSIM_METRIC_FIRST_US) >= 0;
}

/*
 * A kind is more than its best: another of its candidates may have less
 * latency at as good a throughput. One that was sought takes a win away as
 * well, though it brings none.
 */
bool kind_beats(const struct entry *a, const struct entry *b)
{
	size_t i;

	if (!a->best || !b->best || !is_better(a->best, b->best))
		return false;
	for (i = 0; i < b->n; i++)
		if (stands_against(b->point[i], a->best))
			return false;
	return !b->largest || !stands_against(b->largest, a->best);
}

static bool beats_all(const struct group *g, const struct entry *e)
{
	size_t i, others = 0;

	for (i = 0; i < g->n; i++) {
		if (&g->entry[i] == e || !g->entry[i].best)
			continue;
		if (!kind_beats(e, &g->entry[i]))
			return false;
		others++;
	}
	return others > 0;
}

void group_winner(struct group *g)
{
	size_t i, k;

	g->winner = NULL;
	for (i = 0; i < g->n; i++) {
		struct entry *e = &g->entry[i];

		e->beaten_by = NULL;
		for (k = 0; k < g->n; k++) {
			const struct entry *other = &g->entry[k];

			if (k != i && kind_beats(other, e) &&
			    (!e->beaten_by || other->best->first_us <
					      e->beaten_by->best->first_us))
				e->beaten_by = other;
		}
		e->unbeaten = e->best && !e->beaten_by;
		if (e->unbeaten && beats_all(g, e))
			g->winner = e;
	}
}

/*
 * Does it beat the CPU at the same batch, on the same machine and under the
 * same conditions: the kernel without the series, and the series with the
 * CPU's copy? More throughput beyond doubt, and no later first folio.
 */
static bool beats_cpu(const struct advice *a, const struct point *p,
		      struct entry *e)
{
	bool seen = false, beats = true;
	size_t i;

	for (i = 0; i < a->n; i++) {
		const struct point *c = a->point[i];

		if (!c->cpu || c->batch_pages != p->batch_pages ||
		    c->setting != p->setting || strcmp(c->folio, p->folio))
			continue;
		seen = true;
		e->has_inline |= c->copies_inline;
		e->has_cpu |= !c->copies_inline;
		if (told_apart(p, c, MIGSIM_METRIC_GIB_S) <= 0 ||
		    p->first_us > c->first_us)
			beats = false;
	}
	return seen && beats;
}

void entry_offload(const struct advice *a, struct entry *e)
{
	size_t i;

	e->pays = NULL;
	e->has_cpu = e->has_inline = false;
	for (i = 0; i < e->n; i++) {
		const struct point *p = e->point[i];

		if (p->cpu || p->batch_pages < 0 || p->copies_inline ||
		    !beats_cpu(a, p, e))
			continue;
		if (!e->pays || p->batch_pages < e->pays->batch_pages)
			e->pays = p;
	}
}
