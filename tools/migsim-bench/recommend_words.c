/* SPDX-License-Identifier: MIT */
/*
 * Why something is recommended of its kind, or is not: sentences.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "bench.h"
#include "recommend.h"
#include "render.h"

/* Appends to a text that grows; NULL stays NULL once memory has run out. */
void add_words(char **text, const char *fmt, ...)
{
	char *more = NULL, *all = NULL;
	va_list ap;

	if (!*text)
		return;
	va_start(ap, fmt);
	if (vasprintf(&more, fmt, ap) < 0)
		more = NULL;
	va_end(ap);
	if (more && asprintf(&all, "%s%s", *text, more) < 0)
		all = NULL;
	free(more);
	free(*text);
	*text = all;
}

/* "58.73 GiB/s [56.08, 61.50], first folio after 470 us" */
void add_figures(char **text, const struct point *p)
{
	char rate[FIGURE_LEN], lo[FIGURE_LEN], hi[FIGURE_LEN], us[FIGURE_LEN];

	add_words(text, "%s GiB/s", rate_figure(p->gib_s, rate));
	if (p->knows_interval)
		add_words(text, " [%s, %s]", rate_figure(p->gib_s_ci[0], lo),
			  rate_figure(p->gib_s_ci[1], hi));
	add_words(text, ", first folio after %s us", figure(p->first_us, us));
}

void add_bounds(char **text, const struct bounds *b)
{
	add_words(text, "the first folio within %g us", b->first_us);
	if (isfinite(b->away_us))
		add_words(text, " and the p99 of inaccessible time within %g us",
			  b->away_us);
}

static void add_beyond(char **text, const struct entry *e)
{
	const struct point *p = e->beyond;
	char rate[FIGURE_LEN], first[FIGURE_LEN], away[FIGURE_LEN];

	if (p)
		add_words(text, "; %s has %s GiB/s, but its first folio comes after %s us (inaccessible p99 %s us)",
			  p->policy, rate_figure(p->gib_s, rate),
			  figure(p->first_us, first),
			  figure(p->away_p99, away));
}

static void add_choice(char **text, const struct entry *e)
{
	char rate[FIGURE_LEN], us[FIGURE_LEN];

	if (e->met == 1)
		add_words(text, ", this one");
	else if (e->best == e->fastest)
		add_words(text, ", this one with the most GiB/s");
	else
		add_words(text, "; this one has the least latency of those that are as good as the fastest, %s (%s GiB/s, %s us)",
			  e->fastest->policy,
			  rate_figure(e->fastest->gib_s, rate),
			  figure(e->fastest->first_us, us));
}

int entry_words(const struct advice *a, struct entry *e)
{
	const struct point *least = e->point[0];
	char *text = strdup("");
	char us[FIGURE_LEN], away[FIGURE_LEN];

	if (e->best) {
		add_words(&text, "%zu of %zu candidates keep%s ", e->met, e->n,
			  e->met == 1 ? "s" : "");
		add_bounds(&text, &a->bounds);
		add_choice(&text, e);
		add_beyond(&text, e);
	} else {
		add_words(&text, "none of %zu candidates keeps ", e->n);
		add_bounds(&text, &a->bounds);
		add_words(&text, "; the least is %s us (inaccessible p99 %s us) with %s",
			  figure(least->first_us, us),
			  figure(least->away_p99, away), least->policy);
	}
	e->reason = text;
	return text ? 0 : -ENOMEM;
}

char *offload_words(const struct entry *e)
{
	char *text = strdup("");

	if (e->point[0]->cpu || strcmp(e->kind, "batch")) {
		free(text);
		return NULL;
	}
	if (e->pays)
		add_words(&text, "N = %lld is the smallest at which offloading pays",
			  (long long)e->pays->batch_pages);
	else if (e->has_cpu || e->has_inline)
		add_words(&text, "offloading pays at no N: at none is it faster than the CPU beyond the interval without a later first folio");
	else
		add_words(&text, "no result of the CPU at the same N, on this machine and under these conditions, tells whether offloading pays");
	if (e->has_cpu != e->has_inline)
		add_words(&text, " (the CPU with copy=%s alone was looked at)",
			  e->has_inline ? "inline" : "batch");
	return text;
}

static void add_knee(char **text, const struct knee *k, enum knee_kind kind)
{
	if (!k->at)
		add_words(text, "%s none", knee_word(kind));
	else if (k->from)
		add_words(text, "%s between %s and %s (not told apart)",
			  knee_word(kind), k->from->policy, k->at->policy);
	else
		add_words(text, "%s %s", knee_word(kind), k->at->policy);
}

static bool any_knee(const struct entry *e)
{
	unsigned int i;

	for (i = 0; i < KNEES; i++)
		if (e->knee[i].at)
			return true;
	return false;
}

char *knee_words(const struct entry *e)
{
	char *text = strdup("");
	unsigned int i;

	if (!any_knee(e)) {
		add_words(&text, "no knee: too few points, or the slowest cannot be told apart from the fastest");
		return text;
	}
	add_words(&text, "knee, %s: ", e->knees_agree ? "the criteria agree" :
						   "the criteria disagree");
	for (i = 0; i < KNEES; i++) {
		add_words(&text, "%s", i ? ", " : "");
		add_knee(&text, &e->knee[i], (enum knee_kind)i);
	}
	return text;
}
