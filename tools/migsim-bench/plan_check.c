/* SPDX-License-Identifier: MIT */
/*
 * Do the parts of a configuration fit each other and the machine? Everything
 * that can be refused is refused here, before memory is taken or moved.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "plan.h"
#include "region.h"

/* Most bytes in a call of the model whose length nobody asked for. */
#define MODEL_CALL	((uint64_t)1 << 30)

int machine_read(struct machine *m)
{
	int n = migsim_topology_nodes(m->node, MIGSIM_MAX_NODES);
	unsigned int i;

	if (n < 1) {
		say("the nodes of this machine cannot be read");
		return EXIT_FAILED;
	}
	m->nr_nodes = n < MIGSIM_MAX_NODES ? (unsigned int)n : MIGSIM_MAX_NODES;
	for (i = 0; i < m->nr_nodes; i++)
		m->forbidden[i] = m->node[i].mem_bytes &&
				  !migsim_topology_has_memory(m->node[i].id);
	m->here = migsim_topology_current_node();
	migsim_sysinfo_read(&m->sysinfo);
	return 0;
}

static double part_bytes(const struct mix *mix, unsigned int i)
{
	return (double)(MIGSIM_PAGE_SIZE << mix->part[i].order);
}

/* Bytes of a folio of the mix on average. */
static double mean_folio(const struct mix *mix)
{
	double folios_per_byte = 0;
	unsigned int i;

	for (i = 0; i < mix->n; i++)
		folios_per_byte += mix->part[i].percent / 100 /
				   part_bytes(mix, i);
	return 1 / folios_per_byte;
}

static double call_bytes(const struct config *c)
{
	return c->folios_per_call ?
	       (double)c->folios_per_call * mean_folio(&c->mix) :
	       (double)c->total;
}

static int check_sizes(const struct config *c, const struct options *o)
{
	const char *fpc = o->value[OPT_FOLIOS_PER_CALL].where;
	double call = call_bytes(c);
	char a[32], b[32];
	unsigned int i;

	if (call > (double)c->total) {
		say_where(fpc);
		say("%" PRIu64 " makes a call of %s, more than the %s of --total; lower it or raise --total",
		    c->folios_per_call, bytes_text(call, a, sizeof(a)),
		    bytes_text((double)c->total, b, sizeof(b)));
		return EXIT_USAGE;
	}
	for (i = 0; i < c->mix.n; i++) {
		/* Half a folio is as near to the share as whole ones can be. */
		double share = call * c->mix.part[i].percent / 100;
		double least = part_bytes(&c->mix, i) / (c->mix.n > 1 ? 2 : 1);

		if (share >= least)
			continue;
		say_where(c->folios_per_call ? fpc : o->value[OPT_TOTAL].where);
		say("%s in a call are too few for a folio of %s; raise %s",
		    bytes_text(call, a, sizeof(a)),
		    bytes_text(part_bytes(&c->mix, i), b, sizeof(b)),
		    c->folios_per_call ? "--folios-per-call" : "--total");
		return EXIT_USAGE;
	}
	return 0;
}

/* Its place among the nodes, or their number. */
static unsigned int find_node(const struct machine *m, int id)
{
	unsigned int i;

	for (i = 0; i < m->nr_nodes && m->node[i].id != id; i++)
		;
	return i;
}

/* May this process have memory there? */
static bool usable(const struct machine *m, unsigned int i)
{
	return i < m->nr_nodes && m->node[i].mem_bytes && !m->forbidden[i];
}

/* The usable node that is nearest to @id and another; @id if none is. */
static int nearest_node(const struct machine *m, int id)
{
	unsigned int me = find_node(m, id), i, least = 0;
	int nearest = id;

	for (i = 0; me < m->nr_nodes && i < m->nr_nodes; i++) {
		if (i == me || !usable(m, i))
			continue;
		if (nearest != id && m->node[me].distance[i] >= least)
			continue;
		nearest = m->node[i].id;
		least = m->node[me].distance[i];
	}
	return nearest;
}

static int check_node(const struct machine *m, int id, const char *where)
{
	unsigned int node = find_node(m, id), i;
	char all[128] = "none";
	size_t at = 0;

	if (id < 0 || usable(m, node))
		return 0;
	for (i = 0; i < m->nr_nodes && at < sizeof(all); i++)
		if (usable(m, i))
			at += (size_t)snprintf(all + at, sizeof(all) - at,
					       "%s%d", at ? ", " : "",
					       m->node[i].id);
	say_where(where);
	if (node < m->nr_nodes && m->forbidden[node]) {
		say("the cpuset of this process forbids node %d; add it to cpuset.mems, or take one of these: %s",
		    id, all);
		return EXIT_LACKING;
	}
	say(node < m->nr_nodes ? "node %d has no memory; these have: %s" :
	    "there is no node %d; the nodes with memory are: %s", id, all);
	return EXIT_USAGE;
}

