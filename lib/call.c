/* SPDX-License-Identifier: MIT */
/*
 * One call of migsim_migrate(): checks the list, prepares the memory that the
 * state machine works in, runs it, and tells the report who paid.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>

#include <migsim/log.h>

#include "account.h"
#include "check.h"
#include "own.h"
#include "sys.h"

/*
 * Every folio well-formed? Finds what the list spans. Hardly writes: the core
 * sets each folio up when it comes to it.
 */
static int check_folios(struct migsim_migrator *m, struct migsim_folio *folios,
			size_t n, struct extent *span)
{
	struct migsim_folio *f;
	uint64_t pages = 0;
	unsigned int largest = 0;

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
		if (f->space_flags)
			f->space_flags = 0;
		pages += migsim_folio_pages(f);
		if (f->order > largest)
			largest = f->order;
		if (f->addr < span->lo)
			span->lo = f->addr;
		if (f->addr + migsim_folio_bytes(f) > span->hi)
			span->hi = f->addr + migsim_folio_bytes(f);
	}
	m->pages_left = pages;
	m->largest = (uint64_t)1 << largest;
	m->groups_done = m->pages_done = m->longest = 0;
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

/* Below: what the call will use. Above: its callers' frames that it goes by. */
#define STACK_BELOW	65536
#define STACK_ABOVE	4096

/* Of a thread's stack, not what lies beside it. Only where there is doubt. */
static struct extent own_stack(void)
{
	uint64_t sp = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	struct extent stack = { sp - STACK_BELOW, sp + STACK_ABOVE };
	pthread_attr_t attr;
	void *base;
	size_t size;

	if (pthread_getattr_np(pthread_self(), &attr))
		return stack;
	if (!pthread_attr_getstack(&attr, &base, &size)) {
		if (stack.lo < (uint64_t)(uintptr_t)base)
			stack.lo = (uint64_t)(uintptr_t)base;
		if (stack.hi > (uint64_t)(uintptr_t)base + size)
			stack.hi = (uint64_t)(uintptr_t)base + size;
	}
	pthread_attr_destroy(&attr);
	return stack;
}

/* The C library's words on this thread that a system call may touch. */
#define THREAD_BYTES 1024

/* The thread's own variables: errno, and what its mutexes go by. */
static struct extent own_tls(void)
{
	uint64_t self = (uint64_t)(uintptr_t)pthread_self();
	uint64_t at = (uint64_t)(uintptr_t)&errno;

	return (struct extent){ at < self ? at : self,
				at > self ? at + sizeof(errno)
					  : self + THREAD_BYTES };
}

static bool names(const struct migsim_folio *folios, size_t n,
		  struct extent span, struct extent what)
{
	return extents_meet(span, what) && within(folios, n, what);
}

static bool names_own_memory(const struct migsim_folio *folios, size_t n,
			     struct extent span)
{
	uint64_t sp = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	struct extent about = { sp - STACK_BELOW, sp + STACK_ABOVE }, own;
	size_t i = 0, bytes;
	void *clock = sys_clock_state(&bytes);

	while (own_next(span, &i, &own))
		if (within(folios, n, own))
			return true;
	return names(folios, n, span, extent_of(folios, n * sizeof(*folios))) ||
	       names(folios, n, span, extent_of(clock, bytes)) ||
	       names(folios, n, span, own_tls()) ||
	       (extents_meet(span, about) &&
		within(folios, n, own_stack()));
}

/*
 * While a folio is in flight, whoever touches it waits, and the thread that
 * should bring it back must not.
 */
static int check_own_memory(const struct migsim_folio *folios, size_t n,
			    struct extent span)
{
	if (!names_own_memory(folios, n, span))
		return 0;
	migsim_log(MIGSIM_LOG_ERROR,
		   "the folios hold memory that the migration itself works with: its list, its stack or the library's own");
	return -EDEADLK;
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
	r->sync_engine |= !!(m->engine->caps.flags & MIGSIM_ENGINE_SYNC);
	r->self_driven |= m->space->migrate != NULL;
	return r;
}

