/* SPDX-License-Identifier: MIT */
/*
 * Options that run and sweep share, from the command line or a job file: a
 * list of words for each. What the words mean is plan.c's affair.
 */
#ifndef MIGSIM_BENCH_OPTIONS_H
#define MIGSIM_BENCH_OPTIONS_H

#include "config.h"

/*
 * The dimensions of a sweep in the order of nesting, the first outermost: the
 * rows of one folio size stand together, below each other those of one
 * engine, and within them the batch size, or whatever else varies, grows from
 * row to row.
 */
enum option_id {
	OPT_BACKEND,
	OPT_FOLIO,
	OPT_ENGINE,
	OPT_POLICY,
	OPT_PROFILE,
	OPT_FOLIOS_PER_CALL,
	OPT_TOTAL,
	OPT_FROM,
	OPT_TO,
	OPT_LAYOUT,
	OPT_POOL,
	OPT_MODE,
	OPT_REASON,
	OPT_BUSY,
	OPT_LOAD,
	OPT_RUNS,
	OPT_WARMUP,
	OPT_VERIFY,
	OPT_READ_AFTER,
	DIMENSIONS,

	/* These hold for the whole command. */
	OPT_SEED = DIMENSIONS,
	OPT_FORMAT,
	OPT_OUTPUT,
	OPT_QUIET,
	OPTIONS
};

enum option_kind {
	LIST,		/* values with commas between, and ranges */
	ITEMS,		/* engines or policies */
	LOADS,		/* items without a name */
	ONE,
	FLAG,
};

/* One way to write an option; --order and --folio are two for one. */
struct spelling {
	const char *name;
	enum option_id id;
	enum option_kind kind;
};

#define MAX_SPELLINGS	32

/* options.c: the i-th spelling, NULL behind the last. */
const struct spelling *options_spelling(size_t i);

/* One option as it was given. */
struct value {
	char **words;
	size_t n;		/* 0: not given */
	char *where;		/* "--batch" or "jobs/1a.ini:7: batch" */
	const char *name;	/* the spelling: --order and --batch are others */
};

struct options {
	struct value value[OPTIONS];
};

/* What one command line holds: options, and job files for sweep. */
struct command_line {
	struct options options;
	bool help;
	char **files;		/* in argv */
	size_t nr_files;
};

/*
 * Sets option @name to @text; @where is as in struct value. A second setting
 * replaces the first, but --policy and --batch exclude each other. 0, or an
 * exit code after a sentence.
 */
int options_set(struct options *o, const char *name, const char *text,
		const char *where);

/* Is there an option or job file key of this name? Its id, or -1. */
int options_find(const char *name);

/* What @o does not say is taken from @lower. 0, or an exit code. */
int options_inherit(struct options *o, const struct options *lower);
void options_free(struct options *o);

/* options_argv.c: reads argv. 0, or an exit code after a sentence. */
int options_parse(int argc, char **argv, struct command_line *line);

/*
 * jobfile.c: adds a set of options for each section of a job file to *@sets.
 * 0, or an exit code after a sentence.
 */
int jobfile_read(const char *path, struct options **sets, size_t *n);

/* help.c */
void help_run(void);
void help_sweep(void);

/* say.c: the place that the next sentences are about; NULL for none */
void say_where(const char *where);

/* say.c: says so, for `return out_of_memory();` */
int out_of_memory(void);

/* cmd_run.c: plans @n sets of options, measures, writes. The exit code. */
int measure_and_write(const struct options *sets, size_t n, bool only_one);

#endif
