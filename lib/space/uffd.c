/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <migsim/log.h>
#include <migsim/topology.h>

#include "builtin.h"
#include "node.h"
#include "sys.h"
#include "uffd.h"

struct uffd_args {
	uint64_t recycle;
};

enum { RECYCLE_AUTO, RECYCLE_NO };

static const char *const recycle_words[] = { "auto", "no", NULL };

static const struct migsim_param uffd_params[] = {
	{ .name = "recycle",
	  .help = "auto: on one node vacated pages are the next targets; no: never, as between two nodes",
	  .type = MIGSIM_PARAM_CHOICE, .choices = recycle_words,
	  .offset = offsetof(struct uffd_args, recycle), .def = RECYCLE_AUTO },
	{ 0 },
};

/*
 * Pages that are kept ready. Recycled ones must rest until the cache has
 * forgotten them; where none come back, there must be enough for a call.
 */
static uint64_t keep_bytes(const struct migsim_space_env *env,
			   const struct pool_config *c)
{
	uint64_t rest = 2 * migsim_topology_llc_bytes();
	uint64_t call = env->call_pages * MIGSIM_PAGE_SIZE;
	uint64_t keep = c->group_bytes > rest ? c->group_bytes : rest;
	uint64_t bound = env->pool_bytes ? env->pool_bytes
					 : sys_free_bytes(c->to) / 4;

	if (!c->recycle && call > keep)
		keep = call;
	if (keep > bound)
		keep = bound;
	if (keep < rest)
		migsim_log(MIGSIM_LOG_WARNING,
			   "the pool is bounded to %llu MiB, less than twice the last-level cache: its pages are hot",
			   (unsigned long long)(keep >> 20));
	return keep;
}

static int configure(struct uffd *u, const struct migsim_space_env *env,
		     const struct uffd_args *args)
{
	struct pool_config *c = &u->config;
	bool one_node = migsim_topology_nodes(NULL, 0) <= 1;
	int err;

	c->fd = u->fd;
	c->from = env->from;
	c->to = env->to;
	err = node_target(&c->to);
	if (!err)
		err = node_source(&c->from);
	if (err)
		return err;
	if (one_node)
		c->from = c->to = -1;
	c->group_bytes = env->max_window * MIGSIM_PAGE_SIZE;
	c->recycle = !env->cold_pool && args->recycle == RECYCLE_AUTO &&
		     c->from == c->to;
	if (!env->cold_pool)
		c->keep_bytes = keep_bytes(env, c);
	return 0;
}

static int open_fd(struct uffd *u)
{
	u->fd = sys_uffd_open();
	if (u->fd >= 0)
		return 0;
	if (u->fd == -EPERM)
		migsim_log(MIGSIM_LOG_ERROR,
			   "userfaultfd is forbidden to this user: run as root, or set the sysctl vm.unprivileged_userfaultfd to 1, or give access to /dev/userfaultfd");
	else if (u->fd == -EOPNOTSUPP)
		migsim_log(MIGSIM_LOG_ERROR,
			   "this kernel has no UFFDIO_MOVE: the uffd space needs Linux 6.8 or later");
	else
		migsim_log(MIGSIM_LOG_ERROR,
			   "userfaultfd cannot be opened (errno %d)", -u->fd);
	return u->fd == -ENOSYS ? -EOPNOTSUPP : u->fd;
}

static int uffd_open(void **priv, const struct migsim_space_env *env,
		     const void *args)
{
	struct uffd *u = sys_map(sizeof(*u));
	int err;

	if (!u)
		return -ENOMEM;
	err = open_fd(u);
	if (err)
		goto free;
	err = configure(u, env, args);
	if (!err)
		err = fault_start(u);
	if (err)
		goto close;
	u->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	pthread_mutex_init(&u->flight, NULL);
	pthread_cond_init(&u->flight_changed, NULL);
	fork_watch(u);
	*priv = u;
	return 0;
close:
	close(u->fd);
free:
	sys_unmap(u, sizeof(*u));
	return err;
}

static void uffd_close(void *priv)
{
	struct uffd *u = priv;
	int i;

	fork_forget(u);
	fault_stop(u);
	if (u->pagemap >= 0)
		close(u->pagemap);
	for (i = 0; i < POOL_KINDS; i++)
		pool_close(&u->pool[i]);
	ranges_free(&u->ranges);
	close(u->fd);
	pthread_cond_destroy(&u->flight_changed);
	pthread_mutex_destroy(&u->flight);
	sys_unmap(u, sizeof(*u));
}

static void uffd_caps(void *priv, struct migsim_space_caps *caps)
{
	(void)priv;
	caps->flags = MIGSIM_SPACE_UNMAP_FLUSHES;
	caps->ticks_per_s = sys_ticks_per_s();
}

static uint64_t uffd_now(void *priv)
{
	(void)priv;
	return sys_ticks();
}

