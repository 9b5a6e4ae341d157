/* SPDX-License-Identifier: MIT */
/*
 * For a mail: a table for each folio size, and three sentences below. Of each
 * engine it has the batch, and the kinds that no other kind is better than.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench.h"
#include "recommend.h"
#include "render.h"

#define COLUMNS	7
#define WIDTH	LKML_WIDTH

static const char left_out[] =
	"Not shown: kinds that another one of the same engine equals or beats.";
static const char legend[] =
	"±: half of the 95 % interval; first us: mean first-folio latency; "
	"inacc.: p99 of inaccessible time, us; *: extrapolated; "
	"a: needs an asynchronous migrator";

static bool is_equal(const struct point *a, const struct point *b)
{
	return a && b && a->gib_s >= b->gib_s && a->gib_s <= b->gib_s &&
	       a->first_us >= b->first_us && a->first_us <= b->first_us &&
	       a->away_p99 >= b->away_p99 && a->away_p99 <= b->away_p99;
}

/* Batch is, and of equal kinds the first one. */
static bool is_shown(const struct entry *e)
{
	const struct entry *other;

	if (!strcmp(e->kind, "batch"))
		return true;
	for (other = e->group->entry; e->unbeaten && other < e; other++)
		if (other->unbeaten && is_equal(other->best, e->best))
			return false;
	return e->unbeaten;
}

/* Of one engine, channels tell: the CPU has none. */
static void add_engine(struct grid *g, const struct point *p, bool one_engine)
{
	if (one_engine && p->cpu)
		grid_add(g, "CPU");
	else if (one_engine && p->channels >= 0)
		grid_add(g, "%lld", (long long)p->channels);
	else if (p->channels > 0)
		grid_add(g, "%s x%lld", p->label, (long long)p->channels);
	else
		grid_add(g, "%s", p->label);
}

/* Half of the interval: it is about as wide to both sides. */
static void add_rate(struct grid *g, const struct point *p)
{
	char rate[FIGURE_LEN];

	grid_add(g, "%s", rate_figure(p->gib_s, rate));
	if (p->knows_interval)
		grid_add(g, "%.0f %%", 50 * (p->gib_s_ci[1] - p->gib_s_ci[0]) /
				       p->gib_s);
	else
		grid_add(g, "-");
}

static void add_row(struct grid *g, const struct entry *e, bool one_engine,
		    bool brief)
{
	const struct point *p = e->best;
	char a[FIGURE_LEN];
	size_t i;

	add_engine(g, e->group->first, one_engine);
	grid_add(g, "%s", p && !brief ? p->policy : e->kind);
	if (p) {
		add_rate(g, p);
		grid_add(g, "%s", figure(p->first_us, a));
		grid_add(g, "%s", figure(p->away_p99, a));
	}
	for (i = 0; i < 4 && !p; i++)
		grid_add(g, "-");
	grid_add(g, "%s", entry_marks(e));
}

static void fill(struct grid *grid, const struct advice *a, const char *folio,
		 bool one_engine, bool brief)
{
	static const char *const head[COLUMNS] = {
		"ch", "policy", "GiB/s", "±", "first us", "inacc.", "",
	};
	size_t i, k;

	grid_init(grid, COLUMNS, 2);
	for (i = 0; i < COLUMNS; i++)
		grid_add(grid, "%s", i || one_engine ? head[i] : "engine");
	for (i = 0; i < a->nr_groups; i++) {
		const struct group *g = &a->group[i];

		for (k = 0; k < g->n; k++)
			if (!strcmp(g->first->folio, folio) &&
			    is_shown(&g->entry[k]))
				add_row(grid, &g->entry[k], one_engine, brief);
	}
}

static bool is_one_engine(const struct advice *a)
{
	size_t i;

	for (i = 1; i < a->nr_groups; i++)
		if (strcmp(a->group[i].first->label, a->group[0].first->label))
			return false;
	return true;
}

/* Words that would make the table too wide stand below it. */
static int print_long_words(FILE *out, const struct group *g)
{
	size_t k;
	int err = 0;

	for (k = 0; k < g->n && !err; k++) {
		const struct entry *e = &g->entry[k];
		char *text = strdup("");

		if (is_shown(e) && e->best) {
			add_place(&text, g->first);
			add_words(&text, ": %s", e->best->policy);
		}
		err = print_words(out, "", text, WIDTH);
	}
	return err;
}

static int print_folio(FILE *out, const struct advice *a, const char *folio)
{
	bool one = is_one_engine(a), brief;
	struct grid grid;
	size_t i;
	int err;

	fprintf(out, "\n%s folios%s%s\n", folio, one ? ", engine " : "",
		one ? a->group[0].first->label : "");
	fill(&grid, a, folio, one, false);
	brief = grid_bytes(&grid) > WIDTH;
	if (brief) {
		grid_free(&grid);
		fill(&grid, a, folio, one, true);
	}
	err = grid_print(&grid, out);
	grid_free(&grid);
	for (i = 0; i < a->nr_groups && brief && !err; i++)
		if (!strcmp(a->group[i].first->folio, folio))
			err = print_long_words(out, &a->group[i]);
	return err;
}

static bool is_first(const struct advice *a, size_t i)
{
	size_t k = 0;

	while (strcmp(a->group[k].first->folio, a->group[i].first->folio))
		k++;
	return k == i;
}

static bool any_hidden(const struct advice *a)
{
	size_t i, k;

	for (i = 0; i < a->nr_groups; i++)
		for (k = 0; k < a->group[i].n; k++)
			if (!is_shown(&a->group[i].entry[k]))
				return true;
	return false;
}

static int print_sentences(FILE *out, const struct advice *a)
{
	int err;

	fputc('\n', out);
	err = print_words(out, "", today_sentence(a), WIDTH);
	if (!err)
		err = print_words(out, "", best_sentence(a), WIDTH);
	if (!err)
		err = print_words(out, "", doubt_sentence(a), WIDTH);
	return err;
}

int recommend_lkml(FILE *out, const struct advice *a)
{
	size_t i;
	int err = 0;

	print_advice_head(out, a, legend, WIDTH);
	if (any_hidden(a))
		print_wrapped(out, "", left_out, WIDTH);
	for (i = 0; i < a->nr_groups && !err; i++)
		if (is_first(a, i))
			err = print_folio(out, a, a->group[i].first->folio);
	if (!err)
		err = print_sentences(out, a);
	print_advice_warnings(out, a, WIDTH);
	return advice_written(out, err);
}
