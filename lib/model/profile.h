/* SPDX-License-Identifier: MIT */
/*
 * A profile in memory: by key, what a file says of it.
 */
#ifndef MIGSIM_MODEL_PROFILE_H
#define MIGSIM_MODEL_PROFILE_H

#include "keys.h"

struct migsim_profile {
	char *name;
	char *description;
	double value[PROFILE_KEYS];
	double se[PROFILE_KEYS];	/* 0: unknown */
	char *source[PROFILE_KEYS];	/* NULL: it does not say */
	/* Of errors, symmetric. The diagonal is not looked at. */
	double correlation[PROFILE_KEYS][PROFILE_KEYS];
};

/* A profile of the library: the text of its file. */
struct profile_text {
	const char *name;
	const unsigned char *text;
	unsigned long size;
};

/* Generated from profiles/; ends with a NULL name. */
extern const struct profile_text profile_texts[];

/* Longest texts, in bytes, so that every line of a file has room for them. */
#define PROFILE_SOURCE_MAX 100
#define PROFILE_LINE_MAX 160

/* profile.c */
struct migsim_profile *profile_new(void);

/* What contradicts what: a sentence, or NULL; *@key is the later of the two. */
const char *profile_conflict(const struct migsim_profile *p,
			     unsigned int *key);

/* profile_read.c: *@p is set on success. @path: for the sentences. */
int profile_read(struct migsim_profile **p, const char *path, FILE *file);

/* profile_value.c: values as text, whatever the locale */
bool profile_fits(unsigned int key, double value);
bool profile_number(const char *text, double *value);
/* Shortest that is read back to the last bit. Returns @buf. */
const char *profile_figure(double value, char buf[static 32]);
/* 0, or -EINVAL with a sentence in @why. */
int profile_parse(unsigned int key, const char *text, double *value, char *why,
		  size_t len);

/* profile_text.c: names, descriptions and sources */
bool profile_is_utf8(const char *text);
/* A copy on one line of at most @max bytes that a file can hold; or NULL. */
char *profile_line(const char *text, size_t max);
/* The same of a name: without blanks, commas and colons, and not empty. */
char *profile_word(const char *text);

#endif
