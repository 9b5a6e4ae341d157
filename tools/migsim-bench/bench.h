/* SPDX-License-Identifier: MIT */
/*
 * What the tool's files offer each other.
 */
#ifndef MIGSIM_BENCH_H
#define MIGSIM_BENCH_H

#include <stdio.h>

#include "config.h"
#include "result.h"

/* say.c: "migsim-bench: sentence" to stderr */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * say.c: the library's sentences go to stderr as well. Errors are said at
 * once; warnings are kept, once each, for the results.
 */
void listen_to_library(bool quiet);
int take_warnings(char ***warnings, size_t *n);

/* numbers.c: numbers with K, M, G, and mixes */
int parse_size(const char *text, uint64_t *bytes);
int parse_count(const char *text, uint64_t *value);
int parse_mix(const char *text, struct mix *mix);
void format_mix(const struct mix *mix, char *buf, size_t len);
const char *bytes_text(double bytes, char *buf, size_t len);

/* words.c: ranges, lists and items of the command line */
int expand_values(const char *text, char ***values, size_t *n);
int expand_items(const char *text, char ***items, size_t *n);
void free_words(char **words, size_t n);

/* plan.c: configurations and what frees them */
void plan_free(struct plan *plan);

/* sweep.c: measures every configuration of a plan, interleaved. 0 or an exit code */
int sweep_measure(const struct plan *plan, struct results *rs);

/* result.c */
void results_free(struct results *rs);

/* Commands: argv[0] is the command's name. Return the exit code. */
int cmd_run(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_fit(int argc, char **argv);
int cmd_reproduce(int argc, char **argv);
int cmd_recommend(int argc, char **argv);
int cmd_validate(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_sysinfo(int argc, char **argv);

#endif
