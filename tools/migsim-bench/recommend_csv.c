/* SPDX-License-Identifier: MIT */
/*
 * Every candidate, a row each, to be plotted; what is recommended and what
 * stands on the Pareto front is marked. Role `cpu` is what offloading is
 * compared with, `sought` the largest batch within the bounds.
 */
#include <errno.h>
#include <math.h>

#include "bench.h"
#include "recommend.h"

static const char header[] =
	"folio,order,engine,channels,kind,policy,batch_pages,window_pages,"
	"gib_s,gib_s_lo,gib_s_hi,first_us,first_lo_us,first_hi_us,"
	"first_p99_us,inaccessible_mean_us,inaccessible_p99_us,"
	"inaccessible_max_us,cpu_caller_s_per_gib,cpu_helpers_s_per_gib,"
	"extrapolated,within_bounds,pareto,best,fits_today,role\n";

/* Words of policies hold commas. */
static void put_text(FILE *out, const char *text)
{
	bool quoted = text[strcspn(text, ",\"\r\n")];

	if (quoted)
		fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputs(quoted ? "\"," : ",", out);
}

static void put_number(FILE *out, double value, bool known)
{
	if (known && isfinite(value))
		fprintf(out, "%.9g", value);
	fputc(',', out);
}

static void put_count(FILE *out, int64_t value)
{
	if (value >= 0)
		fprintf(out, "%lld", (long long)value);
	fputc(',', out);
}

static bool is_best(const struct advice *a, const struct point *p)
{
	size_t i, k;

	for (i = 0; i < a->nr_groups; i++)
		for (k = 0; k < a->group[i].n; k++)
			if (a->group[i].entry[k].best == p)
				return true;
	return false;
}

static void put_point(FILE *out, const struct advice *a, const struct point *p)
{
	put_text(out, p->folio);
	put_count(out, p->order);
	put_text(out, p->label);
	put_count(out, p->channels);
	put_text(out, p->kind);
	put_text(out, p->policy);
	put_count(out, p->batch_pages);
	put_count(out, p->window_pages);
	put_number(out, p->gib_s, true);
	put_number(out, p->gib_s_ci[0], p->knows_interval);
	put_number(out, p->gib_s_ci[1], p->knows_interval);
	put_number(out, p->first_us, true);
	put_number(out, p->first_ci[0], p->knows_interval);
	put_number(out, p->first_ci[1], p->knows_interval);
	put_number(out, p->first_p99, true);
	put_number(out, p->away_mean, true);
	put_number(out, p->away_p99, true);
	put_number(out, p->away_max, true);
	put_number(out, p->caller_cpu, true);
	put_number(out, p->helper_cpu, true);
	put_count(out, p->extrapolated);
	fprintf(out, "%d,%d,%d,", p->meets, p->pareto, is_best(a, p));
	put_count(out, p->today);
	fprintf(out, "%s\n", p->only_cpu ? "cpu" : p->sought ? "sought" :
			     "candidate");
}

int recommend_csv(FILE *out, const struct advice *a)
{
	size_t i;

	fputs(header, out);
	for (i = 0; i < a->n; i++)
		put_point(out, a, a->point[i]);
	return fflush(out) || ferror(out) ? -EIO : 0;
}
