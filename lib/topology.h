/* SPDX-License-Identifier: MIT */
#ifndef MIGSIM_LIB_TOPOLOGY_H
#define MIGSIM_LIB_TOPOLOGY_H

#include <hwloc.h>

/* The machine, what a container forbids included. 0 or -EIO. */
int topology_load(hwloc_topology_t *t);

/*
 * The CPUs of a node, none for a node without, as the kernel's own map has
 * them: hwloc gives such a node the CPUs that are nearest to it.
 */
void topology_node_cpus(hwloc_topology_t t, int node, hwloc_bitmap_t cpus);

#endif
