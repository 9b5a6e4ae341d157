/* SPDX-License-Identifier: MIT */
/*
 * Long form, one value a row, the columns of the published data first: what
 * both backends measured, their ratio, what the model says, and the verdicts.
 */
#include <errno.h>
#include <math.h>

#include "bench.h"
#include "data.h"
#include "render.h"
#include "validate.h"

static const char header[] =
	"table,order,folio_bytes,engine,channels,folios_per_call,batch_pages,"
	"metric,value,pm,flag,backend,lo,hi,held_out,error_pct,bound_pct,"
	"verdict,note,trace\n";

static void put_number(FILE *out, double value)
{
	if (isfinite(value))
		fprintf(out, "%.9g", value);
	fputc(',', out);
}

/* @c NULL: of all N. */
static void put_head(FILE *out, const struct validate_table *t,
		     const struct validate_cell *c, const char *metric)
{
	fprintf(out, "validate,%u,%llu,cpu,0,", t->order,
		(unsigned long long)(MIGSIM_PAGE_SIZE << t->order));
	if (c)
		fprintf(out, "%llu", (unsigned long long)c->folios);
	fprintf(out, ",%d,%s,", VALIDATE_BATCH, metric);
}

static const char *flag(const struct validation *v)
{
	return v->emulated ? EMULATED : "";
}

struct row {
	const char *metric, *backend;
	double value, pm, ci[2], error;
	const char *trace;	/* on, off; NULL: not the kernel's own */
};

static void put_row(FILE *out, const struct validation *v,
		    const struct validate_table *t,
		    const struct validate_cell *c, const struct row *r)
{
	if (!isfinite(r->value))
		return;
	put_head(out, t, c, r->metric);
	put_number(out, r->value);
	put_number(out, r->pm);
	fprintf(out, "\"%s\",%s,", flag(v), r->backend);
	put_number(out, r->ci[0]);
	put_number(out, r->ci[1]);
	fprintf(out, "%d,", c->held);
	put_number(out, r->error);
	fprintf(out, ",,,%s\n", r->trace ? r->trace : "");
}

/* @r NULL: was not run */
static void put_backend(FILE *out, const struct validation *v,
			const struct validate_table *t,
			const struct validate_cell *c, const struct result *r,
			enum migsim_metric m)
{
	const struct migsim_stats *s;

	if (!r || !validate_stats(r, m)->n)
		return;
	s = validate_stats(r, m);
	put_row(out, v, t, c, &(struct row){
		data_metric[m], r->config->backend, s->median,
		s->n > 1 ? s->sd : NAN, { s->ci95[0], s->ci95[1] },
		NAN, trace_word(r) });
}

static void put_metric(FILE *out, const struct validation *v,
		       const struct validate_table *t,
		       const struct validate_cell *c, enum migsim_metric m)
{
	struct row r = { data_metric[m], "uffd/kernel", c->ratio[m], NAN,
			 { c->ratio_ci[m][0], c->ratio_ci[m][1] }, NAN, NULL };
	size_t b;

	for (b = 0; b < BACKENDS; b++)
		put_backend(out, v, t, c, c->of[b], m);
	put_backend(out, v, t, c, c->traced, m);
	r.metric = m == MIGSIM_METRIC_GIB_S ? "gib_s_ratio" : "first_us_ratio";
	put_row(out, v, t, c, &r);
	put_row(out, v, t, c, &(struct row){
		data_metric[m], "model", c->predicted[m], NAN,
		{ c->predicted_ci[m][0], c->predicted_ci[m][1] },
		c->error_pct[m], NULL });
}

static void put_phases(FILE *out, const struct validation *v,
		       const struct validate_table *t,
		       const struct validate_cell *c)
{
	static const char *const names[] = {
		"phase_unmap_us_per_gib", "phase_copy_us_per_gib",
	};
	double us[2];
	size_t b, i;

	for (b = 0; b < BACKENDS; b++)
		for (i = 0; i < 2 && validate_phases(c, b, us); i++)
			put_row(out, v, t, c, &(struct row){
				names[i], validate_backend[b], us[i], NAN,
				{ NAN, NAN }, NAN,
				trace_word(validate_result(c, b,
						MIGSIM_METRIC_FIRST_US)) });
}

/* A note holds no quotation mark. */
static void put_verdict(FILE *out, const struct validation *v,
			const struct validate_table *t, unsigned int m)
{
	const struct validate_verdict *d = &t->verdict[m];
	char metric[64];

	snprintf(metric, sizeof(metric), "%s_error_worst_pct",
		 validate_metric_key((enum validate_metric)m));
	put_head(out, t, NULL, metric);
	put_number(out, d->worst_pct);
	fprintf(out, ",\"%s\",,,,,", flag(v));
	put_number(out, d->median_pct);
	put_number(out, d->bound_pct);
	fprintf(out, "%s,\"%s\",\n", validate_agreement_key(d->agreement),
		d->note);
}

int validate_csv(FILE *out, const struct validation *v)
{
	size_t i, k;
	unsigned int m;

	fputs(header, out);
	for (i = 0; i < v->n; i++) {
		const struct validate_table *t = &v->table[i];

		for (k = 0; k < t->n; k++) {
			for (m = 0; m < MIGSIM_METRICS; m++)
				put_metric(out, v, t, &t->cell[k],
					   (enum migsim_metric)m);
			put_phases(out, v, t, &t->cell[k]);
		}
		for (m = 0; m < VALIDATE_METRICS; m++)
			put_verdict(out, v, t, m);
	}
	return fflush(out) || ferror(out) ? -EIO : 0;
}
