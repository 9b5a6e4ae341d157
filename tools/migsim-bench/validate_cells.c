/* SPDX-License-Identifier: MIT */
/*
 * Results become tables: one for each folio size, a cell for each N.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "render.h"
#include "validate.h"

double validate_sample(const struct sample *s, enum migsim_metric m)
{
	return m == MIGSIM_METRIC_GIB_S ? s->gib_s : s->first_us;
}

const struct migsim_stats *validate_stats(const struct result *r,
					  enum migsim_metric m)
{
	return m == MIGSIM_METRIC_GIB_S ? &r->gib_s : &r->first_us;
}

static bool has(const struct result *r, enum migsim_metric m)
{
	return r && validate_stats(r, m)->n && validate_stats(r, m)->median > 0;
}

const struct result *validate_result(const struct validate_cell *c,
				     size_t backend, enum migsim_metric m)
{
	if (backend == KERNEL && m != MIGSIM_METRIC_GIB_S && c->traced)
		return c->traced;
	return c->of[backend];
}

bool validate_both(const struct validate_cell *c, enum migsim_metric m)
{
	return has(validate_result(c, UFFD, m), m) &&
	       has(validate_result(c, KERNEL, m), m);
}

static double seen(double us)
{
	return us > 0 ? us : 0;
}

/*
 * The kernel allocates a target as it unmaps; what flushes differs, and is a
 * part of unmap in userspace and of the rest in the kernel.
 */
bool validate_phases(const struct validate_cell *c, size_t backend,
		     double us[2])
{
	const struct result *r = validate_result(c, backend,
						 MIGSIM_METRIC_FIRST_US);
	const struct migsim_phases *p;

	if (!r || !result_saw_folios(r))
		return false;
	p = &r->sum.phases_us;
	if (p->unmap < 0 || p->copy < 0)
		return false;
	us[0] = seen(p->alloc) + p->unmap;
	us[1] = seen(p->flush) + seen(p->submit) + seen(p->wait) + p->copy +
		seen(p->reap) + seen(p->remap);
	us[0] = result_per_gib(r, us[0]);
	us[1] = result_per_gib(r, us[1]);
	return us[0] + us[1] > 0;
}

static struct validate_table *table_of(struct validation *v, unsigned int order)
{
	struct validate_table *grown;
	size_t i;

