/* SPDX-License-Identifier: MIT */
/*
 * Reads two files of results and finds the results that measure the same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "compare.h"
#include "options.h"

/* How long one measured, and with what luck, is not what one measured. */
bool config_key_counts(const char *key)
{
	static const char *const apart[] = {
		"driver", "runs", "warmup", "seed",
	};
	size_t i;

	for (i = 0; i < sizeof(apart) / sizeof(apart[0]); i++)
		if (!strcmp(key, apart[i]))
			return false;
	return true;
}

/* A key that a file lacks is null. */
json_t *config_value(const json_t *result, const char *key)
{
	json_t *v = json_object_get(json_object_get(result, "config"), key);

	return v ? v : json_null();
}

bool result_is_modelled(const json_t *result)
{
	const json_t *backend = json_object_get(json_object_get(result,
						"config"), "backend");

	return json_is_string(backend) &&
	       !strcmp(json_string_value(backend), "model");
}

static bool any_measured(const json_t *results)
{
	const json_t *r;
	size_t i;

	json_array_foreach(results, i, r)
		if (!result_is_modelled(r))
			return true;
	return !json_array_size(results);
}

static bool same_as_far_as(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(a, "config"), key, value)
		if (config_key_counts(key) &&
		    !json_equal(value, config_value(b, key)))
			return false;
	return true;
}

static bool same_config(const json_t *a, const json_t *b)
{
	return same_as_far_as(a, b) && same_as_far_as(b, a);
}

static bool sample_is_sound(const json_t *sample)
{
	size_t i;

	if (!json_is_object(sample))
		return false;
	for (i = 0; i < METRICS; i++) {
		const json_t *v = json_object_get(sample, metrics[i].name);

		if (v && !json_is_null(v) && !json_is_number(v))
			return false;
	}
	return true;
}

static bool result_is_sound(const json_t *r)
{
	const json_t *samples = json_object_get(r, "samples"), *sample;
	size_t i;

	if (!json_is_object(json_object_get(r, "config")) ||
	    !json_is_array(samples))
		return false;
	json_array_foreach(samples, i, sample)
		if (!sample_is_sound(sample))
			return false;
	return true;
}

static int read_json(struct side *s)
{
	json_error_t error;
	FILE *in = fopen(s->path, "r");
	int failed;

	if (!in) {
		say("cannot read %s: %s", s->path, strerror(errno));
		return EXIT_USAGE;
	}
	errno = 0;
	s->doc = json_loadf(in, JSON_REJECT_DUPLICATES, &error);
	failed = ferror(in) ? errno : 0;
	fclose(in);
	if (failed) {
		say("cannot read %s: %s", s->path, strerror(failed));
		return EXIT_USAGE;
	}
	if (!s->doc) {
		say("%s is not JSON: line %d: %s", s->path, error.line,
		    error.text);
		return EXIT_USAGE;
	}
	return 0;
}

static bool was_kernel(const json_t *config)
{
	const char *backend = json_string_value(json_object_get(config,
								"backend"));

	return backend && !strcmp(backend, "kernel");
}

/* Of a file from before these options: they were off. */
static int add_later_options(json_t *result)
{
	json_t *config = json_object_get(result, "config");

	if (!json_object_get(config, "busy") &&
	    json_object_set_new(config, "busy", result_is_modelled(result) ?
				json_null() : json_integer(0)))
		return -ENOMEM;
	if (!json_object_get(config, "read_after") &&
	    json_object_set_new(config, "read_after", json_false()))
		return -ENOMEM;
	if (!json_object_get(config, "trace") &&
	    json_object_set_new(config, "trace", was_kernel(config) ?
				json_false() : json_null()))
		return -ENOMEM;
	return 0;
}

static int check_schema(struct side *s)
{
	const json_t *schema = json_object_get(s->doc, "schema");
	json_t *r;
	size_t i;

	if (!json_is_string(schema) ||
	    strcmp(json_string_value(schema), SCHEMA)) {
		say("%s is not a result of migsim-bench: its schema is not %s",
		    s->path, SCHEMA);
		return EXIT_USAGE;
	}
	s->results = json_object_get(s->doc, "results");
	if (!json_is_array(s->results)) {
		say("%s holds no results of run or sweep", s->path);
		return EXIT_USAGE;
	}
	json_array_foreach(s->results, i, r) {
		if (!result_is_sound(r)) {
			say("result %zu of %s is broken: it needs a config and samples of numbers",
			    i + 1, s->path);
			return EXIT_USAGE;
		}
		if (add_later_options(r))
			return out_of_memory();
	}
	return 0;
}

int side_load(struct side *s, const char *path)
{
	int code;

	*s = (struct side){ .path = path };
	code = read_json(s);
	if (!code)
		code = check_schema(s);
	if (!code)
		s->emulated = any_measured(s->results) &&
			json_is_true(json_object_get(json_object_get(s->doc,
						     "sysinfo"), "emulated"));
	return code;
}

void side_free(struct side *s)
{
	json_decref(s->doc);
	s->doc = NULL;
}

static bool is_taken(const struct pairs *p, const json_t *b)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->pair[i].b == b)
			return true;
	return false;
}

/* The first twin in B which no earlier result of A has. */
static json_t *find_twin(const struct pairs *p, const json_t *a,
			 const json_t *bs)
{
	json_t *b;
	size_t i;

	json_array_foreach(bs, i, b)
		if (!is_taken(p, b) && same_config(a, b))
			return b;
	return NULL;
}

int pairs_make(struct pairs *p, const struct side *a, const struct side *b)
{
	size_t i, na = json_array_size(a->results);
	size_t nb = json_array_size(b->results);
	json_t *r, *twin;

	*p = (struct pairs){ .pair = calloc(na + 1, sizeof(*p->pair)) };
	if (!p->pair) {
		say("%s", strerror(ENOMEM));
		return EXIT_FAILED;
	}
	json_array_foreach(a->results, i, r) {
		twin = find_twin(p, r, b->results);
		if (!twin && na == 1 && nb == 1) {
			twin = json_array_get(b->results, 0);
			p->differ = true;
		}
		if (twin)
			p->pair[p->n++] = (struct pair){ r, twin };
	}
	p->alone_a = na - p->n;
	p->alone_b = nb - p->n;
	if (p->n)
		return 0;
	say("nothing to compare: no result of %s (%zu) has the configuration of one of %s (%zu)",
	    a->path, na, b->path, nb);
	return EXIT_USAGE;
}
