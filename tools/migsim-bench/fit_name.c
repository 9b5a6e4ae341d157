/* SPDX-License-Identifier: MIT */
/*
 * What a fitted profile is called, and what it says of its origin.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "fit_command.h"
#include "options.h"

/* The base name of the file, without its ending. */
static char *profile_name(const struct fit_request *rq)
{
	const char *base = strrchr(rq->output, '/');
	char *name, *end;

	name = strdup(rq->name ? rq->name : base ? base + 1 : rq->output);
	end = name && !rq->name ? strrchr(name, '.') : NULL;
	if (end && end != name)
		*end = 0;
	return name;
}

static void put_words(FILE *out, const struct fit_words *w, const char *between)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		fprintf(out, "%s%s", i ? between : "", w->word[i]);
}

static char *description(const struct fit_request *rq)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fputs("fitted to ", out);
	put_words(out, &rq->data, " and ");
	if (rq->holdout.n)
		fputs(" but for ", out);
	put_words(out, &rq->holdout, " and ");
	fprintf(out, ", starting from %s", rq->start);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

int fit_describe(struct fit_job *job)
{
	char *name = profile_name(job->rq);
	char *text = description(job->rq);
	int err = name && text ?
		  migsim_profile_describe(job->profile, name, text) : -ENOMEM;

	free(name);
	free(text);
	return err ? out_of_memory() : 0;
}
