/* SPDX-License-Identifier: MIT */
/*
 * argv of run and sweep, which have every option that options.c lists.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "options.h"
#include "read_options.h"

#define FIRST_NUMBER	256	/* above any letter */

static int take(void *arg, int option, char *value)
{
	struct command_line *line = arg;
	const struct spelling *s;
	char where[64];

	if (option == 'h') {
		line->help = true;
		return 0;
	}
	s = options_spelling((size_t)(option - FIRST_NUMBER));
	snprintf(where, sizeof(where), "--%s", s->name);
	return options_set(&line->options, s->name, value ? value : "yes",
			   where);
}

int options_parse(int argc, char **argv, struct command_line *line)
{
	struct option table[MAX_SPELLINGS + 2] = {
		{ "help", no_argument, NULL, 'h' },
	};
	const struct spelling *s;
	size_t i;
	int rc;

	for (i = 0; (s = options_spelling(i)); i++)
		table[i + 1] = (struct option){
			.name = s->name,
			.has_arg = s->kind == FLAG ? no_argument :
						     required_argument,
			.val = FIRST_NUMBER + (int)i,
		};
	rc = read_options(argc, argv, ":h", table, take, line);
	line->files = argv + optind;
	line->nr_files = (size_t)(argc - optind);
	return rc;
}
