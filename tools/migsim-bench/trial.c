/* SPDX-License-Identifier: MIT */
/*
 * From a configuration to what is ready to run: its region's shape, its calls.
 */
#include <inttypes.h>

#include "bench.h"
#include "options.h"
#include "run.h"

/* A node's free memory, and what the machine's caches would give up. */
static uint64_t memory_on(const struct migsim_sysinfo *si, int node)
{
	struct migsim_node nodes[MIGSIM_MAX_NODES];
	uint64_t free_all = 0, free_here = 0, memory;
	int n = migsim_topology_nodes(nodes, MIGSIM_MAX_NODES);

	if (node < 0 || n < 0)
		return si->mem_available_bytes;
	for (int i = 0; i < n && i < MIGSIM_MAX_NODES; i++) {
		free_all += nodes[i].free_bytes;
		if (nodes[i].id == node)
			free_here = nodes[i].free_bytes;
	}
	memory = free_here;
	if (si->mem_available_bytes > free_all)
		memory += si->mem_available_bytes - free_all;
	return memory < si->mem_available_bytes ? memory :
						  si->mem_available_bytes;
}

static void say_too_large(const struct trial *t,
			  const struct region_limits *limits)
{
	char text[32], nodes[64] = "";

	if (t->shape.route.back)
		snprintf(nodes, sizeof(nodes), " on node %d or %d",
			 t->shape.route.from, t->shape.route.to);
	bytes_text((double)limits->memory, text, sizeof(text));
	say("a call of %" PRIu64 " folios needs more memory than the %s that are available%s; set --folios-per-call or lower --total",
	    t->shape.call, text, nodes);
}

static int prepare_real(struct trial *t, const struct migsim_sysinfo *si,
			uint64_t *least_memory)
{
	const struct config *cfg = t->cfg;
	struct region_route route = run_route(cfg);
	struct region_limits limits = {
		.cache = si->llc_bytes,
		.memory = memory_on(si, route.from),
	};
	uint64_t there = memory_on(si, route.to);
	int ret;

	t->shape.route = route;
	if (route.back && there < limits.memory)
		limits.memory = there;
	ret = run_probe(t);
	if (ret)
		return ret;
	if (region_shape_of(&t->shape, cfg, route, &limits)) {
		say_too_large(t, &limits);
		return EXIT_USAGE;
	}
	t->calls = region_mix_folios(&cfg->mix, cfg->total) / t->shape.call;
	if (!t->calls)
		t->calls = 1;
	if (limits.memory < *least_memory)
		*least_memory = limits.memory;
	return 0;
}

/* Every call takes the same list, so that even a mix need not be dealt out. */
static int prepare_virtual(struct trial *t)
{
	region_shape_virtual(&t->shape, t->cfg);
	t->calls = t->cfg->total / t->shape.bytes;
	if (!t->calls)
		t->calls = 1;
	return run_probe(t);
}

int trial_prepare(struct trial *t, const struct config *cfg,
		  const struct migsim_sysinfo *si, uint64_t *least_memory)
{
	t->cfg = cfg;
	if (load_open(&t->load, cfg))
		return out_of_memory();
	return config_is_model(cfg) ? prepare_virtual(t) :
				      prepare_real(t, si, least_memory);
}
