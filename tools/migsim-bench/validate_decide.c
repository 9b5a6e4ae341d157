/* SPDX-License-Identifier: MIT */
/*
 * A verdict from errors, their intervals and a bound. Agreement is shown, not
 * assumed: an interval that reaches over the bound decides nothing.
 */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "validate.h"

void validate_note(struct validate_verdict *v, const char *fmt, ...)
{
	size_t at = strlen(v->note);
	va_list ap;

	if (at && at + 2 < sizeof(v->note)) {
		memcpy(v->note + at, "; ", sizeof("; "));
		at += 2;
	}
	va_start(ap, fmt);
	vsnprintf(v->note + at, sizeof(v->note) - at, fmt, ap);
	va_end(ap);
}

static int by_size(const void *a, const void *b)
{
	const struct validate_error *x = a, *y = b;
	double p = fabs(x->pct), q = fabs(y->pct);

	if (p > q || p < q)
		return p > q ? 1 : -1;
	return (x->pages > y->pages) - (x->pages < y->pages);
}

static bool is_within(const struct validate_error *e, double bound)
{
	return e->ci[0] >= -bound && e->ci[1] <= bound;
}

static bool is_outside(const struct validate_error *e, double bound)
{
	return e->ci[0] > bound || e->ci[1] < -bound;
}

static void note_open(struct validate_verdict *v,
		      const struct validate_error *e)
{
	if (e->pages)
		validate_note(v, "the interval at N = %llu, [%.3g, %.3g] %%, reaches over the bound",
			      (unsigned long long)e->pages, e->ci[0], e->ci[1]);
	else
		validate_note(v, "the interval, [%.3g, %.3g] %%, reaches over the bound",
			      e->ci[0], e->ci[1]);
}

void validate_decide(struct validate_verdict *v, struct validate_error *e,
		     size_t n, size_t of)
{
	const struct validate_error *open = NULL;
	bool outside = false;
	size_t i;

	v->n = n;
	v->of = of;
	v->agreement = NOT_MEASURED;
	v->median_pct = v->worst_pct = NAN;
	v->worst_pages = 0;
	if (!n)
		return;
	qsort(e, n, sizeof(*e), by_size);
	v->median_pct = (fabs(e[(n - 1) / 2].pct) + fabs(e[n / 2].pct)) / 2;
	v->worst_pct = e[n - 1].pct;
	v->worst_pages = e[n - 1].pages;
	for (i = 0; i < n; i++) {
		if (is_outside(&e[i], v->bound_pct))
			outside = true;
		else if (!is_within(&e[i], v->bound_pct))
			open = &e[i];
	}
	v->agreement = outside ? DIFFERS : open ? NOT_DECIDED : AGREES;
	if (v->agreement == NOT_DECIDED)
		note_open(v, open);
}

void validate_doubt(struct validate_verdict *v, bool when, const char *why)
{
	if (!when || v->agreement == NOT_MEASURED)
		return;
	v->agreement = NOT_DECIDED;
	v->note[0] = '\0';
	validate_note(v, "%s", why);
}

const char *validate_why_none(const struct validate_table *t)
{
	bool both = false, uffd = false;
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct validate_cell *c = &t->cell[i];

		both |= c->of[UFFD] && (c->of[KERNEL] || c->traced);
		uffd |= c->of[UFFD] && c->of[UFFD]->sum.space_sees;
	}
	if (!both)
		return "no N was run by both backends";
	return uffd ? t->unseen : "backend uffd saw no folio";
}
