/* SPDX-License-Identifier: MIT */
/*
 * The columns of the published data, so that it can be read again, and behind
 * them what the model says.
 */
#include <csv.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "reproduce.h"

static void put_text(FILE *out, const char *text, char end)
{
	if (text[strcspn(text, ",\"\r\n")])
		csv_fwrite(out, text, strlen(text));
	else
		fputs(text, out);
	fputc(end, out);
}

static void put_real(FILE *out, double value)
{
	if (isfinite(value))
		fprintf(out, "%.9g", value);
	fputc(',', out);
}

static void put_cell(FILE *out, const struct repro_cell *c)
{
	const struct migsim_cell *cell = &c->row->datum.cell;

	put_text(out, c->row->table, ',');
	fprintf(out, "%u,%llu,", cell->order,
		(unsigned long long)(MIGSIM_PAGE_SIZE << cell->order));
	put_text(out, c->row->engine, ',');
	fprintf(out, "%u,%llu,%llu,%s,", cell->channels,
		(unsigned long long)cell->folios,
		(unsigned long long)cell->batch_pages,
		data_metric[c->row->datum.metric]);
	put_real(out, c->row->datum.value);
	put_real(out, c->row->pm);
	put_text(out, c->row->flag, ',');
	put_real(out, c->predicted);
	put_real(out, c->interval[0]);
	put_real(out, c->interval[1]);
	put_real(out, c->error_pct);
	put_text(out, c->row->reason, '\n');
}

int repro_csv(FILE *out, const struct repro *r)
{
	size_t i, k;

	fputs("table,order,folio_bytes,engine,channels,folios_per_call,"
	      "batch_pages,metric,value,pm,flag,predicted,lo,hi,error_pct,"
	      "flag_reason\n", out);
	for (i = 0; i < r->n; i++)
		for (k = 0; k < r->table[i].n; k++)
			put_cell(out, &r->table[i].cell[k]);
	return 0;
}
