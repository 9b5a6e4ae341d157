/* SPDX-License-Identifier: MIT */
/*
 * Between the core and the engine: submit, kick, reap, and what happens when
 * an engine declines or fails. hang.c has what happens when it hangs or dies.
 *
 * A cookie names a copy: place on the group's list (32 bits), slot of the
 * group (12), piece (5), and the low 15 bits of the group's number, so that a
 * completion that nothing waits for is told from a real one.
 */
#include <errno.h>

#include "account.h"
#include "check.h"

static uint64_t cookie(const struct group *g, uint32_t i, uint32_t piece)
{
	_Static_assert(MAX_GROUPS == 1 << 12 && MIGSIM_MAX_PIECES <= 1 << 5,
		       "a cookie holds them");

	return (uint64_t)i << 32 | g->slot << 20 | piece << 15 |
	       (g->seq & 0x7fff);
}

static uint32_t nr_pieces(const struct group *g, const struct migsim_folio *f)
{
	uint32_t n = g->how.pieces;

	if (n <= 1)
		return 1;
	if (n > MIGSIM_MAX_PIECES)
		n = MIGSIM_MAX_PIECES;
	return n < migsim_folio_pages(f) ? n : (uint32_t)migsim_folio_pages(f);
}

/* Bounds of a piece, in whole pages. */
static uint64_t piece_start(const struct migsim_folio *f, uint32_t pieces,
			    uint32_t piece)
{
	return migsim_folio_pages(f) * piece / pieces * MIGSIM_PAGE_SIZE;
}

/* Without a fan the engine deals out. */
static uint16_t first_lane(const struct group *g)
{
	return g->how.fan ? 0 : MIGSIM_LANE_ANY;
}

static void make_copy(const struct group *g, uint32_t i, uint32_t piece,
		      uint32_t pieces, struct migsim_copy *c)
{
	const struct migsim_folio *f = g->list[i];
	uint64_t start = 0, end = migsim_folio_bytes(f);

	if (pieces > 1) {
		start = piece_start(f, pieces, piece);
		end = piece_start(f, pieces, piece + 1);
	}
	c->dst = (void *)(f->dst + start);
	c->src = (const void *)(f->src + start);
	c->len = end - start;
	c->cookie = cookie(g, i, piece);
	c->group = g->seq;
	c->piece = (uint16_t)piece;
	c->lane = first_lane(g);
	if (g->how.fan > 1)
		c->lane = (uint16_t)((i * pieces + piece) % g->how.fan);
}

/* A unit begins at list[g->submitted]: how far it goes, and is it counted. */
static void start_unit(struct group *g)
{
	uint32_t first = g->submitted, end = first + 1;
	uint32_t remap = g->how.remap;
	uint64_t pages;

	if (g->how.copy_inline)
		remap = MIGSIM_REMAP_FOLIO;
	else if (!g->how.submit && remap == MIGSIM_REMAP_GROUP)
		remap = MIGSIM_REMAP_BATCH;
	if (remap == MIGSIM_REMAP_BATCH) {
		end = g->nr;
	} else if (remap == MIGSIM_REMAP_GROUP) {
		pages = migsim_folio_pages(g->list[first]);
		while (end < g->nr && pages < g->how.submit)
			pages += migsim_folio_pages(g->list[end++]);
	}
	g->unit = first;
	g->unit_end = end;
	g->list[first]->unit_left = end - first;
}

static void enter_unit(struct group *g, struct migsim_folio *f)
{
	if (f->unit != NO_UNIT)
		return;
	if (g->submitted == g->unit_end)
		start_unit(g);
	f->unit = g->unit;
}

/* Folios whole, and no channel preferred: the plain case, and the fast one. */
static uint32_t make_whole_copies(struct migsim_migrator *m, struct group *g,
				  uint32_t end, uint32_t max)
{
	uint32_t n = end - g->submitted < max ? end - g->submitted : max, i;
	struct migsim_folio *const *list = g->list + g->submitted;
	uint32_t ahead = g->nr - g->submitted;
	uint64_t first = cookie(g, g->submitted, 0);
	uint16_t lane = first_lane(g);
	uint32_t seq = g->seq;

	for (i = 0; i < n; i++, g->submitted++) {
		struct migsim_folio *f = list[i];

		if (i + AHEAD < ahead)
			__builtin_prefetch(list[i + AHEAD], 1);
		enter_unit(g, f);
		f->pending = 1;
		m->copies[i] = (struct migsim_copy){
			.dst = (void *)(uintptr_t)f->dst,
			.src = (const void *)(uintptr_t)f->src,
			.len = migsim_folio_bytes(f),
			.cookie = first + ((uint64_t)i << 32),
			.group = seq,
			.lane = lane,
		};
	}
	return n;
}

