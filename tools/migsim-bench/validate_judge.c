/* SPDX-License-Identifier: MIT */
/*
 * From numbers to verdicts: what is compared, N by N, and what counts as
 * agreement.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "render.h"
#include "validate.h"

/*
 * The bounds, in percent.
 *
 * Pages that did not move: a page that somebody holds for a moment may stay
 * behind, one in a thousand is no accident.
 */
#define BOUND_COMPLETE	0.1
/*
 * Levels: userspace pays a system call where the kernel calls a function, and
 * faults where it does not. A factor near 1 is no aim, the same order is.
 */
#define BOUND_LEVEL	50
/*
 * Shapes are what a batch size is chosen by. The published measurements scatter
 * by 3 to 6 % around their fit; what is normalised has two such errors, and
 * twice their sum (of squares) is 8 to 16 %.
 */
#define BOUND_SHAPE	15
/* The plateau begins at the same one of the measured N, or it does not. */
#define BOUND_PLATEAU	0
/* Of slope 1, which is a latency in proportion to N. */
#define BOUND_GROWTH	15
/* Points of the share: the flush is a part of unmap here, of copy there. */
#define BOUND_PHASES	15
/* Of 194 published cells the worst is 9.9 % off, with all cells in the fit. */
#define BOUND_MODEL	15

static const double bounds[VALIDATE_METRICS] = {
	[VALIDATE_COMPLETE] = BOUND_COMPLETE,
	[VALIDATE_GIB_S] = BOUND_LEVEL, [VALIDATE_SHAPE] = BOUND_SHAPE,
	[VALIDATE_PLATEAU] = BOUND_PLATEAU, [VALIDATE_FIRST] = BOUND_LEVEL,
	[VALIDATE_GROWTH] = BOUND_GROWTH, [VALIDATE_PHASES] = BOUND_PHASES,
	[VALIDATE_MODEL_GIB_S] = BOUND_MODEL,
	[VALIDATE_MODEL_FIRST] = BOUND_MODEL,
};

static bool few_runs(const struct validate_table *t, enum migsim_metric m)
{
	size_t i, b;

	for (i = 0; i < t->n; i++)
		for (b = 0; b < BACKENDS && validate_both(&t->cell[i], m); b++)
			if (validate_stats(validate_result(&t->cell[i], b, m),
					   m)->n < VALIDATE_RUNS)
				return true;
	return false;
}

const char validate_few[] = "an interval needs four runs of every N";

/* Part of the pages of all calls that lie on the target, in percent. */
static double moved(const struct result *r)
{
	const struct migsim_summary *s = &r->sum;
	double all = (double)s->nr_succeeded + (double)s->nr_failed_pages +
		     (double)s->nr_untried_pages;

	return all > 0 ? 100 * (double)s->nr_succeeded / all : 0;
}

/* Of the kernel in the runs in which it moved less, traced or not. */
static double moved_by(const struct validate_cell *c, size_t backend)
{
	double part = moved(c->of[backend]);

	return backend == KERNEL && c->traced ? fmin(part, moved(c->traced)) :
						part;
}

static void judge_complete(struct validate_table *t, struct validate_error *e)
{
	struct validate_verdict *v = &t->verdict[VALIDATE_COMPLETE];
	double least[BACKENDS] = { 100, 100 };
	size_t i, b, n = 0;

	for (i = 0; i < t->n; i++) {
		const struct validate_cell *c = &t->cell[i];
		double off;

		if (!c->of[UFFD] || !c->of[KERNEL] ||
		    (moved_by(c, UFFD) <= 0 && moved_by(c, KERNEL) <= 0))
			continue;
		for (b = 0; b < BACKENDS; b++)
			least[b] = fmin(least[b], moved_by(c, b));
		off = moved_by(c, UFFD) - moved_by(c, KERNEL);
		e[n++] = (struct validate_error){ c->pages, off, { off, off } };
	}
	validate_decide(v, e, n, t->n);
	if (!n)
		validate_note(v, "%s", validate_why_none(t));
	else if (least[UFFD] < 100 || least[KERNEL] < 100)
		validate_note(v, "moved at the worst N: uffd %.2f %%, kernel %.2f %% of the pages",
			      least[UFFD], least[KERNEL]);
}

