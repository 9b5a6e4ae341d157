/* SPDX-License-Identifier: MIT */
/*
 * One call over the fake space, set up in a few lines and checked from all
 * sides: the final memory, the counters against the folios, Little's law, the
 * sum of the phases. Also the policy "script", which answers what it is told.
 */
#ifndef SCENE_H
#define SCENE_H

#include <migsim/migsim.h>

#include "fake_engine.h"
#include "fake_space.h"

/* What the policy "script" answers while fewer groups are in flight. */
struct script {
	struct migsim_policy_answer answer;
	uint32_t groups;
	uint32_t asked;
	uint32_t max_groups;	/* that it saw in flight */
	bool inconsistent;	/* saw numbers that cannot be */
};

struct scene {
	struct migsim_options options;
	struct migsim_migrator *migrator;
	struct migsim_report *report;
	struct migsim_folio *folios;
	size_t n;
	long rc;
	struct migsim_summary s;
};

extern struct script script;

/* A scene of @n folios of one order; engine "fake", policy "batch", async. */
void scene_new(struct scene *sc, size_t n, unsigned int order);
/* Opens, migrates, checks, closes. Sets rc and s. */
void scene_run(struct scene *sc);
/* The same in two steps. */
void scene_open(struct scene *sc);
void scene_call(struct scene *sc);
void scene_free(struct scene *sc);

/* Before and behind every test. */
int scene_setup(void **state);
int scene_teardown(void **state);

#endif
