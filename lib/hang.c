/* SPDX-License-Identifier: MIT */
/*
 * An engine that hangs or dies: its copies end without it.
 */
#include <errno.h>

#include "core.h"

/* Ends copies of the group without the engine, as many as can be moved. */
static void abandon(struct migsim_migrator *m, struct group *g)
{
	uint32_t i, end = g->submitted + (g->piece ? 1 : 0);
	struct migsim_folio *f;

	for (i = 0; i < end && m->nr_ready < CHUNK; i++) {
		f = g->list[i];
		if (!f->pending)
			continue;
		m->nr_copies -= (uint32_t)__builtin_popcount(f->pending);
		f->pending = 0;
		f->flags |= FOLIO_COPY_FAILED;
		if (g->ended == ENDED_STUCK)
			f->flags |= FOLIO_STUCK;
		if (i < g->submitted)
			folio_copied(m, g, f);
	}
	if (i == end)
		g->ended = NOT_ENDED;
}

/* Ends the copies of every group marked so; groups may end with them. */
static void abandon_marked(struct migsim_migrator *m)
{
	struct group *g;

	do {
		for (g = m->oldest; g && !g->ended; g = g->next)
			;
		if (g)
			abandon(m, g);
		move_ready(m);
	} while (g);
}

/* The engine has died: none of its copies will write or complete. */
void engine_died(struct migsim_migrator *m)
{
	struct group *g;

	m->engine_dead = true;
	for (g = m->oldest; g; g = g->next)
		g->ended = ENDED_CLEAN;
	abandon_marked(m);
}

/* Nothing has completed for too long: give up every group that copies. */
void engine_hung(struct migsim_migrator *m)
{
	const struct migsim_engine *e = m->engine;
	struct group *g;
	int err;

	for (g = m->oldest; g; g = g->next) {
		if (!g->submitted && !g->piece)
			continue;
		err = e->ops->cancel ? e->ops->cancel(e->priv, g->seq)
				     : -EINPROGRESS;
		g->ended = err ? ENDED_STUCK : ENDED_CLEAN;
		m->engine_dead |= err != 0;
	}
	abandon_marked(m);
}