/* The copies of the next pieces of the group, within one submit group. */
static uint32_t make_copies(struct migsim_migrator *m, struct group *g,
			    uint32_t end, uint32_t max)
{
	struct migsim_folio *f;
	uint32_t n = 0, pieces;

	if (g->how.pieces <= 1 && g->how.fan <= 1)
		return make_whole_copies(m, g, end, max);
	while (n < max && g->submitted < end) {
		f = g->list[g->submitted];
		enter_unit(g, f);
		f->pending |= 1u << g->piece;
		pieces = nr_pieces(g, f);
		make_copy(g, g->submitted, g->piece, pieces, &m->copies[n++]);
		if (++g->piece == pieces) {
			g->piece = 0;
			g->submitted++;
		}
	}
	return n;
}

void move_ready(struct migsim_migrator *m)
{
	uint32_t i, n = m->nr_ready;
	struct ready *r;

	m->nr_ready = 0;
	for (i = 0; i < n; i++) {
		r = &m->ready[i];
		group_move(m, r->group, r->first, r->end);
	}
	for (i = 0; i < n; i++) {
		r = &m->ready[i];
		if (r->group->live && r->group->moved == r->group->nr)
			group_finish(m, r->group);
	}
}

static uint32_t unit_end(const struct group *g, uint32_t first)
{
	uint32_t end = first + 1;

	if (g->how.copy_inline || g->how.remap == MIGSIM_REMAP_FOLIO)
		return end;
	if (g->how.remap == MIGSIM_REMAP_BATCH)
		return g->nr;
	while (end < g->nr && g->list[end]->unit == first)
		end++;
	return end;
}

/* Units that stand together are moved together. */
static void unit_ready(struct migsim_migrator *m, struct group *g,
		       uint32_t first)
{
	uint32_t end = unit_end(g, first);
	struct ready *last;

	if (m->nr_ready) {
		last = &m->ready[m->nr_ready - 1];
		if (last->group == g && last->end == first) {
			last->end = end;
			return;
		}
	}
	m->ready[m->nr_ready++] = (struct ready){ g, first, end };
}

/* All copies of a folio have ended, well or not. */
void folio_copied(struct migsim_migrator *m, struct group *g,
			 struct migsim_folio *f)
{
	if (!(f->flags & FOLIO_COPY_FAILED)) {
		f->flags |= FOLIO_COPIED;
		m->copied_pages += migsim_folio_pages(f);
	}
	if (!--g->list[f->unit]->unit_left)
		unit_ready(m, g, f->unit);
}

/* Copies that were offered and not taken: the CPU will do these folios. */
static void decline(struct migsim_migrator *m, struct group *g,
		    const struct migsim_copy *c, uint32_t n)
{
	uint32_t i, at;
	struct migsim_folio *f;

	m->report->c.declined += n;
	for (i = 0; i < n; i++) {
		at = (uint32_t)(c[i].cookie >> 32);
		f = g->list[at];
		f->pending &= ~(1u << c[i].piece);
		f->flags |= FOLIO_COPY_FAILED;
		if (!f->pending && at < g->submitted)
			folio_copied(m, g, f);
	}
}

/* Copies that were not taken now: they will be offered again. */
static void take_back(struct group *g, const struct migsim_copy *c, uint32_t n)
{
	uint32_t i;

	if (!n)
		return;
	for (i = 0; i < n; i++)
		g->list[c[i].cookie >> 32]->pending &= ~(1u << c[i].piece);
	g->submitted = (uint32_t)(c[0].cookie >> 32);
	g->piece = c[0].piece;
}

/*
 * Offers copies up to list[end). False: the engine is full, reap first.
 */
static bool offer(struct migsim_migrator *m, struct group *g, uint32_t end)
{
	uint32_t room = m->engine->caps.depth - m->nr_copies, n;
	int took = -EOPNOTSUPP;

	if (!room)
		return false;
	n = make_copies(m, g, end, room < CHUNK ? room : CHUNK);
	if (!m->engine_dead)
		took = m->engine->ops->submit(m->engine->priv, m->copies, n);
	if (took > 0) {
		if ((uint32_t)took > n)
			took = (int)n;
		m->nr_copies += (uint32_t)took;
		take_back(g, m->copies + took, n - (uint32_t)took);
		return true;
	}
	if (took == -EBUSY && m->nr_copies) {
		take_back(g, m->copies, n);
		return false;
	}
	decline(m, g, m->copies, n);
	return true;
}

static uint32_t submit_end(const struct group *g)
{
	uint64_t pages = 0;
	uint32_t i = g->submitted;

	if (!g->how.submit)
		return g->nr;
	while (i < g->nr && pages < g->how.submit)
		pages += migsim_folio_pages(g->list[i++]);
	return i;
}

/*
 * Offers list[..end) and starts it. Stops early when the engine is full, or
 * when folios that it declined are ready to be moved.
 */
