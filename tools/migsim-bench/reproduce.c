/* SPDX-License-Identifier: MIT */
/*
 * The rows of the data, sorted into tables, and what the model says of each.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "options.h"
#include "progress.h"
#include "reproduce.h"

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

/* The rows of the data that stand in the tables. */
static void mark_rows(const struct repro *r, const struct data *d, bool *wanted)
{
	size_t i, k;

	for (i = 0; i < r->n; i++)
		for (k = 0; k < r->table[i].n; k++)
			wanted[r->table[i].cell[k].row - d->row] = true;
}

static void fill_cells(struct repro *r, const struct data *d,
		       const struct data_prediction *p)
{
	size_t i, k;

	for (i = 0; i < r->n; i++)
		for (k = 0; k < r->table[i].n; k++) {
			struct repro_cell *c = &r->table[i].cell[k];
			const struct data_prediction *of = &p[c->row - d->row];

			c->predicted = of->value;
			memcpy(c->interval, of->interval, sizeof(c->interval));
			c->error_pct = 100 * (of->value / c->row->datum.value -
					      1);
		}
}

static bool on_row(void *arg)
{
	progress_step(arg);
	return true;
}

static int predict_all(struct repro *r, const struct data *d, bool *wanted,
		       struct data_prediction *p,
		       const struct migsim_profile *profile, bool quiet)
{
	struct progress progress;
	int rc;

	mark_rows(r, d, wanted);
	progress_start(&progress, r->cells, quiet);
	rc = data_predict(d, wanted, profile, p, on_row, &progress);
	progress_end(&progress);
	if (rc)
		return rc;
	fill_cells(r, d, p);
	return repro_count(r) ? out_of_memory() : 0;
}

static double key(const struct migsim_profile *p, const char *name)
{
	int i = migsim_profile_find(name);

	return i < 0 ? NAN : migsim_profile_value(p, (unsigned int)i);
}

/* Outside of the range that the profile was fitted to. */
static bool is_extrapolated(const struct migsim_profile *p,
			    const struct migsim_cell *c)
{
	double folio = (double)(1u << c->order);
	double batch = fmax((double)c->batch_pages, folio);

	return c->channels > key(p, "measured_channels") ||
	       c->order < key(p, "measured_order_min") ||
	       c->order > key(p, "measured_order_max") ||
	       batch < key(p, "measured_batch_min") ||
	       batch > key(p, "measured_batch_max");
}

static void count_extrapolated(struct repro *r, const struct migsim_profile *p)
{
	size_t t, i;

	for (t = 0; t < r->n; t++)
		for (i = 0; i < r->table[t].n; i++)
			r->extrapolated += is_extrapolated(p,
				&r->table[t].cell[i].row->datum.cell);
}

int repro_predict(struct repro *r, const struct data *data,
		  const struct migsim_profile *profile, bool quiet)
{
	struct data_prediction *p = calloc(data->n + 1, sizeof(*p));
	bool *wanted = calloc(data->n + 1, sizeof(*wanted));
	int rc;

	r->profile = migsim_profile_name(profile);
	if (p && wanted)
		rc = predict_all(r, data, wanted, p, profile, quiet);
	else
		rc = out_of_memory();
	if (!rc)
		count_extrapolated(r, profile);
	free(p);
	free(wanted);
	return rc;
}
