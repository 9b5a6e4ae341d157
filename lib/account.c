/* SPDX-License-Identifier: MIT */
/*
 * What the report is told a few times a group; what it is told of every folio
 * stands in account.h.
 */
#include "account.h"

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

/* A folio that was split has been counted as a failed THP already. */
void account_failed(struct migsim_migrator *m, const struct migsim_folio *f)
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

void account_group(struct migsim_migrator *m, const struct group *g)
{
	uint64_t t = m->t_window;

	m->report->c.groups++;
	m->groups_done++;
	m->last_pages = g->pages;
	m->last_first = ticks_to_ns(m, g->first);
	if (ticks_to_ns(m, g->longest) > m->longest)
		m->longest = ticks_to_ns(m, g->longest);
	m->last_time = ticks_to_ns(m, t - g->t_unmap);
	m->unmap_rate = rate(m, g->pages, g->t_flushed - g->t_unmap);
	if (g->t_copied > g->t_flushed) {
		m->copy_rate = rate(m, g->pages, g->t_copied - g->t_flushed);
		m->remap_rate = t > g->t_copied ?
				rate(m, g->pages, t - g->t_copied) : 0;
	}
}