	for (i = 0; i < v->n; i++)
		if (v->table[i].order == order)
			return &v->table[i];
	grown = realloc(v->table, (v->n + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	v->table = grown;
	grown[v->n] = (struct validate_table){ .order = order };
	return &grown[v->n++];
}

static void forget(struct validate_cell *c)
{
	unsigned int m;

	c->trace_cost = NAN;
	for (m = 0; m < MIGSIM_METRICS; m++) {
		c->ratio[m] = c->predicted[m] = c->error_pct[m] = NAN;
		c->ratio_ci[m][0] = c->ratio_ci[m][1] = NAN;
		c->predicted_ci[m][0] = c->predicted_ci[m][1] = NAN;
	}
}

static struct validate_cell *cell_of(struct validate_table *t, uint64_t folios)
{
	struct validate_cell *grown;
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->cell[i].folios == folios)
			return &t->cell[i];
	grown = realloc(t->cell, (t->n + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	t->cell = grown;
	grown[t->n] = (struct validate_cell){
		.folios = folios, .pages = folios << t->order,
	};
	forget(&grown[t->n]);
	return &grown[t->n++];
}

/* Where a result belongs in its cell. */
static const struct result **place(const struct validation *v,
				   struct validate_cell *c,
				   const struct result *r)
{
	if (!config_is_kernel(r->config))
		return &c->of[UFFD];
	return v->traced && !r->config->untraced ? &c->traced : &c->of[KERNEL];
}

static int take(struct validation *v, const struct result *r)
{
	const struct result **at;
	struct validate_table *t = table_of(v, (unsigned int)result_order(r));
	struct validate_cell *c;

	if (!t)
		return -ENOMEM;
	c = cell_of(t, (uint64_t)result_folios_per_call(r));
	if (!c)
		return -ENOMEM;
	at = place(v, c, r);
	if (!*at)	/* else it was asked for twice */
		*at = r;
	return 0;
}

static int by_pages(const void *a, const void *b)
{
	const struct validate_cell *x = a, *y = b;

	return (x->pages > y->pages) - (x->pages < y->pages);
}

static size_t logs_of(const struct result *r, enum migsim_metric m, double *x)
{
	size_t i, n = 0;

	for (i = 0; i < r->nr_samples; i++) {
		double value = validate_sample(&r->samples[i], m);

		if (value > 0 && isfinite(value))
			x[n++] = log(value);
	}
	return n;
}

/* The difference of logarithms is that of a ratio, interval and all. */
static int find_ratio(struct validate_cell *c, enum migsim_metric m,
		      uint64_t seed)
{
	const struct result *u = validate_result(c, UFFD, m);
	const struct result *k = validate_result(c, KERNEL, m);
	struct migsim_comparison cmp;
	double *x;
	size_t nu, nk;
	int err = 0;

	if (!validate_both(c, m))
		return 0;
	x = calloc(u->nr_samples + k->nr_samples, sizeof(*x));
	if (!x)
		return -ENOMEM;
	nu = logs_of(u, m, x);
	nk = logs_of(k, m, x + nu);
	if (nu && nk)
		err = migsim_stats_compare(x + nu, nk, x, nu, seed, &cmp);
	if (nu && nk && !err)
		c->ratio[m] = validate_stats(u, m)->median /
			      validate_stats(k, m)->median;
	if (nu > 1 && nk > 1 && !err) {
		c->ratio_ci[m][0] = exp(cmp.ci95[0]);
		c->ratio_ci[m][1] = exp(cmp.ci95[1]);
	}
	free(x);
	return err;
}

/* Every second N, but never the last: what is held out lies among the rest. */
static void hold_out(struct validate_table *t)
{
	size_t i;

	for (i = 1; i + 1 < t->n; i += 2)
		t->cell[i].held = true;
}

static void find_trace_cost(struct validate_cell *c)
{
	if (has(c->traced, MIGSIM_METRIC_GIB_S) &&
	    has(c->of[KERNEL], MIGSIM_METRIC_GIB_S))
		c->trace_cost = c->traced->gib_s.median /
				c->of[KERNEL]->gib_s.median;
}

/* The library's own sentence, if there is one. */
static const char *why_unseen(const struct results *rs)
{
	size_t i;

	for (i = 0; i < rs->nr_warnings; i++)
		if (!strncmp(rs->warnings[i], "backend kernel ", 15))
			return rs->warnings[i];
	return "backend kernel saw calls, but no folio of them; the warnings may say why";
}

static int finish(struct validate_table *t, uint64_t seed)
{
	unsigned int m;
	size_t i;
	int err = 0;

	qsort(t->cell, t->n, sizeof(*t->cell), by_pages);
	hold_out(t);
	for (i = 0; i < t->n; i++)
		find_trace_cost(&t->cell[i]);
	for (i = 0; i < t->n && !err; i++)
		for (m = 0; m < MIGSIM_METRICS && !err; m++)
			err = find_ratio(&t->cell[i], (enum migsim_metric)m,
					 seed);
	return err;
}

int validate_tables(struct validation *v)
{
	size_t i;
	int err = 0;

	for (i = 0; i < v->rs.n && !err; i++)
		err = take(v, &v->rs.result[i]);
	for (i = 0; i < v->n && !err; i++) {
		v->table[i].unseen = why_unseen(&v->rs);
		err = finish(&v->table[i], v->seed);
	}
	return err;
}

void validate_free(struct validation *v)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		free(v->table[i].cell);
	free(v->table);
	results_free(&v->rs);
	plan_free(&v->plan);
	migsim_profile_close(v->start);
	migsim_profile_close(v->fitted);
	*v = (struct validation){ 0 };
}
