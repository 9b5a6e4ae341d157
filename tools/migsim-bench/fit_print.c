/* SPDX-License-Identifier: MIT */
/*
 * What a fit found, for people.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "fit_command.h"
#include "render.h"

#define WIDTH		100
#define TOGETHER	0.95	/* correlations above it are shown */
#define BAD_FIT		0.1	/* a root mean square above it is said to be bad */

static const char *const metric_names[MIGSIM_METRICS] = {
	[MIGSIM_METRIC_GIB_S] = "gib_s",
	[MIGSIM_METRIC_FIRST_US] = "first_us",
};

static bool unknown(const struct fit_job *job, unsigned int key)
{
	return !job->fixed[key] && job->fit.informed[key] < MIGSIM_FIT_INFORMED;
}

static void add_coefficient(struct grid *g, const struct fit_job *job,
			    unsigned int key)
{
	double start = migsim_profile_value(job->start, key);
	double value = migsim_profile_value(job->profile, key);
	double se = migsim_profile_se(job->profile, key);

	grid_add(g, "%s", migsim_profile_key(key)->name);
	grid_add(g, "%s", migsim_profile_key(key)->unit);
	grid_add(g, "%.4g", value);
	if (se > 0 && value > 0)
		grid_add(g, "%.2g", 100 * se / value);
	else
		grid_add(g, "-");
	grid_add(g, "%.4g", start);
	if (job->fixed[key])
		grid_add(g, "fixed");
	else
		grid_add(g, "%+.1f", 100 * (value / start - 1));
	grid_add(g, "%s", unknown(job, key) ? "?" : "");
}

static int print_coefficients(FILE *out, const struct fit_job *job)
{
	static const char *const head[] = {
		"coefficient", "unit", "value", "s.e. %", "start", "change %",
		"",
	};
	size_t columns = sizeof(head) / sizeof(head[0]), i;
	bool any = false;
	struct grid g;
	int err;

	grid_init(&g, columns, 2);
	for (i = 0; i < columns; i++)
		grid_add(&g, "%s", head[i]);
	for (i = 0; migsim_profile_key((unsigned int)i); i++) {
		if (!migsim_profile_key((unsigned int)i)->coefficient)
			continue;
		add_coefficient(&g, job, (unsigned int)i);
		any |= unknown(job, (unsigned int)i);
	}
	fputc('\n', out);
	err = grid_print(&g, out);
	grid_free(&g);
	if (any && job->rq->prior > 0)
		fputs("? not identifiable by these data: it is where the start and --prior hold it\n",
		      out);
	else if (any)
		fputs("? not identifiable by these data, and with --prior 0 nothing holds it\n",
		      out);
	return err;
}

