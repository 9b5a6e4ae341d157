/* SPDX-License-Identifier: MIT */
/*
 * One flush group, as migrate_pages_batch() of mm/migrate.c: unmap passes with
 * retry, one flush, move passes with retry, undo of what is left.
 */
#include <assert.h>
#include <errno.h>

#include "account.h"
#include "check.h"

struct group *group_new(struct migsim_migrator *m)
{
	struct group *g = m->unused;
	uint32_t slot = (uint32_t)(g - m->slots);

	/* One that was never used is followed by the next such. */
	m->unused = g->next ? g->next : g + 1;
	*g = (struct group){ .slot = slot, .seq = m->seq++, .live = true };
	if (m->newest)
		m->newest->next = g;
	else
		m->oldest = g;
	m->newest = g;
	if (!m->to_submit)
		m->to_submit = g;
	if (!m->nr_groups++ && m->space->enter)
		m->space->enter(m->space_priv);
	return g;
}

static void group_end(struct migsim_migrator *m, struct group *g)
{
	struct group **link = &m->oldest, *before = NULL;

	while (*link != g) {
		before = *link;
		link = &before->next;
	}
	*link = g->next;
	if (m->newest == g)
		m->newest = before;
	if (m->to_submit == g)
		m->to_submit = g->next;
	g->live = false;
	g->next = m->unused;
	m->unused = g;
	if (!--m->nr_groups) {
		assert(!m->window);
		if (m->space->leave)
			m->space->leave(m->space_priv);
	}
}

/* The folio stays on the source for good, or until it is retried alone. */
static void give_up(struct migsim_migrator *m, struct group *g,
		    struct migsim_folio *f, int err)
{
	f->status = err;
	if (g->keep_failures) {
		f->state = MIGSIM_FOLIO_FROM;
		m->single.folio[m->single.n++] = f;
		return;
	}
	f->state = MIGSIM_FOLIO_RET;
	account_failed(m, f);
	if (!g->split)
		m->nr_failed++;
}

static void unmap_result(struct migsim_migrator *m, struct group *g,
			 struct migsim_folio *f)
{
	if (!f->err) {
		f->state = MIGSIM_FOLIO_UNMAPPED;
		f->unit = NO_UNIT;
		g->list[g->nr++] = f;
		account_unmapped(m, g, f);
		return;
	}
	m->space->put(m->space_priv, &f, 1);
	if (f->err == -EAGAIN)
		m->again.folio[m->again.n++] = f;
	else
		give_up(m, g, f, f->err);
}

/*
 * No target for this folio: a large one is split, to be migrated as base
 * pages later. False: that is the end of unmapping.
 */
static bool no_target(struct migsim_migrator *m, struct group *g,
		      struct migsim_folio *f)
{
	struct counters *c = &m->report->c;
	int err = -EOPNOTSUPP;

	if (f->order && m->reason != MIGSIM_REASON_NUMA_MISPLACED &&
	    !g->split && m->space->split)
		err = m->space->split(m->space_priv, f);
	if (!err) {
		f->state = MIGSIM_FOLIO_SPLIT;
		f->flags |= FOLIO_WAS_SPLIT;
		m->split.folio[m->split.n++] = f;
		m->nr_failed++;
		c->nr_split++;
		c->nr_thp_split += f->order == MIGSIM_MAX_ORDER;
		c->nr_thp_failed += f->order == MIGSIM_MAX_ORDER;
		return true;
	}
	if (err == -EAGAIN && m->reason == MIGSIM_REASON_LONGTERM_PIN) {
		m->again.folio[m->again.n++] = f;
		return true;
	}
	g->rc = -ENOMEM;
	return false;
}

static uint32_t unmap_some(struct migsim_migrator *m, struct group *g,
			   struct migsim_folio **vec, uint32_t n)
{
	uint32_t i, got;

	phase_enter(m, PHASE_ALLOC);
	got = m->space->alloc(m->space_priv, vec, n);
	phase_enter(m, PHASE_UNMAP);
	if (got)
		m->space->unmap(m->space_priv, vec, got);
	phase_enter(m, PHASE_OTHER);
	for (i = 0; i < got; i++)
		unmap_result(m, g, vec[i]);
	if (got < n && no_target(m, g, vec[got]))
		got++;
	return got;
}

/*
 * All of vec[0..n). A vector may be the group's list or m->again itself:
 * results are written behind what was read. Returns how many were tried;
 * fewer than @n: out of memory.
 */
static uint32_t unmap_all(struct migsim_migrator *m, struct group *g,
			  struct migsim_folio **vec, uint32_t n)
{
	uint32_t done = 0;

	while (done < n && !g->rc)
		done += unmap_some(m, g, vec + done, n - done);
	return done;
}

/*
 * First pass over @n <= CHUNK folios that stand on the group's list behind
 * the unmapped ones. What is worth another try goes to m->again.
 */
uint32_t group_unmap(struct migsim_migrator *m, struct group *g, uint32_t n)
{
	return unmap_all(m, g, g->list + g->nr, n);
}

static void unmap_again(struct migsim_migrator *m, struct group *g)
{
	struct folio_list *again = &m->again;
	size_t left = again->n, from;
	uint32_t n;

	m->report->c.retried += left;
	again->n = 0;
	for (from = 0; from < left && !g->rc; from += n) {
		n = left - from < CHUNK ? (uint32_t)(left - from) : CHUNK;
		unmap_all(m, g, again->folio + from, n);
	}
}

