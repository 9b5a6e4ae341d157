/* SPDX-License-Identifier: MIT */
/*
 * --load: the application that uses the memory while it migrates, which is who
 * pays for what is in flight.
 *
 * Each thread goes from operation to operation: it reads 8 bytes of a base
 * page, or writes them as they are (adds 0, atomically), so that --verify still
 * holds. uniform meets every page as often as any other; zipf has a page of
 * each rank (load_pattern.h), scattered over the region.
 *
 * A stall is an operation that waited for a folio in flight.
 *   Over real memory: it took longer than LOAD_SLOW_NS, and the thread slept in
 *   the kernel meanwhile (a voluntary context switch), as who touches an
 *   unmapped folio does; losing the CPU to others is none. It lasts as long as
 *   the operation, the wait for a CPU behind the remap included.
 *   In the model: its folio was unmapped and not yet remapped. It lasts until
 *   the remap.
 *
 * Operations count while calls run. The baseline, before the first call of a
 * run, is of the same threads over the same memory; the migrating thread sleeps
 * then, so that what it takes from the CPUs is seen too. In the model the load
 * costs the migrating CPU nothing, a write is as a read, the region is the list
 * of one call, and the baseline is what the rate says.
 */
#ifndef MIGSIM_BENCH_LOAD_H
#define MIGSIM_BENCH_LOAD_H

#include <stdatomic.h>

#include "load_times.h"
#include "load_words.h"
#include "region.h"
#include "result.h"

/*
 * An operation takes 0.1 us, of memory that nothing holds in a cache 0.3 us;
 * sleeping and waking up takes several.
 */
#define LOAD_SLOW_NS		1000
#define LOAD_BASELINE_NS	100000000

/* The load of a configuration, and what it met. */
struct load;

/* *l is NULL when @c has none, which all the rest takes. 0 or -ENOMEM. */
int load_open(struct load **l, const struct config *c);
void load_close(struct load *l);

/*
 * Begins a run over @region, which must outlive it: starts the threads and
 * measures the baseline. They take no signals, and end by themselves when
 * *@stop became true. 0; -EINTR when it did; -ENOMEM; or an exit code after a
 * sentence.
 */
int load_start(struct load *l, const struct region *region,
	       const atomic_int *stop);

/* Around each call. The end of one: 0, -EINTR as above. */
void load_call_begins(struct load *l);
int load_call_ended(struct load *l);

/* Ends the run, and the threads. @report: of its calls. */
void load_end(struct load *l, const struct migsim_report *report);

/* What the run came to, into a sample; its stalls count from now on. */
void load_take(struct load *l, struct sample *sample);

/* Warns of threads that had to share CPUs. 0 or -ENOMEM. */
int load_warn(struct results *rs);

/* Of all that was taken. */
void load_stalls(const struct load *l, struct migsim_latency *stalls);

#endif
