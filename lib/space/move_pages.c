/* SPDX-License-Identifier: MIT */
/*
 * The kernel space: move_pages(2) does the whole call. Only its duration and
 * each page's status are seen. The kernel decides by itself what is a folio:
 * every base page is named, but for 2M folios that a huge page maps, where the
 * first is enough.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <migsim/log.h>
#include <migsim/topology.h>

#include "builtin.h"
#include "sys.h"

/* space_flags of a folio: a huge page maps it */
#define KERNEL_HUGE 1

struct kernel {
	int to;
	int pagemap;
	uint64_t not_huge;
	size_t cap;		/* room for so many pages */
	void **pages;
	int *nodes;
	int *status;
};

static int kernel_open(void **priv, const struct migsim_space_env *env,
		       const void *args)
{
	struct kernel *k;

	(void)args;
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
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->to = env->to;
	k->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	*priv = k;
	return 0;
}

static void free_vectors(struct kernel *k)
{
	sys_unmap(k->pages, k->cap * sizeof(*k->pages));
	sys_unmap(k->nodes, k->cap * sizeof(*k->nodes));
	sys_unmap(k->status, k->cap * sizeof(*k->status));
}

static void kernel_close(void *priv)
{
	struct kernel *k = priv;

	free_vectors(k);
	if (k->pagemap >= 0)
		close(k->pagemap);
	free(k);
}

static void kernel_caps(void *priv, struct migsim_space_caps *caps)
{
	(void)priv;
	caps->ticks_per_s = sys_ticks_per_s();
}

static uint64_t kernel_now(void *priv)
{
	(void)priv;
	return sys_ticks();
}

static size_t named_pages(const struct migsim_folio *f)
{
	return f->space_flags & KERNEL_HUGE ? 1 : migsim_folio_pages(f);
}

/* Before PAGEMAP_SCAN (Linux 6.7) a 2M folio is taken for a huge page. */
static void find_huge(struct kernel *k, struct migsim_folio *f)
{
	int64_t bytes = (int64_t)migsim_folio_bytes(f);
	int64_t huge = sys_huge_bytes(k->pagemap, f->addr, (uint64_t)bytes);

	if (huge < 0 || huge == bytes)
		f->space_flags = KERNEL_HUGE;
	else
		k->not_huge++;
}

static int make_vectors(struct kernel *k, size_t n)
{
	if (n <= k->cap)
		return 0;
	free_vectors(k);
	k->cap = n;
	k->pages = sys_map(n * sizeof(*k->pages));
	k->nodes = sys_map(n * sizeof(*k->nodes));
	k->status = sys_map(n * sizeof(*k->status));
	if (k->pages && k->nodes && k->status)
		return 0;
	free_vectors(k);
	k->cap = 0;
	return -ENOMEM;
}

static size_t count_pages(const struct migsim_folio *folios, size_t n)
{
	size_t i, pages = 0;

	for (i = 0; i < n; i++)
		pages += named_pages(&folios[i]);
	return pages;
}

static void name_pages(struct kernel *k, const struct migsim_folio *folios,
		       size_t n)
{
	size_t i, j, at = 0;

	for (i = 0; i < n; i++) {
		for (j = 0; j < named_pages(&folios[i]); j++, at++) {
			k->pages[at] = (void *)(uintptr_t)
				(folios[i].addr + j * MIGSIM_PAGE_SIZE);
			k->nodes[at] = k->to;
			k->status[at] = -EAGAIN;
		}
	}
}

/* A folio has moved when all its pages lie on the target. */
static long read_status(struct kernel *k, struct migsim_folio *folios, size_t n)
{
	size_t i, j, at = 0;
	long failed = 0;

	for (i = 0; i < n; i++) {
		folios[i].status = 0;
		for (j = 0; j < named_pages(&folios[i]); j++, at++) {
			if (k->status[at] == k->to)
				continue;
			folios[i].status = k->status[at] < 0 ? k->status[at]
							     : -EBUSY;
		}
		failed += folios[i].status != 0;
	}
	return failed;
}

static int kernel_prepare(void *priv, struct migsim_folio *folios, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (folios[i].order == MIGSIM_MAX_ORDER)
			find_huge(priv, &folios[i]);
	return make_vectors(priv, count_pages(folios, n));
}

static long kernel_migrate(void *priv, struct migsim_folio *folios, size_t n,
			   enum migsim_mode mode)
{
	struct kernel *k = priv;
	int rc;

	(void)mode;	/* move_pages(2) is always MIGRATE_SYNC */
	name_pages(k, folios, n);
	rc = sys_move_pages(count_pages(folios, n), k->pages, k->nodes,
			    k->status);
	if (rc < 0 && rc != -EAGAIN && rc != -ENOMEM)
		return rc;
	return read_status(k, folios, n);
}

static void kernel_note(void *priv, struct migsim_space_note *note)
{
	struct kernel *k = priv;

	note->not_huge += k->not_huge;
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
	.needs = "two NUMA nodes",
	.open = kernel_open,
	.close = kernel_close,
	.caps = kernel_caps,
	.now = kernel_now,
	.prepare = kernel_prepare,
	.migrate = kernel_migrate,
	.note = kernel_note,
	.cpu_ns = kernel_cpu_ns,
};
