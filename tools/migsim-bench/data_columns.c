/* SPDX-License-Identifier: MIT */
/*
 * What the cells of a record mean, and what of it cannot be.
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "data_record.h"
#include "options.h"
#include "real.h"

/* Of GiB/s and of us: beyond is a slip of the pen. */
#define MIN_VALUE	1e-6
#define MAX_VALUE	1e9

static const char *const names[COLUMNS] = {
	[COLUMN_TABLE] = "table",
	[COLUMN_ORDER] = "order",
	[COLUMN_ENGINE] = "engine",
	[COLUMN_CHANNELS] = "channels",
	[COLUMN_CALL] = "folios_per_call",
	[COLUMN_BATCH] = "batch_pages",
	[COLUMN_METRIC] = "metric",
	[COLUMN_VALUE] = "value",
	[COLUMN_BYTES] = "folio_bytes",
	[COLUMN_PM] = "pm",
	[COLUMN_FLAG] = "flag",
	[COLUMN_REASON] = "flag_reason",
	[COLUMN_BACKEND] = "backend",
	[COLUMN_POLICY] = "policy",
	[COLUMN_OPTIONS] = "engine_options",
	[COLUMN_BUSY] = "busy",
	[COLUMN_LOAD] = "load",
	[COLUMN_TRACE] = "trace",
};

int data_refuse(const struct data_record *r, const char *fmt, ...)
{
	char sentence[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	say("%s:%u: %s", r->file, r->line, sentence);
	return EXIT_USAGE;
}

int data_take_header(struct data_header *h, const struct data_record *r)
{
	unsigned int c;
	size_t i;

	h->n = r->n;
	if (h->n < 2)
		return data_refuse(r, "the first line names the columns, with commas between them");
	for (c = 0; c < COLUMNS; c++) {
		h->at[c] = -1;
		for (i = 0; i < r->n; i++) {
			if (strcmp(r->cell[i], names[c]))
				continue;
			if (h->at[c] >= 0)
				return data_refuse(r, "the column %s is there twice",
						   names[c]);
			h->at[c] = (int)i;
		}
		if (c < COLUMNS_NEEDED && h->at[c] < 0)
			return data_refuse(r, "the column %s is missing; the first line names the columns",
					   names[c]);
	}
	return 0;
}

const char *data_text(const struct data_record *r, enum data_column c)
{
	int at = r->header->at[c];

	return at < 0 ? "" : r->cell[at];
}

int data_take_count(const struct data_record *r, enum data_column c,
		    uint64_t min, uint64_t max, uint64_t *value)
{
	const char *word = data_text(r, c);

	if (!*word)
		return data_refuse(r, "%s is missing", names[c]);
	if (parse_count(word, value) || *value < min || *value > max)
		return data_refuse(r, "%s is a whole number from %" PRIu64
				   " to %" PRIu64 ", not %.50s", names[c], min,
				   max, word);
	return 0;
}

static int take_values(const struct data_record *r, struct data_row *row)
{
	const char *value = data_text(r, COLUMN_VALUE);
	const char *pm = data_text(r, COLUMN_PM);

	if (!*value)
		return data_refuse(r, "value is missing");
	if (!parse_real(value, &row->datum.value) || row->datum.value <= 0)
		return data_refuse(r, "value is a number above 0, not %.50s",
				   value);
	if (row->datum.value < MIN_VALUE || row->datum.value > MAX_VALUE)
		return data_refuse(r, "value is %.50s, which no machine measures: it is GiB/s or us",
				   value);
	row->pm = NAN;
	if (*pm && (!parse_real(pm, &row->pm) || row->pm < 0))
		return data_refuse(r, "pm is a standard deviation or empty, not %.50s",
				   pm);
	return 0;
}

static int grow(struct data *d)
{
	size_t room = d->room ? 2 * d->room : 256;
	struct data_row *row = realloc(d->row, room * sizeof(*row));

	if (!row)
		return out_of_memory();
	d->row = row;
	d->room = room;
	return 0;
}

/* @row gets copies of the record's words. */
static int append(struct data *d, const struct data_record *r,
		  struct data_row *row)
{
	const char *flag = data_text(r, COLUMN_FLAG);
	int rc = d->n == d->room ? grow(d) : 0;

	if (rc)
		return rc;
	row->table = strdup(data_text(r, COLUMN_TABLE));
	row->engine = strdup(data_text(r, COLUMN_ENGINE));
	row->flag = strdup(flag);
	row->reason = strdup(*flag ? data_text(r, COLUMN_REASON) : "");
	row->file = r->file;
	row->line = r->line;
	d->row[d->n++] = *row;
	return row->table && row->engine && row->flag && row->reason ?
	       0 : out_of_memory();
}

int data_take_record(struct data *d, const struct data_record *r)
{
	struct data_row row = { 0 };
	bool used;
	int rc;

	if (r->n != r->header->n)
		return data_refuse(r, "the row has %zu cells, not %zu as the first line",
				   r->n, r->header->n);
	rc = data_take_metric(r, &row.datum.metric, &used);
	if (rc || !used)
		return rc;
	if (!data_is_cell(r) || data_is_slowed(r, row.datum.metric)) {
		d->skipped++;
		return 0;
	}
	if (!*data_text(r, COLUMN_TABLE))
		return data_refuse(r, "table is missing; any word will do");
	rc = data_take_cell(r, &row.datum.cell);
	if (!rc)
		rc = take_values(r, &row);
	return rc ? rc : append(d, r, &row);
}