static void submit_group(struct migsim_migrator *m, struct group *g,
			 uint32_t end)
{
	enum phase was = phase_enter(m, m->engine->caps.flags &
				     MIGSIM_ENGINE_SYNC ? PHASE_COPY
							: PHASE_SUBMIT);
	uint32_t before = m->nr_copies;

	check_flushed(g);
	while (g->submitted < end && !m->nr_ready && offer(m, g, end))
		;
	if (m->engine->ops->kick && m->nr_copies)
		m->engine->ops->kick(m->engine->priv);
	phase_enter(m, was);
	if (m->nr_copies != before)
		m->t_progress = m->t_phase;
}

static bool engine_full(const struct migsim_migrator *m, const struct group *g,
			uint32_t end)
{
	return g->submitted < end && !m->nr_ready;
}

static bool has_copies(const struct group *g)
{
	return g->submitted < g->nr && !g->how.no_offload &&
	       !g->how.copy_inline;
}

/* Thousands of groups may be in flight: those without are left behind. */
static struct group *first_to_submit(struct migsim_migrator *m)
{
	while (m->to_submit && !has_copies(m->to_submit))
		m->to_submit = m->to_submit->next;
	return m->to_submit;
}

/* Offers what the groups in flight still have to copy, oldest first. */
void copy_submit(struct migsim_migrator *m)
{
	struct group *g;
	uint32_t end;

	while ((g = first_to_submit(m))) {
		end = submit_end(g);
		submit_group(m, g, end);
		if (engine_full(m, g, end))
			return;
		move_ready(m);
	}
}

/* Offers the next folio alone, for a copy in line. */
void copy_submit_one(struct migsim_migrator *m, struct group *g)
{
	submit_group(m, g, g->submitted + 1);
	move_ready(m);
}

/* False: no copy was waiting for this. */
static bool complete(struct migsim_migrator *m,
		     const struct migsim_completion *c)
{
	uint32_t at = (uint32_t)(c->cookie >> 32);
	uint32_t slot = c->cookie >> 20 & 0xfff;
	uint32_t piece = c->cookie >> 15 & 0x1f;
	struct group *g = &m->slots[slot];
	struct migsim_folio *f;

	if (!g->live || (g->seq & 0x7fff) != (c->cookie & 0x7fff) ||
	    at >= g->nr || !(g->list[at]->pending & 1u << piece)) {
		m->report->c.completion_errors++;
		return false;
	}
	f = g->list[at];
	f->pending &= ~(1u << piece);
	m->nr_copies--;
	if (c->status)
		f->flags |= c->status == -ETIMEDOUT ?
			    FOLIO_COPY_FAILED | FOLIO_STUCK : FOLIO_COPY_FAILED;
	if (!f->pending && at < g->submitted) {
		g->t_copied = m->t_phase;
		folio_copied(m, g, f);
	}
	return true;
}

/* So often it is looked whether the call was told to stop. */
#define STOP_LOOK_NS	100000000ull
/* Who was told to stop waits no longer than that for an engine that hangs. */
#define STOP_PATIENCE	(3 * STOP_LOOK_NS)

/* Of the engine, in ns, without a completion. */
static uint64_t patience_ns(const struct migsim_migrator *m)
{
	uint64_t ns = ticks_to_ns(m, m->copy_timeout);

	if (atomic_load_explicit(&m->stop, memory_order_relaxed) &&
	    ns > STOP_PATIENCE)
		return STOP_PATIENCE;
	return ns;
}

static uint64_t longest_wait_ns(const struct migsim_migrator *m)
{
	uint64_t ns = patience_ns(m);

	/* Virtual time goes by at once. */
	if (m->space_caps.flags & MIGSIM_SPACE_VIRTUAL || ns < STOP_LOOK_NS)
		return ns;
	return STOP_LOOK_NS;
}

/*
 * Waits for completions at most so long, and moves what they made ready. The
 * patience with the engine bounds every wait, so that a hang is noticed.
 */
void copy_wait(struct migsim_migrator *m, uint64_t timeout_ns)
{
	uint64_t longest = longest_wait_ns(m);
	bool progress = false;
	enum phase was;
	int i, n;

	/* Nothing left: the CPU has copied what the engine did not take. */
	if (!m->nr_copies)
		return;
	if (timeout_ns > longest)
		timeout_ns = longest;
	was = phase_enter(m, m->engine->caps.flags & MIGSIM_ENGINE_SYNC ?
			     PHASE_REAP : PHASE_WAIT);
	n = m->engine->ops->reap(m->engine->priv, m->done, CHUNK, timeout_ns);
	phase_enter(m, PHASE_REAP);
	for (i = 0; i < n && i < CHUNK; i++)
		progress |= complete(m, &m->done[i]);
	if (progress)
		m->t_progress = m->t_phase;
	phase_enter(m, was);
	move_ready(m);
	if (n < 0)
		engine_died(m);
	else if (!progress && m->nr_copies &&
		 ticks_to_ns(m, m->t_phase - m->t_progress) >= patience_ns(m))
		engine_hung(m);
}
