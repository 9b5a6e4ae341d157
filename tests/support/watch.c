/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "watch.h"

/* A copy that was taken and has not ended, by its cookie. */
struct passing {
	uint64_t call;		/* in which it was taken */
	uint64_t cookie;
	uint64_t len;
	uint32_t folio;
	uint32_t group;
	bool ended;
};

#define TABLE	(1u << 15)
#define FOLIOS	4096
#define LOST	(1u << 16)

static const struct migsim_engine_ops *error_ops;

static struct {
	struct migsim_folio *folios;
	size_t n, hint;
	uint64_t call;
	uint32_t group[FOLIOS];		/* of the last try */
	uint64_t good_bytes[FOLIOS];	/* of it, completed without an error */
	bool tried[FOLIOS], stuck_now[FOLIOS];
	uint32_t stuck[FOLIOS];		/* tries that ended so */
	uint64_t taken, unknown, cancelled;
	bool dead;			/* not asked any more, calls to come too */
} seen;

static struct passing table[TABLE];
static uint64_t lost[LOST];
static size_t nr_lost;

/* The copy of this cookie, or where it would stand. */
static struct passing *find(uint64_t cookie)
{
	uint64_t at = cookie * 0x9e3779b97f4a7c15ull >> 49;

	while (table[at].call == seen.call && table[at].cookie != cookie)
		at = (at + 1) % TABLE;
	return &table[at];
}

static uint32_t folio_of(const struct migsim_copy *c)
{
	uint64_t dst = (uint64_t)(uintptr_t)c->dst;
	const struct migsim_folio *f;
	size_t i;

	for (i = 0; i < seen.n; i++, seen.hint++) {
		f = &seen.folios[seen.hint % seen.n];
		if (f->state == MIGSIM_FOLIO_UNMAPPED && dst >= f->dst &&
		    dst + c->len <= f->dst + migsim_folio_bytes(f))
			return (uint32_t)(f - seen.folios);
	}
	fail_msg("a copy to no folio's target");
	return 0;
}

/* In sync mode a folio may be tried once more, as a group of its own. */
static void look_at_try(const struct passing *p)
{
	if (seen.tried[p->folio] && seen.group[p->folio] == p->group)
		return;
	seen.tried[p->folio] = true;
	seen.group[p->folio] = p->group;
	seen.good_bytes[p->folio] = 0;
	seen.stuck_now[p->folio] = false;
}

static int submit(void *priv, const struct migsim_copy *copies, uint32_t n)
{
	int i, took = error_ops->submit(priv, copies, n);
	struct passing *p;

	assert_false(seen.dead);
	for (i = 0; i < took; i++) {
		p = find(copies[i].cookie);
		*p = (struct passing){
			.call = seen.call, .cookie = copies[i].cookie,
			.len = copies[i].len, .group = copies[i].group,
			.folio = folio_of(&copies[i]),
		};
		look_at_try(p);
		seen.taken++;
	}
	assert_true(seen.taken < TABLE / 2);
	return took;
}

static void lose(const struct migsim_folio *f)
{
	static uint64_t pfn[1u << MIGSIM_MAX_ORDER];
	size_t i, pages = migsim_folio_pages(f);

	assert_true(nr_lost + pages <= LOST);
	read_pfns((const void *)(uintptr_t)f->dst, pages, pfn);
	/* A page that was never touched has no frame. */
	for (i = 0; i < pages; i++)
		if (pfn[i])
			lost[nr_lost++] = pfn[i];
}

/* The target of this copy may still be written to. */
static void is_stuck(const struct passing *p)
{
	const struct migsim_folio *f = &seen.folios[p->folio];

	if (seen.stuck_now[p->folio])
		return;
	seen.stuck_now[p->folio] = true;
	seen.stuck[p->folio]++;
	if (f->dst >> 56 == 0)
		lose(f);
}

static int reap(void *priv, struct migsim_completion *done, uint32_t max,
		uint64_t timeout_ns)
{
	int i, n = error_ops->reap(priv, done, max, timeout_ns);
	struct passing *p;

	assert_false(seen.dead);
	seen.dead |= n < 0;
	for (i = 0; i < n; i++) {
		p = find(done[i].cookie);
		if (p->call != seen.call || p->ended) {
			seen.unknown++;
			continue;
		}
		p->ended = true;
		if (!done[i].status)
			seen.good_bytes[p->folio] += p->len;
		else if (done[i].status == -ETIMEDOUT)
			is_stuck(p);
	}
	return n;
}

static int cancel(void *priv, uint32_t group)
{
	int err = error_ops->cancel(priv, group);
	struct passing *p;

	seen.dead |= err != 0;
	for (p = table; p < table + TABLE; p++) {
		if (p->call != seen.call || p->group != group || p->ended)
			continue;
		p->ended = true;
		seen.cancelled++;
		if (err)
			is_stuck(p);
	}
	return err;
}

static void register_watched(void)
{
	static struct migsim_engine_ops ops;

	if (error_ops)
		return;
	error_ops = migsim_engine_find("error");
	assert_non_null(error_ops);
	ops = *error_ops;
	ops.name = "watched";
	ops.submit = submit;
	ops.reap = reap;
	ops.cancel = cancel;
	assert_int_equal(migsim_engine_register(&ops), 0);
}

