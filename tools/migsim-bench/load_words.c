/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "load_words.h"

/* What an item of the list is called; its user leaves the name out. */
#define ITEM	"load:"

static const char *const patterns[] = {
	[LOAD_UNIFORM] = "uniform", [LOAD_ZIPF] = "zipf",
};

const char *load_pattern_name(enum load_pattern pattern)
{
	return patterns[pattern];
}

/* Engines have names, a load has not: a key that begins one gets a name. */
static char *with_names(const char *text)
{
	char *copy = strdup(text), *rest = copy, *token, *named = NULL;
	FILE *out = copy ? open_memstream(&named, &(size_t){ 0 }) : NULL;
	bool begins = true, first = true;

	while (out && (token = strsep(&rest, ","))) {
		fprintf(out, "%s%s%s", first ? "" : ",",
			begins && strchr(token, '=') ? ITEM : "", token);
		begins = !strcmp(token, "none");
		first = false;
	}
	free(copy);
	if (out && fclose(out)) {
		free(named);
		named = NULL;
	}
	return named;
}

int load_expand(const char *text, char ***words, size_t *n)
{
	char *named = with_names(text);
	int err = named ? expand_items(named, words, n) : -ENOMEM;

	free(named);
	return err;
}

static int take_number(const char *key, const char *word, uint64_t least,
		       uint64_t most, uint64_t *value)
{
	if (!parse_count(word, value) && *value >= least && *value <= most)
		return 0;
	say("%s is a whole number from %" PRIu64 " to %" PRIu64 ", not %.50s",
	    key, least, most, word);
	return -EINVAL;
}

static int take_pattern(const char *word, struct load_words *w)
{
	size_t i;

	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (!strcmp(word, patterns[i])) {
			w->pattern = (enum load_pattern)i;
			return 0;
		}
	}
	say("%.50s is no pattern; there are uniform and zipf", word);
	return -EINVAL;
}

enum { KEY_THREADS, KEY_PATTERN, KEY_WRITE, KEY_RATE, KEYS };

static const char *const keys[KEYS] = { "threads", "pattern", "write", "rate" };

static int take_value(unsigned int key, const char *word, struct load_words *w)
{
	uint64_t v = 0;
	int err;

	if (key == KEY_PATTERN)
		return take_pattern(word, w);
	if (key == KEY_WRITE) {
		err = take_number("write", word, 0, 100, &v);
		w->write = (unsigned int)v;
	} else if (key == KEY_RATE) {
		err = take_number("rate", word, 1, LOAD_MAX_RATE, &v);
		w->rate = v;
	} else {
		err = take_number("threads", word, 1, LOAD_MAX_THREADS, &v);
		w->threads = (unsigned int)v;
	}
	return err;
}

/* `key=value` */
static int take_token(char *token, struct load_words *w, bool given[KEYS])
{
	char *value = token;
	char *key = strsep(&value, "=");
	unsigned int i;

	for (i = 0; i < KEYS && strcmp(key, keys[i]); i++)
		;
	if (i == KEYS) {
		say("a load has no %.50s; there are threads, pattern, write and rate",
		    key);
		return -EINVAL;
	}
	if (given[i]) {
		say("%s is given twice; put none between two loads", key);
		return -EINVAL;
	}
	given[i] = true;
	return take_value(i, value, w);
}

int load_parse(const char *word, bool model, struct load_words *w)
{
	const size_t name = strlen(ITEM);
	bool given[KEYS] = { false };
	char *copy, *rest, *token;
	int err = 0;

	*w = (struct load_words){ 0 };
	if (!strcmp(word, "none"))
		return 0;
	if (strncmp(word, ITEM, name) || !strchr(word, '=')) {
		say("%.50s is no load; write threads=N,pattern=uniform|zipf,write=PERCENT,rate=OPS, or none",
		    word);
		return -EINVAL;
	}
	w->threads = 1;
	copy = rest = strdup(word + name);
	if (!copy)
		return -ENOMEM;
	while (!err && (token = strsep(&rest, ",")))
		err = take_token(token, w, given);
	free(copy);
	if (model && !w->rate)
		w->rate = LOAD_MODEL_RATE;
	return err;
}

void load_format(const struct load_words *w, char buf[LOAD_WORDS_LEN])
{
	int at = snprintf(buf, LOAD_WORDS_LEN, "threads=%u,pattern=%s,write=%u",
			  w->threads, patterns[w->pattern], w->write);

	if (w->rate)
		snprintf(buf + at, LOAD_WORDS_LEN - (size_t)at,
			 ",rate=%" PRIu64, w->rate);
}
