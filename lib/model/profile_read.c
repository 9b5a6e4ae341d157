/* SPDX-License-Identifier: MIT */
/*
 * Profile files: INI. What each key of a section is, keys.c tells.
 */
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "profile_reader.h"

static void take_profile(struct reader *r, const char *name, const char *value)
{
	bool is_name = !strcmp(name, "name");
	bool *given = is_name ? &r->named : &r->described;
	char **text = is_name ? &r->p->name : &r->p->description;
	char *copy = is_name ? profile_word(value) :
			       profile_line(value, PROFILE_LINE_MAX);

	if (!copy)
		r->err = -ENOMEM;
	else if (!is_name && strcmp(name, "description"))
		reader_refuse(r, "[" PROFILE "] has no key '%.40s'; it has: name, description",
			      name);
	else if (*given)
		reader_refuse(r, "%s is given twice", name);
	else if (is_name && strcmp(copy, value))
		reader_refuse(r, "a name is one word without commas and colons, of at most %d bytes",
			      PROFILE_SOURCE_MAX);
	else if (!is_name && strlen(value) > PROFILE_LINE_MAX)
		reader_refuse(r, "the description is longer than %d bytes",
			      PROFILE_LINE_MAX);
	if (r->err) {
		free(copy);
		return;
	}
	*given = true;
	free(*text);
	*text = copy;
}

static void refuse_key(struct reader *r, const char *name)
{
	char all[320] = "";
	unsigned int k;

	for (k = 0; k < PROFILE_KEYS; k++)
		if (reader_in(r, profile_keys[k].section))
			reader_append(all, sizeof(all), profile_keys[k].name);
	reader_refuse(r, "[%s] has no key '%.40s'; it has: %s", r->section,
		      name, all);
}

/* Without the blanks around it. */
static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	for (len = strlen(text); len && strchr(" \t", text[len - 1]); len--)
		text[len - 1] = '\0';
	return text;
}

/* Cuts @text before @mark and returns what follows it; NULL without @mark. */
static char *cut_at(char *text, const char *mark)
{
	char *rest = strstr(text, mark);

	if (rest) {
		*rest = '\0';
		rest = trim(rest + strlen(mark));
	}
	trim(text);
	return rest;
}

static void take_source(struct reader *r, unsigned int key, char *source)
{
	size_t len = strlen(source);

	if (!len || source[len - 1] != ')') {
		reader_refuse(r, "%s: a source stands in parentheses at the end",
			      profile_keys[key].name);
		return;
	}
	source[len - 1] = '\0';
	if (len - 1 > PROFILE_SOURCE_MAX) {
		reader_refuse(r, "%s: the source is longer than %d bytes",
			      profile_keys[key].name, PROFILE_SOURCE_MAX);
		return;
	}
	r->p->source[key] = profile_line(source, PROFILE_SOURCE_MAX);
	if (!r->p->source[key])
		r->err = -ENOMEM;
}

static void take_error(struct reader *r, unsigned int key, const char *text)
{
	double *se = &r->p->se[key];

	if (!profile_number(text, se) || *se < 0)
		reader_refuse(r, "%s: the standard error cannot be '%.40s'; it is a number from 0",
			      profile_keys[key].name, text);
}

/* VALUE [+- SE] [(SOURCE)] */
static void take_value(struct reader *r, unsigned int key, char *text)
{
	char *source = cut_at(text, "("), *se = NULL, why[256];

	if (!profile_keys[key].choices)
		se = cut_at(text, "+-");
	if (profile_parse(key, text, &r->p->value[key], why, sizeof(why)))
		reader_refuse(r, "%s", why);
	if (se && !r->err)
		take_error(r, key, se);
	if (source && !r->err)
		take_source(r, key, source);
}

/* -1 after a sentence. */
static int find_coefficient(struct reader *r, const char *name)
{
	int key = migsim_profile_find(name);

	if (key >= 0 && profile_keys[key].coefficient)
		return key;
	reader_refuse(r, "'%.40s' is no coefficient, so its error has no correlation",
		      name);
	return -1;
}

