/* SPDX-License-Identifier: MIT */
/*
 * Candidates are measured as sweep measures: a set of options for each folio
 * size and engine, planned and run by the same code.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "plan.h"
#include "recommend.h"

#define USUAL_PROFILE	"zen3-ptdma"
#define USUAL_TOTAL	((uint64_t)1 << 30)
#define REAL_TOTAL	"256M"

static bool is_real(const struct options *o)
{
	return o->value[OPT_BACKEND].n &&
	       !strcmp(o->value[OPT_BACKEND].words[0], "uffd");
}

int option_pick(struct options *to, const struct options *from,
		enum option_id id, const char *word)
{
	const struct value *v = &from->value[id];
	struct value *to_v = &to->value[id];

	*to_v = (struct value){
		.words = calloc(1, sizeof(char *)),
		.name = v->n ? v->name : "",
		.where = strdup(v->n ? v->where : "recommend"),
	};
	if (!to_v->words || !to_v->where)
		return out_of_memory();
	to_v->words[0] = strdup(word);
	if (!to_v->words[0])
		return out_of_memory();
	to_v->n = 1;
	return 0;
}

static int option_default(struct options *o, const char *name, const char *text,
			  enum option_id id)
{
	return o->value[id].n ? 0 : options_set(o, name, text, "recommend");
}

/* The engines of the published tables, as far as the profile has them. */
static int model_engines(struct options *o)
{
	static const unsigned int usual[4] = { 0, 1, 4, 16 };
	struct migsim_profile *p;
	char text[128] = "model:channels=";
	const struct value *v = &o->value[OPT_PROFILE];
	unsigned int most, i;
	size_t at = strlen(text);
	int err, key = migsim_profile_find("channels");

	say_where(v->where);
	err = migsim_profile_open(&p, v->n ? v->words[0] : USUAL_PROFILE);
	say_where(NULL);
	if (err)
		return err == -ENOMEM ? out_of_memory() : EXIT_USAGE;
	most = (unsigned int)migsim_profile_value(p, (unsigned int)key);
	migsim_profile_close(p);
	for (i = 0; i < 4 && usual[i] < most; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%u,",
				       usual[i]);
	snprintf(text + at, sizeof(text) - at, "%u", most);
	return options_set(o, "engine", text, "recommend");
}

static int set_defaults(struct options *o)
{
	int rc = option_default(o, "backend", "model", OPT_BACKEND);

	if (!rc)
		rc = option_default(o, "folio", "4K,2M", OPT_FOLIO);
	if (!rc && is_real(o)) {
		rc = option_default(o, "engine", "memcpy", OPT_ENGINE);
		if (!rc)
			rc = option_default(o, "total", REAL_TOTAL, OPT_TOTAL);
	} else if (!rc && !o->value[OPT_ENGINE].n) {
		rc = model_engines(o);
	}
	return rc;
}

static int64_t channels_of(const char *engine)
{
	const char *at = strstr(engine, "channels=");

	return at ? strtol(at + strlen("channels="), NULL, 10) : -1;
}

static bool word_is_cpu(const char *engine)
{
	return engine_is_cpu(engine, channels_of(engine));
}

static unsigned int largest_order(const char *folio)
{
	unsigned int i, order = 0;
	struct mix mix;

	if (parse_mix(folio, &mix))
		return 0;	/* the plan will say what is wrong with it */
	for (i = 0; i < mix.n; i++)
		if (mix.part[i].order > order)
			order = mix.part[i].order;
	return order;
}

static uint64_t call_pages(const struct options *o, unsigned int order)
{
	const struct value *call = &o->value[OPT_FOLIOS_PER_CALL];
	const struct value *total = &o->value[OPT_TOTAL];
	uint64_t folios, bytes = USUAL_TOTAL;

	if (call->n && !parse_count(call->words[0], &folios))
		return folios > UINT64_MAX >> order ? UINT64_MAX :
						      folios << order;
	if (total->n && parse_size(total->words[0], &bytes))
		bytes = USUAL_TOTAL;
	return bytes / MIGSIM_PAGE_SIZE;
}

