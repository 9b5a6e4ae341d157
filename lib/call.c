/* SPDX-License-Identifier: MIT */
/*
 * One call of migsim_migrate(): checks the list, prepares the memory that the
 * state machine works in, runs it, and tells the report who paid.
 */
#include <errno.h>
#include <string.h>

#include <migsim/log.h>

#include "account.h"
#include "sys.h"

struct extent {
	uint64_t lo, hi;
};

/* Every folio well-formed? Prepares them, and finds what the list spans. */
static int check_folios(struct migsim_migrator *m, struct migsim_folio *folios,
			size_t n, struct extent *span)
{
	struct migsim_folio *f;
	uint64_t pages = 0;

	*span = (struct extent){ UINT64_MAX, 0 };
	for (f = folios; f < folios + n; f++) {
		if (f->order > MIGSIM_MAX_ORDER ||
		    f->addr & (migsim_folio_bytes(f) - 1)) {
			migsim_log(MIGSIM_LOG_ERROR,
				   "folio %zu (address %#llx, order %u) is not aligned to its size",
				   (size_t)(f - folios),
				   (unsigned long long)f->addr, f->order);
			return -EINVAL;
		}
		f->status = MIGSIM_UNTRIED;
		f->pending = 0;
		f->state = MIGSIM_FOLIO_FROM;
		f->flags = 0;
		f->space_flags = 0;
		pages += migsim_folio_pages(f);
		if (f->addr < span->lo)
			span->lo = f->addr;
		if (f->addr + migsim_folio_bytes(f) > span->hi)
			span->hi = f->addr + migsim_folio_bytes(f);
	}
	m->pages_left = pages;
	return 0;
}

static bool within(const struct migsim_folio *folios, size_t n,
		   struct extent what)
{
	const struct migsim_folio *f;

	for (f = folios; f < folios + n; f++)
		if (f->addr < what.hi &&
		    f->addr + migsim_folio_bytes(f) > what.lo)
			return true;
	return false;
}

/*
 * While a folio is in flight, whoever touches it waits, and the thread that
 * should bring it back must not: neither the list, nor the report, nor the
 * stack may lie in what is migrated.
 */
static int check_own_memory(struct migsim_migrator *m,
			    struct migsim_folio *folios, size_t n,
			    struct extent span)
{
	uint64_t sp = (uint64_t)(uintptr_t)&span;
	struct extent own[] = {
		{ (uint64_t)(uintptr_t)folios,
		  (uint64_t)(uintptr_t)(folios + n) },
		{ (uint64_t)(uintptr_t)m->report,
		  (uint64_t)(uintptr_t)(m->report + 1) },
		{ sp - 65536, sp + 65536 },
	};
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (own[i].lo >= span.hi || own[i].hi <= span.lo ||
		    !within(folios, n, own[i]))
			continue;
		migsim_log(MIGSIM_LOG_ERROR,
			   "the folios hold memory that the migration itself works with: its list, its report or its stack");
		return -EDEADLK;
	}
	return 0;
}

/* Room for four lists of @n folios; kept for the calls to come. */
static int make_lists(struct migsim_migrator *m, size_t n)
{
	struct migsim_folio **lists;

	if (n > m->lists_cap) {
		lists = sys_map(n * 4 * sizeof(*lists));
		if (!lists)
			return -ENOMEM;
		sys_unmap(m->lists, m->lists_cap * 4 * sizeof(*lists));
		m->lists = lists;
		m->lists_cap = n;
	}
	m->again.folio = m->lists + m->lists_cap;
	m->single.folio = m->lists + 2 * m->lists_cap;
	m->split.folio = m->lists + 3 * m->lists_cap;
	m->again.n = m->single.n = m->split.n = 0;
	return 0;
}

static struct migsim_report *make_report(struct migsim_migrator *m,
					 struct migsim_report *r)
{
	if (!r) {
		if (!m->scratch)
			m->scratch = migsim_report_new();
		else
			migsim_report_reset(m->scratch);
		r = m->scratch;
	}
	if (!r || (r->ticks_per_s &&
		   r->ticks_per_s != m->space_caps.ticks_per_s))
		return NULL;
	r->ticks_per_s = m->space_caps.ticks_per_s;
	r->unmap_flushes |= !!(m->space_caps.flags &
			       MIGSIM_SPACE_UNMAP_FLUSHES);
	r->sync_engine |= !!(m->engine_caps.flags & MIGSIM_ENGINE_SYNC);
	r->self_driven |= m->space->migrate != NULL;
	return r;
}

