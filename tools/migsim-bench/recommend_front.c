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

/*
 * Better in throughput or in first-folio latency, beyond the intervals as they
 * are printed, and worse in neither as far as can be told.
 */
static bool is_better(const struct point *a, const struct point *b)
{
	if (told_apart(a, b, MIGSIM_METRIC_GIB_S) < 0 ||
	    told_apart(a, b, MIGSIM_METRIC_FIRST_US) > 0)
		return false;
	return intervals_apart(a, b, MIGSIM_METRIC_GIB_S) > 0 ||
	       intervals_apart(a, b, MIGSIM_METRIC_FIRST_US) < 0;
}

void group_winner(struct group *g)
{
	size_t i, k, better;

	for (i = 0; i < g->n; i++) {
		struct entry *e = &g->entry[i];

		e->beaten_by = NULL;
		better = 0;
		for (k = 0; k < g->n && e->best; k++) {
			const struct point *other = g->entry[k].best;

			if (k == i || !other)
				continue;
			better += is_better(e->best, other);
			if (is_better(other, e->best) &&
			    (!e->beaten_by || other->first_us <
					      e->beaten_by->best->first_us))
				e->beaten_by = &g->entry[k];
		}
		e->unbeaten = e->best && !e->beaten_by;
		if (e->unbeaten && g->n > 1 && better == g->n - 1)
			g->winner = e;
	}
}

/*
 * Does it beat the CPU at the same batch: the kernel without the series, and
 * the series with the CPU's copy? More throughput beyond doubt, and no later
 * first folio.
 */
static bool beats_cpu(const struct advice *a, const struct point *p,
		      struct entry *e)
{
	bool seen = false, beats = true;
	size_t i;

	for (i = 0; i < a->n; i++) {
		const struct point *c = a->point[i];

		if (!c->cpu || c->batch_pages != p->batch_pages ||
		    strcmp(c->folio, p->folio))
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
