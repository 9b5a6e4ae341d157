/* SPDX-License-Identifier: MIT */
/*
 * Verdicts on what only whole curves over N have: shape, plateau, growth.
 */
#include <math.h>

#include "validate.h"

static void note_none(struct validate_verdict *v,
		      const struct validate_table *t,
		      const struct validate_curves *c)
{
	validate_note(v, "%s", c->n == 1 ? "one N makes no curve" :
				 validate_why_none(t));
}

static int judge_shape(struct validate_table *t,
		       const struct validate_curves *c, uint64_t seed,
		       struct validate_error *e)
{
	struct validate_verdict *v = &t->verdict[VALIDATE_SHAPE];
	bool curves = c->runs && c->n > 1;
	int err = curves ? validate_shape(c, seed, e) : 0;

	if (err)
		return err;
	validate_decide(v, e, curves ? c->n : 0, t->n);
	if (!curves)
		note_none(v, t, c);
	validate_doubt(v, c->runs < VALIDATE_RUNS, validate_few);
	return 0;
}

/* Surely no N before the last one is near the best. */
static bool is_last(const struct validate_plateau *p, uint64_t last)
{
	return !p->from || p->from == last;
}

static void note_plateau(struct validate_verdict *v, const char *name,
			 const struct validate_plateau *p, uint64_t last)
{
	if (is_last(p, last))
		validate_note(v, "%s still rises towards N = %llu", name,
			      (unsigned long long)last);
	else if (p->from == p->to)
		validate_note(v, "%s from N = %llu", name,
			      (unsigned long long)p->pages);
	else if (p->to)
		validate_note(v, "%s from N = %llu to %llu, the intervals overlap",
			      name, (unsigned long long)p->from,
			      (unsigned long long)p->to);
	else
		validate_note(v, "%s from N = %llu on or nowhere, the intervals overlap",
			      name, (unsigned long long)p->from);
}

/* What lies beyond the largest N is put one step further on. */
static double begin(uint64_t pages, uint64_t last)
{
	return pages ? (double)pages : 2 * (double)last;
}

static struct validate_error plateau_error(const struct validate_plateau p[],
					   uint64_t last)
{
	const struct validate_plateau *u = &p[UFFD], *k = &p[KERNEL];

	return (struct validate_error){
		.pct = 100 * (begin(u->pages, last) / begin(k->pages, last) - 1),
		.ci = { 100 * (begin(u->from, last) / begin(k->to, last) - 1),
			100 * (begin(u->to, last) / begin(k->from, last) - 1) },
	};
}

static int judge_plateau(struct validate_table *t,
			 const struct validate_curves *c, uint64_t seed)
{
	struct validate_verdict *v = &t->verdict[VALIDATE_PLATEAU];
	struct validate_plateau p[BACKENDS];
	bool curves = c->runs && c->n > 1;
	uint64_t last = curves ? c->pages[c->n - 1] : 0;
	struct validate_error e = { 0 };
	size_t b;
	int err = 0;

	for (b = 0; b < BACKENDS && curves && !err; b++)
		err = validate_plateau(c, (int)b, seed, &p[b]);
	if (err)
		return err;
	if (curves)
		e = plateau_error(p, last);
	validate_decide(v, &e, curves, 1);
	v->n = curves ? c->n : 0;
	v->of = t->n;
	if (!curves) {
		note_none(v, t, c);
		return 0;
	}
	if (is_last(&p[UFFD], last) && is_last(&p[KERNEL], last))
		v->agreement = NOT_DECIDED;	/* there is none to compare */
	v->note[0] = '\0';	/* the words below say more */
	validate_doubt(v, c->runs < VALIDATE_RUNS, validate_few);
	for (b = 0; b < BACKENDS && c->runs >= VALIDATE_RUNS; b++)
		note_plateau(v, validate_backend[b], &p[b], last);
	return 0;
}

static int judge_growth(struct validate_table *t,
			const struct validate_curves *c, uint64_t seed)
{
	struct validate_verdict *v = &t->verdict[VALIDATE_GROWTH];
	bool curves = c->runs && c->n > 1;
	struct validate_growth g;
	struct validate_error e = { 0 };
	int err = curves ? validate_growth(c, seed, &g) : 0;

	if (err)
		return err;
	if (curves)
		e = (struct validate_error){
			0, 100 * g.difference.median,
			{ 100 * g.difference.ci95[0],
			  100 * g.difference.ci95[1] },
		};
	validate_decide(v, &e, curves, 1);
	v->n = curves ? c->n : 0;
	v->of = t->n;
	validate_doubt(v, c->runs < VALIDATE_RUNS, validate_few);
	if (!curves)
		note_none(v, t, c);
	else if (c->runs >= VALIDATE_RUNS)
		validate_note(v, "slopes of ln(us) over ln(N): uffd %.2f [%.2f, %.2f], kernel %.2f [%.2f, %.2f]",
			      g.slope[UFFD].median, g.slope[UFFD].ci95[0],
			      g.slope[UFFD].ci95[1], g.slope[KERNEL].median,
			      g.slope[KERNEL].ci95[0],
			      g.slope[KERNEL].ci95[1]);
	return 0;
}

int validate_judge_curves(struct validate_table *t, uint64_t seed,
			  struct validate_error *e)
{
	struct validate_curves gib_s = { 0 }, first = { 0 };
	int err = validate_curves_take(&gib_s, t, MIGSIM_METRIC_GIB_S);

	if (!err)
		err = validate_curves_take(&first, t, MIGSIM_METRIC_FIRST_US);
	if (!err)
		err = judge_shape(t, &gib_s, seed, e);
	if (!err)
		err = judge_plateau(t, &gib_s, seed);
	if (!err)
		err = judge_growth(t, &first, seed);
	validate_curves_free(&gib_s);
	validate_curves_free(&first);
	return err;
}

