/* SPDX-License-Identifier: MIT */
/*
 * What the report is told: the caller's timeline, the window of pages in
 * flight, latencies, and the kernel's statistics. Inline is what happens for
 * every folio.
 */
#ifndef MIGSIM_ACCOUNT_H
#define MIGSIM_ACCOUNT_H

#include <assert.h>

#include "core.h"

void phase_start(struct migsim_migrator *m);
void phase_stop(struct migsim_migrator *m);
/* Returns the phase that ends. */
enum phase phase_enter(struct migsim_migrator *m, enum phase phase);
void account_failed(struct migsim_migrator *m, const struct migsim_folio *f);
/* sight.c: of a call that the space did by itself, when it is over. */
void account_sight(struct migsim_migrator *m, uint64_t elapsed);
/* What the policy will see of a group that has just ended. */
void account_group(struct migsim_migrator *m, const struct group *g);

/*
 * The window is integrated from the events alone, beside the sum of the
 * folios' own times: the two must agree (Little's law).
 */
static inline void window_add(struct migsim_migrator *m, uint64_t t,
			      uint64_t pages, bool in)
{
	if (t > m->t_window) {
		m->report->window_ticks += (unsigned __int128)m->window *
					   (t - m->t_window);
		m->t_window = t;
	}
	m->window = in ? m->window + pages : m->window - pages;
	if (m->window > m->report->max_window)
		m->report->max_window = m->window;
}

static inline void account_unmapped(struct migsim_migrator *m,
				    struct group *g,
				    const struct migsim_folio *f)
{
	uint64_t pages = migsim_folio_pages(f);

	if (!g->pages)
		g->t_unmap = f->unmapped;
	g->pages += pages;
	window_add(m, f->unmapped, pages, true);
}

/* Remapped, to the target or back to the source. */
static inline void account_accessible(struct migsim_migrator *m,
				      struct group *g,
				      const struct migsim_folio *f)
{
	uint64_t pages = migsim_folio_pages(f);
	uint64_t took = f->remapped > f->unmapped ? f->remapped - f->unmapped
						  : 0;

	assert(m->window >= pages);
	window_add(m, f->remapped, pages, false);
	m->pages_done += pages;
	histogram_add(&m->report->inaccessible, took);
	if (took > g->longest)
		g->longest = took;
	m->report->page_ticks += (unsigned __int128)took * pages;
	if (!g->back) {
		g->back = true;
		g->first = f->remapped - g->t_unmap;
		histogram_add(&m->report->first, g->first);
	}
}

static inline void account_done(struct migsim_migrator *m,
				const struct migsim_folio *f)
{
	m->report->c.migrated++;
	m->report->c.nr_succeeded += migsim_folio_pages(f);
	if (!(f->flags & FOLIO_WAS_SPLIT))
		m->report->c.nr_thp_succeeded += f->order == MIGSIM_MAX_ORDER;
}

#endif
