/* SPDX-License-Identifier: MIT */
/*
 * Job files: INI. A section is a sweep of its own; keys above the first
 * section hold for all. A file without sections is one sweep. The keys are
 * the options of the command line without their dashes; flags are yes or no.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "options.h"

struct job {
	const char *path;
	FILE *file;
	unsigned int line;
	int rc;			/* of the first error, which was said */
	struct options defaults;
	struct options *section;
	size_t nr_sections;
	size_t nr_keys;
	char *text;		/* getline()'s */
	size_t room;
};

static void say_at(struct job *j, const char *sentence, const char *word)
{
	say("%s:%u: %s%s", j->path, j->line, sentence, word);
	j->rc = EXIT_USAGE;
}

static void add_section(struct job *j)
{
	struct options *grown = realloc(j->section, (j->nr_sections + 1) *
					sizeof(*grown));

	if (!grown) {
		j->rc = out_of_memory();
		return;
	}
	j->section = grown;
	j->section[j->nr_sections++] = (struct options){ 0 };
}

/*
 * inih does not tell its handler the line, nor of a section without keys, and
 * cuts long lines in two: so the lines pass through here.
 */
static char *next_line(char *buf, int room, void *arg)
{
	struct job *j = arg;
	ssize_t len;

	if (j->rc)
		return NULL;
	len = getline(&j->text, &j->room, j->file);
	if (len < 0)
		return NULL;
	j->line++;
	if (len >= room) {
		say_at(j, "the line is too long", "");
		return NULL;
	}
	if (strlen(j->text) != (size_t)len) {
		say_at(j, "this is not a text file", "");
		return NULL;
	}
	if (*j->text == '[')
		add_section(j);
	return memcpy(buf, j->text, (size_t)len + 1);
}

static bool belongs_to_section(int id)
{
	return id < DIMENSIONS;
}

/* inih's handler: 1 goes on. */
static int take_key(void *arg, const char *section, const char *name,
		    const char *value)
{
	struct job *j = arg;
	struct options *o = j->nr_sections ? &j->section[j->nr_sections - 1] :
					     &j->defaults;
	int id = options_find(name);
	char *where;

	(void)section;
	if (j->rc)
		return 1;
	if (id < 0)
		say_at(j, "there is no option ", name);
	else if (j->nr_sections && !belongs_to_section(id))
		say_at(j, "this holds for all sections and belongs above the first: ", name);
	else if (o->value[id].n && !strcmp(o->value[id].name, name))
		say_at(j, "this is given twice (an indented line continues the one above): ", name);
	if (j->rc)
		return 1;
	if (asprintf(&where, "%s:%u: %s", j->path, j->line, name) < 0) {
		j->rc = out_of_memory();
		return 1;
	}
	j->nr_keys++;
	j->rc = options_set(o, name, value, where);
	free(where);
	return 1;
}

static void parse(struct job *j)
{
	int bad = ini_parse_stream(next_line, j, take_key, j);

	if (j->rc)
		return;
	if (ferror(j->file)) {
		say("%s cannot be read: %s", j->path, strerror(errno));
		j->rc = EXIT_USAGE;
	} else if (bad > 0) {
		j->line = (unsigned int)bad;
		say_at(j, "this is neither key = value nor [section]", "");
	} else if (bad < 0) {
		j->rc = out_of_memory();
	}
	if (!j->rc && !j->nr_sections && !j->nr_keys) {
		say("job file %s holds neither a key nor a section", j->path);
		j->rc = EXIT_USAGE;
	}
	if (!j->rc && !j->nr_sections)
		add_section(j);
}

/* The sections, with the defaults put below them, move into *@sets. */
static int hand_over(struct job *j, struct options **sets, size_t *n)
{
	struct options *grown;
	size_t i;
	int rc;

	for (i = 0; i < j->nr_sections; i++) {
		rc = options_inherit(&j->section[i], &j->defaults);
		if (rc)
			return rc;
	}
	grown = realloc(*sets, (*n + j->nr_sections) * sizeof(*grown));
	if (!grown)
		return out_of_memory();
	*sets = grown;
	memcpy(grown + *n, j->section, j->nr_sections * sizeof(*grown));
	*n += j->nr_sections;
	j->nr_sections = 0;
	return 0;
}

int jobfile_read(const char *path, struct options **sets, size_t *n)
{
	struct job j = { .path = path, .file = fopen(path, "re") };
	size_t i;

	if (!j.file) {
		say("job file %s cannot be opened: %s", path, strerror(errno));
		return EXIT_USAGE;
	}
	parse(&j);
	if (!j.rc)
		j.rc = hand_over(&j, sets, n);
	for (i = 0; i < j.nr_sections; i++)
		options_free(&j.section[i]);
	free(j.section);
	options_free(&j.defaults);
	free(j.text);
	fclose(j.file);
	return j.rc;
}
