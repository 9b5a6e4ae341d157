/* SPDX-License-Identifier: MIT */
/*
 * words → plan: every combination of the words of a set of options becomes a
 * configuration, checked against the machine before anything is allocated.
 */
#ifndef MIGSIM_BENCH_PLAN_H
#define MIGSIM_BENCH_PLAN_H

#include "config.h"
#include "options.h"

#define MAX_CONFIGS	10000

/* The machine, looked at once. */
struct machine {
	struct migsim_node node[MIGSIM_MAX_NODES];
	bool forbidden[MIGSIM_MAX_NODES];	/* by the cpuset */
	unsigned int nr_nodes;
	int here;		/* node of the calling CPU */
	struct migsim_sysinfo sysinfo;
};

/*
 * Makes the plan of @n sets, one behind the other. 0, or an exit code after a
 * sentence; the plan is then empty.
 */
int plan_make(struct plan *plan, const struct options *sets, size_t n);

/* plan_words.c: index of @word among @words (NULL at the end), or -EINVAL. */
int choose(const char *word, const char *const *words);

/*
 * plan_words.c: sets a dimension by a word of @v, or by its default. Backend
 * comes first. 0, or an exit code after a sentence.
 */
int config_set(struct config *c, enum option_id id, const struct value *v,
	       size_t index);

/* plan_check.c: 0, or an exit code after a sentence. */
int machine_read(struct machine *m);

/* Fits the parts together and decides the nodes. @o tells where words stood. */
int config_check(struct config *c, const struct options *o,
		 const struct machine *m);

#endif
