/* SPDX-License-Identifier: MIT */
/*
 * The lines of a profile file on their way to inih. It does not tell its
 * handler the line, nor of a section without keys, cuts long lines in two,
 * drops what follows a section, and takes an indented line for more of the
 * value above.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <migsim/log.h>

#include "profile_reader.h"

/* No profile is longer, so that any file ends soon. */
#define MAX_BYTES	(1u << 20)

void reader_refuse(struct reader *r, const char *fmt, ...)
		   {
		   char sentence[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	migsim_log(MIGSIM_LOG_ERROR, "%.300s:%u: %s", r->path, r->line,
		   sentence);
	r->err = -EINVAL;
}

void reader_refuse_file(struct reader *r, const char *why)
{
	migsim_log(MIGSIM_LOG_ERROR, "profile %.300s %s", r->path, why);
	r->err = -EINVAL;
}

bool reader_in(const struct reader *r, const char *section)
{
	return r->section && !strcmp(r->section, section);
}

/* The i-th name of a section, those of keys.c between two of the file's own. */
static const char *section_name(unsigned int i)
{
	const char *last = PROFILE;
	unsigned int k, n = 0;

	if (!i)
		return PROFILE;
	for (k = 0; k < PROFILE_KEYS; k++) {
		if (!strcmp(profile_keys[k].section, last))
			continue;
		last = profile_keys[k].section;
		if (++n == i)
			return last;
	}
	return i == n + 1 ? CORRELATION : NULL;
}

void reader_append(char *list, size_t size, const char *name)
{
	size_t len = strlen(list);

	snprintf(list + len, size - len, "%s%s", len ? ", " : "", name);
}

/* @line begins with a bracket. */
static void enter_section(struct reader *r, const char *line)
{
	const char *name = line + 1, *known;
	size_t len = strcspn(name, "]");
	char all[128] = "";
	unsigned int i;

	if (!name[len] || name[len + 1]) {
		reader_refuse(r, "a section is a line of its own: [NAME]");
		return;
	}
	for (i = 0; (known = section_name(i)); i++) {
		if (strlen(known) == len && !memcmp(known, name, len)) {
			r->section = known;
			return;
		}
		reader_append(all, sizeof(all), known);
	}
	reader_refuse(r, "there is no section [%.*s]; there are: %s",
		      len < 40 ? (int)len : 40, name, all);
}

static void end_of_file(struct reader *r)
{
	if (ferror(r->file)) {
		migsim_log(MIGSIM_LOG_ERROR, "profile %.300s cannot be read: %s",
			   r->path, strerror(errno));
		r->err = -EINVAL;
	} else if (!r->section) {
		reader_refuse_file(r, "has no section, so it is no profile");
	}
}

static int next_char(struct reader *r)
{
	int c = getc(r->file);

	if (c == EOF)
		return EOF;
	if (++r->bytes > MAX_BYTES)
		reader_refuse_file(r, "is too long to be one");
	else if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f)
		reader_refuse(r, "this is not a text file");
	return r->err ? EOF : c;
}

static bool is_comment(const char *line)
{
	line += strspn(line, " \t");
	return *line == '#' || *line == ';';
}

/*
 * A line without blanks at its end. A comment becomes an empty one, however
 * long it is. False at the end of the file or of the reader's patience.
 */
static bool read_line(struct reader *r, char *buf, size_t size)
{
	size_t len = 0;
	int c;

	r->line++;
	while ((c = next_char(r)) != EOF && c != '\n') {
		if (len < size)
			buf[len] = (char)c;
		len++;
	}
	if (r->err)
		return false;
	if (c == EOF && !len) {
		end_of_file(r);
		return false;
	}
	buf[len < size ? len : size - 1] = '\0';
	if (is_comment(buf))
		*buf = '\0';
	else if (len >= size)
		reader_refuse(r, "the line is longer than %zu bytes", size - 1);
	for (len = strlen(buf); len && strchr(" \t\r", buf[len - 1]); len--)
		buf[len - 1] = '\0';
	return !r->err;
}

char *reader_line(char *buf, int room, void *arg)
{
	struct reader *r = arg;

	if (r->err || !read_line(r, buf, (size_t)room - 1))
		return NULL;
	if (!profile_is_utf8(buf))
		reader_refuse(r, "this is not UTF-8 text");
	else if (*buf == '[')
		enter_section(r, buf);
	else if ((*buf == ' ' || *buf == '\t') && !reader_in(r, CORRELATION))
		reader_refuse(r, "a section or a key begins in the first column");
	else if (*buf && !r->section)
		reader_refuse(r, "a section comes first: [" PROFILE "]");
	return r->err ? NULL : strcat(buf, "\n");
}
