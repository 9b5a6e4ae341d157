/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "placement.h"
#include "topology.h"

/* A CPU, and where it stands; the smaller the ranks, the sooner it is taken. */
struct place {
	int cpu;
	hwloc_obj_t cache, core;
	int here;	/* 1: this thread runs on it */
	int nr_cache;	/* of its last-level cache */
	int nr_core;	/* of the core within the cache */
	int nr_sibling;	/* within the core */
};

/* By the first of the ranks that differs. */
static int by_rank(const int *a, const int *b)
{
	int i;

	for (i = 0; i < 3 && a[i] == b[i]; i++)
		;
	return a[i] - b[i];
}

static int spread(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	return by_rank((int[]){ a->here, a->nr_sibling, a->nr_core, a->nr_cache },
		       (int[]){ b->here, b->nr_sibling, b->nr_core, b->nr_cache });
}

static int pack(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	return by_rank((int[]){ a->here, a->nr_cache, a->nr_sibling, a->nr_core },
		       (int[]){ b->here, b->nr_cache, b->nr_sibling, b->nr_core });
}

/* The outermost cache above a CPU; without one, its package, or the machine. */
static hwloc_obj_t cache_above(hwloc_obj_t pu)
{
	hwloc_obj_t obj, found = NULL, package = NULL;

	for (obj = pu; obj; obj = obj->parent) {
		if (hwloc_obj_type_is_dcache(obj->type))
			found = obj;
		if (obj->type == HWLOC_OBJ_PACKAGE || !obj->parent)
			package = package ? package : obj;
	}
	return found ? found : package;
}

/* A CPU without a core is one. */
static hwloc_obj_t core_above(hwloc_obj_t pu)
{
	hwloc_obj_t obj = pu;

	while (obj && obj->type != HWLOC_OBJ_CORE)
		obj = obj->parent;
	return obj ? obj : pu;
}

/* Numbers from 0, in the machine's order. */
static void number(struct place *p, int n)
{
	struct place *q, *end = p + n, *at;
	int nr_caches = 0;

	for (at = p; at < end; at++) {
		for (q = p; q < at && q->cache != at->cache; q++)
			;
		at->nr_cache = q < at ? q->nr_cache : nr_caches++;
		for (q = p; q < at; q++) {
			if (q->core == at->core)
				at->nr_sibling++;
			else if (q->cache == at->cache && !q->nr_sibling)
				at->nr_core++;
		}
	}
}

/*
 * Caches are counted from the one that this thread is under: packed threads
 * begin there, and those that are spread end there.
 */
static void count_caches_from_here(struct place *p, int n, enum placement how)
{
	int nr_caches = 0, first = 0, i;

	for (i = 0; i < n; i++) {
		if (p[i].nr_cache >= nr_caches)
			nr_caches = p[i].nr_cache + 1;
		if (p[i].here)
			first = p[i].nr_cache + (how == PLACE_SPREAD);
	}
	for (i = 0; i < n; i++)
		p[i].nr_cache = (p[i].nr_cache - first + nr_caches) % nr_caches;
}

int placement_order_of(hwloc_topology_t t, hwloc_const_bitmap_t allowed,
		       enum placement how, int here, int *cpus, int max)
{
	int most = hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_PU), n = 0, i;
	struct place *p = calloc((size_t)most + 1, sizeof(*p));
	hwloc_obj_t pu = NULL;

	if (!p)
		return -ENOMEM;
	while ((pu = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_PU, pu))) {
		if (!hwloc_bitmap_isset(allowed, pu->os_index))
			continue;
		p[n++] = (struct place){
			.cpu = (int)pu->os_index, .core = core_above(pu),
			.cache = cache_above(pu),
			.here = (int)pu->os_index == here };
	}
	number(p, n);
	count_caches_from_here(p, n, how);
	qsort(p, (size_t)n, sizeof(*p), how == PLACE_SPREAD ? spread : pack);
	for (i = 0; i < n && i < max; i++)
		cpus[i] = p[i].cpu;
	free(p);
	return i;
}

/* The CPUs that this thread may run on, of the node. */
static int allowed_cpus(hwloc_topology_t t, int node, hwloc_bitmap_t set)
{
	hwloc_bitmap_t of_node;

	if (hwloc_get_cpubind(t, set, HWLOC_CPUBIND_THREAD))
		return -EIO;
	if (node < 0)
		return 0;
	of_node = hwloc_bitmap_alloc();
	if (!of_node)
		return -ENOMEM;
	topology_node_cpus(t, node, of_node);
	hwloc_bitmap_and(set, set, of_node);
	hwloc_bitmap_free(of_node);
	return 0;
}

int placement_order(enum placement how, int node, int *cpus, int max)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	hwloc_topology_t t;
	int n;

	if (!set)
		return -ENOMEM;
	n = topology_load(&t);
	if (!n) {
		n = allowed_cpus(t, node, set);
		if (!n)
			n = placement_order_of(t, set, how, sched_getcpu(),
					       cpus, max);
		hwloc_topology_destroy(t);
	}
	hwloc_bitmap_free(set);
	return n;
}
