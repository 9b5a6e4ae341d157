/* SPDX-License-Identifier: MIT */
/*
 * What sweeps measure and no cell of the model can say.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "data_record.h"

static bool is_batch(const char *policy)
{
	return !strncmp(policy, "batch", 5) && (!policy[5] || policy[5] == ':');
}

/* The value of the key in `name:key=value,…`; NULL: it is not there. */
static const char *option(const char *item, const char *key)
{
	const char *at = strchr(item, ':');
	size_t len = strlen(key);

	for (; at; at = strchr(at, ','))
		if (!strncmp(++at, key, len) && at[len] == '=')
			return at + len + 1;
	return NULL;
}

/* The model has one CPU that copies; its channels are those of an engine. */
static bool has_threads(const struct data_record *r)
{
	const char *threads = option(data_text(r, COLUMN_OPTIONS), "threads");

	if (strcmp(data_text(r, COLUMN_ENGINE), "mt"))
		return false;
	if (!threads)
		threads = data_text(r, COLUMN_CHANNELS);
	return strtoul(threads, NULL, 10) > 1;
}

/* Nobody else runs in the model, nor keeps its folios from it. */
static bool is_busy(const struct data_record *r)
{
	const char *busy = data_text(r, COLUMN_BUSY);

	return (*busy && strcmp(busy, "0")) || *data_text(r, COLUMN_LOAD);
}

bool data_is_cell(const struct data_record *r)
{
	const char *policy = data_text(r, COLUMN_POLICY);

	return *data_text(r, COLUMN_ORDER) && (!*policy || is_batch(policy)) &&
	       !has_threads(r) && !is_busy(r);
}

bool data_is_slowed(const struct data_record *r, enum migsim_metric m)
{
	return m == MIGSIM_METRIC_GIB_S &&
	       !strcmp(data_text(r, COLUMN_TRACE), "on");
}
