/* SPDX-License-Identifier: MIT */
/*
 * One published cell: a call through lib/migrate in virtual time.
 *
 * Under the policy `batch` nothing is in flight between two batches, so once
 * no cost is cold any more each batch takes what the one before it took, to
 * the tick. Of a long call two shorter ones are run then, which differ by one
 * batch, and the difference is counted as often as is left.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "model.h"
#include "profile.h"
#include "sys.h"

/* That are run one by one: 2 GiB of memory and a few seconds. */
#define MOST_FOLIOS	((uint64_t)1 << 25)

struct migsim_predictor {
	struct migsim_report *report;
	struct migsim_folio *folio;
	uint64_t room;			/* in folios */
	uint64_t n;			/* the first ones, set up with order */
	uint32_t order;
	bool full;
};

/* What a call came to, in ticks. */
struct outcome {
	uint64_t elapsed;
	uint64_t groups;
	uint64_t cpu_fallback;
	unsigned __int128 first;
	struct spent spent[COSTS];
};

struct migsim_predictor *migsim_predictor_open(void)
{
	struct migsim_predictor *pr = calloc(1, sizeof(*pr));

	if (!pr)
		return NULL;
	pr->report = migsim_report_new();
	if (pr->report)
		return pr;
	free(pr);
	return NULL;
}

void migsim_predictor_close(struct migsim_predictor *pr)
{
	if (!pr)
		return;
	sys_unmap(pr->folio, pr->room * sizeof(*pr->folio));
	migsim_report_free(pr->report);
	free(pr);
}

void migsim_predictor_full(struct migsim_predictor *pr, bool full)
{
	pr->full = full;
}

static uint64_t folio_pages(const struct migsim_cell *cell)
{
	return (uint64_t)1 << cell->order;
}

/* A list of @n folios; what it holds of another cell is used again. */
static int make_folios(struct migsim_predictor *pr,
		       const struct migsim_cell *cell, uint64_t n)
{
	uint64_t bytes = folio_pages(cell) * MIGSIM_PAGE_SIZE;

	if (n > MOST_FOLIOS)
		return -EINVAL;
	if (n > pr->room) {
		sys_unmap(pr->folio, pr->room * sizeof(*pr->folio));
		pr->room = pr->n = 0;
		pr->folio = sys_map(n * sizeof(*pr->folio));
		if (!pr->folio)
			return -ENOMEM;
		pr->room = n;
	}
	if (pr->order != cell->order)
		pr->n = 0;
	pr->order = cell->order;
	for (; pr->n < n; pr->n++) {
		pr->folio[pr->n].addr = bytes * (pr->n + 1);
		pr->folio[pr->n].order = (uint8_t)cell->order;
	}
	return 0;
}

static int run(struct migsim_predictor *pr, struct migsim_migrator *m,
	       uint64_t n, struct outcome *out)
{
	const struct migsim_report *r = pr->report;
	struct model *model = model_of(m);
	long rc;

	migsim_report_reset(pr->report);
	model_forget(model);
	rc = migsim_migrate(m, pr->folio, n, pr->report);
	if (model->overrun)
		return -EOVERFLOW;
	if (rc)
		return rc < 0 ? (int)rc : -EINVAL;
	out->elapsed = r->c.elapsed;
	out->groups = r->first.n;
	out->cpu_fallback = r->c.cpu_fallback;
	out->first = r->first.sum;
	memcpy(out->spent, model->spent, sizeof(out->spent));
	return 0;
}

/* @times the step from @from to @to on top of @to. 0 or -EOVERFLOW. */
static int extend(struct outcome *to, const struct outcome *from,
		  uint64_t times)
{
	unsigned __int128 elapsed = to->elapsed;
	unsigned int i;

	/* All else is a part of it. */
	elapsed += (unsigned __int128)(to->elapsed - from->elapsed) * times;
	if (elapsed > CLOCK_MAX)
		return -EOVERFLOW;
	to->elapsed = (uint64_t)elapsed;
	to->groups += (to->groups - from->groups) * times;
	to->first += (to->first - from->first) * times;
	for (i = 0; i < COSTS; i++) {
		struct spent *s = &to->spent[i];

		s->all += (s->all - from->spent[i].all) * times;
		s->first += (s->first - from->spent[i].first) * times;
	}
	return 0;
}

