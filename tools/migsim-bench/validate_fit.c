/* SPDX-License-Identifier: MIT */
/*
 * The model, fitted to what the kernel did here, and what it says of every N.
 * The N that are held out were not in the fit: their errors are its test.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench.h"
#include "run.h"
#include "validate.h"

static struct migsim_cell cell_of(const struct validate_table *t,
				  const struct validate_cell *c)
{
	return (struct migsim_cell){
		.order = t->order, .copy_inline = true, .folios = c->folios,
		.batch_pages = VALIDATE_BATCH,
	};
}

/* The kernel's value; NAN: not measured. */
static double measured(const struct validate_cell *c, enum migsim_metric m)
{
	const struct result *r = validate_result(c, KERNEL, m);
	const struct migsim_stats *s;

	if (!r)
		return NAN;
	s = validate_stats(r, m);
	return s->n && s->median > 0 ? s->median : NAN;
}

static void take_data(const struct validate_table *t, struct migsim_datum *data,
		      size_t *n)
{
	unsigned int m;
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (t->cell[i].held)
			continue;
		for (m = 0; m < MIGSIM_METRICS; m++) {
			double value = measured(&t->cell[i],
						(enum migsim_metric)m);

			if (!isnan(value))
				data[(*n)++] = (struct migsim_datum){
					cell_of(t, &t->cell[i]),
					(enum migsim_metric)m, value,
				};
		}
	}
}

static bool go_on(void *arg, unsigned int step, double rms)
{
	(void)arg;
	(void)step;
	(void)rms;
	return !run_stopped;
}

/* 0, -EINTR, -ENOMEM, or -EINVAL, which the library has said. */
static int fit(struct validation *v, const struct migsim_datum *data, size_t n)
{
	struct migsim_fit_options o = MIGSIM_FIT_OPTIONS_INIT;
	struct migsim_fit came = { .size = sizeof(came) };
	int err;

	o.progress = go_on;
	v->fitted = migsim_profile_copy(v->start);
	if (!v->fitted)
		return -ENOMEM;
	err = migsim_fit(v->fitted, data, n, &o, &came);
	if (err) {
		migsim_profile_close(v->fitted);
		v->fitted = NULL;
		return err;
	}
	v->nr_fitted = n;
	v->rms = came.rms;
	return 0;
}

static int predict(const struct validation *v, struct validate_table *t,
		   struct migsim_predictor *pr)
{
	struct migsim_prediction p;
	unsigned int m;
	size_t i;

	for (i = 0; i < t->n; i++) {
		struct validate_cell *c = &t->cell[i];
		struct migsim_cell cell = cell_of(t, c);
		int err = run_stopped ? -EINTR :
			  migsim_predict(pr, v->fitted, &cell, &p);

		if (err)
			return err;
		for (m = 0; m < MIGSIM_METRICS; m++) {
			c->predicted[m] = p.value[m];
			migsim_profile_interval(v->fitted,
						(enum migsim_metric)m,
						p.value[m], &p.slopes,
						c->predicted_ci[m]);
			c->error_pct[m] = 100 * (p.value[m] /
				measured(c, (enum migsim_metric)m) - 1);
		}
	}
	return 0;
}

static int predict_all(struct validation *v)
{
	struct migsim_predictor *pr = migsim_predictor_open();
	size_t i;
	int err = pr ? 0 : -ENOMEM;

	for (i = 0; i < v->n && !err; i++)
		err = predict(v, &v->table[i], pr);
	migsim_predictor_close(pr);
	return err;
}

int validate_fit(struct validation *v)
{
	struct migsim_datum *data;
	size_t i, n = 0, cells = 0;
	int err;

	for (i = 0; i < v->n; i++)
		cells += v->table[i].n;
	data = calloc(MIGSIM_METRICS * cells + 1, sizeof(*data));
	if (!data)
		return -ENOMEM;
	for (i = 0; i < v->n; i++)
		take_data(&v->table[i], data, &n);
	err = n ? fit(v, data, n) : 0;
	if (!err && n)
		err = predict_all(v);
	free(data);
	if (!n)
		v->no_model = "there is nothing to fit: the kernel was not measured";
	if (err == -EINTR)
		v->no_model = "interrupted before the model was fitted";
	else if (err && err != -ENOMEM)
		v->no_model = "the model could not be fitted to what the kernel did";
	return err == -ENOMEM || err == -EINTR ? err : 0;
}
