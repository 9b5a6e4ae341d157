/* SPDX-License-Identifier: MIT */
/*
 * For a terminal and for a mail: of each folio size throughput, first-folio
 * latency and phases over N, and a line for each verdict. Narrow enough for
 * both; only sentences are wrapped where each wants it.
 */
#include <errno.h>
#include <math.h>

#include "render.h"
#include "validate.h"

#define WIDTH	100

static void add_figure(struct grid *g, double value, enum migsim_metric m)
{
	char buf[FIGURE_LEN];

	grid_add(g, "%s", m == MIGSIM_METRIC_GIB_S ? rate_figure(value, buf) :
						     figure(value, buf));
}

static void add_percent(struct grid *g, double value)
{
	if (isfinite(value))
		grid_add(g, "%+.*f", fabs(value) < 99.95, value);
	else
		grid_add(g, "-");
}

static void add_backend(struct grid *g, const struct result *r,
			enum migsim_metric m)
{
	const struct migsim_stats *s = r ? validate_stats(r, m) : NULL;

	add_figure(g, s ? stats_value(s, s->median) : NAN, m);
}

static void add_cell(struct grid *g, const struct validate_cell *c,
		     enum migsim_metric m)
{
	char lo[FIGURE_LEN], hi[FIGURE_LEN];

	grid_add(g, "%llu", (unsigned long long)c->pages);
	add_backend(g, validate_result(c, UFFD, m), m);
	add_backend(g, validate_result(c, KERNEL, m), m);
	add_figure(g, c->ratio[m], MIGSIM_METRIC_GIB_S);
	if (isnan(c->ratio_ci[m][0]))
		grid_add(g, "-");
	else
		grid_add(g, "[%s, %s]", rate_figure(c->ratio_ci[m][0], lo),
			 rate_figure(c->ratio_ci[m][1], hi));
	add_figure(g, c->predicted[m], m);
	add_percent(g, c->error_pct[m]);
	grid_add(g, "%s", c->held ? "*" : "");
}

static int print_metric(FILE *out, const struct validate_table *t,
			enum migsim_metric m)
{
	static const char *const heads[] = {
		"N", "uffd", "kernel", "ratio", "[95 %]", "model", "error %", "",
	};
	struct grid g;
	size_t i;
	int err;

	grid_init(&g, sizeof(heads) / sizeof(heads[0]), 0);
	for (i = 0; i < g.columns; i++)
		grid_add(&g, "%s", heads[i]);
	for (i = 0; i < t->n; i++)
		add_cell(&g, &t->cell[i], m);
	err = grid_print(&g, out);
	grid_free(&g);
	return err;
}

static void add_phases(struct grid *g, const struct validate_cell *c,
		       size_t backend)
{
	double us[2];
	bool known = validate_phases(c, backend, us);

	add_figure(g, known ? us[0] : NAN, MIGSIM_METRIC_FIRST_US);
	add_figure(g, known ? us[1] : NAN, MIGSIM_METRIC_FIRST_US);
	if (known)
		grid_add(g, "%.0f %%", 100 * us[0] / (us[0] + us[1]));
	else
		grid_add(g, "-");
}

static int print_phases(FILE *out, const struct validate_table *t)
{
	static const char *const heads[] = {
		"N", "uffd: unmap", "copy", "share", "kernel: unmap", "copy",
		"share",
	};
	struct grid g;
	size_t i;
	int err;

	grid_init(&g, sizeof(heads) / sizeof(heads[0]), 0);
	for (i = 0; i < g.columns; i++)
		grid_add(&g, "%s", heads[i]);
	for (i = 0; i < t->n; i++) {
		grid_add(&g, "%llu", (unsigned long long)t->cell[i].pages);
		add_phases(&g, &t->cell[i], UFFD);
		add_phases(&g, &t->cell[i], KERNEL);
	}
	err = grid_print(&g, out);
	grid_free(&g);
	return err;
}

static void add_verdict(struct grid *g, const struct validate_table *t,
			enum validate_metric m)
{
	const struct validate_verdict *v = &t->verdict[m];

