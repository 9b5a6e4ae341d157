/* SPDX-License-Identifier: MIT */
#include "check.h"

#ifdef MIGSIM_DEBUG
#include <assert.h>

void check_unmapped(const struct group *g)
{
	uint32_t i;

	for (i = 0; i < g->nr; i++) {
		assert(g->list[i]->state == MIGSIM_FOLIO_UNMAPPED);
		assert(!(g->list[i]->flags & FOLIO_COPIED));
		assert(!g->list[i]->pending);
	}
}

void check_flushed(const struct group *g)
{
	assert(g->flushed);
}

void check_alone(const struct migsim_migrator *m)
{
	assert(m->nr_groups == 1 && !m->window && !m->nr_copies);
}

/* A folio that ended: its state and its status say the same. */
static void check_folio(const struct migsim_folio *f)
{
	assert(!f->pending && !(f->flags & FOLIO_COPIED));
	switch (f->state) {
	case MIGSIM_FOLIO_DONE:
		assert(!f->status);
		break;
	case MIGSIM_FOLIO_RET:
		assert(f->status < 0);
		break;
	default:	/* never begun, or given up when memory ran out */
		assert(f->state != MIGSIM_FOLIO_UNMAPPED);
		assert(f->status == MIGSIM_UNTRIED);
	}
}

void check_call(const struct migsim_migrator *m, const struct counters *was,
		long rc)
{
	const struct counters *c = &m->report->c;
	uint64_t pages = 0, not_done = 0;
	const struct migsim_folio *f;

	assert(!m->nr_groups && !m->window && !m->nr_copies);
	assert(!m->copied_pages && !m->nr_ready);
	for (f = m->folios; f < m->folios + m->n; f++) {
		if (!m->space->migrate)
			check_folio(f);
		pages += migsim_folio_pages(f);
		not_done += f->status != 0;
	}
	assert(c->nr_succeeded - was->nr_succeeded +
	       c->nr_failed_pages - was->nr_failed_pages +
	       c->nr_untried_pages - was->nr_untried_pages == pages);
	if (!rc)
		assert(!not_done);
	if (rc > 0)
		assert((uint64_t)rc >= not_done);
}
#else
/* An empty file is no C. */
typedef int check_is_for_debug_builds;
#endif