/* 2M folios that one huge page maps move whole; others as base pages. */
static void find_huge(struct uffd *u, struct migsim_folio *folios, size_t n)
{
	uint64_t len;
	size_t i, k, run;

	for (i = 0; i < n; i += run) {
		run = 1;
		if (folios[i].order != MIGSIM_MAX_ORDER)
			continue;
		len = migsim_folio_bytes(&folios[i]);
		while (i + run < n &&
		       folios[i + run].order == MIGSIM_MAX_ORDER &&
		       folios[i + run].addr == folios[i].addr + run * len)
			run++;
		if (sys_huge_bytes(u->pagemap, folios[i].addr, run * len) ==
		    (int64_t)(run * len)) {
			for (k = 0; k < run; k++)
				folios[i + k].space_flags = POOL_HUGE;
			continue;
		}
		for (k = 0; k < run; k++) {
			if (sys_huge_bytes(u->pagemap, folios[i + k].addr,
					   len) == (int64_t)len)
				folios[i + k].space_flags = POOL_HUGE;
			else
				u->not_huge++;
		}
	}
}

/* The kernel gives base pages where it has no huge ones: say so. */
static int open_pool(struct uffd *u, enum pool_kind kind)
{
	struct pool *p = &u->pool[kind];
	const struct arena *a = u->config.recycle ? &p->stage : &p->fresh;
	int err = pool_open(p, kind, &u->config);
	uint64_t bytes;
	int64_t huge;

	if (err || kind != POOL_HUGE)
		return err;
	bytes = a->nr_full * a->unit;
	huge = sys_huge_bytes(u->pagemap, a->base, a->nr * a->unit);
	if (huge >= 0 && (uint64_t)huge < bytes)
		migsim_log(MIGSIM_LOG_WARNING,
			   "only %llu of %llu MiB of the pool are huge pages: some 2M folios will end as base pages",
			   (unsigned long long)huge >> 20,
			   (unsigned long long)bytes >> 20);
	return 0;
}

static int open_pools(struct uffd *u, const struct migsim_folio *folios,
		      size_t n)
{
	bool wanted[POOL_KINDS] = { false };
	int err = 0;
	size_t i;

	for (i = 0; i < n; i++)
		wanted[folios[i].space_flags & UFFD_POOL_MASK] = true;
	for (i = 0; i < POOL_KINDS && !err; i++)
		if (wanted[i] && !u->pool[i].stage.base)
			err = open_pool(u, (enum pool_kind)i);
	return err;
}

static int uffd_prepare(void *priv, struct migsim_folio *folios, size_t n)
{
	struct uffd *u = priv;
	int i;

	for (i = 0; i < POOL_KINDS; i++)
		refill_between(&u->pool[i]);
	find_huge(u, folios, n);
	return open_pools(u, folios, n);
}

static int uffd_begin(void *priv, struct migsim_folio *folios, size_t n)
{
	struct uffd *u = priv;

	/* What an earlier call learnt may hold no more: munlock(2). */
	if (u->locked.end && !vma_locked(u->locked.start, &u->locked))
		u->locked = (struct vma){ 0 };
	u->refused = (struct vma){ 0 };
	return name_ranges(u, folios, n);
}

static void uffd_end(void *priv)
{
	unname_ranges(priv);
}

static void uffd_note(void *priv, struct migsim_space_note *note)
{
	struct uffd *u = priv;
	int i;

	note->flushes += u->flushes;
	note->not_huge += u->not_huge;
	note->quarantined_pages += u->quarantined;
	note->helper_cpu_ns += atomic_load_explicit(&u->handler_cpu_ns,
						    memory_order_relaxed);
	for (i = 0; i < POOL_KINDS; i++) {
		note->allocated_pages += u->pool[i].allocated;
		note->helper_cpu_ns +=
			atomic_load_explicit(&u->pool[i].refill_cpu_ns,
					     memory_order_relaxed);
	}
}

static uint64_t uffd_cpu_ns(void *priv)
{
	(void)priv;
	return sys_thread_cpu_ns();
}

const struct migsim_space_ops space_uffd = {
	.size = sizeof(struct migsim_space_ops),
	.abi = MIGSIM_SPACE_ABI,
	.name = "uffd",
	.help = "this library over real memory, by UFFDIO_MOVE",
	.needs = "Linux 6.8 or later, and the right to use userfaultfd",
	.params = uffd_params,
	.args_size = sizeof(struct uffd_args),
	.open = uffd_open,
	.close = uffd_close,
	.caps = uffd_caps,
	.now = uffd_now,
	.prepare = uffd_prepare,
	.begin = uffd_begin,
	.end = uffd_end,
	.enter = uffd_enter,
	.leave = uffd_leave,
	.hold = uffd_hold,
	.alloc = uffd_alloc,
	.put = uffd_put,
	.unmap = uffd_unmap,
	.copy = uffd_copy,
	.remap = uffd_remap,
	.undo = uffd_undo,
	.quarantine = uffd_quarantine,
	.split = uffd_split,
	.note = uffd_note,
	.cpu_ns = uffd_cpu_ns,
};
