/* SPDX-License-Identifier: MIT */
/*
 * What a comparison found, for programs.
 */
#include <errno.h>
#include <math.h>

#include "compare.h"
#include "doc.h"
#include "render.h"

/* { key: [a, b] } of every key in which the two results differ. */
json_t *config_differences(const struct pair *p)
{
	const json_t *side[2] = { p->a, p->b };
	json_t *o = json_object(), *v;
	const char *key;
	int i;

	for (i = 0; i < 2; i++) {
		json_object_foreach(json_object_get(side[i], "config"), key,
				    v) {
			json_t *a = config_value(p->a, key);
			json_t *b = config_value(p->b, key);

			if (json_equal(a, b) || json_object_get(o, key))
				continue;
			if (json_object_set_new(o, key,
						json_pack("[O, O]", a, b))) {
				json_decref(o);
				return NULL;
			}
		}
	}
	return o;
}

static json_t *number(bool known, double value)
{
	return doc_number(known ? value : NAN);
}

static json_t *finding_json(const struct finding *f)
{
	bool known = finding_measured(f), tested = f->tested;

	return json_pack("{s:s, s:[I, I], s:[o, o], s:o, s:o, s:o, s:o, s:o, s:s}",
		"metric", f->metric->name,
		"runs", (json_int_t)f->na, (json_int_t)f->nb,
		"median", number(known, f->median_a),
		number(known, f->median_b),
		"difference", number(known, f->c.difference),
		"ci95", tested ? json_pack("[f, f]", f->c.ci95[0],
					   f->c.ci95[1]) : json_null(),
		"ratio", number(known && f->c.ratio > 0, f->c.ratio),
		"p", number(tested, f->c.p),
		"effect", number(tested, f->c.effect),
		"verdict", verdict_words(f->verdict));
}

static json_t *pair_json(const struct comparison *cmp, size_t i)
{
	const struct pair *p = &cmp->pairs.pair[i];
	json_t *list = json_array();
	size_t m;

	for (m = 0; list && m < METRICS; m++) {
		if (cmp->wanted[m] && json_array_append_new(list,
				finding_json(finding_of(cmp, i, m)))) {
			json_decref(list);
			list = NULL;
		}
	}
	return json_pack("{s:O, s:o, s:o}",
		"config", json_object_get(p->a, "config"),
		"differs", config_differences(p), "metrics", list);
}

static json_t *side_json(const struct side *s, size_t alone)
{
	json_t *si = json_object_get(s->doc, "sysinfo");
	json_t *file = json_string(s->path);

	return json_pack("{s:o, s:I, s:I, s:O, s:o}",
		"file", file ? file : json_null(),
		"results", (json_int_t)json_array_size(s->results),
		"without_twin", (json_int_t)alone,
		"sysinfo", si ? si : json_null(),
		"note", s->emulated ? json_string(EMULATED) : json_null());
}

int compare_print_json(FILE *out, const struct comparison *cmp)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; list && i < cmp->pairs.n; i++)
		list = doc_append(list, pair_json(cmp, i));
	return doc_write(out, json_pack("{s:s, s:o, s:o, s:o}",
			"schema", SCHEMA,
			"a", side_json(&cmp->a, cmp->pairs.alone_a),
			"b", side_json(&cmp->b, cmp->pairs.alone_b),
			"pairs", list));
}
