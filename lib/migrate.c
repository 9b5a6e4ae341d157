/* SPDX-License-Identifier: MIT */
/*
 * The call, as migrate_pages() of mm/migrate.c: the list is cut into groups as
 * the policy says; the pump unmaps, waits and moves until all is done; in sync
 * mode what failed is retried alone, with nothing else in flight.
 */
#include <assert.h>
#include <errno.h>

#include "account.h"
#include "check.h"

static void view_fill(const struct migsim_migrator *m,
		      struct migsim_policy_view *v)
{
	uint32_t channels = m->engine->caps.channels;

	*v = (struct migsim_policy_view){
		.now = ticks_to_ns(m, m->t_phase - m->t_call),
		.pages_left = m->pages_left,
		.folios_left = m->n - m->next,
		.next_pages = m->next < m->n ?
			      migsim_folio_pages(&m->folios[m->next]) : 0,
		.pages_copying = m->window - m->copied_pages,
		.pages_copied = m->copied_pages,
		.groups = m->nr_groups,
		.channels = channels,
		.channels_idle = m->nr_copies < channels ?
				 channels - m->nr_copies : 0,
		.mode = m->mode,
		.reason = m->reason,
		.unmap_rate = m->unmap_rate,
		.copy_rate = m->copy_rate,
		.remap_rate = m->remap_rate,
		.last_pages = m->last_pages,
		.last_first = m->last_first,
		.last_time = m->last_time,
		.longest = m->longest,
		.groups_done = m->groups_done,
		.pages_done = m->pages_done,
		.largest = m->largest,
		.capacity = m->max_window,
	};
}

static void ask(struct migsim_migrator *m, struct migsim_policy_answer *answer)
{
	struct migsim_policy_view view;

	view_fill(m, &view);
	*answer = (struct migsim_policy_answer){ 0 };
	m->policy->decide(m->policy_priv, m->policy_spec.args, &view, answer);
	m->longest = 0;
	if (!answer->admit && !m->nr_groups)
		answer->admit = 1;
	/* The space has room for so much and no more. */
	if (answer->admit > m->max_window - m->window)
		answer->admit = m->max_window - m->window;
}

/* The next folios of the call, at most @max, up to so many more pages. */
static uint32_t cut(struct migsim_migrator *m, struct group *g, uint64_t *pages,
		    uint32_t max)
{
	struct migsim_folio **list = g->list + g->nr;
	struct migsim_folio *f;
	uint64_t left = *pages;
	uint32_t n = 0;

	while (left && n < max && m->next < m->n) {
		f = &m->folios[m->next++];
		f->status = MIGSIM_UNTRIED;
		f->pending = 0;
		f->state = MIGSIM_FOLIO_FROM;
		f->flags = 0;
		left -= left < migsim_folio_pages(f) ? left
						     : migsim_folio_pages(f);
		m->pages_left -= migsim_folio_pages(f);
		list[n++] = f;
	}
	*pages = left;
	return n;
}

/* The copy in line: folio by folio, each remapped before the next. */
static void run_inline(struct migsim_migrator *m, struct group *g)
{
	uint32_t i, n = g->nr;

	for (i = 0; i < n; i++) {
		copy_submit_one(m, g);
		while (g->moved == i) {
			copy_wait(m, UINT64_MAX);
			if (g->moved == i && g->submitted == i)
				copy_submit_one(m, g);
		}
	}
}

/* Everything of the group is unmapped that will be: on with it. */
static void start_copy(struct migsim_migrator *m, struct group *g)
{
	int rc = g->rc;

	group_flush(m, g);
	if (!g->nr) {
		group_finish(m, g);
	} else if (g->how.no_offload) {
		group_move(m, g, 0, g->nr);
		group_finish(m, g);
	} else if (g->how.copy_inline) {
		run_inline(m, g);
	} else {
		copy_submit(m);
	}
	if (rc)
		m->rc = rc;
}

static void start_group(struct migsim_migrator *m,
			const struct migsim_policy_answer *how)
{
	uint32_t folios = how->folios ? how->folios : UINT32_MAX, n;
	uint64_t pages = how->admit;
	struct group *g = group_new(m);

	g->how = *how;
	g->list = m->lists + m->next;
	g->nr_pass = m->mode == MIGSIM_MODE_ASYNC ? NR_MAX_MIGRATE_PAGES_RETRY
						  : NR_MAX_MIGRATE_ASYNC_RETRY;
	g->keep_failures = m->mode != MIGSIM_MODE_ASYNC;
	while (!g->rc && (n = cut(m, g, &pages, folios < CHUNK ? folios
							       : CHUNK))) {
		group_unmap(m, g, n);
		folios -= n;
	}
	group_unmap_retry(m, g);
	start_copy(m, g);
}

