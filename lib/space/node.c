/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <migsim/log.h>
#include <migsim/topology.h>

#include "node.h"

struct nodes {
	struct migsim_node node[MIGSIM_MAX_NODES];
	int n;
};

/* NULL without memory for it, or where the machine does not tell. */
static struct nodes *read_nodes(void)
{
	struct nodes *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->n = migsim_topology_nodes(all->node, MIGSIM_MAX_NODES);
	if (all->n > 0)
		return all;
	free(all);
	return NULL;
}

static const struct migsim_node *find(const struct nodes *all, int id)
{
	int i;

	for (i = 0; i < all->n; i++)
		if (all->node[i].id == id)
			return &all->node[i];
	return NULL;
}

/* -1: no node may be used, or this one is not known. */
static int nearest(const struct nodes *all, int id)
{
	const struct migsim_node *here = find(all, id);
	unsigned int least = 0;
	int i, best = -1;

	for (i = 0; here && i < all->n; i++) {
		if (!migsim_topology_has_memory(all->node[i].id) ||
		    (best >= 0 && here->distance[i] >= least))
			continue;
		best = all->node[i].id;
		least = here->distance[i];
	}
	return best;
}

/* Says why, and which nodes could be had instead. */
static int refuse(const struct nodes *all, int id)
{
	const struct migsim_node *node = find(all, id);
	char usable[128] = "none";
	size_t at = 0;
	int i;

	for (i = 0; i < all->n && at < sizeof(usable); i++)
		if (migsim_topology_has_memory(all->node[i].id))
			at += (size_t)snprintf(usable + at, sizeof(usable) - at,
					       "%s%d", at ? ", " : "",
					       all->node[i].id);
	if (!node)
		migsim_log(MIGSIM_LOG_ERROR,
			   "there is no node %d; take one of these: %s", id,
			   usable);
	else if (!node->mem_bytes)
		migsim_log(MIGSIM_LOG_ERROR,
			   "node %d has no memory; take one of these: %s", id,
			   usable);
	else
		migsim_log(MIGSIM_LOG_ERROR,
			   "the cpuset of this process forbids node %d; add it to cpuset.mems, or take one of these: %s",
			   id, usable);
	return node && node->mem_bytes ? -EACCES : -ENODEV;
}

int node_target(int *to)
{
	struct nodes *all = read_nodes();
	int err = 0;

	if (!all)
		return 0;
	if (*to < 0)
		*to = nearest(all, migsim_topology_current_node());
	else if (!migsim_topology_has_memory(*to))
		err = refuse(all, *to);
	free(all);
	return err;
}

int node_source(int *from)
{
	struct nodes *all;
	int err = 0;

	if (*from < 0 || migsim_topology_has_memory(*from))
		return 0;
	all = read_nodes();
	if (!all)
		return 0;
	if (!find(all, *from))
		err = refuse(all, *from);
	*from = -1;
	free(all);
	return err;
}
