/* SPDX-License-Identifier: MIT */
/*
 * words → plan → configuration. A configuration is one line of a result; a
 * plan is a list of them with what concerns them all.
 */
#ifndef MIGSIM_BENCH_CONFIG_H
#define MIGSIM_BENCH_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <migsim/migsim.h>

#include "load_words.h"

/* Exit codes: the command line's contract. */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_LACKING = 77,
};

enum layout { LAYOUT_CONTIGUOUS, LAYOUT_SCATTERED };
enum format { FORMAT_TABLE, FORMAT_LKML, FORMAT_CSV, FORMAT_JSON };

/* One part of a mix of folio sizes: `4K:80/2M:20`, percent of bytes. */
struct mix_part {
	unsigned int order;
	double percent;
};

struct mix {
	unsigned int n;		/* 1: one size, percent is 100 */
	struct mix_part part[MIGSIM_MAX_ORDER + 1];
};

struct config {
	char *backend;		/* "uffd", "kernel" or "model" */
	bool untraced;		/* "kernel:trace=off" */
	char *engine;		/* "memcpy:key=value"; NULL: the kernel as it is */
	char *policy;		/* "batch:pages=512,copy=batch" */
	char *profile;		/* "zen3-ptdma:copy_us=1"; NULL: not the model */
	const struct migsim_profile *model; /* what that word names; the plan's */
	struct mix mix;
	uint64_t total;		/* bytes moved in one run */
	uint64_t folios_per_call; /* 0: as many as total holds */
	int from, to;		/* nodes; -1: default, or no real ones */
	enum layout layout;
	bool cold_pool;
	enum migsim_mode mode;
	enum migsim_reason reason;
	unsigned int runs, warmup;
	unsigned int busy;	/* threads that spin beside */
	struct load_words load;	/* threads that use the memory */
	bool verify;
	bool read_after;	/* the target, after each call */
	uint64_t seed;
};

/* Is this of virtual time, with no memory behind it? */
static inline bool config_is_model(const struct config *c)
{
	return !strcmp(c->backend, "model");
}

static inline bool config_is_kernel(const struct config *c)
{
	return !strcmp(c->backend, "kernel");
}

/* config_space.c: the library's word for its backend; 0, or -EINVAL: too long */
int config_space(const struct config *c, char *word, size_t len);

struct plan {
	struct config *configs;	/* in the order of the command line */
	size_t n;
	struct migsim_profile **profiles; /* one for each different word */
	size_t nr_profiles;
	enum format format;
	char *output;		/* NULL: stdout */
	bool quiet;
	bool grid;		/* candidates that nobody named */
	bool calls;		/* N is the length of a call, batches or not */
	uint64_t seed;
};

#endif
