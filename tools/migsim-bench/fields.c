/* SPDX-License-Identifier: MIT */
/*
 * A result's configuration as words, and which of them differ between the
 * results: what is the same for all is said once.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "render.h"

static const char *const names[FIELDS] = {
	[FIELD_BACKEND] = "backend",
	[FIELD_ENGINE] = "engine",
	[FIELD_DRIVER] = "driver",
	[FIELD_CHANNELS] = "channels",
	[FIELD_POLICY] = "policy",
	[FIELD_PROFILE] = "profile",
	[FIELD_FOLIO] = "folio",
	[FIELD_WINDOW] = "window",
	[FIELD_TOTAL] = "total",
	[FIELD_CALL] = "folios/call",
	[FIELD_NODES] = "nodes",
	[FIELD_LAYOUT] = "layout",
	[FIELD_POOL] = "pool",
	[FIELD_MODE] = "mode",
	[FIELD_REASON] = "reason",
	[FIELD_BUSY] = "busy",
	[FIELD_LOAD] = "load",
	[FIELD_RUNS] = "runs",
	[FIELD_BATCH] = "N",
};

const char *field_name(enum field f)
{
	return names[f];
}

const char *field_text(const struct fields *fs, size_t result, enum field f)
{
	return fs->text[result * FIELDS + f];
}

static char *text_or_nothing(const char *text)
{
	return strdup(text ? text : "");
}

static char *number_or_nothing(int64_t value)
{
	char buf[FIGURE_LEN] = "";

	if (value >= 0)
		snprintf(buf, sizeof(buf), "%lld", (long long)value);
	return strdup(buf);
}

/* Without the sizes that have a column of their own. */
static char *policy_text(const struct result *r)
{
	char *text, *shorter;

	if (!r->config->policy)
		return strdup("");
	text = strdup(r->config->policy);
	if (text && r->batch_pages >= 0) {
		shorter = item_without(text, "pages");
		free(text);
		text = shorter;
	}
	if (text && r->window_pages >= 0) {
		shorter = item_without(text, "window");
		free(text);
		text = shorter;
	}
	return text;
}

static char *folio_text(const struct result *r)
{
	char buf[256];

	format_mix(&r->config->mix, buf, sizeof(buf));
	return strdup(buf);
}

static char *total_text(const struct result *r)
{
	char buf[FIGURE_LEN];

	size_figure(r->config->total, buf);
	return strdup(buf);
}

static char *nodes_text(const struct config *c)
{
	char from[16] = "any", to[16] = "local", *text;

	if (config_is_model(c))
		return strdup("");
	if (c->from >= 0)
		snprintf(from, sizeof(from), "%d", c->from);
	if (c->to >= 0)
		snprintf(to, sizeof(to), "%d", c->to);
	return asprintf(&text, "%s->%s", from, to) < 0 ? NULL : text;
}

static char *load_text(const struct config *c)
{
	char buf[LOAD_WORDS_LEN] = "";

	if (c->load.threads)
		load_format(&c->load, buf);
	return strdup(buf);
}

static char *runs_text(const struct result *r)
{
	char *text;

	if (r->nr_samples == r->config->runs)
		return number_or_nothing((int64_t)r->nr_samples);
	return asprintf(&text, "%zu of %u", r->nr_samples, r->config->runs) < 0 ?
	       NULL : text;
}