/* Out of memory, or told to stop: nothing more is unmapped. */
static bool stopped(struct migsim_migrator *m)
{
	if (!m->rc && atomic_load_explicit(&m->stop, memory_order_relaxed))
		m->rc = -EINTR;
	return m->rc;
}

/* May another group be unmapped now? */
static bool may_admit(struct migsim_migrator *m)
{
	if (m->next == m->n || no_group_left(m) || stopped(m))
		return false;
	if (m->window >= m->max_window)
		return false;
	if (!m->nr_groups)
		return !m->single.n && !m->split.n;
	return !m->space->hold || !m->space->hold(m->space_priv);
}

/* Asks the policy until it wants to wait. Returns how long: ns. */
static uint64_t admit(struct migsim_migrator *m)
{
	struct migsim_policy_answer how = { 0 };

	while (may_admit(m)) {
		ask(m, &how);
		if (!how.admit)
			break;
		start_group(m, &how);
	}
	return how.tick ? how.tick : UINT64_MAX;
}

static void drain(struct migsim_migrator *m)
{
	while (m->nr_groups) {
		copy_submit(m);
		copy_wait(m, UINT64_MAX);
	}
}

/* A list that is migrated with nothing else in flight. */
static void run_alone(struct migsim_migrator *m, struct group *g,
		      struct migsim_folio **list, size_t n)
{
	struct migsim_policy_answer how;
	size_t i;
	uint32_t k;

	check_alone(m);
	ask(m, &how);
	g->how = how;
	g->list = list;
	for (i = 0; i < n && !g->rc; i += k) {
		k = n - i < CHUNK ? (uint32_t)(n - i) : CHUNK;
		if (g->list + g->nr != list + i)
			for (uint32_t j = 0; j < k; j++)
				g->list[g->nr + j] = list[i + j];
		group_unmap(m, g, k);
	}
	group_unmap_retry(m, g);
	start_copy(m, g);
	drain(m);
}

/* Sync mode: one folio at a time, so that waiting for it blocks no other. */
static void retry_alone(struct migsim_migrator *m)
{
	struct group *g;
	size_t i;

	for (i = 0; i < m->single.n && !stopped(m); i++) {
		m->report->c.retried++;
		g = group_new(m);
		g->nr_pass = NR_MAX_MIGRATE_SYNC_RETRY;
		g->one = m->single.folio[i];
		run_alone(m, g, &g->one, 1);
	}
	/* Stopped: those that still were to be retried have failed. */
	for (i = 0; m->rc && i < m->single.n; i++) {
		if (m->single.folio[i]->state != MIGSIM_FOLIO_FROM)
			continue;
		m->single.folio[i]->state = MIGSIM_FOLIO_RET;
		account_failed(m, m->single.folio[i]);
	}
	m->single.n = 0;
}

/* Large folios without a target: once more, as base pages. */
static void migrate_split(struct migsim_migrator *m)
{
	struct migsim_folio *f;
	struct group *g;
	size_t i, n = m->split.n;

	m->split.n = 0;
	if (!n || stopped(m))
		return;
	g = group_new(m);
	g->nr_pass = 1;
	g->split = true;
	run_alone(m, g, m->split.folio, n);
	/* The kernel ignores the result as well. */
	m->rc = 0;
	for (i = 0; i < n; i++) {
		f = m->split.folio[i];
		if (f->state != MIGSIM_FOLIO_SPLIT)
			continue;
		f->state = MIGSIM_FOLIO_RET;
		f->status = -ENOMEM;
		account_failed(m, f);
	}
}

static void pump(struct migsim_migrator *m)
{
	uint64_t tick;

	do {
		tick = admit(m);
		if (m->nr_groups) {
			copy_submit(m);
			copy_wait(m, tick);
			continue;
		}
		retry_alone(m);
		migrate_split(m);
	} while (m->nr_groups || (m->next < m->n && !m->rc));
	/* The last groups may have left work behind. */
	retry_alone(m);
	migrate_split(m);
}

/* Runs the prepared call. As migrate_pages(): > 0 folios failed, < 0 -errno */
long migrate_run(struct migsim_migrator *m)
{
	m->nr_failed = 0;
	m->rc = 0;
	pump(m);
	return m->rc ? m->rc : m->nr_failed;
}
