/* SPDX-License-Identifier: MIT */
/*
 * migsim-bench: the first word says what to do.
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "run", cmd_run, "measure one configuration" },
	{ "sweep", cmd_sweep, "measure many: lists, ranges, job files" },
	{ "fit", cmd_fit, "a cost profile from measurements" },
	{ "reproduce", cmd_reproduce, "published tables beside the model" },
	{ "recommend", cmd_recommend, "how much in flight, by which policy" },
	{ "validate", cmd_validate, "userspace and the model against move_pages(2)" },
	{ "compare", cmd_compare, "is one result better than another" },
	{ "list", cmd_list, "engines, policies, profiles, tables, topology" },
	{ "sysinfo", cmd_sysinfo, "what a reader must know of the machine" },
};

#define NR_COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static int help(void)
{
	size_t i;

	puts("migsim-bench COMMAND [OPTION…]    Linux page migration, measured in userspace\n");
	for (i = 0; i < NR_COMMANDS; i++)
		printf("  %-11s%s\n", commands[i].name, commands[i].help);
	puts("\n'migsim-bench COMMAND --help' shows the options of a command; --version the\n"
	     "version. Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 77 the\n"
	     "machine lacks something.\n\n"
	     "Example:\n"
	     "  migsim-bench run --folio 4K --batch 512 --total 256M --verify");
	return EXIT_DONE;
}

static int version(void)
{
	printf("migsim-bench %s (libmigsim %s)\n", MIGSIM_VERSION,
	       migsim_version());
	return EXIT_DONE;
}

/* What went to stdout must have arrived. */
static int close_stdout(int rc)
{
	if (!fflush(stdout) && !ferror(stdout))
		return rc;
	if (rc == EXIT_DONE)
		say("stdout could not be written");
	return rc == EXIT_DONE ? EXIT_FAILED : rc;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;
	size_t i;

	if (!word) {
		say("a command is missing; 'migsim-bench --help' lists them");
		return EXIT_USAGE;
	}
	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		return close_stdout(help());
	if (!strcmp(word, "--version"))
		return close_stdout(version());
	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].name, word))
			return close_stdout(commands[i].run(argc - 1, argv + 1));
	say("'%.100s' is no command; 'migsim-bench --help' lists them", word);
	return EXIT_USAGE;
}