static void take_pair(struct reader *r, unsigned int a, char *text)
{
	char *name = trim(text), *figure = name + strcspn(name, " \t");
	double value = 0;
	int b;

	if (*figure)
		*figure++ = '\0';
	figure = trim(figure);
	b = find_coefficient(r, name);
	if (b < 0)
		return;
	if ((unsigned int)b == a)
		reader_refuse(r, "%s: no correlation with itself is written", name);
	else if (!profile_number(figure, &value) || value < -1 || value > 1)
		reader_refuse(r, "the correlation with %s cannot be '%.40s'; it is a number from -1 to 1",
			      name, figure);
	else if (r->paired[a][b])
		reader_refuse(r, "the correlation of %s with %s is given twice",
			      profile_keys[a].name, name);
	if (r->err)
		return;
	r->paired[a][b] = r->paired[b][a] = true;
	migsim_profile_correlate(r->p, a, (unsigned int)b, value);
}

/* KEY VALUE, KEY VALUE, ... */
static void take_row(struct reader *r, const char *name, char *pairs)
{
	int a = find_coefficient(r, name);
	char *pair;

	while (!r->err && (pair = strsep(&pairs, ",")))
		take_pair(r, (unsigned int)a, pair);
}

static void take_key(struct reader *r, const char *name, char *value)
{
	int key = migsim_profile_find(name);

	if (key < 0)
		refuse_key(r, name);
	else if (!reader_in(r, profile_keys[key].section))
		reader_refuse(r, "%s belongs in [%s]", name,
			      profile_keys[key].section);
	else if (r->given[key])
		reader_refuse(r, "%s is given twice, first in line %u", name,
			      r->given[key]);
	if (r->err)
		return;
	r->given[key] = r->line;
	take_value(r, (unsigned int)key, value);
}

/* inih's handler: 1 goes on. */
static int take(void *arg, const char *section, const char *name,
		const char *value)
{
	struct reader *r = arg;
	char *copy;

	(void)section;
	if (r->err)
		return 1;
	if (reader_in(r, PROFILE)) {
		take_profile(r, name, value);
		return 1;
	}
	copy = strdup(value);
	if (!copy)
		r->err = -ENOMEM;
	else if (reader_in(r, CORRELATION))
		take_row(r, name, copy);
	else
		take_key(r, name, copy);
	free(copy);
	return 1;
}

static void find_missing(struct reader *r)
{
	unsigned int k, n = !r->named;
	char all[200] = "", why[300];

	if (n)
		reader_append(all, sizeof(all), "name");
	for (k = 0; k < PROFILE_KEYS; k++) {
		if (r->given[k])
			continue;
		if (n++ < 6)
			reader_append(all, sizeof(all), profile_keys[k].name);
	}
	if (!n)
		return;
	snprintf(why, sizeof(why), "lacks %s%s; a profile has every key", all,
		 n > 6 ? ", and more" : "");
	reader_refuse_file(r, why);
}

static void find_conflict(struct reader *r)
{
	unsigned int key;
	const char *why = profile_conflict(r->p, &key);

	if (!why)
		return;
	r->line = r->given[key];
	reader_refuse(r, "%s", why);
}

int profile_read(struct migsim_profile **p, const char *path, FILE *file)
{
	struct reader r = { .path = path, .file = file, .p = profile_new() };
	int bad;

	if (!r.p)
		return -ENOMEM;
	bad = ini_parse_stream(reader_line, &r, take, &r);
	if (!r.err && bad > 0) {
		r.line = (unsigned int)bad;
		reader_refuse(&r, "this is neither key = value nor [section]");
	} else if (!r.err && bad < 0) {
		r.err = -ENOMEM;
	}
	if (!r.err)
		find_missing(&r);
	if (!r.err)
		find_conflict(&r);
	if (r.err)
		migsim_profile_close(r.p);
	else
		*p = r.p;
	return r.err;
}
