/* SPDX-License-Identifier: MIT */
/*
 * sweep: many configurations, from lists and ranges or from job files.
 */
#include <stdlib.h>

#include "bench.h"
#include "options.h"

/* One set of options for each section of each job file. */
static int read_sets(const struct command_line *line, struct options **sets,
		     size_t *n)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < line->nr_files && !rc; i++)
		rc = jobfile_read(line->files[i], sets, n);
	return rc;
}

/* The command line lies above every set of the job files. */
static int override(const struct options *above, struct options *sets, size_t n)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < n && !rc; i++) {
		struct options merged = { 0 };

		rc = options_inherit(&merged, above);
		if (!rc)
			rc = options_inherit(&merged, &sets[i]);
		options_free(&sets[i]);
		sets[i] = merged;
	}
	return rc;
}

static int sweep_files(const struct command_line *line)
{
	struct options *sets = NULL;
	size_t n = 0, i;
	int rc = read_sets(line, &sets, &n);

	if (!rc)
		rc = override(&line->options, sets, n);
	if (!rc)
		rc = measure_and_write(sets, n, false);
	for (i = 0; i < n; i++)
		options_free(&sets[i]);
	free(sets);
	return rc;
}

int cmd_sweep(int argc, char **argv)
{
	struct command_line line = { 0 };
	int rc = options_parse(argc, argv, &line);

	if (!rc && line.help)
		help_sweep();
	else if (!rc && line.nr_files)
		rc = sweep_files(&line);
	else if (!rc)
		rc = measure_and_write(&line.options, 1, false);
	options_free(&line.options);
	return rc;
}
