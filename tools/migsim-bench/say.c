/* SPDX-License-Identifier: MIT */
/*
 * Sentences for people: the tool's own and the library's.
 */
#include <ctype.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "options.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *place;
static char **kept;
static size_t nr_kept;
static bool silent;

void say_where(const char *where)
{
	place = where;
}

/* One line, one write: sentences of two threads do not mix. */
void say(const char *fmt, ...)
{
	char sentence[1024], *c;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	for (c = sentence; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	fprintf(stderr, "migsim-bench: %s%s%s\n", place ? place : "",
		place ? ": " : "", sentence);
}

int out_of_memory(void)
{
	say_where(NULL);
	say("out of memory");
	return EXIT_FAILED;
}

/* False when it is known already, or there is no memory to know it. */
static bool keep(const char *sentence)
{
	char **grown;
	size_t i;

	for (i = 0; i < nr_kept; i++)
		if (!strcmp(kept[i], sentence))
			return false;
	grown = realloc(kept, (nr_kept + 1) * sizeof(*kept));
	if (!grown)
		return false;
	kept = grown;
	kept[nr_kept] = strdup(sentence);
	if (!kept[nr_kept])
		return false;
	nr_kept++;
	return true;
}

static void hear(void *arg, enum migsim_log_level level, const char *sentence)
{
	bool fresh;

	(void)arg;
	if (level == MIGSIM_LOG_ERROR) {
		say("%s", sentence);
		return;
	}
	pthread_mutex_lock(&lock);
	fresh = keep(sentence);
	pthread_mutex_unlock(&lock);
	if (fresh && !silent)
		say("warning: %s", sentence);
}

/* @quiet: warnings are kept for the results only, not said as well. */
void listen_to_library(bool quiet)
{
	silent = quiet;
	migsim_set_log(hear, NULL);
}

/* The caller frees each warning and the array. */
int take_warnings(char ***warnings, size_t *n)
{
	pthread_mutex_lock(&lock);
	*warnings = kept;
	*n = nr_kept;
	kept = NULL;
	nr_kept = 0;
	pthread_mutex_unlock(&lock);
	return 0;
}
