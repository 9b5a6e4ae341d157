/* SPDX-License-Identifier: MIT */
/*
 * The kernel space: move_pages(2) does the whole call.
 *
 * What it does inside is seen by the kernel's migration events (trace.h,
 * perf.h), where the machine allows it. The event of a set migration entry
 * comes just after the page has become inaccessible, that of a removed one
 * just after it is accessible again. So the time of a folio is right but for
 * the events' own cost, and the first-folio latency of a flush group begins
 * when its first page is gone: the unmap of that one folio, and the allocation
 * of its target, came before. uffd's begins before that unmap, behind the
 * allocation of all targets of the group, which here lies within it.
 *
 * Every base page costs two events, a huge page two. They go to a ring of
 * this process's that is as large as the call may need, within a bound; a call
 * of which a record found no room, or of which a page never came back (its
 * owner has unmapped it), is one that was not seen.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <migsim/log.h>
#include <migsim/topology.h>

#include "builtin.h"
#include "node.h"
#include "offload.h"
#include "page_list.h"
#include "perf.h"
#include "sys.h"

struct kernel_args {
	uint64_t trace;
	uint64_t offload;
	uint64_t channels;
};

enum { TRACE_ON, TRACE_OFF };
enum { OFFLOAD_LEAVE, OFFLOAD_OFF, OFFLOAD_ON };

static const char *const trace_words[] = { "on", "off", NULL };
static const char *const offload_words[] = { "leave", "off", "on", NULL };

static const struct migsim_param kernel_params[] = {
	{ .name = "trace",
	  .help = "on: latencies by the kernel's migration events, which cost time; off: throughput alone",
	  .type = MIGSIM_PARAM_CHOICE, .choices = trace_words,
	  .offset = offsetof(struct kernel_args, trace), .def = TRACE_ON },
	{ .name = "offload",
	  .help = "copies by DMA, on a kernel with the batch-copy series: leave it as it is, off, on",
	  .type = MIGSIM_PARAM_CHOICE, .choices = offload_words,
	  .offset = offsetof(struct kernel_args, offload),
	  .def = OFFLOAD_LEAVE },
	{ .name = "channels", .help = "of the DMA; 0: as many as are set",
	  .type = MIGSIM_PARAM_NUMBER, .max = UINT32_MAX,
	  .offset = offsetof(struct kernel_args, channels) },
	{ 0 },
};

struct kernel {
	struct page_list list;
	bool traced;		/* calls are to be */
	bool armed;		/* this one is */
	bool knobs;		/* were set */
	bool dma;
	uint64_t channels;
	struct perf perf;
	struct trace trace;
	struct sys_moment begin, end;
};

static int check_nodes(const struct migsim_space_env *env)
{
	int to = env->to;

	if (migsim_topology_nodes(NULL, 0) < 2) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "move_pages(2) needs two NUMA nodes, and this machine has one: nothing would move");
		return -EOPNOTSUPP;
	}
	if (env->to < 0 || env->to == env->from) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "move_pages(2) needs a target node other than the source: nothing would move");
		return -EOPNOTSUPP;
	}
	return node_target(&to);
}

/* Without knobs there is nothing that would have to be switched off. */
static int set_offload(struct kernel *k, const struct kernel_args *args)
{
	int err;

	if (args->offload == OFFLOAD_LEAVE)
		return 0;
	k->dma = args->offload == OFFLOAD_ON;
	k->channels = k->dma ? args->channels : 0;
	err = offload_set(k->dma, &k->channels);
	k->knobs = !err;
	return err == -ENODEV && !k->dma ? 0 : err;
}

static void open_trace(struct kernel *k)
{
	char why[256];

	k->traced = !perf_open(&k->perf, why, sizeof(why));
	if (!k->traced)
		migsim_log(MIGSIM_LOG_WARNING,
			   "backend kernel reports throughput alone, no latencies: %s",
			   why);
}

static int kernel_open(void **priv, const struct migsim_space_env *env,
		       const void *args_)
{
	const struct kernel_args *args = args_;
	struct kernel *k;
	int err;

	err = check_nodes(env);
	if (err)
		return err;
	k = sys_map(sizeof(*k));
	if (!k)
		return -ENOMEM;
	err = set_offload(k, args);
	if (err) {
		sys_unmap(k, sizeof(*k));
		return err;
	}
	page_list_open(&k->list, env->to);
	if (args->trace == TRACE_ON)
		open_trace(k);
	*priv = k;
	return 0;
}

static void kernel_close(void *priv)
{
	struct kernel *k = priv;

	if (k->knobs)
		offload_restore();
	perf_close(&k->perf);
	trace_free(&k->trace);
	page_list_close(&k->list);
	sys_unmap(k, sizeof(*k));
}