/* The passes after the first, over what the first left in m->again. */
void group_unmap_retry(struct migsim_migrator *m, struct group *g)
{
	struct folio_list *again = &m->again;
	uint32_t pass;
	size_t i;

	for (pass = 1; pass < g->nr_pass && again->n && !g->rc; pass++)
		unmap_again(m, g);
	/* Out of memory: what is left is untried, and is not counted. */
	for (i = 0; i < again->n && !g->rc; i++)
		give_up(m, g, again->folio[i], -EAGAIN);
	again->n = 0;
}

/* Once a group, before its first copy. */
void group_flush(struct migsim_migrator *m, struct group *g)
{
	if (g->nr && m->space->flush) {
		phase_enter(m, PHASE_FLUSH);
		m->space->flush(m->space_priv);
		phase_enter(m, PHASE_OTHER);
		m->report->c.flushes++;
	}
	g->flushed = true;
	g->t_flushed = g->t_copied = m->t_phase;
	check_unmapped(g);
}

/* Back to the source: nothing has changed for the application. */
static void undo(struct migsim_migrator *m, struct group *g,
		 struct migsim_folio *f, int err)
{
	enum phase was = phase_enter(m, PHASE_REMAP);

	if ((f->flags & FOLIO_STUCK) && m->space->quarantine)
		m->space->quarantine(m->space_priv, f);
	m->space->undo(m->space_priv, &f, 1);
	phase_enter(m, was);
	/* Of this target; a retry gets another. */
	f->flags &= (uint8_t)~(FOLIO_STUCK | FOLIO_COPY_FAILED);
	account_accessible(m, g, f);
	give_up(m, g, f, err);
}

static void move_result(struct migsim_migrator *m, struct group *g,
			struct migsim_folio *f)
{
	if (!f->err) {
		f->state = MIGSIM_FOLIO_DONE;
		f->status = 0;
		account_accessible(m, g, f);
		account_done(m, f);
	} else if (f->err == -EAGAIN) {
		g->retry++;
	} else {
		undo(m, g, f, f->err);
	}
}

/* The content was not copied, or may have changed since: the CPU copies. */
static void copy_and_move(struct migsim_migrator *m, struct group *g,
			  struct migsim_folio *f)
{
	int err;

	if (f->flags & FOLIO_STUCK) {
		undo(m, g, f, -ETIMEDOUT);
		return;
	}
	if (f->flags & FOLIO_COPY_FAILED) {
		m->report->c.cpu_fallback++;
		f->flags &= (uint8_t)~FOLIO_COPY_FAILED;
	}
	check_flushed(g);
	phase_enter(m, PHASE_COPY);
	err = m->space->copy(m->space_priv, f);
	if (err) {
		phase_enter(m, PHASE_OTHER);
		undo(m, g, f, err);
		return;
	}
	phase_enter(m, PHASE_REMAP);
	m->space->remap(m->space_priv, &f, 1);
	phase_enter(m, PHASE_OTHER);
	move_result(m, g, f);
}

/* Consumes the mark of folios that stand together, and remaps them at once. */
static uint32_t move_copied(struct migsim_migrator *m, struct group *g,
			    struct migsim_folio **vec, uint32_t max)
{
	uint32_t i, bad = 0, n = 0;

	while (n < max && n < CHUNK && (vec[n]->flags & FOLIO_COPIED)) {
		if (n + AHEAD < max)
			__builtin_prefetch(vec[n + AHEAD], 1);
		vec[n]->flags &= (uint8_t)~FOLIO_COPIED;
		m->copied_pages -= migsim_folio_pages(vec[n]);
		n++;
	}
	if (!n)
		return 0;
	phase_enter(m, PHASE_REMAP);
	m->space->remap(m->space_priv, vec, n);
	phase_enter(m, PHASE_OTHER);
	for (i = 0; i < n; i++) {
		if (vec[i]->err)
			bad++;
		else
			move_result(m, g, vec[i]);
	}
	/* An undo takes time: only when the others have been accounted for. */
	for (i = 0; bad && i < n; i++)
		if (vec[i]->err)
			move_result(m, g, vec[i]);
	return n;
}

/* First move pass over list[first..end). */
void group_move(struct migsim_migrator *m, struct group *g, uint32_t first,
		uint32_t end)
{
	uint32_t i = first, n;

	while (i < end) {
		n = move_copied(m, g, g->list + i, end - i);
		if (!n) {
			copy_and_move(m, g, g->list[i]);
			n = 1;
		}
		i += n;
	}
	g->moved += end - first;
}

/* All first passes are over: the passes behind, and the undo of the rest. */
void group_finish(struct migsim_migrator *m, struct group *g)
{
	struct migsim_folio *f;
	uint32_t pass, i;

	assert(g->moved == g->nr);
	for (pass = 1; pass < g->nr_pass && g->retry; pass++) {
		m->report->c.retried += g->retry;
		g->retry = 0;
		for (i = 0; i < g->nr; i++)
			if (g->list[i]->state == MIGSIM_FOLIO_UNMAPPED)
				copy_and_move(m, g, g->list[i]);
	}
	for (i = 0; g->retry && i < g->nr; i++) {
		f = g->list[i];
		if (f->state == MIGSIM_FOLIO_UNMAPPED)
			undo(m, g, f, -EAGAIN);
	}
	if (g->nr)
		account_group(m, g);
	group_end(m, g);
}