/* Where nothing is said: from here to the nearest other usable node. */
static void resolve_nodes(struct config *c, const struct machine *m)
{
	unsigned int here = find_node(m, m->here);

	if (c->from < 0) {
		c->from = m->here;
		if (!usable(m, here))
			c->from = here < m->nr_nodes ?
				  nearest_node(m, m->here) : m->node[0].id;
		if (c->from == c->to)
			c->from = nearest_node(m, c->to);
	}
	if (c->to < 0)
		c->to = nearest_node(m, c->from);
}

static int check_nodes(struct config *c, const struct options *o,
		       const struct machine *m)
{
	const struct value *from = &o->value[OPT_FROM], *to = &o->value[OPT_TO];
	int rc = check_node(m, c->from, from->where);

	if (!rc)
		rc = check_node(m, c->to, to->where);
	if (rc)
		return rc;
	resolve_nodes(c, m);
	if (c->from != c->to)
		return 0;
	if (!strcmp(c->backend, "kernel")) {
		say("backend kernel moves nothing from node %d to itself, %s",
		    c->from, from->n && to->n ?
		    "so --from and --to must differ" :
		    "and there is no other node with memory that this process may use");
		return EXIT_LACKING;
	}
	if (from->n && to->n)
		migsim_log(MIGSIM_LOG_WARNING,
			   "source and target are the same node %d: nothing crosses a link between nodes",
			   c->from);
	return 0;
}

static double window_bytes(const struct config *c)
{
	int64_t pages = c->policy ? migsim_policy_window(c->policy) : 0;

	return (double)(pages > 0 ? pages : 0) * (double)MIGSIM_PAGE_SIZE;
}

/*
 * The region with its list of folios, and for uffd the pool: what is in
 * flight, and twice the last-level cache before a page is used again. The
 * model has the list only, and the library's pointers into it.
 */
static double memory_needed(const struct config *c, const struct machine *m)
{
	double call = call_bytes(c), window = window_bytes(c);
	double need = call * (c->layout == LAYOUT_SCATTERED ? 2 : 1);
	double list = call / mean_folio(&c->mix) * sizeof(struct migsim_folio);

	if (config_is_model(c))
		return 2 * list;
	need += list;
	if (!strcmp(c->backend, "kernel"))
		return need;
	return need + (window < call ? window : call) +
	       2 * (double)m->sysinfo.llc_bytes;
}

static int check_memory(const struct config *c, const struct options *o,
			const struct machine *m)
{
	double need = memory_needed(c, m);
	double have = (double)m->sysinfo.mem_available_bytes;
	char a[32], b[32];

	if (m->sysinfo.mem_available_bytes == 0 || need <= have)
		return 0;
	say_where(c->folios_per_call ? o->value[OPT_FOLIOS_PER_CALL].where :
				       o->value[OPT_TOTAL].where);
	say("this needs %s of memory and %s are available; %s",
	    bytes_text(need, a, sizeof(a)), bytes_text(have, b, sizeof(b)),
	    c->folios_per_call ? "lower --folios-per-call" :
	    "set --folios-per-call, so that less lies in one call");
	return EXIT_USAGE;
}

static int check_verify(const struct config *c, const struct options *o)
{
	if (!c->verify || !c->engine || strncmp(c->engine, "null", 4) ||
	    (c->engine[4] && c->engine[4] != ':'))
		return 0;
	say_where(o->value[OPT_VERIFY].where);
	say("engine null copies nothing that could be verified; leave --verify out or take another engine");
	return EXIT_USAGE;
}

/*
 * A profile stands for a pair of nodes of its own; nothing there is chance, so
 * that one run says all. Calls are kept short, for their list is real memory
 * even where the folios are not.
 */
static void settle_model(struct config *c)
{
	c->from = c->to = -1;
	c->runs = 1;
	c->warmup = 0;
	if (!c->folios_per_call && c->total > MODEL_CALL)
		c->folios_per_call = region_mix_folios(&c->mix, MODEL_CALL);
}

int config_check(struct config *c, const struct options *o,
		 const struct machine *m)
{
	int rc = check_verify(c, o);

	if (!rc)
		rc = check_sizes(c, o);
	if (!rc && config_is_model(c))
		settle_model(c);
	else if (!rc)
		rc = check_nodes(c, o, m);
	if (!rc)
		rc = check_memory(c, o, m);
	say_where(NULL);
	return rc;
}
