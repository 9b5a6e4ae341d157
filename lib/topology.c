/* SPDX-License-Identifier: MIT */
/*
 * Nodes, distances and caches, from hwloc and libnuma. hwloc is asked for
 * what libnuma remembers from the start of the process (which nodes there
 * are, their CPUs and distances), so that memory that came since is seen.
 * Where the kernel knows no nodes there is one, with everything.
 */
#define _GNU_SOURCE 1

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <hwloc.h>
#include <hwloc/linux.h>
#include <numa.h>

#include <migsim/topology.h>

#include "topology.h"

#define NODE_DIR	"/sys/devices/system/node"
#define DISTANCE_LOCAL	10
#define DISTANCE_REMOTE	20	/* what the kernel assumes without a table */
#define LLC_UNKNOWN	((uint64_t)32 << 20)

int topology_load(hwloc_topology_t *t)
{
	if (hwloc_topology_init(t))
		return -EIO;
	/*
	 * What asks the CPUs themselves sends this thread, which is the
	 * application's, to each of them in turn. The kernel's files do.
	 */
	hwloc_topology_set_components(
		*t, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
	if (hwloc_topology_set_flags(*t,
				HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) ||
	    hwloc_topology_load(*t)) {
		hwloc_topology_destroy(*t);
		return -EIO;
	}
	return 0;
}

/*
 * Memory of a node as the kernel's files tell it; they can be read where a
 * container forbids the system calls that libnuma's other functions need.
 */
static uint64_t read_memory(int id, uint64_t *free_bytes)
{
	long long size, unused;
	struct sysinfo si;

	*free_bytes = 0;
	size = numa_node_size64(id, &unused);
	if (size >= 0) {
		*free_bytes = unused > 0 ? (uint64_t)unused : 0;
		return (uint64_t)size;
	}
	if (id || !access(NODE_DIR, F_OK) || sysinfo(&si))
		return 0;
	*free_bytes = (uint64_t)si.freeram * si.mem_unit;
	return (uint64_t)si.totalram * si.mem_unit;
}

void topology_node_cpus(hwloc_topology_t t, int node, hwloc_bitmap_t cpus)
{
	char path[64];

	snprintf(path, sizeof(path), NODE_DIR "/node%d/cpumap", node);
	if (hwloc_linux_read_path_as_cpumask(path, cpus))
		hwloc_bitmap_copy(cpus, hwloc_topology_get_topology_cpuset(t));
}

static unsigned int count_cpus(hwloc_topology_t t, int id)
{
	hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
	int n;

	if (!cpus)
		return 0;
	topology_node_cpus(t, id, cpus);
	n = hwloc_bitmap_weight(cpus);
	hwloc_bitmap_free(cpus);
	return n > 0 ? (unsigned int)n : 0;
}

static int index_of(const struct migsim_node *nodes, unsigned int n,
		    unsigned int id)
{
	for (unsigned int i = 0; i < n; i++)
		if (nodes[i].id == (int)id)
			return (int)i;
	return -1;
}

static void copy_distances(const struct hwloc_distances_s *d,
			   struct migsim_node *nodes, unsigned int n)
{
	for (unsigned int i = 0; i < d->nbobjs; i++) {
		int from = index_of(nodes, n, d->objs[i]->os_index);

		for (unsigned int j = 0; j < d->nbobjs && from >= 0; j++) {
			int to = index_of(nodes, n, d->objs[j]->os_index);

			if (to >= 0)
				nodes[from].distance[to] = (unsigned int)
					d->values[i * d->nbobjs + j];
		}
	}
}

static void read_distances(hwloc_topology_t t, struct migsim_node *nodes,
			   unsigned int n)
{
	struct hwloc_distances_s *d;
	unsigned int nr = 1;

	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < n; j++)
			nodes[i].distance[j] = i == j ? DISTANCE_LOCAL :
							DISTANCE_REMOTE;
	if (hwloc_distances_get_by_name(t, "NUMALatency", &nr, &d, 0) || !nr)
		return;
	copy_distances(d, nodes, n);
	hwloc_distances_release(t, d);
}

int migsim_topology_nodes(struct migsim_node *nodes, unsigned int max)
{
	hwloc_topology_t t;
	hwloc_const_bitmap_t set;
	unsigned int n = 0;
	int err, id;

	err = topology_load(&t);
	if (err)
		return err;
	if (max > MIGSIM_MAX_NODES)
		max = MIGSIM_MAX_NODES;
	set = hwloc_topology_get_topology_nodeset(t);
	for (id = hwloc_bitmap_first(set); id >= 0;
	     id = hwloc_bitmap_next(set, id), n++) {
		if (!nodes || n >= max)
			continue;
		memset(&nodes[n], 0, sizeof(nodes[n]));
		nodes[n].id = id;
		nodes[n].cpus = count_cpus(t, id);
		nodes[n].mem_bytes = read_memory(id, &nodes[n].free_bytes);
	}
	if (nodes)
		read_distances(t, nodes, n < max ? n : max);
	hwloc_topology_destroy(t);
	if (!n)
		return -EIO;
	return (int)(n < MIGSIM_MAX_NODES ? n : MIGSIM_MAX_NODES);
}

bool migsim_topology_has_memory(int node)
{
	struct bitmask *allowed;
	uint64_t unused;
	bool may = true;

	if (node < 0)
		return false;
	if (numa_available() >= 0) {
		allowed = numa_get_mems_allowed();
		may = allowed && numa_bitmask_isbitset(allowed,
						       (unsigned int)node);
		if (allowed)
			numa_bitmask_free(allowed);
	}
	return may && read_memory(node, &unused) > 0;
}

int migsim_topology_current_node(void)
{
	unsigned int node;

	return getcpu(NULL, &node) ? 0 : (int)node;
}

/* The outermost cache on the way from a CPU to memory. */
static uint64_t llc_of(hwloc_obj_t obj)
{
	uint64_t bytes = 0;

	for (; obj; obj = obj->parent)
		if (hwloc_obj_type_is_dcache(obj->type) &&
		    obj->attr->cache.size)
			bytes = obj->attr->cache.size;
	return bytes;
}

uint64_t migsim_topology_llc_bytes(void)
{
	hwloc_topology_t t;
	hwloc_obj_t pu = NULL;
	uint64_t most = 0;

	if (topology_load(&t))
		return LLC_UNKNOWN;
	while ((pu = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_PU, pu))) {
		uint64_t bytes = llc_of(pu);

		if (bytes > most)
			most = bytes;
	}
	hwloc_topology_destroy(t);
	return most ? most : LLC_UNKNOWN;
}
