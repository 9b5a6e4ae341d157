/* SPDX-License-Identifier: MIT */
/* The nodes that a space of real memory is opened for. */
#ifndef MIGSIM_SPACE_NODE_H
#define MIGSIM_SPACE_NODE_H

/*
 * Settles the target: -1 becomes the node of this CPU or, where no memory may
 * come from that, the nearest one (of several as near the lowest number).
 * 0, or after a sentence, as move_pages(2) has it, -ENODEV (no such node, or
 * one without memory) or -EACCES (the cpuset forbids it).
 */
int node_target(int *to);

/*
 * Settles the source: -1 where new pages cannot lie, which does not matter as
 * they come from there. 0, or after a sentence -ENODEV (no such node).
 */
int node_source(int *from);

#endif