static void kernel_caps(void *priv, struct migsim_space_caps *caps)
{
	struct kernel *k = priv;

	caps->flags = k->traced ? MIGSIM_SPACE_TRACED : 0;
	caps->ticks_per_s = sys_ticks_per_s();
	caps->driver = k->dma ? "dcbm" : NULL;
	caps->channels = (uint32_t)k->channels;
}

static uint64_t kernel_now(void *priv)
{
	(void)priv;
	return sys_ticks();
}

/* Events are those of one thread: this may be another than the last time. */
static void arm(struct kernel *k, const struct migsim_folio *folios, size_t n)
{
	/* Two events each; folios tried again, or split, have more. */
	uint64_t entries = page_list_entries(folios, n);

	k->armed = false;
	if (!k->traced)
		return;
	if (k->perf.thread != perf_thread()) {
		perf_close(&k->perf);
		open_trace(k);
	}
	k->armed = k->traced && !trace_list(&k->trace, folios, n) &&
		   !perf_restart(&k->perf, 2 * entries + entries / 2);
	if (k->traced && !k->armed)
		migsim_log(MIGSIM_LOG_WARNING,
			   "a call was not traced: there is no memory for the kernel's events (more RLIMIT_MEMLOCK, or root)");
}

static int kernel_prepare(void *priv, struct migsim_folio *folios, size_t n)
{
	struct kernel *k = priv;
	int err = page_list_prepare(&k->list, folios, n);

	if (!err)
		arm(k, folios, n);
	return err;
}

static long kernel_migrate(void *priv, struct migsim_folio *folios, size_t n,
			   enum migsim_mode mode)
{
	struct kernel *k = priv;
	long failed;
	int rc;

	(void)mode;	/* move_pages(2) is always MIGRATE_SYNC */
	page_list_name(&k->list, folios, n);
	if (k->armed)
		sys_moment(&k->begin);
	rc = page_list_move(&k->list);
	if (k->armed)
		sys_moment(&k->end);
	if (rc < 0 && rc != -EAGAIN && rc != -ENOMEM)
		return rc;
	failed = page_list_read(&k->list, folios, n, rc);
	return rc == -ENOMEM && failed ? rc : failed;
}

/* The events' clock and this one, at both ends of the call, make a line. */
static uint64_t ticks_at(const struct kernel *k, uint64_t ns)
{
	uint64_t span = k->end.raw_ns - k->begin.raw_ns;
	uint64_t ticks = k->end.ticks - k->begin.ticks;

	if (ns <= k->begin.raw_ns)
		return k->begin.ticks;
	if (ns >= k->end.raw_ns)
		return k->end.ticks;
	return k->begin.ticks +
	       (uint64_t)((unsigned __int128)(ns - k->begin.raw_ns) * ticks /
			  span);
}

static int64_t take_records(struct kernel *k,
			    const struct migsim_space_seen *seen)
{
	struct trace_record r;
	uint64_t at = 0;
	int64_t n = 0;

	trace_begin(&k->trace, seen);
	for (; perf_next(&k->perf, &at, &r); n++) {
		r.t = ticks_at(k, r.t);
		trace_take(&k->trace, &r);
	}
	return n;
}

/* Twice through the records: it is told only what is known to be whole. */
static int kernel_see(void *priv, const struct migsim_space_seen *seen)
{
	struct kernel *k = priv;
	bool lost;

	if (!k->armed)
		return -ENODATA;
	k->armed = false;
	perf_stop(&k->perf);
	lost = take_records(k, NULL) != perf_count(&k->perf);
	if (!lost && trace_whole(&k->trace)) {
		take_records(k, seen);
		return 0;
	}
	migsim_log(MIGSIM_LOG_WARNING, lost ?
		   "records of the kernel's events were lost, so that the latencies of some calls are left out: set --folios-per-call, so that less lies in one call" :
		   "some pages never came back by the kernel's events, so that the latencies of their calls are left out: they were unmapped meanwhile");
	return -ENODATA;
}

static void kernel_note(void *priv, struct migsim_space_note *note)
{
	struct kernel *k = priv;

	note->not_huge += k->list.not_huge;
}

static uint64_t kernel_cpu_ns(void *priv)
{
	(void)priv;
	return sys_thread_cpu_ns();
}

const struct migsim_space_ops space_kernel = {
	.size = sizeof(struct migsim_space_ops),
	.abi = MIGSIM_SPACE_ABI,
	.name = "kernel",
	.help = "move_pages(2): the kernel's own migration",
	.needs = "two NUMA nodes; to see latencies, tracefs and CAP_PERFMON",
	.params = kernel_params,
	.args_size = sizeof(struct kernel_args),
	.open = kernel_open,
	.close = kernel_close,
	.caps = kernel_caps,
	.now = kernel_now,
	.prepare = kernel_prepare,
	.migrate = kernel_migrate,
	.note = kernel_note,
	.cpu_ns = kernel_cpu_ns,
	.see = kernel_see,
};
