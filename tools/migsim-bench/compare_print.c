/* SPDX-License-Identifier: MIT */
/*
 * What a comparison found, for people.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "render.h"

#define WIDTH		100
#define CHANCE		20	/* one test of so many errs at p < 0.05 */

/* Do the pairs differ in this key? */
static bool key_varies(const struct comparison *cmp, const char *key)
{
	const struct pairs *p = &cmp->pairs;
	size_t i;

	for (i = 1; i < p->n; i++)
		if (!json_equal(config_value(p->pair[i].a, key),
				config_value(p->pair[0].a, key)))
			return true;
	return false;
}

static void put_value(FILE *out, const json_t *v)
{
	if (json_is_string(v))
		fputs(json_string_value(v), out);
	else
		json_dumpf(v, out, JSON_ENCODE_ANY | JSON_COMPACT);
}

/* "key value, …": the keys in which the pairs are, or are not, all alike. */
static char *config_words(const struct comparison *cmp, size_t pair,
			  bool varying)
{
	const json_t *r = cmp->pairs.pair[pair].a;
	char *text = NULL;
	const char *key;
	size_t len = 0;
	json_t *v;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	json_object_foreach(json_object_get(r, "config"), key, v) {
		if (!config_key_counts(key) || json_is_null(v) ||
		    key_varies(cmp, key) != varying)
			continue;
		fprintf(out, "%s%s ", ftell(out) ? ", " : "", key);
		put_value(out, v);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static void print_differences(FILE *out, const struct pair *p)
{
	json_t *o = config_differences(p), *v;
	const char *key;

	json_object_foreach(o, key, v) {
		fprintf(out, "differs: %s: A ", key);
		put_value(out, json_array_get(v, 0));
		fputs(", B ", out);
		put_value(out, json_array_get(v, 1));
		fputc('\n', out);
	}
	json_decref(o);
}

/* What spoiled a side spoils the verdict. */
static void print_doubts(FILE *out, const struct side *s)
{
	const json_t *all = json_object_get(s->doc, "warnings"), *one;
	size_t i;

	json_array_foreach(all, i, one)
		if (json_is_string(one))
			print_wrapped(out, "   warning: ",
				      json_string_value(one), WIDTH);
}

static void print_side(FILE *out, const char *lead, const struct side *s,
		       size_t alone)
{
	const json_t *si = json_object_get(s->doc, "sysinfo");
	const json_t *kernel = json_object_get(si, "kernel");
	const json_t *cpu = json_object_get(si, "cpu");
	size_t n = json_array_size(s->results);
	size_t warnings = json_array_size(json_object_get(s->doc, "warnings"));
	char *text;

	if (asprintf(&text, "%s: %zu result%s, %zu of them without a twin; Linux %s, %s; %zu warning%s%s",
		     s->path, n, n == 1 ? "" : "s", alone,
		     json_is_string(kernel) ? json_string_value(kernel) : "?",
		     json_is_string(cpu) ? json_string_value(cpu) : "?",
		     warnings, warnings == 1 ? "" : "s",
		     json_is_true(json_object_get(s->doc, "interrupted")) ?
			     "; interrupted" : "") < 0)
		return;
	print_wrapped(out, lead, text, WIDTH);
	free(text);
	print_doubts(out, s);
	print_emulated(out, s->emulated);
}

static void add_signed(struct grid *g, double value)
{
	char buf[FIGURE_LEN];

	grid_add(g, "%s%s", value > 0 ? "+" : "", figure(value, buf));
}

static void add_test(struct grid *g, const struct finding *f)
{
	char lo[FIGURE_LEN], hi[FIGURE_LEN];

	if (!f->tested) {
		grid_add(g, "-");
		grid_add(g, "-");
		grid_add(g, "-");
		return;
	}
	grid_add(g, "[%s%s, %s%s]", f->c.ci95[0] > 0 ? "+" : "",
		 figure(f->c.ci95[0], lo), f->c.ci95[1] > 0 ? "+" : "",
		 figure(f->c.ci95[1], hi));
	if (f->c.p < 0.001)
		grid_add(g, "<0.001");
	else
		grid_add(g, "%.3f", f->c.p);
	grid_add(g, "%+.2f", f->c.effect);
}

static void add_finding(struct grid *g, const struct finding *f)
{
	bool known = finding_measured(f);
	char buf[FIGURE_LEN];

	grid_add(g, "%s", f->metric->title);
	grid_add(g, "%s", figure(known ? f->median_a : NAN, buf));
	grid_add(g, "%s", figure(known ? f->median_b : NAN, buf));
	add_signed(g, known ? f->c.difference : NAN);
	add_test(g, f);
	if (known && f->c.ratio > 0)
		grid_add(g, "%.3f", f->c.ratio);
	else
		grid_add(g, "-");
	grid_add(g, "%zu/%zu", f->na, f->nb);
	grid_add(g, "%s", verdict_words(f->verdict));
}

static int print_pair(FILE *out, const struct comparison *cmp, size_t i)
{
	static const char *const head[] = {
		"", "A", "B", "B-A", "[95 %]", "p", "delta", "B/A", "runs",
		"verdict",
	};
	struct grid g;
	size_t m;
	int err;

	grid_init(&g, sizeof(head) / sizeof(head[0]), 1);
	for (m = 0; m < sizeof(head) / sizeof(head[0]); m++)
		grid_add(&g, "%s", head[m]);
	for (m = 0; m < METRICS; m++)
		if (cmp->wanted[m])
			add_finding(&g, finding_of(cmp, i, m));
	err = grid_print(&g, out);
	grid_free(&g);
	return err;
}

/* Many tests at 5 % find something by chance. */
static void print_chance(FILE *out, const struct comparison *cmp)
{
	size_t i, tests = 0;

	for (i = 0; i < cmp->pairs.n * METRICS; i++)
		tests += cmp->wanted[i % METRICS] && cmp->finding[i].tested;
	if (tests >= CHANCE)
		fprintf(out, "\n%zu tests at p < 0.05: about %zu would show a difference by chance alone.\n",
			tests, tests / CHANCE);
}

static int print_words(FILE *out, const struct comparison *cmp, size_t pair,
		       bool varying)
{
	char *words = config_words(cmp, pair, varying);

	if (!words)
		return -ENOMEM;
	if (words[0])
		print_wrapped(out, "", words, WIDTH);
	free(words);
	return 0;
}

int compare_print_table(FILE *out, const struct comparison *cmp)
{
	size_t i;
	int err;

	print_side(out, "A: ", &cmp->a, cmp->pairs.alone_a);
	print_side(out, "B: ", &cmp->b, cmp->pairs.alone_b);
	fputs("Medians over runs; delta is Cliff's, p is of a two-sided Mann-Whitney test.\n",
	      out);
	err = print_words(out, cmp, 0, false);
	if (cmp->pairs.differ)
		print_differences(out, &cmp->pairs.pair[0]);
	for (i = 0; i < cmp->pairs.n && !err; i++) {
		fputc('\n', out);
		print_emulated(out, cmp->a.emulated || cmp->b.emulated);
		err = print_words(out, cmp, i, true);
		if (!err)
			err = print_pair(out, cmp, i);
	}
	print_chance(out, cmp);
	if (err)
		return err;
	return fflush(out) || ferror(out) ? -EIO : 0;
}
