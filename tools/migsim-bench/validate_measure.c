/* SPDX-License-Identifier: MIT */
/*
 * Both backends are measured as sweep measures: a set of options for each
 * backend and folio size, of the kernel one untraced and one traced, planned and run by the same code, so that their runs
 * are interleaved and their lists the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "outcome.h"
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

/* What is measured: the kernel twice, where it can be traced. */
enum { BY_UFFD, BY_KERNEL, BY_TRACED_KERNEL, WAYS };

static const char *const ways[WAYS] = {
	[BY_UFFD] = "uffd", [BY_KERNEL] = "kernel:trace=off",
	[BY_TRACED_KERNEL] = "kernel",
};

static int say_short(uint64_t bytes, uint64_t folios, unsigned int order)
{
	const double folio = (double)(MIGSIM_PAGE_SIZE << order);
	char total[32], call[32], size[32];

	say("--total: %s are less than the shortest of the usual calls, %" PRIu64 " folio%s of %s (%s); raise it or set --folios-per-call",
	    bytes_text((double)bytes, total, sizeof(total)), folios,
	    folios == 1 ? "" : "s", bytes_text(folio, size, sizeof(size)),
	    bytes_text((double)folios * folio, call, sizeof(call)));
	return EXIT_USAGE;
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
	if (bytes && bytes / (MIGSIM_PAGE_SIZE << order) < least)
		return say_short(bytes, least, order);
	most = most > MOST_FOLIOS ? most : MOST_FOLIOS;
	step = most / least > MANY ? 4 : 2;
	at = (size_t)snprintf(text, sizeof(text), "%" PRIu64, least);
	for (folios = least * step; folios <= most; folios *= step)
		if (folios <= bytes / (MIGSIM_PAGE_SIZE << order))
			at += (size_t)snprintf(text + at, sizeof(text) - at,
					       ",%" PRIu64, folios);
	return options_set(o, "folios-per-call", text, "--total");
}

static int make_set(struct options *set, const struct options *o, int way,
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
		rc = options_set(set, "backend", ways[way], "");
	if (!rc && way == BY_UFFD)
		rc = options_set(set, "policy",
				 "batch:pages=512,copy=inline", "");
	if (!rc && way != BY_UFFD) {	/* the kernel has neither */
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

/* Ends early: what was measured until then is written all the same. */
static int measure(struct validation *v)
{
	const char *engine = v->plan.configs[0].engine;
	int rc = sweep_measure(&v->plan, &v->rs);

	v->emulated = v->rs.sysinfo.emulated;
	v->ended_early = rc && v->rs.n && !v->rs.interrupted;
	if (v->ended_early &&
	    outcome_say(&v->rs, "A migration ended early, for the reason on "
			"stderr: this is what was measured until then."))
		return out_of_memory();
	if (!strncmp(engine, "null", 4) && (!engine[4] || engine[4] == ':') &&
	    outcome_say(&v->rs, "Engine null copies nothing: what uffd is "
			"compared by has no copy in it."))
		return out_of_memory();
	return rc;
}

/* 0, or an exit code after a sentence. */
static int can_trace(const struct plan *plan, bool *can)
{
	struct config traced;
	struct trial t = { .cfg = &traced };
	size_t i = plan->n - 1;	/* of the kernel: the last way */
	int rc;

	traced = plan->configs[i];
	traced.untraced = false;
	t.shape.route = run_route(&traced);
	rc = run_probe(&t);
	free(t.driver);
	*can = t.traced;
	return rc;
}

static int plan_ways(struct validation *v, const struct options *sets, size_t n)
{
	size_t each = n / WAYS;
	int rc = plan_make(&v->plan, sets, each * BY_TRACED_KERNEL);

	if (!rc)
		rc = can_trace(&v->plan, &v->traced);
	if (!rc && v->traced) {
		plan_free(&v->plan);
		rc = plan_make(&v->plan, sets, n);
	}
	if (!rc) {
		v->plan.calls = true;
		v->seed = v->plan.seed;
	}
	return rc;
}

int validate_measure(struct validation *v, struct options *o)
{
	const struct value *folios;
	struct options *sets;
	size_t i, n = 0;
	int rc = set_defaults(o), way;

	if (rc)
		return rc;
	folios = &o->value[OPT_FOLIO];
	sets = calloc(folios->n * WAYS, sizeof(*sets));
	if (!sets)
		return out_of_memory();
	for (way = 0; way < WAYS; way++)
		for (i = 0; i < folios->n && !rc; i++)
			rc = make_set(&sets[n++], o, way, folios->words[i]);
	if (!rc)
		rc = plan_ways(v, sets, n);
	if (!rc)
		rc = measure(v);
	for (i = 0; i < n; i++)
		options_free(&sets[i]);
	free(sets);
	return rc;
}