static char *make_text(const struct result *r, enum field f)
{
	const struct config *c = r->config;

	switch (f) {
	case FIELD_BACKEND:
		if (c->untraced)
			return strdup("kernel:trace=off");
		return strdup(c->backend);
	case FIELD_ENGINE:
		return text_or_nothing(c->engine);
	case FIELD_DRIVER:
		return text_or_nothing(r->driver);
	case FIELD_CHANNELS:
		return number_or_nothing(r->channels);
	case FIELD_POLICY:
		return policy_text(r);
	case FIELD_PROFILE:
		return text_or_nothing(c->profile);
	case FIELD_FOLIO:
		return folio_text(r);
	case FIELD_WINDOW:
		return number_or_nothing(r->window_pages);
	case FIELD_TOTAL:
		return total_text(r);
	case FIELD_CALL:
		return number_or_nothing(result_folios_per_call(r));
	case FIELD_NODES:
		return nodes_text(c);
	case FIELD_LAYOUT:
		return text_or_nothing(result_layout(r));
	case FIELD_POOL:
		return text_or_nothing(result_pool(r));
	case FIELD_MODE:
		return strdup(c->mode == MIGSIM_MODE_ASYNC ? "async" : "sync");
	case FIELD_REASON:
		return text_or_nothing(migsim_reason_name(c->reason));
	case FIELD_BUSY:
		return number_or_nothing(result_busy(r));
	case FIELD_LOAD:
		return load_text(c);
	case FIELD_RUNS:
		return runs_text(r);
	case FIELD_BATCH:
		return number_or_nothing(r->batch_pages);
	default:
		return NULL;
	}
}

static enum spread spread_of(const struct fields *fs, enum field f)
{
	size_t i;

	for (i = 1; i < fs->n; i++)
		if (strcmp(field_text(fs, i, f), field_text(fs, 0, f)))
			return SPREAD_VARIES;
	return SPREAD_SAME;
}

static void hide(struct fields *fs, enum field f)
{
	if (fs->spread[f] == SPREAD_VARIES)
		fs->spread[f] = SPREAD_HIDDEN;
}

/* A machine that was left alone is what everybody expects. */
static void hide_idle(struct fields *fs, const struct results *rs)
{
	size_t i;

	for (i = 0; i < rs->n; i++)
		if (rs->result[i].config->busy)
			return;
	fs->spread[FIELD_BUSY] = SPREAD_HIDDEN;
}

/* Two columns that say the same are one too many. */
static void hide_followers(struct fields *fs, const struct results *rs)
{
	bool batches = true;
	size_t i;

	if (fs->spread[FIELD_ENGINE] == SPREAD_VARIES) {
		hide(fs, FIELD_CHANNELS);
		hide(fs, FIELD_DRIVER);
	}
	/* A call that holds all of --total differs only because folios do. */
	if (fs->spread[FIELD_FOLIO] == SPREAD_VARIES) {
		for (i = 0; i < rs->n; i++)
			if (rs->result[i].config->folios_per_call)
				break;
		if (i == rs->n)
			hide(fs, FIELD_CALL);
	}
	for (i = 0; i < rs->n; i++)
		batches &= rs->result[i].batch_pages >= 0 ||
			   rs->result[i].window_pages < 0;
	if (batches)
		fs->spread[FIELD_WINDOW] = SPREAD_HIDDEN;
}

int fields_init(struct fields *fs, const struct results *rs)
{
	size_t i;
	unsigned int f;

	memset(fs, 0, sizeof(*fs));
	fs->text = calloc(rs->n * FIELDS + 1, sizeof(*fs->text));
	if (!fs->text)
		return -ENOMEM;
	fs->n = rs->n;
	for (i = 0; i < rs->n * FIELDS; i++) {
		fs->text[i] = make_text(&rs->result[i / FIELDS],
					(enum field)(i % FIELDS));
		if (!fs->text[i]) {
			fields_free(fs);
			return -ENOMEM;
		}
	}
	for (f = 0; f < FIELDS; f++)
		fs->spread[f] = spread_of(fs, (enum field)f);
	hide_followers(fs, rs);
	hide_idle(fs, rs);
	return 0;
}

void fields_free(struct fields *fs)
{
	size_t i;

	for (i = 0; fs->text && i < fs->n * FIELDS; i++)
		free(fs->text[i]);
	free(fs->text);
	fs->text = NULL;
}

char *fields_join(const struct fields *fs, size_t result, enum spread what)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	unsigned int f;

	if (!out)
		return NULL;
	for (f = 0; f < FIELDS; f++) {
		const char *word = field_text(fs, result, (enum field)f);

		if (fs->spread[f] == what && word[0])
			fprintf(out, "%s%s %s", ftell(out) ? ", " : "",
				names[f], word);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
