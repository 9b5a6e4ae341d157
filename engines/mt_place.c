/* SPDX-License-Identifier: MIT */
/*
 * Which CPU each thread is bound to. The caller is the application's thread
 * and stays where it is; the CPU that it is on is given away last.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <migsim/log.h>
#include <migsim/topology.h>

#include "mt.h"
#include "placement.h"

#define MAX_CPUS 8192

/* @from+@to…: numbers and ranges. False: it is none. */
static bool parse_range(const char **text, unsigned long *from,
			unsigned long *to)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	*from = *to = strtoul(*text, &end, 10);
	if (*end == '-' && end[1] >= '0' && end[1] <= '9')
		*to = strtoul(end + 1, &end, 10);
	if (*end && *end != '+')
		return false;
	*text = *end ? end + 1 : end;
	return (*end != '+' || **text) && *from <= *to && *to < MAX_CPUS;
}

static int bad_list(const char *cpus)
{
	migsim_log(MIGSIM_LOG_ERROR,
		   "engine mt: cpus cannot be '%s'; it is a list of CPUs below %d as 2+3+8-11",
		   cpus, MAX_CPUS);
	return -EINVAL;
}

static int parse_list(const char *list, int *cpus, int max)
{
	const char *text = list;
	unsigned long from, to;
	int n = 0;

	while (*text) {
		if (!parse_range(&text, &from, &to))
			return bad_list(list);
		for (; from <= to && n < max; from++)
			cpus[n++] = (int)from;
	}
	return n;
}

/* The node that place= means, -1 for all. */
static int node_of(const struct mt_args *a, const struct migsim_engine_env *env)
{
	int node = a->place == MT_SOURCE ? env->from : env->to;

	if (a->place != MT_SOURCE && a->place != MT_TARGET)
		return -1;
	return node < 0 ? migsim_topology_current_node() : node;
}

static int order(const struct mt_args *a, const struct migsim_engine_env *env,
		 int *cpus, int max)
{
	int node = node_of(a, env), n;

	n = placement_order(a->place == MT_PACK ? PLACE_PACK : PLACE_SPREAD,
			    node, cpus, max);
	if (n)
		return n;
	migsim_log(MIGSIM_LOG_ERROR,
		   "engine mt: node %d has no CPU that this process may use; place the threads elsewhere",
		   node);
	return -ENODEV;
}

int mt_place(struct mt *mt, const struct migsim_engine_env *env)
{
	const struct mt_args *a = mt->args;
	int cpus[MT_MAX_THREADS], n;
	uint32_t i;

	if (a->cpus)
		n = parse_list(a->cpus, cpus, MT_MAX_THREADS);
	else if (a->place == MT_ANYWHERE)
		return 0;
	else
		n = order(a, env, cpus, MT_MAX_THREADS);
	if (n < 0)
		return n;
	for (i = 1; i < mt_threads(mt); i++)
		mt->threads[i].cpu = cpus[(i - 1) % (uint32_t)n];
	return 0;
}
