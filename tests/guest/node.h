/* SPDX-License-Identifier: MIT */
/*
 * Memory on a node, and on which node memory is. Asked of the kernel, never of
 * the library under test: move_pages(2) tells a page's node, pagemap its frame
 * and zoneinfo whose frame that is.
 */
#ifndef GUEST_NODE_H
#define GUEST_NODE_H

#include "memory.h"

#define MAX_NODES 8

/* Nodes with memory (or with CPUs), as sysfs has them. Returns their number. */
unsigned int nodes_of(const char *file, int nodes[MAX_NODES]);

/* Ends the program with 77 where only one node has memory. */
void need_nodes(void);

/* As memory_map(), with every page on the node. The policy is reset. */
char *memory_on(size_t bytes, unsigned int order, int node);

/* The node of each page, by its status and its frame; < 0: none. */
void read_nodes(const void *p, size_t pages, int *node);
/* How many of these pages lie on the node. */
size_t pages_on(const void *p, size_t pages, int node);

/* Binds [p, p + bytes) to the node; -1: to none. */
void memory_bind(void *p, size_t bytes, int node);

/*
 * Fills the node until no more than so many bytes of it are free, or hardly
 * more than the kernel keeps for itself.
 */
void node_fill(int node, size_t free_bytes);
void node_empty(void);

/* What the library said last, of any kind. */
extern char heard[512];
void node_listen(void);

/* A migrator from node to node. NULL: *err says why. */
struct migsim_migrator *open_between(const char *space, int from, int to,
				     size_t bytes, int *err);

#endif
