/* SPDX-License-Identifier: MIT */
/*
 * In which order threads that copy are given CPUs.
 */
#ifndef MIGSIM_PLACEMENT_H
#define MIGSIM_PLACEMENT_H

#include <hwloc.h>

enum placement {
	PLACE_SPREAD,	/* over last-level caches, cores before their siblings */
	PLACE_PACK,	/* within one such cache, then the next */
};

/*
 * Fills @cpus with the CPUs that this thread may run on, of @node (-1: of all),
 * in the order in which they are to be taken. The CPU that this thread is on
 * comes last, and its cache first where threads are packed, last where they
 * are spread. Returns their number, at most @max; 0: the node has none that
 * may be used; -EIO, -ENOMEM.
 */
int placement_order(enum placement how, int node, int *cpus, int max);

/* The same of a topology of one's own, and of these CPUs of it. */
int placement_order_of(hwloc_topology_t t, hwloc_const_bitmap_t allowed,
		       enum placement how, int here, int *cpus, int max);

#endif