void watch_reset(void)
{
	register_watched();
	seen.dead = false;
	nr_lost = 0;
}

size_t watch_nr_lost(void)
{
	return nr_lost;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

size_t watch_lost(const uint64_t *pfn, size_t n)
{
	size_t i, found = 0;

	qsort(lost, nr_lost, sizeof(lost[0]), compare);
	for (i = 0; i < n; i++)
		found += bsearch(&pfn[i], lost, nr_lost, sizeof(lost[0]),
				 compare) != NULL;
	return found;
}

static void begin(const struct watch_call *call)
{
	assert_true(call->n <= FOLIOS);
	seen.folios = call->folios;
	seen.n = call->n;
	seen.hint = 0;
	seen.call++;
	memset(seen.tried, 0, sizeof(seen.tried));
	memset(seen.good_bytes, 0, sizeof(seen.good_bytes));
	memset(seen.stuck, 0, sizeof(seen.stuck));
	seen.taken = seen.unknown = seen.cancelled = 0;
}

/* In sync mode a folio of a stuck copy is tried alone, once. */
static bool stays(const struct watch_call *call, size_t i)
{
	return seen.stuck[i] > (call->mode == MIGSIM_MODE_ASYNC ? 0 : 1);
}

/* What passed, added up over the folios. */
struct sums {
	uint64_t copies;	/* that the folios make, piece by piece */
	uint64_t good;		/* folios that the engine copied */
	uint64_t stay, stuck_pages;
};

static struct sums add_up(const struct watch_call *call)
{
	bool again = call->mode != MIGSIM_MODE_ASYNC;
	const struct migsim_folio *f;
	struct sums s = { 0 };
	uint64_t pages, pieces;
	size_t i;

	for (i = 0; i < call->n; i++) {
		f = &call->folios[i];
		pages = migsim_folio_pages(f);
		pieces = call->pieces < pages ? call->pieces : pages;
		s.copies += seen.stuck[i] && again ? 2 * pieces : pieces;
		s.stuck_pages += seen.stuck[i] * pages;
		if (stays(call, i))
			s.stay++;
		else
			s.good += seen.good_bytes[i] == migsim_folio_bytes(f);
	}
	return s;
}

/* The status of a folio is that of what became of it, and of nothing else. */
static void check_folios(const struct watch_call *call)
{
	size_t i;

	for (i = 0; i < call->n; i++)
		assert_int_equal(call->folios[i].status,
				 stays(call, i) ? -ETIMEDOUT : 0);
}

/*
 * What a report must say:
 *
 * - Every copy is either taken by the engine or declined, by itself or, when
 *   it is stuck or dead, by the core for it. In sync mode the folios of stuck
 *   copies are tried once more, alone: their copies are offered twice.
 * - The CPU copies every folio that the engine did not, but leaves one whose
 *   target may still be written to; in sync mode it gets another target.
 * - What may still be written to is set apart: all pages of such a folio.
 * - A completion that nothing waited for is one that was handed out twice.
 */
static void check_report(const struct watch_call *call,
			 const struct migsim_summary *s)
{
	struct sums sum = add_up(call);

	assert_int_equal(call->rc, sum.stay);
	assert_int_equal(s->failed, sum.stay);
	assert_int_equal(s->migrated, call->n - sum.stay);
	assert_int_equal(s->declined, sum.copies - seen.taken);
	assert_int_equal(s->cpu_fallback, call->n - sum.good - sum.stay);
	assert_int_equal(s->quarantined_pages, sum.stuck_pages);
	assert_int_equal(s->completion_errors, seen.unknown);
}

/*
 * The same from what the engine says that it injected. Of an engine that is
 * stuck or dead it does not know what it was not asked for any more. A folio
 * of several pieces may meet several faults, and is copied once; or not at all,
 * when one of them is stuck.
 */
static void check_injected(const struct watch_call *call,
			   const struct migsim_summary *s)
{
	const struct error_counts *in = &call->injected;
	uint64_t faults = in->declined + in->failed + in->corrupted +
			  in->shortened + in->cancelled;

	assert_int_equal(in->taken, seen.taken);
	assert_int_equal(in->twice, s->completion_errors);
	if (seen.dead)
		return;
	assert_int_equal(in->cancelled, seen.cancelled);
	assert_int_equal(in->declined, s->declined);
	if (call->pieces == 1)
		assert_int_equal(s->cpu_fallback, faults);
	else
		assert_in_range(s->cpu_fallback, faults && !in->stuck, faults);
}

void watch_run(struct watch_call *call)
{
	const struct error_counts *counts =
		error_engine_counts(migsim_migrator_engine(call->m));
	struct migsim_summary s = { .size = sizeof(s) };
	struct error_counts was = *counts;
	uint64_t *of = (uint64_t *)&call->injected;
	size_t i;

	begin(call);
	migsim_report_reset(call->report);
	call->rc = migsim_migrate(call->m, call->folios, call->n,
				  call->report);
	call->injected = *counts;
	for (i = 0; i < sizeof(was) / sizeof(*of); i++)
		of[i] -= ((const uint64_t *)&was)[i];
	migsim_report_summary(call->report, &s);
	check_folios(call);
	check_report(call, &s);
	check_injected(call, &s);
}
