/* SPDX-License-Identifier: MIT */
/*
 * The rows of the data, sorted into tables, and what the model says of each.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "options.h"
#include "progress.h"
#include "reproduce.h"

/* A cell that was predicted; its metrics are two rows, often of two tables. */
struct known {
	struct migsim_cell cell;
	double value[MIGSIM_METRICS];
	double interval[MIGSIM_METRICS][2];
};

struct oracle {
	struct migsim_predictor *predictor;
	const struct migsim_profile *profile;
	struct known *known;
	size_t n;
};

bool repro_flagged(const struct repro_cell *c)
{
	return c->row->flag[0];
}

static struct repro_table *find_table(const struct repro *r, const char *id)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (!strcmp(r->table[i].id, id))
			return &r->table[i];
	return NULL;
}

static struct repro_table *add_table(struct repro *r, const char *id)
{
	struct repro_table *t = find_table(r, id), *grown;

	if (t)
		return t;
	grown = realloc(r->table, (r->n + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	r->table = grown;
	t = &grown[r->n++];
	*t = (struct repro_table){ .id = id };
	return t;
}

static bool has_table(const struct data *d, const char *id)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (!strcmp(d->row[i].table, id))
			return true;
	return false;
}

/* All there are, as the sentence about one that there is not. */
static int refuse_table(const struct data *d, const char *id)
{
	struct repro all = { 0 };
	char known[400] = "";
	size_t i, at = 0;
	int rc = repro_tables(&all, d, NULL, 0);

	if (rc)
		return rc;
	for (i = 0; i < all.n && at < sizeof(known); i++) {
		int n = snprintf(known + at, sizeof(known) - at, "%s%s",
				 i ? ", " : "", all.table[i].id);

		at += n > 0 ? (size_t)n : 0;
	}
	repro_free(&all);
	say("there is no table '%.100s'; there are: %s", id, known);
	return EXIT_USAGE;
}

static int name_tables(struct repro *r, const struct data *d, char **ids,
		       size_t nr_ids)
{
	size_t i;

	for (i = 0; i < nr_ids; i++) {
		if (!has_table(d, ids[i]))
			return refuse_table(d, ids[i]);
		if (!add_table(r, ids[i]))
			return out_of_memory();
	}
	for (i = 0; i < d->n && !nr_ids; i++)
		if (!add_table(r, d->row[i].table))
			return out_of_memory();
	return 0;
}

/* Once to count, once to fill. */
static int fill_tables(struct repro *r, const struct data *d)
{
	struct repro_table *t;
	size_t i;

	for (i = 0; i < d->n; i++) {
		t = find_table(r, d->row[i].table);
		if (t)
			t->n++;
	}
	for (i = 0; i < r->n; i++) {
		t = &r->table[i];
		t->cell = calloc(t->n, sizeof(*t->cell));
		if (!t->cell)
			return out_of_memory();
		r->cells += t->n;
		t->n = 0;
	}
	for (i = 0; i < d->n; i++) {
		t = find_table(r, d->row[i].table);
		if (t)
			t->cell[t->n++].row = &d->row[i];
	}
	return 0;
}

int repro_tables(struct repro *r, const struct data *data, char **ids,
		 size_t nr_ids)
{
	int rc;

	*r = (struct repro){ .skipped = data->skipped };
	rc = name_tables(r, data, ids, nr_ids);
	if (!rc)
		rc = fill_tables(r, data);
	if (rc)
		repro_free(r);
	return rc;
}

void repro_free(struct repro *r)
{
	while (r->n)
		free(r->table[--r->n].cell);
	free(r->table);
	*r = (struct repro){ 0 };
}

static bool same_cell(const struct migsim_cell *a, const struct migsim_cell *b)
{
	return a->order == b->order && a->channels == b->channels &&
	       a->copy_inline == b->copy_inline && a->folios == b->folios &&
	       a->batch_pages == b->batch_pages;
}

static int ask(struct oracle *o, const struct migsim_cell *cell)
{
	struct known *k = &o->known[o->n];
	struct migsim_prediction p;
	unsigned int m;
	int err = migsim_predict(o->predictor, o->profile, cell, &p);

	if (err)
		return err;
	k->cell = *cell;
	for (m = 0; m < MIGSIM_METRICS; m++) {
		k->value[m] = p.value[m];
		migsim_profile_interval(o->profile, (enum migsim_metric)m,
					p.value[m], &p.slopes, k->interval[m]);
	}
	o->n++;
	return 0;
}

static int predict_cell(struct oracle *o, struct repro_cell *c)
{
	const struct migsim_datum *datum = &c->row->datum;
	size_t i;
	int err;

	/* From the end: the other metric is mostly the row before. */
	for (i = o->n; i && !same_cell(&o->known[i - 1].cell, &datum->cell); )
		i--;
	if (!i) {
		err = ask(o, &datum->cell);
		if (err)
			return err;
		i = o->n;
	}
	c->predicted = o->known[i - 1].value[datum->metric];
	memcpy(c->interval, o->known[i - 1].interval[datum->metric],
	       sizeof(c->interval));
	c->error_pct = 100 * (c->predicted / datum->value - 1);
	return 0;
}

static int say_failed(const struct repro_cell *c, int err)
{
	const struct migsim_cell *cell = &c->row->datum.cell;

	if (err == -ENOMEM)
		return out_of_memory();
	say("%s:%u: the model takes no call of %llu folios of order %u with %u channels in batches of %llu pages%s%s; remove the row",
	    c->row->file, c->row->line, (unsigned long long)cell->folios,
	    cell->order, cell->channels,
	    (unsigned long long)cell->batch_pages,
	    err == -EINVAL ? "" : ": ", err == -EINVAL ? "" : strerror(-err));
	return err == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

static int predict_all(struct repro *r, struct oracle *o, struct progress *p)
{
	size_t i, k;
	int err;

	for (i = 0; i < r->n; i++) {
		for (k = 0; k < r->table[i].n; k++) {
			struct repro_cell *c = &r->table[i].cell[k];

			err = predict_cell(o, c);
			if (err)
				return say_failed(c, err);
			progress_step(p);
		}
	}
	return repro_count(r) ? out_of_memory() : 0;
}

int repro_predict(struct repro *r, const struct migsim_profile *profile,
		  bool quiet)
{
	struct oracle o = {
		.predictor = migsim_predictor_open(),
		.profile = profile,
		.known = calloc(r->cells, sizeof(*o.known)),
	};
	struct progress progress;
	int rc;

	r->profile = migsim_profile_name(profile);
	if (o.predictor && o.known) {
		progress_start(&progress, r->cells, quiet);
		rc = predict_all(r, &o, &progress);
		progress_end(&progress);
	} else {
		rc = out_of_memory();
	}
	free(o.known);
	migsim_predictor_close(o.predictor);
	return rc;
}
