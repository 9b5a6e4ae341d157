/* SPDX-License-Identifier: MIT */
/*
 * The parts of a JSON document that every command writes alike. Each returns
 * a new value, or NULL without memory.
 */
#ifndef MIGSIM_BENCH_DOC_H
#define MIGSIM_BENCH_DOC_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include <migsim/sysinfo.h>

#define DIGITS	9	/* a second in us, to a ns */

/* null for what is not finite. */
json_t *doc_number(double value);
/* null for what is negative. */
json_t *doc_count(int64_t value);
/* null for NULL. A byte that is no UTF-8 becomes the sign for an unknown one. */
json_t *doc_text(const char *words);

/* render_json.c: the machine. */
json_t *sysinfo_json(const struct migsim_sysinfo *si);

/* Appends and takes over @value; frees @list when that fails. */
json_t *doc_append(json_t *list, json_t *value);

/* Writes and frees @doc, which may be NULL. 0, -ENOMEM or -EIO. */
int doc_write(FILE *out, json_t *doc);

#endif
