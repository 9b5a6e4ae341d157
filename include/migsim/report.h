/* SPDX-License-Identifier: MIT */
/*
 * The report: one structure for every space, engine and policy. A report
 * accumulates calls; two reports can be added, which pools their groups and
 * folios.
 */
#ifndef MIGSIM_REPORT_H
#define MIGSIM_REPORT_H

#include <migsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct migsim_report;

/**
 * struct migsim_latency - a distribution, in us
 * @n: values; the rest is 0 when this is 0
 *
 * mean and max are exact, the percentiles within 0.4 %.
 */
struct migsim_latency {
	uint64_t n;
	double mean;
	double p50;
	double p95;
	double p99;
	double max;
};

/**
 * struct migsim_phases - where the calling thread's time went, in us
 *
 * The phases add up to the elapsed time. A negative value means that the
 * space cannot tell (it is part of another phase). Of a call that the kernel
 * does by itself and that is traced, unmap lasts from the first to the last
 * migration entry that a flush group sets, the flush and the copies from there
 * to the last one that it removes, and all else is other.
 *
 * @alloc: getting target pages
 * @unmap: making folios inaccessible
 * @flush: TLB flush; negative where it is part of @unmap
 * @submit: handing copies to the engine; negative where it is part of @copy
 * @wait: waiting for completions
 * @copy: the calling thread copies: a synchronous engine, or the CPU fallback
 * @reap: taking note of completions
 * @remap: making folios accessible
 * @other: the core's own bookkeeping, and the policy
 */
struct migsim_phases {
	double alloc;
	double unmap;
	double flush;
	double submit;
	double wait;
	double copy;
	double reap;
	double remap;
	double other;
};

/**
 * struct migsim_summary - a report in plain numbers
 * @size: set by the caller to sizeof(struct migsim_summary)
 * @space_sees: false when the space did the calls by itself and only
 *              throughput and counters are known (move_pages, not traced)
 * @calls: calls of migsim_migrate()
 * @elapsed_us: sum of the calls' durations, from the space's begin to its end
 * @bytes: bytes migrated
 * @gib_s: @bytes / @elapsed_us, in 2^30 bytes per second
 * @first_us: first-folio latency of every flush group: from before its first
 *            unmap until its first folio is accessible again
 * @inaccessible_us: of every folio, from its unmap to its remap
 * @page_seconds: sum of the inaccessible times of all base pages
 * @mean_pages_in_flight: base pages in flight, averaged over @elapsed_us;
 *                        counted apart from @page_seconds, so that Little's
 *                        law can be checked
 * @max_pages_in_flight: greatest window, in base pages
 * @phases_us: of the calling thread, the sum over all calls
 * @caller_cpu_s: CPU time of the calling thread; negative: unknown
 * @helper_cpu_s: CPU time of the engine's and the space's threads, between
 *                calls too
 * @groups: flush groups
 * @migrated: folios that lie on the target
 * @failed: folios that do not, untried ones excluded
 * @retried: times that a folio was tried again
 * @declined: copies that the engine declined (a piece counts as one)
 * @cpu_fallback: folios copied by the CPU because the engine did not
 * @flushes: TLB flushes
 * @completion_errors: completions that no copy was waiting for
 * @allocated_pages: target pages allocated during calls
 * @not_huge: 2M folios that were not one huge page
 * @quarantined_pages: target pages set apart for good
 * @nr_succeeded: base pages, as the kernel's migrate_pages_stats
 * @nr_failed_pages: base pages, untried ones excluded
 * @nr_untried_pages: base pages
 * @nr_thp_succeeded: 2M folios
 * @nr_thp_failed: 2M folios
 * @nr_thp_split: 2M folios
 * @nr_split: large folios
 * @unseen_calls: calls that the space did by itself and did not see. Latencies,
 *                pages in flight and groups are then those of the other calls,
 *                @page_seconds their sum, and every phase is negative.
 */
struct migsim_summary {
	size_t size;
	bool space_sees;
	uint64_t calls;
	double elapsed_us;
	uint64_t bytes;
	double gib_s;
	struct migsim_latency first_us;
	struct migsim_latency inaccessible_us;
	double page_seconds;
	double mean_pages_in_flight;
	uint64_t max_pages_in_flight;
	struct migsim_phases phases_us;
	double caller_cpu_s;
	double helper_cpu_s;
	uint64_t groups;
	uint64_t migrated;
	uint64_t failed;
	uint64_t retried;
	uint64_t declined;
	uint64_t cpu_fallback;
	uint64_t flushes;
	uint64_t completion_errors;
	uint64_t allocated_pages;
	uint64_t not_huge;
	uint64_t quarantined_pages;
	uint64_t nr_succeeded;
	uint64_t nr_failed_pages;
	uint64_t nr_untried_pages;
	uint64_t nr_thp_succeeded;
	uint64_t nr_thp_failed;
	uint64_t nr_thp_split;
	uint64_t nr_split;
	uint64_t unseen_calls;
};

/**
 * migsim_report_new - an empty report
 * Return: the report, owned by the caller; NULL without memory.
 */
struct migsim_report *migsim_report_new(void);

/**
 * migsim_report_free - free a report
 * @r: may be NULL
 */
void migsim_report_free(struct migsim_report *r);

/**
 * migsim_report_reset - make a report empty
 * @r: the report
 */
void migsim_report_reset(struct migsim_report *r);

/**
 * migsim_report_add - pool the calls of another report into this one
 * @r: the report that grows
 * @other: unchanged
 * Return: 0, or -EINVAL when the clocks of the two have different units.
 */
int migsim_report_add(struct migsim_report *r,
		      const struct migsim_report *other);

/**
 * migsim_report_summary - a report in plain numbers
 * @r: the report
 * @s: s->size must be set; at most that many bytes are written
 */
void migsim_report_summary(const struct migsim_report *r,
			   struct migsim_summary *s);

/**
 * migsim_report_format - a report as a few lines of text
 * @r: the report
 * @buf: filled, always terminated when @len > 0
 * @len: bytes of @buf
 * Return: bytes that the whole text needs, as snprintf().
 */
int migsim_report_format(const struct migsim_report *r, char *buf, size_t len);

#ifdef __cplusplus
}
#endif
#endif
