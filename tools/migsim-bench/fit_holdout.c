/* SPDX-License-Identifier: MIT */
/*
 * --holdout: rows that a fit does not see, by what their columns say.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "fit_command.h"
#include "options.h"

enum column {
	COLUMN_TABLE,
	COLUMN_ENGINE,
	COLUMN_METRIC,
	WORDS,		/* columns before it hold words, others numbers */
	COLUMN_ORDER = WORDS,
	COLUMN_CHANNELS,
	COLUMN_FOLIOS,
	COLUMN_BATCH,
	COLUMNS,
};

enum relation { IS, IS_NOT, AT_MOST, AT_LEAST, BELOW, ABOVE, RELATIONS };

static const char *const column_names[COLUMNS] = {
	"table", "engine", "metric", "order", "channels", "folios_per_call",
	"batch_pages",
};

/* Those of two characters before those that they begin with. */
static const struct sign {
	const char *text;
	enum relation relation;
} signs[RELATIONS] = {
	{ "!=", IS_NOT }, { "<=", AT_MOST }, { ">=", AT_LEAST }, { "=", IS },
	{ "<", BELOW }, { ">", ABOVE },
};

struct condition {
	enum column column;
	enum relation relation;
	char *values;		/* with | between */
};

static const char *word_of(const struct data_row *row, enum column c)
{
	switch (c) {
	case COLUMN_TABLE:
		return row->table;
	case COLUMN_ENGINE:
		return row->engine;
	default:
		return row->datum.metric == MIGSIM_METRIC_GIB_S ? "gib_s" :
								  "first_us";
	}
}

static uint64_t number_of(const struct data_row *row, enum column c)
{
	switch (c) {
	case COLUMN_ORDER:
		return row->datum.cell.order;
	case COLUMN_CHANNELS:
		return row->datum.cell.channels;
	case COLUMN_FOLIOS:
		return row->datum.cell.folios;
	default:
		return row->datum.cell.batch_pages;
	}
}

/* The value was checked when the condition was read. */
static bool equals(const struct data_row *row, enum column c, const char *value)
{
	uint64_t number = 0;

	if (c < WORDS)
		return !strcmp(word_of(row, c), value);
	parse_count(value, &number);
	return number_of(row, c) == number;
}

static bool is_one_of(const struct data_row *row, const struct condition *c)
{
	char value[256];
	const char *at = c->values;
	size_t n;

	for (;; at += n + 1) {
		n = strcspn(at, "|");
		snprintf(value, sizeof(value), "%.*s", (int)n, at);
		if (equals(row, c->column, value))
			return true;
		if (!at[n])
			return false;
	}
}

static bool holds(const struct data_row *row, const struct condition *c)
{
	uint64_t is, value = 0;

	if (c->relation == IS || c->relation == IS_NOT)
		return is_one_of(row, c) == (c->relation == IS);
	is = number_of(row, c->column);
	parse_count(c->values, &value);
	switch (c->relation) {
	case AT_MOST:
		return is <= value;
	case AT_LEAST:
		return is >= value;
	case BELOW:
		return is < value;
	default:
		return is > value;
	}
}

static int refuse(const char *text, const char *why)
{
	say("--holdout: '%.100s' %s", text, why);
	return EXIT_USAGE;
}

/* Every value must be one that some row has: a misspelt one holds out none. */
static int check_value(const struct fit_job *job, const struct condition *c,
		       const char *value)
{
	uint64_t number;
	size_t i;

	if (c->column >= WORDS && parse_count(value, &number)) {
		say("--holdout: '%.60s' is no number, as %s is", value,
		    column_names[c->column]);
		return EXIT_USAGE;
	}
	if (c->relation != IS && c->relation != IS_NOT)
		return 0;
	for (i = 0; i < job->data.n; i++)
		if (fit_row_counts(&job->data.row[i]) &&
		    equals(&job->data.row[i], c->column, value))
			return 0;
	say("--holdout: no row has %s %.60s", column_names[c->column], value);
	return EXIT_USAGE;
}

static int check_values(const struct fit_job *job, const struct condition *c,
			const char *text)
{
	char *copy, *rest, *value;
	int code = 0;

	if (strchr(c->values, '|') && c->relation != IS &&
	    c->relation != IS_NOT)
		return refuse(text, "has several values, which only = and != take");
	copy = rest = strdup(c->values);
	if (!copy)
		return out_of_memory();
	while (!code && (value = strsep(&rest, "|")))
		code = check_value(job, c, value);
	free(copy);
	return code;
}

static int find_column(const char *text, size_t n, struct condition *c)
{
	for (c->column = 0; c->column < COLUMNS; c->column++)
		if (strlen(column_names[c->column]) == n &&
		    !strncmp(column_names[c->column], text, n))
			return 0;
	say("--holdout: '%.*s' is no column; there are table, engine, metric, order, channels, folios_per_call and batch_pages",
	    n < 60 ? (int)n : 60, text);
	return EXIT_USAGE;
}

static int read_condition(const struct fit_job *job, char *text,
			  struct condition *c)
{
	size_t i, n = strcspn(text, "=!<>");
	int code;

	if (!text[n])
		return refuse(text, "is no condition, as channels=4 is");
	code = find_column(text, n, c);
	if (code)
		return code;
	for (i = 0; i < RELATIONS; i++)
		if (!strncmp(text + n, signs[i].text, strlen(signs[i].text)))
			break;
	if (i == RELATIONS)
		return refuse(text, "has none of = != < <= > >= behind the column");
	c->relation = signs[i].relation;
	if (c->column < WORDS && c->relation != IS && c->relation != IS_NOT)
		return refuse(text, "compares words, which only = and != do");
	c->values = text + n + strlen(signs[i].text);
	if (strpbrk(c->values, "=!<>"))
		return refuse(text, "has more than one of = != < <= > >=");
	return check_values(job, c, text);
}

/* Takes out of @in the rows for which one condition does not hold. */
static int narrow(struct fit_job *job, char *text, bool *in)
{
	struct condition c;
	size_t i;
	int code = read_condition(job, text, &c);

	for (i = 0; i < job->data.n && !code; i++)
		in[i] = in[i] && holds(&job->data.row[i], &c);
	return code;
}

static int add_rows(struct fit_job *job, const bool *in, const char *expr)
{
	bool any = false;
	size_t i;

	for (i = 0; i < job->data.n; i++) {
		job->held[i] |= in[i];
		any |= in[i];
	}
	return any ? 0 : refuse(expr, "matches no row");
}

int fit_hold_out(struct fit_job *job, const char *expr)
{
	char *copy = strdup(expr), *rest = copy, *text;
	bool *in = calloc(job->data.n + 1, sizeof(*in));
	size_t i;
	int code = copy && in ? 0 : out_of_memory();

	for (i = 0; i < job->data.n && !code; i++)
		in[i] = fit_row_counts(&job->data.row[i]);
	while (!code && (text = strsep(&rest, ",")))
		code = narrow(job, text, in);
	if (!code)
		code = add_rows(job, in, expr);
	free(copy);
	free(in);
	return code;
}
