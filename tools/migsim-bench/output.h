/* SPDX-License-Identifier: MIT */
/*
 * Where results go: stdout, or a file that appears when it is whole.
 */
#ifndef MIGSIM_BENCH_OUTPUT_H
#define MIGSIM_BENCH_OUTPUT_H

#include <stdio.h>

struct output {
	FILE *file;
	const char *path;	/* NULL: stdout */
	char *temporary;	/* NULL: written in place */
};

/* @path: NULL for stdout. 0, or an exit code after a sentence. */
int output_open(struct output *out, const char *path);

/* Puts the file into its place. 0, or an exit code after a sentence. */
int output_finish(struct output *out);

/* Nothing is to be written; after output_finish() it does nothing. */
void output_drop(struct output *out);

#endif