static void print_correlations(FILE *out, const struct fit_job *job)
{
	const struct migsim_profile_key *a, *b;
	bool any = false;
	unsigned int i, j;
	double r;

	for (i = 0; (a = migsim_profile_key(i)); i++)
		for (j = i + 1; (b = migsim_profile_key(j)); j++) {
			r = migsim_profile_correlation(job->profile, i, j);
			if (job->fixed[i] || job->fixed[j] ||
			    !(fabs(r) > TOGETHER))
				continue;
			if (!any)
				fputs("\nHardly told apart (correlation of their errors):\n",
				      out);
			any = true;
			fprintf(out, "  %s and %s %+.3f\n", a->name, b->name,
				r);
		}
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The absolute errors of one table (NULL: all) and metric; how many. */
static size_t errors_of(const struct fit_job *job, const char *table,
			enum migsim_metric metric, bool held, double *errors)
{
	const struct data_row *row;
	size_t i, n = 0;

	for (i = 0; i < job->data.n; i++) {
		row = &job->data.row[i];
		if (fit_row_counts(row) && job->held[i] == held &&
		    row->datum.metric == metric &&
		    (!table || !strcmp(row->table, table)))
			errors[n++] = 100 * fabs(job->error[i]);
	}
	qsort(errors, n, sizeof(*errors), ascending);
	return n;
}

static void add_errors(struct grid *g, const struct fit_job *job,
		       const char *table, bool held, double *errors)
{
	unsigned int m;
	double sum;
	size_t i, n;

	for (m = 0; m < MIGSIM_METRICS; m++) {
		n = errors_of(job, table, m, held, errors);
		if (!n)
			continue;
		for (i = 0, sum = 0; i < n; i++)
			sum += errors[i];
		grid_add(g, "%s", table ? table : "all");
		grid_add(g, "%s", metric_names[m]);
		grid_add(g, "%zu", n);
		grid_add(g, "%.2f", sum / (double)n);
		grid_add(g, "%.2f", (errors[(n - 1) / 2] + errors[n / 2]) / 2);
		grid_add(g, "%.2f", errors[n - 1]);
	}
}

/* Is this the first row of its table? */
static bool opens_table(const struct fit_job *job, size_t row)
{
	size_t i;

	for (i = 0; i < row; i++)
		if (!strcmp(job->data.row[i].table, job->data.row[row].table))
			return false;
	return true;
}

static int print_errors(FILE *out, const struct fit_job *job, bool held)
{
	static const char *const head[] = {
		"table", "metric", "n", "mean", "median", "max",
	};
	double *errors = calloc(job->data.n + 1, sizeof(*errors));
	size_t columns = sizeof(head) / sizeof(head[0]), tables = 0, i;
	struct grid g;
	int err;

	if (!errors)
		return -ENOMEM;
	grid_init(&g, columns, 2);
	for (i = 0; i < columns; i++)
		grid_add(&g, "%s", head[i]);
	for (i = 0; i < job->data.n; i++) {
		if (!opens_table(job, i))
			continue;
		add_errors(&g, job, job->data.row[i].table, held, errors);
		tables++;
	}
	if (tables > 1)
		add_errors(&g, job, NULL, held, errors);
	fprintf(out, "\nErrors of the %zu values that were %s, absolute %%:\n",
		held ? job->nr_held : job->nr_fitted,
		held ? "held out (the fit has not seen them)" : "fitted");
	err = grid_print(&g, out);
	grid_free(&g);
	free(errors);
	return err;
}

static void print_head(FILE *out, const struct fit_job *job)
{
	char lead[80];

	snprintf(lead, sizeof(lead), "%s: ",
		 migsim_profile_name(job->profile));
	print_wrapped(out, lead, migsim_profile_description(job->profile),
		      WIDTH);
	fprintf(out, "%zu values fitted, %zu held out, %zu flagged and left out; %u steps, rms %.2f %%\n",
		job->nr_fitted, job->nr_held, job->nr_flagged, job->fit.steps,
		100 * job->fit.rms);
	if (job->data.skipped)
		fprintf(out, "%zu rows left out: not of one folio size, of another policy than batch, copied by several threads, or the throughput of a traced kernel\n",
			job->data.skipped);
	if (job->fit.rms > BAD_FIT)
		fputs("The model does not fit these data: either they are not what the model takes them for,\nor the machine is not built as the start profile's structure says. Do not trust this profile.\n",
		      out);
	if (!job->fit.converged)
		fputs("The fit did not converge: the values below are the best that it found.\n",
		      out);
}

/* What the start knew of the rows that were held out is no prediction. */
static void print_inherited(FILE *out, const struct fit_job *job)
{
	const struct migsim_profile_key *k;
	unsigned int i, n = 0;

	for (i = 0; (k = migsim_profile_key(i)); i++) {
		if (!k->coefficient || !(job->fixed[i] || unknown(job, i)))
			continue;
		fprintf(out, "%s%s", n++ ? ", " :
			"The fitted rows do not tell these, which come from the start: ",
			k->name);
	}
	if (n)
		fprintf(out, ".\nIf %s was fitted to what is held out, these errors are no prediction.\n",
			job->rq->start);
}

int fit_print(FILE *out, const struct fit_job *job)
{
	const char *output = job->rq->output;
	int err;

	print_head(out, job);
	err = print_coefficients(out, job);
	if (err)
		return err;
	print_correlations(out, job);
	err = print_errors(out, job, false);
	if (!err && job->nr_held) {
		err = print_errors(out, job, true);
		print_inherited(out, job);
	}
	if (err)
		return err;
	/* A word without a slash or a dot would be a profile of the library. */
	fprintf(out, "\n%s is written; use it with --profile %s%s\n", output,
		strpbrk(output, "/.") ? "" : "./", output);
	return 0;
}
