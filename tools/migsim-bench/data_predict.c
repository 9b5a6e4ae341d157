/* SPDX-License-Identifier: MIT */
/*
 * What the model says of measured rows. Both metrics of a cell, and whatever
 * was measured of it again, are predicted once.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "data.h"
#include "options.h"

/* A row, for sorting. */
struct place {
	const struct migsim_cell *cell;
	size_t row;
};

/* Of a cell, filled in at the first row of it that is wanted. */
struct known {
	bool filled;
	struct data_prediction metric[MIGSIM_METRICS];
};

struct oracle {
	const struct data *data;
	struct migsim_predictor *predictor;
	const struct migsim_profile *profile;
	size_t *first;		/* by row: the first row of its cell */
	struct known *known;	/* by first row */
};

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_cells(const struct migsim_cell *x,
			 const struct migsim_cell *y)
{
	int c = compare(x->order, y->order);

	if (!c)
		c = compare(x->channels, y->channels);
	if (!c)
		c = compare(x->copy_inline, y->copy_inline);
	if (!c)
		c = compare(x->folios, y->folios);
	return c ? c : compare(x->batch_pages, y->batch_pages);
}

/* Rows of one cell stay in their order. */
static int by_cell(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int c = compare_cells(x->cell, y->cell);

	return c ? c : compare(x->row, y->row);
}

static int find_cells(struct oracle *o)
{
	size_t n = o->data->n, i;
	struct place *place = calloc(n + 1, sizeof(*place));

	if (!place)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		place[i] = (struct place){ &o->data->row[i].datum.cell, i };
	qsort(place, n, sizeof(*place), by_cell);
	for (i = 0; i < n; i++)
		o->first[place[i].row] =
			i && !compare_cells(place[i].cell, place[i - 1].cell) ?
			o->first[place[i - 1].row] : place[i].row;
	free(place);
	return 0;
}

static int ask(const struct oracle *o, const struct migsim_cell *cell,
	       struct known *k)
{
	struct migsim_prediction p;
	unsigned int m;
	int err = migsim_predict(o->predictor, o->profile, cell, &p);

	for (m = 0; m < MIGSIM_METRICS && !err; m++) {
		struct data_prediction *to = &k->metric[m];

		to->value = p.value[m];
		migsim_profile_interval(o->profile, (enum migsim_metric)m,
					to->value, &p.slopes, to->interval);
	}
	k->filled = !err;
	return err;
}

static int predict_row(const struct oracle *o, size_t row,
		       struct data_prediction *p)
{
	const struct migsim_datum *datum = &o->data->row[row].datum;
	struct known *k = &o->known[o->first[row]];
	int err = k->filled ? 0 : ask(o, &datum->cell, k);

	if (err)
		return err;
	*p = k->metric[datum->metric];
	return p->value > 0 && isfinite(p->value) ? 0 : -ENODATA;
}

static int say_impossible(const struct data_row *row)
{
	const struct migsim_cell *c = &row->datum.cell;

	say("%s:%u: the model takes no call of %llu folios of order %u with %u channels in batches of %llu pages; remove the row",
	    row->file, row->line, (unsigned long long)c->folios, c->order,
	    c->channels, (unsigned long long)c->batch_pages);
	return EXIT_USAGE;
}

static int say_failed(const struct oracle *o, const struct data_row *row,
		      int err)
{
	const char *name = migsim_profile_name(o->profile);

	switch (err) {
	case -ENOMEM:
		return out_of_memory();
	case -EINVAL:
		return say_impossible(row);
	case -ENODATA:
		say("%s:%u: the profile %.100s predicts no time at all for this row; its costs must be above 0",
		    row->file, row->line, name);
		return EXIT_USAGE;
	case -EOVERFLOW:
		say("%s:%u: the profile %.100s predicts more than 53 days for this row; remove the row, or lower the costs",
		    row->file, row->line, name);
		return EXIT_USAGE;
	default:
		say("%s:%u: the row cannot be predicted: %s", row->file,
		    row->line, strerror(-err));
		return EXIT_FAILED;
	}
}

static int predict_rows(const struct oracle *o, const bool *wanted,
			struct data_prediction *p, bool (*step)(void *arg),
			void *arg)
{
	size_t i;
	int err;

	for (i = 0; i < o->data->n; i++) {
		if (wanted && !wanted[i])
			continue;
		err = predict_row(o, i, &p[i]);
		if (err)
			return say_failed(o, &o->data->row[i], err);
		if (!step(arg))
			return EXIT_FAILED;
	}
	return 0;
}

int data_predict(const struct data *d, const bool *wanted,
		 const struct migsim_profile *profile,
		 struct data_prediction *p, bool (*step)(void *arg), void *arg)
{
	struct oracle o = {
		.data = d, .profile = profile,
		.predictor = migsim_predictor_open(),
		.first = calloc(d->n + 1, sizeof(*o.first)),
		.known = calloc(d->n + 1, sizeof(*o.known)),
	};
	int rc;

	if (o.predictor && o.first && o.known && !find_cells(&o))
		rc = predict_rows(&o, wanted, p, step, arg);
	else
		rc = out_of_memory();
	migsim_predictor_close(o.predictor);
	free(o.first);
	free(o.known);
	return rc;
}
