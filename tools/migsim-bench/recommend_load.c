/* SPDX-License-Identifier: MIT */
/*
 * The results of run and sweep, read back from their JSON: the candidates are
 * what was measured there.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench.h"
#include "compare.h"
#include "outcome.h"
#include "recommend.h"

/* What is read back. Configurations and words live with the document. */
struct loaded {
	const struct request *rq;
	struct results rs;
	struct config *config;
	const json_t **from;	/* by result */
	const json_t **machine;	/* by result: sysinfo of its file */
	struct migsim_profile **profile;
	size_t nr_profiles;
	size_t blind;		/* left out: no policy, or no latency */
};

/* The same profile stands for many results. One that is not at hand is none. */
static int find_profile(struct loaded *l, struct config *c)
{
	struct migsim_profile **grown;
	size_t i;
	int err;

	for (i = 0; i < l->rs.n; i++) {
		if (!l->config[i].profile ||
		    strcmp(l->config[i].profile, c->profile))
			continue;
		c->model = l->config[i].model;
		return 0;
	}
	grown = realloc(l->profile, (l->nr_profiles + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	l->profile = grown;
	migsim_set_log(NULL, NULL);
	err = migsim_profile_open(&grown[l->nr_profiles], c->profile);
	listen_to_library(true);
	if (!err)
		c->model = grown[l->nr_profiles++];
	return err == -ENOMEM ? err : 0;
}

/* False: nothing that could be recommended. */
static bool is_of_use(const struct result *r)
{
	return r->config->policy && r->config->engine &&
	       isfinite(r->first_us.median) &&
	       isfinite(r->sum.inaccessible_us.p99);
}

static bool is_asked(const struct loaded *l, const char *policy)
{
	const struct value *v = &l->rq->options.value[OPT_POLICY];
	char kind[64];

	snprintf(kind, sizeof(kind), "%.*s", (int)strcspn(policy, ":"), policy);
	return asks_for_kind(v, kind) || asks_for_kind(v, policy);
}

/* 1: broken */
static int read_result(struct loaded *l, const json_t *from,
		       const json_t *machine)
{
	struct result *r = &l->rs.result[l->rs.n];
	struct config *c = &l->config[l->rs.n];
	int err = 0;

	if (!result_read(r, c, from))
		return 1;
	if (!is_of_use(r)) {
		l->blind++;
		return 0;
	}
	if (!is_asked(l, c->policy))
		return 0;
	if (c->profile && config_is_model(c))
		err = find_profile(l, c);
	l->machine[l->rs.n] = machine;
	l->from[l->rs.n++] = from;
	return err;
}

static int make_room(struct loaded *l, size_t more)
{
	size_t n = l->rs.n + more + 1, i;
	struct result *result = realloc(l->rs.result, n * sizeof(*result));
	const json_t **from, **machine;
	struct config *config;

	if (result)
		l->rs.result = result;
	config = realloc(l->config, n * sizeof(*config));
	if (config)
		l->config = config;
	from = realloc(l->from, n * sizeof(*from));
	if (from)
		l->from = from;
	machine = realloc(l->machine, n * sizeof(*machine));
	if (machine)
		l->machine = machine;
	for (i = 0; result && config && i < l->rs.n; i++)
		result[i].config = &config[i];
	return result && config && from && machine ? 0 : out_of_memory();
}

/* What makes a measurement doubtful makes a recommendation so. */
static int take_warnings_of(struct loaded *l, const json_t *doc)
{
	const json_t *w;
	size_t i;
	int err = 0;

	json_array_foreach(json_object_get(doc, "warnings"), i, w)
		if (!err && json_is_string(w))
			err = outcome_say(&l->rs, "%s", json_string_value(w));
	l->rs.interrupted |= json_is_true(json_object_get(doc, "interrupted"));
	return err;
}

static int take_side(struct loaded *l, const struct side *side)
{
	const json_t *r;
	size_t i;
	int rc = make_room(l, json_array_size(side->results));

	if (rc)
		return rc;
	json_array_foreach(side->results, i, r) {
		rc = read_result(l, r, json_object_get(side->doc, "sysinfo"));
		if (rc < 0)
			return out_of_memory();
		if (rc) {
			say("result %zu of %s is broken: it needs a folio size, a backend, a throughput and samples",
			    i + 1, side->path);
			return EXIT_USAGE;
		}
	}
	return take_warnings_of(l, side->doc) ? out_of_memory() : 0;
}

/*
 * Results of one engine and folio size are compared: all else must be equal.
 * That is what every key says which a recommendation does not choose.
 */
static bool is_beside(const struct loaded *l, size_t i, size_t k)
{
	return l->rs.result[k].channels == l->rs.result[i].channels &&
	       !strcmp(l->config[k].engine, l->config[i].engine) &&
	       json_equal(config_value(l->from[k], "folio"),
			  config_value(l->from[i], "folio"));
}

/* What stays as it is while a machine runs. */
static bool same_machine(const json_t *a, const json_t *b)
{
	static const char *const keys[] = {
		"kernel", "cpu", "hypervisor", "microcode", "cpus", "cores",
		"sockets", "numa_nodes", "mem_bytes", "mitigations",
	};
	size_t k;

	for (k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		const json_t *x = json_object_get(a, keys[k]);
		const json_t *y = json_object_get(b, keys[k]);

		if (x != y && !json_equal(x, y))
			return false;
	}
	return true;
}

/*
 * A key in which two results differ; NULL: none. Virtual time is the same on
 * all machines.
 */
static const char *difference(const struct loaded *l, size_t i, size_t k)
{
	const json_t *a = l->from[i], *b = l->from[k];
	static const char *const keys[] = {
		"backend", "profile", "folios_per_call", "from", "to", "layout",
		"pool", "mode", "reason", "busy", "load",
	};
	size_t n;

	for (n = 0; n < sizeof(keys) / sizeof(keys[0]); n++)
		if (!json_equal(config_value(a, keys[n]),
				config_value(b, keys[n])))
			return keys[n];
	return config_is_model(&l->config[i]) ||
	       same_machine(l->machine[i], l->machine[k]) ? NULL : "sysinfo";
}

static int check_equal(const struct loaded *l)
{
	const char *key;
	size_t i, k;

	for (i = 1; i < l->rs.n; i++) {
		for (k = 0; k < i && !is_beside(l, i, k); k++)
			;
		key = k < i ? difference(l, k, i) : NULL;
		if (!key)
			continue;
		say("the results of engine %.100s differ in %s; recommend compares results that differ in engine, folio and policy alone",
		    l->config[i].engine, key);
		return EXIT_USAGE;
	}
	return 0;
}

/* Points stand as the results do. */
static void number_settings(struct advice *a, const struct loaded *l)
{
	size_t i, k;

	for (i = 0; i < a->n; i++) {
		for (k = 0; k < i && difference(l, k, i); k++)
			;
		a->point[i]->setting = k;
	}
}

static int finish(struct advice *a, struct loaded *l, const struct side *first)
{
	int rc = check_equal(l);

	if (rc)
		return rc;
	if (!l->rs.n) {
		say("no result of these files has a policy and latencies%s; run sweep with --backend uffd or model",
		    l->rq->options.value[OPT_POLICY].n ?
		    " and was asked for by --policy" : "");
		return EXIT_USAGE;
	}
	a->file_sysinfo = json_incref(json_object_get(first->doc, "sysinfo"));
	sysinfo_read(&l->rs.sysinfo, a->file_sysinfo);
	if (l->blind && outcome_say(&l->rs, "%zu results have no policy or no "
				    "latency, and are left out.", l->blind))
		return out_of_memory();
	if (advice_take(a, &l->rs, NULL))
		return out_of_memory();
	number_settings(a, l);
	return 0;
}

static void loaded_free(struct loaded *l)
{
	size_t i;

	for (i = 0; i < l->nr_profiles; i++)
		migsim_profile_close(l->profile[i]);
	free(l->profile);
	free(l->rs.result);
	free_words(l->rs.warnings, l->rs.nr_warnings);
	free(l->config);
	free(l->from);
	free(l->machine);
}

int recommend_load(struct advice *a, const struct request *rq)
{
	struct side *side = calloc(rq->nr_files, sizeof(*side));
	struct loaded l = { .rq = rq };
	size_t i, n = 0;
	int rc = side ? 0 : out_of_memory();

	for (i = 0; i < rq->nr_files && !rc; i++) {
		rc = side_load(&side[n++], rq->files[i]);
		if (!rc)
			rc = take_side(&l, &side[i]);
	}
	if (!rc)
		rc = finish(a, &l, &side[0]);
	loaded_free(&l);
	for (i = 0; i < n; i++)
		side_free(&side[i]);
	free(side);
	return rc;
}
