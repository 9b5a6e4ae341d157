/* SPDX-License-Identifier: MIT */
/*
 * For people: a table for each engine and folio size, and what to say of it.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench.h"
#include "recommend.h"
#include "render.h"

#define TABLE_WIDTH	100

static const char legend[] =
	"GiB/s and its 95 % interval; first us: mean first-folio latency; "
	"inacc. us: mean and p99 over folios; *: extrapolated; "
	"a: needs an asynchronous migrator";

const char *entry_marks(const struct entry *e)
{
	const struct migsim_policy_ops *ops = policy_named(e->kind);
	bool async = ops && strcmp(ops->kind, "today");
	const struct point *p = e->best;

	if (p && p->extrapolated)
		return async ? "a*" : "*";
	return async ? "a" : "";
}

static void add_heads(struct grid *g)
{
	static const char *const head[] = {
		"policy", "GiB/s", "[95 %]", "first us", "inacc. us", "p99", "",
	};
	size_t i;

	for (i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		grid_add(g, "%s", head[i]);
}

static void add_entry(struct grid *g, const struct entry *e)
{
	const struct point *p = e->best;
	char a[FIGURE_LEN], b[FIGURE_LEN];

	if (!p) {
		grid_add(g, "%s: none", e->kind);
		grid_add(g, "-");
		grid_add(g, "-");
		grid_add(g, "-");
		grid_add(g, "-");
		grid_add(g, "-");
		grid_add(g, "%s", entry_marks(e));
		return;
	}
	grid_add(g, "%s", p->policy);
	grid_add(g, "%s", rate_figure(p->gib_s, a));
	if (p->knows_interval)
		grid_add(g, "[%s, %s]", rate_figure(p->gib_s_ci[0], a),
			 rate_figure(p->gib_s_ci[1], b));
	else
		grid_add(g, "-");
	grid_add(g, "%s", figure(p->first_us, a));
	grid_add(g, "%s", figure(p->away_mean, a));
	grid_add(g, "%s", figure(p->away_p99, a));
	grid_add(g, "%s", entry_marks(e));
}

static int print_group(FILE *out, const struct group *g)
{
	struct grid grid;
	size_t i;
	int err;

	grid_init(&grid, 7, 1);
	add_heads(&grid);
	for (i = 0; i < g->n; i++)
		add_entry(&grid, &g->entry[i]);
	err = grid_print(&grid, out);
	grid_free(&grid);
	return err;
}

static int print_place(FILE *out, const struct group *g, size_t width)
{
	char *text = strdup("");

	add_place(&text, g->first);
	if (!text)
		return -ENOMEM;
	print_wrapped(out, "", text, width);
	free(text);
	return 0;
}

void print_advice_head(FILE *out, const struct advice *a, const char *words,
		       size_t width)
{
	fputs(a->origin, out);
	print_wrapped(out, "", a->conditions, width);
	print_emulated(out, a->emulated);
	print_wrapped(out, "", words, width);
}

int print_words(FILE *out, const char *lead, char *words, size_t width)
{
	if (!words)
		return -ENOMEM;
	if (*words)
		print_wrapped(out, lead, words, width);
	free(words);
	return 0;
}

static int print_batch(FILE *out, const struct entry *e, size_t width)
{
	char *text = strdup(""), *offload = offload_words(e);
	char *knee = knee_words(e);

	if (e->largest)
		add_words(&text, "the largest within the bounds has N = %lld; ",
			  (long long)e->largest->batch_pages);
	if (offload)
		add_words(&text, "%s; ", offload);
	add_words(&text, "%s", knee ? knee : "");
	free(offload);
	free(knee);
	return print_words(out, "batch: ", text, width);
}

static int print_notes(FILE *out, const struct group *g, size_t width)
{
	int err = print_words(out, "", strdup(g->sentence), width);
	size_t i;

	if (!err)
		err = print_words(out, "", beaten_words(g), width);
	for (i = 0; i < g->n && !err; i++) {
		const struct entry *e = &g->entry[i];

		if (!strcmp(e->kind, "batch"))
			err = print_batch(out, e, width);
		if (!err && !e->best)
			err = print_words(out, "", strdup(e->reason), width);
	}
	return err;
}

struct seen {
	const char *sentence[32];
	size_t n;
};

static bool is_new(struct seen *s, const char *sentence)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!strcmp(s->sentence[i], sentence))
			return false;
	if (s->n == 32)
		return false;
	s->sentence[s->n++] = sentence;
	return true;
}

/* Every reason for a star, once. */
static void print_extrapolations(FILE *out, const struct advice *a)
{
	struct seen seen = { .n = 0 };
	size_t i, k, w;

	for (i = 0; i < a->nr_groups; i++) {
		for (k = 0; k < a->group[i].n; k++) {
			const struct point *p = a->group[i].entry[k].best;

			for (w = 0; p && w < p->nr_why; w++) {
				if (!is_new(&seen, p->why[w]))
					continue;
				if (seen.n == 1)
					fputc('\n', out);
				print_wrapped(out, "* ", p->why[w],
					      TABLE_WIDTH);
			}
		}
	}
}

void print_advice_warnings(FILE *out, const struct advice *a, size_t width)
{
	const struct results rs = {
		.warnings = a->warnings, .nr_warnings = a->nr_warnings,
		.interrupted = a->interrupted,
	};

	if (rs.interrupted || rs.nr_warnings)
		fputc('\n', out);
	print_warnings(out, &rs, width);
}

int advice_written(FILE *out, int err)
{
	if (err)
		return err;
	return fflush(out) || ferror(out) ? -EIO : 0;
}

int recommend_table(FILE *out, const struct advice *a)
{
	size_t i;
	int err = 0;

	print_advice_head(out, a, legend, TABLE_WIDTH);
	for (i = 0; i < a->nr_groups && !err; i++) {
		const struct group *g = &a->group[i];

		fputc('\n', out);
		err = print_place(out, g, TABLE_WIDTH);
		if (!err)
			err = print_group(out, g);
		if (!err)
			err = print_notes(out, g, TABLE_WIDTH);
	}
	print_extrapolations(out, a);
	print_advice_warnings(out, a, TABLE_WIDTH);
	return advice_written(out, err);
}