static void judge_level(struct validate_table *t, enum migsim_metric m,
			bool emulated, struct validate_error *e)
{
	struct validate_verdict *v = &t->verdict[m == MIGSIM_METRIC_GIB_S ?
						 VALIDATE_GIB_S :
						 VALIDATE_FIRST];
	size_t i, n = 0;

	for (i = 0; i < t->n; i++) {
		const struct validate_cell *c = &t->cell[i];

		if (isnan(c->ratio[m]))
			continue;
		e[n++] = (struct validate_error){
			c->pages, 100 * (c->ratio[m] - 1),
			{ 100 * (c->ratio_ci[m][0] - 1),
			  100 * (c->ratio_ci[m][1] - 1) },
		};
	}
	validate_decide(v, e, n, t->n);
	if (!n)
		validate_note(v, "%s", validate_why_none(t));
	validate_doubt(v, few_runs(t, m), validate_few);
	validate_doubt(v, emulated, EMULATED);
}

static bool kernel_was_seen(const struct validate_table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct result *r = validate_result(&t->cell[i], KERNEL,
						MIGSIM_METRIC_FIRST_US);

		if (r && result_saw_folios(r))
			return true;
	}
	return false;
}

/* Phases are pooled over runs and have no interval: the figures decide. */
static void judge_phases(struct validate_table *t, bool emulated,
			 struct validate_error *e)
{
	struct validate_verdict *v = &t->verdict[VALIDATE_PHASES];
	size_t i, n = 0;

	for (i = 0; i < t->n; i++) {
		double u[2], k[2], off;

		if (!validate_phases(&t->cell[i], UFFD, u) ||
		    !validate_phases(&t->cell[i], KERNEL, k))
			continue;
		off = 100 * (u[0] / (u[0] + u[1]) - k[0] / (k[0] + k[1]));
		e[n++] = (struct validate_error){
			t->cell[i].pages, off, { off, off },
		};
	}
	validate_decide(v, e, n, t->n);
	if (!n)
		validate_note(v, "%s", kernel_was_seen(t) ?
			"the kernel's unmap has no span where every flush group is one entry" :
			validate_why_none(t));
	validate_doubt(v, few_runs(t, MIGSIM_METRIC_FIRST_US), validate_few);
	validate_doubt(v, emulated, EMULATED);
}

static size_t count_held(const struct validate_table *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->n; i++)
		n += t->cell[i].held;
	return n;
}

/* The interval is that of what was measured: nothing predicted is chance. */
static void judge_model(struct validate_table *t, enum migsim_metric m,
			const char *no_model, struct validate_error *e)
{
	struct validate_verdict *v = &t->verdict[m == MIGSIM_METRIC_GIB_S ?
						 VALIDATE_MODEL_GIB_S :
						 VALIDATE_MODEL_FIRST];
	size_t i, n = 0;
	bool some_few = false;

	for (i = 0; i < t->n; i++) {
		const struct validate_cell *c = &t->cell[i];
		const struct migsim_stats *s;

		if (!c->held || isnan(c->error_pct[m]))
			continue;
		s = validate_stats(validate_result(c, KERNEL, m), m);
		some_few |= s->n < VALIDATE_RUNS;
		e[n++] = (struct validate_error){
			c->pages, c->error_pct[m],
			{ 100 * (c->predicted[m] / s->ci95[1] - 1),
			  100 * (c->predicted[m] / s->ci95[0] - 1) },
		};
	}
	validate_decide(v, e, n, count_held(t));
	if (!n)
		validate_note(v, "%s", no_model ? no_model : !count_held(t) ?
			"to hold one N out takes three" : validate_why_none(t));
	validate_doubt(v, some_few, validate_few);
}

/* Of pages that stay behind, and of an N, nothing is near enough. */
static bool is_exact(unsigned int metric)
{
	return metric == VALIDATE_COMPLETE || metric == VALIDATE_PLATEAU;
}

static int judge(struct validation *v, struct validate_table *t)
{
	struct validate_error *e = calloc(t->n + 1, sizeof(*e));
	unsigned int i;
	int err;

	if (!e)
		return -ENOMEM;
	for (i = 0; i < VALIDATE_METRICS; i++)
		t->verdict[i] = (struct validate_verdict){
			.bound_pct = isnan(v->tolerance) || is_exact(i) ?
				     bounds[i] : v->tolerance,
		};
	judge_complete(t, e);
	judge_level(t, MIGSIM_METRIC_GIB_S, v->emulated, e);
	judge_level(t, MIGSIM_METRIC_FIRST_US, v->emulated, e);
	judge_phases(t, v->emulated, e);
	judge_model(t, MIGSIM_METRIC_GIB_S, v->no_model, e);
	judge_model(t, MIGSIM_METRIC_FIRST_US, v->no_model, e);
	err = validate_judge_curves(t, v->seed, e);
	free(e);
	return err;
}

int validate_judge(struct validation *v)
{
	size_t i;
	int err = 0;

	for (i = 0; i < v->n && !err; i++)
		err = judge(v, &v->table[i]);
	return err;
}