/* What changes during a call and is read on both sides of it. */
struct meters {
	uint64_t cpu_ns;
	uint64_t helper_ns;
	struct migsim_space_note note;
};

static void read_meters(struct migsim_migrator *m, struct meters *s)
{
	*s = (struct meters){ 0 };
	if (m->space->note)
		m->space->note(m->space_priv, &s->note);
	s->helper_ns = s->note.helper_cpu_ns;
	if (m->engine->helper_cpu_ns)
		s->helper_ns += m->engine->helper_cpu_ns(m->engine_priv);
	if (m->space->cpu_ns)
		s->cpu_ns = m->space->cpu_ns(m->space_priv);
}

static void count_meters(struct migsim_migrator *m, const struct meters *was)
{
	struct counters *c = &m->report->c;
	struct meters is;

	read_meters(m, &is);
	c->caller_cpu_ns += is.cpu_ns - was->cpu_ns;
	c->helper_cpu_ns += is.helper_ns - was->helper_ns;
	c->flushes += is.note.flushes - was->note.flushes;
	c->allocated_pages += is.note.allocated_pages -
			      was->note.allocated_pages;
	c->not_huge += is.note.not_huge - was->note.not_huge;
	c->quarantined_pages += is.note.quarantined_pages -
				was->note.quarantined_pages;
	m->report->cpu_unknown |= !m->space->cpu_ns;
}

/* What a call did not come to. */
static void count_untried(struct migsim_migrator *m)
{
	struct migsim_folio *f;

	for (f = m->folios; f < m->folios + m->n; f++)
		if (f->status == MIGSIM_UNTRIED)
			m->report->c.nr_untried_pages += migsim_folio_pages(f);
}

/* The space does it all: only what became of the folios is known. */
static long self_driven(struct migsim_migrator *m)
{
	struct migsim_folio *f;
	long rc = m->space->migrate(m->space_priv, m->folios, m->n, m->mode);

	for (f = m->folios; f < m->folios + m->n; f++) {
		if (!f->status)
			account_done(m, f);
		else if (f->status != MIGSIM_UNTRIED)
			account_failed(m, f);
	}
	return rc;
}

static long run_call(struct migsim_migrator *m)
{
	struct meters before;
	long rc = 0;

	if (m->policy->init)
		rc = m->policy->init(m->policy_priv, m->policy_spec.args);
	if (rc)
		return rc;
	read_meters(m, &before);
	phase_start(m);
	if (m->space->begin)
		rc = m->space->begin(m->space_priv, m->folios, m->n);
	if (!rc)
		rc = m->space->migrate ? self_driven(m) : migrate_run(m);
	if (rc)
		count_untried(m);
	phase_stop(m);
	if (m->space->end)
		m->space->end(m->space_priv);
	m->report->c.calls++;
	count_meters(m, &before);
	return rc;
}

long migsim_migrate(struct migsim_migrator *m, struct migsim_folio *folios,
		    size_t n, struct migsim_report *r)
{
	struct extent span;
	int err;

	if (n > UINT32_MAX)
		return -EINVAL;
	m->report = make_report(m, r);
	if (!m->report)
		return r ? -EINVAL : -ENOMEM;
	m->folios = folios;
	m->n = n;
	m->next = 0;
	err = check_folios(m, folios, n, &span);
	if (!err)
		err = check_own_memory(m, folios, n, span);
	if (!err)
		err = make_lists(m, n);
	return err ? err : run_call(m);
}

long migsim_migrate_range(struct migsim_migrator *m, void *addr, size_t len,
			  unsigned int order, struct migsim_report *r)
{
	uint64_t start = (uint64_t)(uintptr_t)addr, bytes;
	struct migsim_folio *folios;
	size_t i, n;
	long rc;

	if (order > MIGSIM_MAX_ORDER)
		return -EINVAL;
	bytes = MIGSIM_PAGE_SIZE << order;
	if (start % bytes || len % bytes || !len)
		return -EINVAL;
	n = len / bytes;
	folios = sys_map(n * sizeof(*folios));
	if (!folios)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		folios[i].addr = start + i * bytes;
		folios[i].order = (uint8_t)order;
	}
	rc = migsim_migrate(m, folios, n, r);
	sys_unmap(folios, n * sizeof(*folios));
	return rc;
}
