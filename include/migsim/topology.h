/* SPDX-License-Identifier: MIT */
/*
 * Nodes and their distances. Reads the machine anew at every call.
 */
#ifndef MIGSIM_TOPOLOGY_H
#define MIGSIM_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MIGSIM_MAX_NODES	64

/**
 * struct migsim_node - one NUMA node
 * @id: the kernel's number
 * @mem_bytes: memory of the node; 0 for a node without
 * @free_bytes: free at the moment
 * @cpus: logical CPUs; 0 for a node without, as a CXL expander
 * @distance: from this node to each of the nodes, in their order; 10 is local
 */
struct migsim_node {
	int id;
	uint64_t mem_bytes;
	uint64_t free_bytes;
	unsigned int cpus;
	unsigned int distance[MIGSIM_MAX_NODES];
};

/**
 * migsim_topology_nodes - the nodes of the machine
 * @nodes: filled, in the order of their numbers; may be NULL to count
 * @max: room in @nodes
 * Return: number of nodes, at least 1; or -EIO.
 */
int migsim_topology_nodes(struct migsim_node *nodes, unsigned int max);

/**
 * migsim_topology_has_memory - can pages lie on this node
 * @node: the kernel's number
 */
bool migsim_topology_has_memory(int node);

/**
 * migsim_topology_current_node - node of the CPU that this thread runs on
 * Return: its number; 0 where the machine does not tell.
 */
int migsim_topology_current_node(void);

/**
 * migsim_topology_llc_bytes - last-level cache that one CPU sees, in bytes
 * Return: the size; 32 MiB where the machine does not tell.
 */
uint64_t migsim_topology_llc_bytes(void);

#ifdef __cplusplus
}
#endif
#endif
