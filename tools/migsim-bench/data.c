/* SPDX-License-Identifier: MIT */
/*
 * CSV files become records. libcsv knows the quoting but no lines: so the
 * lines pass through here, one at a time. Those that begin with # are remarks.
 */
#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "data_record.h"
#include "options.h"

#define MAX_LINE	65536
#define MAX_CELLS	256

struct reader {
	struct data *data;
	struct data_header header;
	bool has_header;
	struct data_record record;
	char *cell[MAX_CELLS];
	bool open;		/* a quote began on an earlier line */
	bool ended;		/* a record ended on this line */
	unsigned int line;
	int rc;			/* of the first error, which was said */
	char text[MAX_LINE];
};

static void refuse(struct reader *r, unsigned int line, const char *sentence)
{
	if (!r->rc) {
		say("%s:%u: %s", r->record.file, line, sentence);
		r->rc = EXIT_USAGE;
	}
}

static void free_cells(struct reader *r)
{
	while (r->record.n)
		free(r->cell[--r->record.n]);
}

/* libcsv: a cell ended. It is NULL when it is empty. */
static void take_cell(void *text, size_t len, void *arg)
{
	struct reader *r = arg;
	char *copy;

	if (r->rc)
		return;
	if (r->record.n == MAX_CELLS) {
		refuse(r, r->record.line, "the row has more than 256 cells");
		return;
	}
	copy = strndup(text ? text : "", len);
	if (!copy) {
		r->rc = out_of_memory();
		return;
	}
	r->cell[r->record.n++] = copy;
}

/* libcsv: a record ended. */
static void take_record(int terminator, void *arg)
{
	struct reader *r = arg;

	(void)terminator;
	r->ended = true;
	if (!r->rc) {
		if (r->has_header)
			r->rc = data_take_record(r->data, &r->record);
		else
			r->rc = data_take_header(&r->header, &r->record);
		r->has_header = true;
	}
	free_cells(r);
}

/* Bytes of the next line with its end; 0: there is none, or it is refused. */
static size_t next_line(struct reader *r, FILE *file)
{
	size_t len = 0;
	int c;

	while ((c = getc(file)) != EOF) {
		r->line += !len;
		if (!c) {
			refuse(r, r->line, "this is not a text file");
			return 0;
		}
		if (len == MAX_LINE) {
			refuse(r, r->line, "the line is too long");
			return 0;
		}
		r->text[len++] = (char)c;
		if (c == '\n')
			break;
	}
	return len;
}

static bool is_blank(const char *text, size_t len)
{
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	return !len;
}

static void refuse_csv(struct reader *r, struct csv_parser *csv)
{
	if (csv_error(csv) == CSV_EPARSE)
		refuse(r, r->line, "a quote is out of place: a cell that holds one stands in quotes, and the quote in it is doubled");
	else if (!r->rc)
		r->rc = out_of_memory();
}

static void parse_line(struct reader *r, struct csv_parser *csv, size_t len)
{
	static const char bom[] = "\xef\xbb\xbf";
	const char *text = r->text;

	if (r->line == 1 && len >= 3 && !memcmp(text, bom, 3)) {
		text += 3;
		len -= 3;
	}
	if (!r->open) {
		if (*text == '#')
			return;
		r->record.line = r->line;
	}
	r->ended = false;
	if (csv_parse(csv, text, len, take_cell, take_record, r) != len)
		refuse_csv(r, csv);
	r->open = !r->ended && (r->open || !is_blank(text, len));
}

static void parse(struct reader *r, FILE *file)
{
	struct csv_parser csv;
	size_t len;

	if (csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI)) {
		r->rc = out_of_memory();
		return;
	}
	while (!r->rc && (len = next_line(r, file)))
		parse_line(r, &csv, len);
	if (!r->rc && ferror(file)) {
		say("%s cannot be read: %s", r->record.file, strerror(errno));
		r->rc = EXIT_USAGE;
	}
	if (!r->rc && csv_fini(&csv, take_cell, take_record, r))
		refuse(r, r->record.line, "a quote is opened here and never closed");
	csv_free(&csv);
	free_cells(r);
}

static int read_stream(struct data *d, const char *path, FILE *file)
{
	struct reader *r = calloc(1, sizeof(*r));
	size_t before = d->n, skipped = d->skipped;
	int rc;

	if (!r)
		return out_of_memory();
	r->data = d;
	r->record = (struct data_record){
		.file = path, .header = &r->header, .cell = r->cell,
	};
	parse(r, file);
	if (!r->has_header)
		refuse(r, 1, "the file is empty; it begins with a line of column names");
	else if (d->n == before && d->skipped > skipped)
		refuse(r, r->line, "the file ends without a row that the model can say: of one folio size, policy batch, one CPU that copies or channels, nothing else running, and no throughput of a traced kernel");
	else if (d->n == before)
		refuse(r, r->line, "the file ends without a gib_s or first_us");
	rc = r->rc;
	free(r);
	return rc;
}

int data_read(struct data *d, const char *path)
{
	FILE *file = fopen(path, "re");
	int rc;

	if (!file) {
		say("%s cannot be opened: %s", path, strerror(errno));
		return EXIT_USAGE;
	}
	rc = read_stream(d, path, file);
	fclose(file);
	return rc;
}

int data_read_published(struct data *d)
{
	/* Reading changes nothing. */
	FILE *file = fmemopen((void *)published_csv, published_csv_len, "r");
	int rc;

	if (!file)
		return out_of_memory();
	rc = read_stream(d, "published.csv", file);
	fclose(file);
	return rc;
}

void data_free(struct data *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		free(d->row[i].table);
		free(d->row[i].engine);
		free(d->row[i].flag);
		free(d->row[i].reason);
	}
	free(d->row);
	*d = (struct data){ 0 };
}