/* Folios that a long call can be shortened to; all of them when it cannot. */
static uint64_t shortest(const struct migsim_predictor *pr,
			 const struct migsim_profile *p,
			 const struct migsim_cell *cell, uint64_t batch)
{
	uint64_t batches = cell->folios / batch, cold;
	struct costs costs;

	if (pr->full)
		return cell->folios;
	costs_of(p->value, &costs);
	cold = costs_cold_folios(&costs, cell->order, !cell->channels);
	cold = (cold + batch - 1) / batch;
	/* Two calls are run: worth it only when they are shorter together. */
	if (2 * cold + 1 >= batches)
		return cell->folios;
	return cold * batch + cell->folios % batch;
}

static int run_all(struct migsim_predictor *pr, struct migsim_migrator *m,
		   const struct migsim_cell *cell, struct outcome *out)
{
	int err = make_folios(pr, cell, cell->folios);

	return err ? err : run(pr, m, cell->folios, out);
}

static int run_cell(struct migsim_predictor *pr, struct migsim_migrator *m,
		    const struct migsim_profile *p,
		    const struct migsim_cell *cell, struct outcome *out)
{
	uint64_t batch = (cell->batch_pages + folio_pages(cell) - 1) /
			 folio_pages(cell);
	uint64_t n = shortest(pr, p, cell, batch);
	struct outcome from;
	int err;

	if (n == cell->folios)
		return run_all(pr, m, cell, out);
	err = make_folios(pr, cell, n + batch);
	if (!err)
		err = run(pr, m, n, &from);
	if (!err)
		err = run(pr, m, n + batch, out);
	/* What an engine that timed out left to the CPU repeats later. */
	if (!err && out->cpu_fallback)
		return run_all(pr, m, cell, out);
	if (!err)
		err = extend(out, &from, (cell->folios - n) / batch - 1);
	return err;
}

static int open_migrator(struct migsim_migrator **m,
			 const struct migsim_profile *p,
			 const struct migsim_cell *cell)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	char engine[32], policy[64];

	snprintf(engine, sizeof(engine), "model:channels=%u", cell->channels);
	snprintf(policy, sizeof(policy), "batch:pages=%llu,copy=%s",
		 (unsigned long long)cell->batch_pages,
		 cell->copy_inline ? "inline" : "batch");
	o.space = "model";
	o.engine = engine;
	o.policy = policy;
	o.profile = p;
	o.call_pages = cell->folios * folio_pages(cell);
	return migsim_migrator_open(m, &o);
}

static bool possible(const struct migsim_cell *c)
{
	return c->order <= MIGSIM_MAX_ORDER && c->folios &&
	       c->folios <= UINT32_MAX && c->batch_pages &&
	       c->batch_pages <= (uint64_t)1 << 32 &&
	       c->channels <= MODEL_MAX_CHANNELS;
}

int migsim_predict(struct migsim_predictor *pr, const struct migsim_profile *p,
		   const struct migsim_cell *cell,
		   struct migsim_prediction *out)
{
	const double gib = (double)(1 << 30), s = (double)PS_PER_S;
	struct migsim_migrator *m;
	struct outcome o;
	int err;

	if (!possible(cell))
		return -EINVAL;
	err = open_migrator(&m, p, cell);
	if (err)
		return err;
	err = run_cell(pr, m, p, cell, &o);
	migsim_migrator_close(m);
	if (!err && !o.elapsed)
		err = -ENODATA;
	if (err)
		return err;
	out->value[MIGSIM_METRIC_GIB_S] =
		(double)(cell->folios * folio_pages(cell) * MIGSIM_PAGE_SIZE) /
		gib / ((double)o.elapsed / s);
	out->value[MIGSIM_METRIC_FIRST_US] = (double)o.first /
					     (double)o.groups / s * 1e6;
	slopes_of(p, o.spent, &out->slopes);
	return 0;
}
