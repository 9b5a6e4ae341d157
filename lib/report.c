/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "sys.h"

struct migsim_report *migsim_report_new(void)
{
	return sys_map(sizeof(struct migsim_report));
}

void migsim_report_free(struct migsim_report *r)
{
	sys_unmap(r, sizeof(*r));
}

void migsim_report_reset(struct migsim_report *r)
{
	memset(r, 0, sizeof(*r));
}

static void counters_add(struct counters *c, const struct counters *other)
{
	const uint64_t *from = (const uint64_t *)other;
	uint64_t *to = (uint64_t *)c;
	size_t i;

	_Static_assert(sizeof(*c) % sizeof(*to) == 0, "counters are u64");
	for (i = 0; i < sizeof(*c) / sizeof(*to); i++)
		to[i] += from[i];
}

int migsim_report_add(struct migsim_report *r,
		      const struct migsim_report *other)
{
	if (!other->ticks_per_s)
		return 0;
	if (r->ticks_per_s && r->ticks_per_s != other->ticks_per_s)
		return -EINVAL;
	r->ticks_per_s = other->ticks_per_s;
	r->self_driven |= other->self_driven;
	r->sync_engine |= other->sync_engine;
	r->unmap_flushes |= other->unmap_flushes;
	r->cpu_unknown |= other->cpu_unknown;
	counters_add(&r->c, &other->c);
	r->page_ticks += other->page_ticks;
	r->window_ticks += other->window_ticks;
	if (other->max_window > r->max_window)
		r->max_window = other->max_window;
	histogram_merge(&r->first, &other->first);
	histogram_merge(&r->inaccessible, &other->inaccessible);
	return 0;
}

static struct migsim_latency latency(const struct histogram *h, double us)
{
	return (struct migsim_latency){
		.n = h->n,
		.mean = histogram_mean(h) * us,
		.p50 = histogram_quantile(h, 0.50) * us,
		.p95 = histogram_quantile(h, 0.95) * us,
		.p99 = histogram_quantile(h, 0.99) * us,
		.max = (double)h->max * us,
	};
}

static struct migsim_phases phases(const struct migsim_report *r, double us)
{
	const uint64_t *p = r->c.phase;
	struct migsim_phases out = {
		.alloc = (double)p[PHASE_ALLOC] * us,
		.unmap = (double)p[PHASE_UNMAP] * us,
		.flush = (double)p[PHASE_FLUSH] * us,
		.submit = (double)p[PHASE_SUBMIT] * us,
		.wait = (double)p[PHASE_WAIT] * us,
		.copy = (double)p[PHASE_COPY] * us,
		.reap = (double)p[PHASE_REAP] * us,
		.remap = (double)p[PHASE_REMAP] * us,
		.other = (double)p[PHASE_OTHER] * us,
	};

	if (r->c.unseen_calls)
		return (struct migsim_phases){ -1, -1, -1, -1, -1,
					       -1, -1, -1, -1 };
	/* A space that does calls by itself tells two of them apart. */
	if (r->self_driven)
		out.alloc = out.flush = out.submit = out.wait = out.reap =
			out.remap = -1;
	/* From one entry to itself: nothing was seen of the unmap. */
	if (r->self_driven && !p[PHASE_UNMAP])
		out.unmap = -1;
	if (r->unmap_flushes)
		out.flush = -1;
	if (r->sync_engine)
		out.submit = -1;
	return out;
}

static void counts(const struct counters *c, struct migsim_summary *s)
{
	s->calls = c->calls;
	s->bytes = c->nr_succeeded * MIGSIM_PAGE_SIZE;
	s->groups = c->groups;
	s->migrated = c->migrated;
	s->failed = c->failed;
	s->retried = c->retried;
	s->declined = c->declined;
	s->cpu_fallback = c->cpu_fallback;
	s->flushes = c->flushes;
	s->completion_errors = c->completion_errors;
	s->allocated_pages = c->allocated_pages;
	s->not_huge = c->not_huge;
	s->quarantined_pages = c->quarantined_pages;
	s->nr_succeeded = c->nr_succeeded;
	s->nr_failed_pages = c->nr_failed_pages;
	s->nr_untried_pages = c->nr_untried_pages;
	s->nr_thp_succeeded = c->nr_thp_succeeded;
	s->nr_thp_failed = c->nr_thp_failed;
	s->nr_thp_split = c->nr_thp_split;
	s->nr_split = c->nr_split;
	s->unseen_calls = c->unseen_calls;
}

static void fill(const struct migsim_report *r, struct migsim_summary *s)
{
	double us = r->ticks_per_s ? 1e6 / (double)r->ticks_per_s : 0;
	uint64_t seen = r->c.elapsed - r->c.unseen_elapsed;

	counts(&r->c, s);
	s->space_sees = !r->self_driven || r->c.unseen_calls < r->c.calls;
	s->elapsed_us = (double)r->c.elapsed * us;
	if (r->c.elapsed)
		s->gib_s = (double)s->bytes / (double)(1ull << 30) /
			   (s->elapsed_us * 1e-6);
	if (seen)
		s->mean_pages_in_flight = (double)r->window_ticks /
					  (double)seen;
	s->first_us = latency(&r->first, us);
	s->inaccessible_us = latency(&r->inaccessible, us);
	s->page_seconds = (double)r->page_ticks * us * 1e-6;
	s->max_pages_in_flight = r->max_window;
	s->phases_us = phases(r, us);
	s->caller_cpu_s = r->cpu_unknown ? -1 :
			  (double)r->c.caller_cpu_ns * 1e-9;
	s->helper_cpu_s = (double)r->c.helper_cpu_ns * 1e-9;
}

void migsim_report_summary(const struct migsim_report *r,
			   struct migsim_summary *s)
{
	struct migsim_summary full = { .size = s->size };

	fill(r, &full);
	memset(s, 0, full.size);
	memcpy(s, &full, full.size < sizeof(full) ? full.size : sizeof(full));
}

/* Per GiB; what is not known is NAN. */
static double cpu_per_gib(const struct migsim_summary *s, double seconds)
{
	return seconds >= 0 && s->bytes ?
	       seconds / ((double)s->bytes / (double)(1 << 30)) : NAN;
}

int migsim_report_format(const struct migsim_report *r, char *buf, size_t len)
{
	struct migsim_summary s = { .size = sizeof(s) };

	migsim_report_summary(r, &s);
	return snprintf(buf, len,
		"migrated          %llu folios, %.1f MiB; %llu failed\n"
		"throughput        %.2f GiB/s\n"
		"first folio       %.1f us mean, %.1f p99, %.1f max (%llu groups)\n"
		"inaccessible      %.1f us mean, %.1f p99, %.1f max; %.4f page-seconds\n"
		"in flight         %.1f pages mean, %llu max\n"
		"CPU               %.3f s/GiB of the caller, %.3f of helpers\n",
		(unsigned long long)s.migrated,
		(double)s.bytes / (double)(1 << 20),
		(unsigned long long)s.failed, s.gib_s,
		s.first_us.mean, s.first_us.p99, s.first_us.max,
		(unsigned long long)s.groups,
		s.inaccessible_us.mean, s.inaccessible_us.p99,
		s.inaccessible_us.max, s.page_seconds,
		s.mean_pages_in_flight,
		(unsigned long long)s.max_pages_in_flight,
		cpu_per_gib(&s, s.caller_cpu_s),
		cpu_per_gib(&s, s.helper_cpu_s));
}
