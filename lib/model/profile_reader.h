/* SPDX-License-Identifier: MIT */
/*
 * Reading a profile file: its lines, and what they say.
 */
#ifndef MIGSIM_MODEL_PROFILE_READER_H
#define MIGSIM_MODEL_PROFILE_READER_H

#include "profile.h"

/* Sections beside those of keys.c. */
#define PROFILE		"profile"
#define CORRELATION	"correlation"

struct reader {
	const char *path;
	FILE *file;
	struct migsim_profile *p;
	int err;			/* the first one, which was logged */
	unsigned int line;
	unsigned int bytes;
	const char *section;		/* NULL above the first */
	bool named, described;
	unsigned int given[PROFILE_KEYS]; /* line; 0: not yet */
	bool paired[PROFILE_KEYS][PROFILE_KEYS];
};

/* profile_lines.c: inih's reader, of which the argument is a struct reader */
char *reader_line(char *buf, int room, void *arg);
bool reader_in(const struct reader *r, const char *section);

/* A sentence with file and line, or with the file alone. Ends the reading. */
void reader_refuse(struct reader *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void reader_refuse_file(struct reader *r, const char *why);

/* Adds a name to a list with commas. */
void reader_append(char *list, size_t size, const char *name);

#endif
