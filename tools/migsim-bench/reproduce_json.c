/* SPDX-License-Identifier: MIT */
/*
 * JSON for programs; the keys are a contract. What there is not is null.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>

#include "bench.h"
#include "reproduce.h"

#define DIGITS	9

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* What is not UTF-8 in a file of the user's becomes a question mark. */
static json_t *text(const char *words)
{
	json_t *json = json_string(words);
	char ascii[256];
	size_t i;

	if (json)
		return json;
	for (i = 0; words[i] && i < sizeof(ascii) - 1; i++)
		ascii[i] = (unsigned char)words[i] < 0x80 ? words[i] : '?';
	ascii[i] = '\0';
	return json_string(ascii);
}

static json_t *text_or_null(const char *words)
{
	return words[0] ? text(words) : json_null();
}

static json_t *cell_json(const struct repro_cell *c)
{
	const struct data_row *row = c->row;
	const struct migsim_cell *cell = &row->datum.cell;

	return json_pack("{s:I, s:o, s:I, s:I, s:I, s:s, s:o, s:o, s:[o, o],"
			 " s:o, s:o, s:o}",
		"order", (json_int_t)cell->order, "engine", text(row->engine),
		"channels", (json_int_t)cell->channels,
		"folios_per_call", (json_int_t)cell->folios,
		"batch_pages", (json_int_t)cell->batch_pages,
		"metric", data_metric[row->datum.metric],
		"measured", number(row->datum.value),
		"predicted", number(c->predicted),
		"interval", number(c->interval[0]), number(c->interval[1]),
		"error_pct", number(c->error_pct),
		"flag", text_or_null(row->flag),
		"flag_reason", text_or_null(row->reason));
}

/* Appends and takes over @value; frees @list when that fails. */
static json_t *append(json_t *list, json_t *value)
{
	if (list && !json_array_append_new(list, value))
		return list;
	if (!list)
		json_decref(value);
	json_decref(list);
	return NULL;
}

static json_t *table_json(const struct repro_table *t)
{
	json_t *cells = json_array();
	size_t i;

	for (i = 0; cells && i < t->n; i++)
		cells = append(cells, cell_json(&t->cell[i]));
	return json_pack("{s:o, s:{s:o, s:o}, s:o}", "id", text(t->id),
		"mape_pct",
		data_metric[MIGSIM_METRIC_GIB_S],
		number(t->mape_pct[MIGSIM_METRIC_GIB_S]),
		data_metric[MIGSIM_METRIC_FIRST_US],
		number(t->mape_pct[MIGSIM_METRIC_FIRST_US]),
		"cells", cells);
}

int repro_json(FILE *out, const struct repro *r)
{
	json_t *tables = json_array(), *doc;
	size_t i;
	int err;

	for (i = 0; tables && i < r->n; i++)
		tables = append(tables, table_json(&r->table[i]));
	doc = json_pack("{s:s, s:o, s:o, s:{s:o, s:o, s:o}}",
		"schema", "migsim/1", "profile", text(r->profile),
		"tables", tables, "overall",
		"mean_abs_pct", number(r->mean_abs_pct),
		"median_abs_pct", number(r->median_abs_pct),
		"max_abs_pct", number(r->max_abs_pct));
	if (!doc)
		return -ENOMEM;
	err = json_dumpf(doc, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER |
				   JSON_REAL_PRECISION(DIGITS));
	json_decref(doc);
	return err || fputc('\n', out) == EOF ? -EIO : 0;
}