static uint64_t cpu_ns(struct migsim_migrator *m)
{
	return m->space->cpu_ns ? m->space->cpu_ns(m->space_priv) : 0;
}

static struct migsim_space_note space_note(struct migsim_migrator *m)
{
	struct migsim_space_note note = { 0 };

	if (m->space->note)
		m->space->note(m->space_priv, &note);
	return note;
}

static uint64_t helper_ns(struct migsim_migrator *m,
			  const struct migsim_space_note *note)
{
	uint64_t ns = note->helper_cpu_ns;

	if (m->engine->ops->helper_cpu_ns)
		ns += m->engine->ops->helper_cpu_ns(m->engine->priv);
	return ns;
}

/* What the space and the helpers did since @was was read. */
static void count_notes(struct migsim_migrator *m,
			const struct migsim_space_note *was)
{
	struct migsim_space_note is = space_note(m);
	struct counters *c = &m->report->c;
	uint64_t ns = helper_ns(m, &is);

	c->flushes += is.flushes - was->flushes;
	c->allocated_pages += is.allocated_pages - was->allocated_pages;
	c->not_huge += is.not_huge - was->not_huge;
	c->quarantined_pages += is.quarantined_pages - was->quarantined_pages;
	/* Helpers also work between calls, for the calls. */
	c->helper_cpu_ns += ns - m->helper_ns;
	m->helper_ns = ns;
}

/* What the call did not come to. */
static void count_untried(struct migsim_migrator *m)
{
	struct migsim_folio *f;

	for (f = m->folios + m->next; f < m->folios + m->n; f++) {
		f->status = MIGSIM_UNTRIED;
		f->state = MIGSIM_FOLIO_FROM;
	}
	for (f = m->folios; f < m->folios + m->n; f++)
		if (f->status == MIGSIM_UNTRIED)
			m->report->c.nr_untried_pages += migsim_folio_pages(f);
}

/* The space does it all: what it saw of that is asked when it is over. */
static long self_driven(struct migsim_migrator *m)
{
	struct migsim_folio *f;
	long rc;

	for (f = m->folios; f < m->folios + m->n; f++) {
		f->status = MIGSIM_UNTRIED;
		f->flags = 0;
	}
	m->next = m->n;
	rc = m->space->migrate(m->space_priv, m->folios, m->n, m->mode);
	for (f = m->folios; f < m->folios + m->n; f++) {
		if (!f->status)
			account_done(m, f);
		else if (f->status != MIGSIM_UNTRIED)
			account_failed(m, f);
	}
	return rc;
}

static long run_timed(struct migsim_migrator *m)
{
	uint64_t cpu = cpu_ns(m);
	long rc = 0;

	phase_start(m);
	if (m->space->begin)
		rc = m->space->begin(m->space_priv, m->folios, m->n);
	if (!rc)
		rc = m->space->migrate ? self_driven(m) : migrate_run(m);
	if (m->space->end)
		m->space->end(m->space_priv);
	phase_stop(m);
	m->report->c.caller_cpu_ns += cpu_ns(m) - cpu;
	m->report->cpu_unknown |= !m->space->cpu_ns;
	m->report->c.calls++;
	return rc;
}

static long run_call(struct migsim_migrator *m)
{
	struct migsim_space_note note = space_note(m);
	struct counters was = m->report->c;
	long rc = 0;

	if (m->policy->init)
		rc = m->policy->init(m->policy_priv, m->policy_spec.args) ?
		     -EINVAL : 0;
	if (!rc && m->space->prepare)
		rc = m->space->prepare(m->space_priv, m->folios, m->n);
	if (rc)
		return rc;
	rc = run_timed(m);
	if (m->space->migrate)
		account_sight(m, m->report->c.elapsed - was.elapsed);
	if (rc)
		count_untried(m);
	check_call(m, &was, rc);
	count_notes(m, &note);
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
	if (!err && !(m->space_caps.flags & MIGSIM_SPACE_VIRTUAL))
		err = check_own_memory(folios, n, span);
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
