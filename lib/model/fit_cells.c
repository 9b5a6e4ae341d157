/* SPDX-License-Identifier: MIT */
/*
 * The cells of a fit and their predictions, dealt out to threads. Whichever
 * thread predicts a cell, its result is the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fit_problem.h"
#include "sys.h"

/* More would only wait for memory. */
#define MAX_THREADS	64

/* A datum and its cell, for sorting. */
struct place {
	struct migsim_cell cell;
	size_t datum;
};

/* What the threads of one evaluation share. */
struct round {
	struct fit_cells *cells;
	const struct migsim_profile *p;
	atomic_size_t next;
	atomic_int err;
};

struct helper {
	struct round *round;
	struct migsim_predictor *predictor;
};

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Long calls first, so that no thread begins one when the others are done. */
static int by_cost(const void *a, const void *b)
{
	const struct migsim_cell *x = &((const struct place *)a)->cell;
	const struct migsim_cell *y = &((const struct place *)b)->cell;
	int c = compare(y->folios, x->folios);

	if (!c)
		c = compare(x->batch_pages, y->batch_pages);
	if (!c)
		c = compare(x->order, y->order);
	if (!c)
		c = compare(x->channels, y->channels);
	return c ? c : compare(x->copy_inline, y->copy_inline);
}

static int sort_cells(struct fit_cells *c, const struct migsim_datum *data,
		      size_t n)
{
	struct place *place = calloc(n, sizeof(*place));
	size_t i;

	if (!place)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		place[i] = (struct place){ data[i].cell, i };
	qsort(place, n, sizeof(*place), by_cost);
	for (i = 0; i < n; i++) {
		if (!i || by_cost(&place[i - 1], &place[i]))
			c->cell[c->n++].cell = place[i].cell;
		c->of[place[i].datum] = c->n - 1;
	}
	free(place);
	return 0;
}

static unsigned int usable_cpus(void)
{
	cpu_set_t set;
	long n = sched_getaffinity(0, sizeof(set), &set) ?
		 sysconf(_SC_NPROCESSORS_ONLN) : CPU_COUNT(&set);

	return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (unsigned int)n;
}

static int open_predictors(struct fit_cells *c, unsigned int threads)
{
	if (!threads)
		threads = usable_cpus();
	if (threads > MAX_THREADS)
		threads = MAX_THREADS;
	if (threads > c->n)
		threads = (unsigned int)c->n;
	c->predictor = calloc(threads, sizeof(*c->predictor));
	c->thread = calloc(threads, sizeof(*c->thread));
	if (!c->predictor || !c->thread)
		return -ENOMEM;
	for (; c->threads < threads; c->threads++) {
		c->predictor[c->threads] = migsim_predictor_open();
		if (!c->predictor[c->threads])
			return -ENOMEM;
	}
	return 0;
}

int fit_cells_make(struct fit_cells *c, const struct migsim_datum *data,
		   size_t n, unsigned int threads)
{
	int err;

	*c = (struct fit_cells){ 0 };
	c->cell = calloc(n, sizeof(*c->cell));
	c->of = calloc(n, sizeof(*c->of));
	err = c->cell && c->of ? sort_cells(c, data, n) : -ENOMEM;
	return err ? err : open_predictors(c, threads);
}

void fit_cells_free(struct fit_cells *c)
{
	while (c->threads)
		migsim_predictor_close(c->predictor[--c->threads]);
	free(c->predictor);
	free(c->thread);
	free(c->cell);
	free(c->of);
}

/* Predicts the next cell that nobody has begun. False: there is none. */
static bool predict_next(struct round *r, struct migsim_predictor *pr)
{
	struct fit_cell *cell;
	size_t i;

	if (atomic_load(&r->err))
		return false;
	i = atomic_fetch_add(&r->next, 1);
	if (i >= r->cells->n)
		return false;
	cell = &r->cells->cell[i];
	cell->err = migsim_predict(pr, r->p, &cell->cell, &cell->prediction);
	if (cell->err)
		memset(&cell->prediction, 0, sizeof(cell->prediction));
	if (cell->err == -ENOMEM)
		atomic_store(&r->err, -ENOMEM);
	return true;
}

static void *help(void *arg)
{
	struct helper *h = arg;

	while (predict_next(h->round, h->predictor))
		;
	return NULL;
}

int fit_cells_predict(struct fit_cells *c, const struct migsim_profile *p,
		      bool (*stop)(void *arg), void *arg)
{
	struct helper helper[MAX_THREADS];
	struct round r = { .cells = c, .p = p };
	unsigned int started;

	/* A thread that does not come is no harm: the others do its part. */
	for (started = 1; started < c->threads; started++) {
		helper[started] = (struct helper){ &r, c->predictor[started] };
		if (sys_thread_start(&c->thread[started], help,
				     &helper[started]))
			break;
	}
	while (predict_next(&r, c->predictor[0]))
		if (stop(arg))
			atomic_store(&r.err, -EINTR);
	while (--started)
		sys_thread_join(&c->thread[started]);
	return atomic_load(&r.err);
}
