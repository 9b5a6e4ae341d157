/* SPDX-License-Identifier: MIT */
/*
 * JSON for programs; the keys are a contract. What there is not is null.
 */
#include <jansson.h>

#include "bench.h"
#include "doc.h"
#include "reproduce.h"

static json_t *text_or_null(const char *words)
{
	return words[0] ? doc_text(words) : json_null();
}

static json_t *cell_json(const struct repro_cell *c)
{
	const struct data_row *row = c->row;
	const struct migsim_cell *cell = &row->datum.cell;

	return json_pack("{s:I, s:o, s:I, s:I, s:I, s:s, s:o, s:o, s:[o, o],"
			 " s:o, s:o, s:o}",
		"order", (json_int_t)cell->order, "engine", doc_text(row->engine),
		"channels", (json_int_t)cell->channels,
		"folios_per_call", (json_int_t)cell->folios,
		"batch_pages", (json_int_t)cell->batch_pages,
		"metric", data_metric[row->datum.metric],
		"measured", doc_number(row->datum.value),
		"predicted", doc_number(c->predicted),
		"interval", doc_number(c->interval[0]), doc_number(c->interval[1]),
		"error_pct", doc_number(c->error_pct),
		"flag", text_or_null(row->flag),
		"flag_reason", text_or_null(row->reason));
}

static json_t *table_json(const struct repro_table *t)
{
	json_t *cells = json_array();
	size_t i;

	for (i = 0; cells && i < t->n; i++)
		cells = doc_append(cells, cell_json(&t->cell[i]));
	return json_pack("{s:o, s:{s:o, s:o}, s:o}", "id", doc_text(t->id),
		"mape_pct",
		data_metric[MIGSIM_METRIC_GIB_S],
		doc_number(t->mape_pct[MIGSIM_METRIC_GIB_S]),
		data_metric[MIGSIM_METRIC_FIRST_US],
		doc_number(t->mape_pct[MIGSIM_METRIC_FIRST_US]),
		"cells", cells);
}

int repro_json(FILE *out, const struct repro *r)
{
	json_t *tables = json_array();
	size_t i;

	for (i = 0; tables && i < r->n; i++)
		tables = doc_append(tables, table_json(&r->table[i]));
	return doc_write(out, json_pack(
		"{s:s, s:o, s:o, s:{s:o, s:o, s:o}}",
		"schema", "migsim/1", "profile", doc_text(r->profile),
		"tables", tables, "overall",
		"mean_abs_pct", doc_number(r->mean_abs_pct),
		"median_abs_pct", doc_number(r->median_abs_pct),
		"max_abs_pct", doc_number(r->max_abs_pct)));
}