/* All that holds for every candidate, and of the three that vary these. */
static int make_set(struct options *set, const struct request *rq,
		    const char *folio, const char *engine, bool only_cpu)
{
	const struct options *o = &rq->options;
	const struct grid_ask ask = {
		.policies = &o->value[OPT_POLICY],
		.bounds = &rq->bounds,
		.order = largest_order(folio),
		.call_pages = call_pages(o, largest_order(folio)),
		.cpu = word_is_cpu(engine),
		.only_cpu = only_cpu,
		.real = is_real(o),
	};
	int rc = option_pick(set, o, OPT_FOLIO, folio);

	if (!rc)
		rc = option_pick(set, o, OPT_ENGINE, engine);
	if (!rc)
		rc = candidates(&ask, &set->value[OPT_POLICY]);
	return rc ? rc : options_inherit(set, o);
}

static bool asks_for_cpu(const struct value *engines)
{
	size_t i;

	for (i = 0; i < engines->n; i++)
		if (word_is_cpu(engines->words[i]))
			return true;
	return false;
}

/* Folios outermost; behind all of them what offloading is compared with. */
static int make_sets(const struct request *rq, struct options *sets,
		     size_t *n, size_t *nr_cpu)
{
	const struct options *o = &rq->options;
	const struct value *folios = &o->value[OPT_FOLIO];
	const struct value *engines = &o->value[OPT_ENGINE];
	const char *cpu = is_real(o) ? "memcpy" : "model:channels=0";
	size_t f, e;
	int rc = 0;

	for (f = 0; f < folios->n && !rc; f++)
		for (e = 0; e < engines->n && !rc; e++)
			rc = make_set(&sets[(*n)++], rq, folios->words[f],
				      engines->words[e], false);
	if (asks_for_cpu(engines) ||
	    !asks_for_kind(&o->value[OPT_POLICY], "batch"))
		return rc;
	for (f = 0; f < folios->n && !rc; f++, (*nr_cpu)++)
		rc = make_set(&sets[(*n)++], rq, folios->words[f], cpu, true);
	return rc;
}

/* The configurations of the last sets begin there. */
static size_t first_of_last(const struct options *sets, size_t n, size_t last)
{
	size_t i, at = 0;

	for (i = 0; i + last < n; i++)
		at += sets[i].value[OPT_POLICY].n;
	return at;
}

static int measure_plan(struct advice *a, const struct plan *plan, size_t cpu)
{
	struct results rs = { 0 };
	int rc = sweep_measure(plan, &rs), err;

	/* Ctrl-C: what there is; of what failed half an answer is none. */
	if (!rc || rs.interrupted) {
		err = advice_take(a, &rs, plan->configs + cpu);
		if (err)
			rc = out_of_memory();
	}
	results_free(&rs);
	return rc;
}

int measure_sets(struct advice *a, const struct options *sets, size_t n,
		 size_t nr_cpu)
{
	struct plan plan;
	int rc = plan_make(&plan, sets, n);

	if (rc)
		return rc;
	plan.grid = true;
	rc = measure_plan(a, &plan, first_of_last(sets, n, nr_cpu));
	plan_free(&plan);
	return rc;
}

int recommend_measure(struct advice *a, struct request *rq)
{
	const struct value *folios = &rq->options.value[OPT_FOLIO];
	struct options *sets;
	size_t n = 0, nr_cpu = 0, i;
	int rc = set_defaults(&rq->options);

	if (rc)
		return rc;
	sets = calloc(folios->n * (rq->options.value[OPT_ENGINE].n + 1),
		      sizeof(*sets));
	if (!sets)
		return out_of_memory();
	rc = make_sets(rq, sets, &n, &nr_cpu);
	if (!rc)
		rc = measure_sets(a, sets, n, nr_cpu);
	for (i = 0; i < n; i++)
		options_free(&sets[i]);
	free(sets);
	return rc;
}
