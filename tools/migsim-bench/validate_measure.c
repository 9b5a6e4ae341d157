/* SPDX-License-Identifier: MIT */
/*
 * Both backends are measured as sweep measures: a set of options for each
 * backend and folio size, planned and run by the same code, so that their runs
 * are interleaved and their lists the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "plan.h"
#include "run.h"
#include "validate.h"

#define USUAL_TOTAL	"256M"

/* The usual N: from 8 pages or one folio to 4096 pages or 16 folios. */
#define LEAST_PAGES	8
#define MOST_PAGES	4096
#define MOST_FOLIOS	16
#define MANY		64	/* from the least to the most: larger steps */

static int usable_nodes(int nodes[2], int except)
{
	static struct migsim_node node[MIGSIM_MAX_NODES];
	int all = migsim_topology_nodes(node, MIGSIM_MAX_NODES), i, n = 0;

	for (i = 0; i < all && i < MIGSIM_MAX_NODES && n < 2; i++)
		if (node[i].id != except &&
		    migsim_topology_has_memory(node[i].id))
			nodes[n++] = node[i].id;
	return n;
}

/* The number of an option; -1: none, or a word for the plan to refuse */
static int number_of(const struct value *v)
{
	uint64_t n;

	return v->n && !parse_count(v->words[0], &n) && n < INT32_MAX ?
	       (int)n : -1;
}

static int set_number(struct options *o, const char *name, uint64_t number)
{
	char text[24], where[32];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	snprintf(where, sizeof(where), "--%s", name);
	return options_set(o, name, text, where);
}

/*
 * What is not said: the first two nodes that this process may have memory of.
 * Where there is one only, the plan refuses it, behind all wrong words.
 */
static int choose_nodes(struct options *o)
{
	const struct value *from = &o->value[OPT_FROM], *to = &o->value[OPT_TO];
	int nodes[2], rc = 0;

	if (!from->n && usable_nodes(nodes, number_of(to)))
		rc = set_number(o, "from", (uint64_t)nodes[0]);
	if (!rc && !to->n && usable_nodes(nodes, number_of(from)))
		rc = set_number(o, "to", (uint64_t)nodes[0]);
	return rc;
}

/* As many as --total holds of the usual N, as a list. */
static int usual_calls(struct options *o, unsigned int order,
		       const struct value *total)
{
	uint64_t least = LEAST_PAGES >> order, most = MOST_PAGES >> order;
	uint64_t bytes, folios, step;
	char text[256];
	size_t at;

	if (parse_size(total->words[0], &bytes))
		bytes = UINT64_MAX;	/* the plan refuses it */
	least = least ? least : 1;
	most = most > MOST_FOLIOS ? most : MOST_FOLIOS;
	step = most / least > MANY ? 4 : 2;
	at = (size_t)snprintf(text, sizeof(text), "%" PRIu64, least);
	for (folios = least * step; folios <= most; folios *= step)
		if (folios <= bytes / (MIGSIM_PAGE_SIZE << order))
			at += (size_t)snprintf(text + at, sizeof(text) - at,
					       ",%" PRIu64, folios);
	return options_set(o, "folios-per-call", text, "--total");
}

static int make_set(struct options *set, const struct options *o, int backend,
		    const char *folio)
{
	const struct value *f = &o->value[OPT_FOLIO];
	struct mix mix;
	int rc = options_set(set, "folio", folio, f->where);

	if (!rc && !parse_mix(folio, &mix) && mix.n > 1) {
		say("%s: %.100s is a mix; validate compares one folio size at a time",
		    f->where, folio);
		rc = EXIT_USAGE;
	}
	if (!rc && !o->value[OPT_FOLIOS_PER_CALL].n && !parse_mix(folio, &mix))
		rc = usual_calls(set, mix.part[0].order, &o->value[OPT_TOTAL]);
	if (!rc)
		rc = options_set(set, "backend", validate_backend[backend], "");
	if (!rc && backend == UFFD)
		rc = options_set(set, "policy",
				 "batch:pages=512,copy=inline", "");
	if (!rc && backend == KERNEL) {	/* which has neither */
		rc = options_set(set, "engine", "memcpy", "");
		if (!rc)
			rc = options_set(set, "pool", "warm", "");
	}
	return rc ? rc : options_inherit(set, o);
}

static int set_defaults(struct options *o)
{
	int rc = 0;

	if (!o->value[OPT_FOLIO].n)
		rc = options_set(o, "folio", "4K,2M", "--folio");
	if (!rc && !o->value[OPT_TOTAL].n)
		rc = options_set(o, "total", USUAL_TOTAL, "--total");
	return rc ? rc : choose_nodes(o);
}

static int measure_sets(struct validation *v, const struct options *sets,
			size_t n)
{
	struct plan plan;
	int rc = plan_make(&plan, sets, n);

	if (rc)
		return rc;
	plan.calls = true;
	v->seed = plan.seed;
	rc = sweep_measure(&plan, &v->rs);
	v->emulated = v->rs.sysinfo.emulated;
	v->plan = plan;		/* the results name its configurations */
	return rc;
}

int validate_measure(struct validation *v, struct options *o)
{
	const struct value *folios;
	struct options *sets;
	size_t i, n = 0;
	int rc = set_defaults(o), b;

	if (rc)
		return rc;
	folios = &o->value[OPT_FOLIO];
	sets = calloc(folios->n * BACKENDS, sizeof(*sets));
	if (!sets)
		return out_of_memory();
	for (b = 0; b < BACKENDS; b++)
		for (i = 0; i < folios->n && !rc; i++)
			rc = make_set(&sets[n++], o, b, folios->words[i]);
	if (!rc)
		rc = measure_sets(v, sets, n);
	for (i = 0; i < n; i++)
		options_free(&sets[i]);
	free(sets);
	return rc;
}
