/* SPDX-License-Identifier: MIT */
/*
 * What a space saw of a call that it did by itself, put into the report as the
 * state machine's own calls are. The window is counted from the events alone,
 * beside the sum of the pages' own times, so that Little's law can be checked.
 */
#include "account.h"

struct sight {
	struct migsim_migrator *m;
	uint64_t t_unmap;	/* of the group: its first page goes */
	uint64_t t_unmapped;	/* its last page goes */
	uint64_t t_remapped;	/* its last page comes back */
	bool group;		/* one is open */
	bool back;		/* a folio of it is accessible again */
};

static void end_group(struct sight *s)
{
	uint64_t *phase = s->m->report->c.phase;

	if (!s->group)
		return;
	s->group = false;
	s->m->report->c.groups++;
	phase[PHASE_UNMAP] += s->t_unmapped - s->t_unmap;
	phase[PHASE_COPY] += s->t_remapped - s->t_unmapped;
	phase[PHASE_OTHER] -= s->t_remapped - s->t_unmap;
}

static void saw_unmapped(void *arg, uint64_t t, uint64_t pages)
{
	struct sight *s = arg;

	if (!s->m->window) {
		end_group(s);
		s->group = true;
		s->back = false;
		s->t_unmap = t;
	}
	s->t_unmapped = t;
	window_add(s->m, t, pages, true);
}

static void saw_remapped(void *arg, uint64_t t, uint64_t since, uint64_t pages)
{
	struct sight *s = arg;

	assert(s->m->window >= pages);
	s->t_remapped = t;
	s->m->report->page_ticks += (unsigned __int128)(t - since) * pages;
	window_add(s->m, t, pages, false);
}

static void saw_folio(void *arg, uint64_t t, uint64_t since)
{
	struct sight *s = arg;

	histogram_add(&s->m->report->inaccessible, t - since);
	if (!s->back)
		histogram_add(&s->m->report->first, t - s->t_unmap);
	s->back = true;
}

void account_sight(struct migsim_migrator *m, uint64_t elapsed)
{
	struct sight s = { .m = m };
	const struct migsim_space_seen seen = {
		&s, saw_unmapped, saw_remapped, saw_folio,
	};

	m->t_window = m->t_call;
	if (!m->space->see || m->space->see(m->space_priv, &seen)) {
		m->report->c.unseen_calls++;
		m->report->c.unseen_elapsed += elapsed;
		return;
	}
	end_group(&s);
	assert(!m->window);
}