	grid_add(g, "%s", validate_metric_name(m));
	grid_add(g, "%s", validate_agreement(v->agreement));
	grid_add(g, "%zu of %zu", v->n, v->of);
	add_figure(g, v->median_pct, MIGSIM_METRIC_FIRST_US);
	add_percent(g, v->worst_pct);
	if (v->worst_pages)
		grid_add(g, "%llu", (unsigned long long)v->worst_pages);
	else
		grid_add(g, "-");
	grid_add(g, "%.4g", v->bound_pct);
}

static void print_notes(FILE *out, const struct validate_table *t, size_t width)
{
	char text[320];
	unsigned int m;

	for (m = 0; m < VALIDATE_METRICS; m++) {
		if (!t->verdict[m].note[0])
			continue;
		snprintf(text, sizeof(text), "%s: %s",
			 validate_metric_name((enum validate_metric)m),
			 t->verdict[m].note);
		print_wrapped(out, "  ", text, width);
	}
}

static int print_verdicts(FILE *out, const struct validate_table *t,
			  size_t width)
{
	static const char *const heads[] = {
		"", "", "N", "error %", "worst", "at N", "bound",
	};
	struct grid g;
	size_t i;
	unsigned int m;
	int err;

	grid_init(&g, sizeof(heads) / sizeof(heads[0]), 2);
	for (i = 0; i < g.columns; i++)
		grid_add(&g, "%s", heads[i]);
	for (m = 0; m < VALIDATE_METRICS; m++)
		add_verdict(&g, t, (enum validate_metric)m);
	err = grid_print(&g, out);
	grid_free(&g);
	if (!err)
		print_notes(out, t, width);
	return err;
}

static void title(FILE *out, const struct validation *v,
		  const struct validate_table *t, const char *what)
{
	char folio[FIGURE_LEN];

	size_figure(MIGSIM_PAGE_SIZE << t->order, folio);
	fprintf(out, "\n%s: %s%s\n", folio, what,
		v->emulated ? " (" EMULATED ")" : "");
}

/* Of the kernel's GiB/s, what the events leave. */
static void print_trace_cost(FILE *out, const struct validate_table *t,
			     size_t width)
{
	char text[512], ratio[FIGURE_LEN];
	size_t i, at = 0;

	for (i = 0; i < t->n && at + 64 < sizeof(text); i++) {
		if (isnan(t->cell[i].trace_cost))
			continue;
		rate_figure(t->cell[i].trace_cost, ratio);
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "%s%s at N = %llu", at ? ", " :
				       "kernel traced/untraced: ", ratio,
				       (unsigned long long)t->cell[i].pages);
	}
	if (at)
		print_wrapped(out, "", text, width);
}

static int print_table(FILE *out, const struct validation *v,
		       const struct validate_table *t, size_t width)
{
	int err;

	title(out, v, t, "GiB/s over N, pages a call");
	err = print_metric(out, t, MIGSIM_METRIC_GIB_S);
	print_trace_cost(out, t, width);
	title(out, v, t, "first-folio latency, us");
	if (!err)
		err = print_metric(out, t, MIGSIM_METRIC_FIRST_US);
	title(out, v, t, "phases, us per GiB");
	if (!err)
		err = print_phases(out, t);
	title(out, v, t, "do they agree with the kernel");
	return err ? err : print_verdicts(out, t, width);
}

static const char legend[] =
	"ratio: uffd/kernel; error %: the median over N of what uffd, or the model, is off, without "
	"sign; worst: the largest; of shares and growth: points. It agrees where "
	"the 95 % interval of every N lies within the bound, differs where one "
	"lies outside. Phases: unmap has the allocation, and with uffd the flush; "
	"copy is all up to the remap; share is that of unmap.";

static int print_all(FILE *out, const struct validation *v, size_t width)
{
	size_t i;
	int err = 0;

	print_origin(out, &v->rs, width);
	validate_conditions(out, v, width);
	validate_model_words(out, v, width);
	for (i = 0; i < v->n && !err; i++)
		err = print_table(out, v, &v->table[i], width);
	fputc('\n', out);
	print_wrapped(out, "", legend, width);
	print_warnings(out, &v->rs, width);
	if (err)
		return err;
	return fflush(out) || ferror(out) ? -EIO : 0;
}

int validate_print(FILE *out, const struct validation *v)
{
	return print_all(out, v, WIDTH);
}

int validate_lkml(FILE *out, const struct validation *v)
{
	return print_all(out, v, LKML_WIDTH);
}
