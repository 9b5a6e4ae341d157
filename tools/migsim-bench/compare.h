/* SPDX-License-Identifier: MIT */
/*
 * Two files of results, paired by their configurations.
 */
#ifndef MIGSIM_BENCH_COMPARE_H
#define MIGSIM_BENCH_COMPARE_H

#include <jansson.h>
#include <stdio.h>

#include <migsim/stats.h>

#include "config.h"

struct side {
	const char *path;
	json_t *doc;
	json_t *results;	/* of @doc */
	bool emulated;
};

/* Two results that measure the same. They live with the sides' documents. */
struct pair {
	json_t *a;
	json_t *b;
};

struct pairs {
	struct pair *pair;
	size_t n;
	size_t alone_a;		/* results without a twin */
	size_t alone_b;
	bool differ;		/* one result a side, of unlike configurations */
};

enum verdict {
	VERDICT_BETTER,
	VERDICT_WORSE,
	VERDICT_SAME,
	VERDICT_NOT_SHOWN,
	VERDICT_TOO_FEW,
	VERDICT_ONE_RUN,
	VERDICT_NOT_MEASURED,
};

struct metric {
	const char *name;	/* of the sample's member */
	const char *title;
	bool higher_is_better;
};

/* One metric of a pair. */
struct finding {
	const struct metric *metric;
	size_t na, nb;		/* samples; 0: not measured */
	double median_a, median_b;
	bool tested;		/* the interval and the test mean something */
	struct migsim_comparison c;
	enum verdict verdict;
};

#define METRICS		3
#define SCHEMA		"migsim/1"

extern const struct metric metrics[METRICS];

/* compare_load.c: 0 or an exit code, the reason said */
int side_load(struct side *s, const char *path);
void side_free(struct side *s);
int pairs_make(struct pairs *p, const struct side *a, const struct side *b);

/* Is @key told apart when two results are paired? */
bool config_key_counts(const char *key);
json_t *config_value(const json_t *result, const char *key);
bool result_is_modelled(const json_t *result);

/* compare_judge.c: 0 or -ENOMEM */
int judge(const struct pair *pair, const struct metric *metric,
	  struct finding *f);
const char *verdict_words(enum verdict v);

struct comparison {
	struct side a, b;
	struct pairs pairs;
	bool wanted[METRICS];
	struct finding *finding;	/* [pair * METRICS + metric] */
};

static inline const struct finding *finding_of(const struct comparison *cmp,
					       size_t pair, size_t metric)
{
	return &cmp->finding[pair * METRICS + metric];
}

static inline bool finding_measured(const struct finding *f)
{
	return f->verdict != VERDICT_NOT_MEASURED;
}

/* compare_json.c: { key: [a, b] } of every key in which two results differ */
json_t *config_differences(const struct pair *p);

/* compare_print.c, compare_json.c: 0, -ENOMEM or -EIO */
int compare_print_table(FILE *out, const struct comparison *cmp);
int compare_print_json(FILE *out, const struct comparison *cmp);

#endif
