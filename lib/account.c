/* SPDX-License-Identifier: MIT */
/*
 * What the report is told: the caller's timeline, the window of pages in
 * flight, latencies, and the kernel's statistics.
 */
#include <assert.h>

#include "core.h"

void phase_start(struct migsim_migrator *m)
{
	m->phase = PHASE_OTHER;
	m->t_call = m->t_phase = m->t_window = m->t_progress = now(m);
}

/* The time since the last switch belongs to the phase that ends. */
enum phase phase_enter(struct migsim_migrator *m, enum phase phase)
{
	enum phase was = m->phase;
	uint64_t t = now(m);

	m->report->c.phase[was] += t - m->t_phase;
	m->t_phase = t;
	m->phase = phase;
	return was;
}

void phase_stop(struct migsim_migrator *m)
{
	phase_enter(m, PHASE_OTHER);
	m->report->c.elapsed += m->t_phase - m->t_call;
}

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

void account_unmapped(struct migsim_migrator *m, struct group *g,
		      struct migsim_folio *f)
{
	uint64_t pages = migsim_folio_pages(f);

	if (!g->pages)
		g->t_unmap = f->unmapped;
	g->pages += pages;
	window_add(m, f->unmapped, pages, true);
}

/* Remapped, to the target or back to the source. */
void account_accessible(struct migsim_migrator *m, struct group *g,
			struct migsim_folio *f)
{
	uint64_t pages = migsim_folio_pages(f);
	uint64_t took = f->remapped - f->unmapped;

	assert(m->window >= pages);
	window_add(m, f->remapped, pages, false);
	histogram_add(&m->report->inaccessible, took);
	m->report->page_ticks += (unsigned __int128)took * pages;
	if (!g->back) {
		g->back = true;
		g->first = f->remapped - g->t_unmap;
		histogram_add(&m->report->first, g->first);
	}
}

void account_done(struct migsim_migrator *m, struct migsim_folio *f)
{
	m->report->c.migrated++;
	m->report->c.nr_succeeded += migsim_folio_pages(f);
	m->report->c.nr_thp_succeeded += f->order == MIGSIM_MAX_ORDER;
}

/* A folio that was split has been counted as a failed THP already. */
void account_failed(struct migsim_migrator *m, struct migsim_folio *f)
{
	m->report->c.failed++;
	m->report->c.nr_failed_pages += migsim_folio_pages(f);
	if (!(f->flags & FOLIO_WAS_SPLIT))
		m->report->c.nr_thp_failed += f->order == MIGSIM_MAX_ORDER;
}

static uint64_t rate(const struct migsim_migrator *m, uint64_t pages,
		     uint64_t ticks)
{
	uint64_t ns = ticks_to_ns(m, ticks);

	return ns ? (uint64_t)(((unsigned __int128)pages << 16) * 1000 / ns)
		  : 0;
}

/* What the policy will see of a group that has just ended. */
void account_group(struct migsim_migrator *m, struct group *g)
{
	uint64_t t = m->t_window;

	m->report->c.groups++;
	m->last_pages = g->pages;
	m->last_first = ticks_to_ns(m, g->first);
	m->last_time = ticks_to_ns(m, t - g->t_unmap);
	m->unmap_rate = rate(m, g->pages, g->t_flushed - g->t_unmap);
	if (g->t_copied > g->t_flushed) {
		m->copy_rate = rate(m, g->pages, g->t_copied - g->t_flushed);
		m->remap_rate = t > g->t_copied ?
				rate(m, g->pages, t - g->t_copied) : 0;
	}
}
