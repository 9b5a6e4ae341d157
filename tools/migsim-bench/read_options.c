/* SPDX-License-Identifier: MIT */
/*
 * The options of every command are read here, so that every mistake is one
 * sentence of ours, and the same one for all commands.
 */
#include <string.h>

#include "bench.h"
#include "read_options.h"

/* Options that begin as the word --name or --name=value does; or its flags. */
static size_t count_matches(const struct option *options, const char *word,
			    bool flags)
{
	size_t len = strcspn(word, "=") - 2, n = 0;

	for (; options->name; options++)
		n += !strncmp(options->name, word + 2, len) &&
		     (!flags || options->has_arg == no_argument);
	return n;
}

/* What getopt_long() stopped at with @answer, '?' or ':'. */
static int refuse(char **argv, const struct option *options, int answer)
{
	char letter[] = { '-', (char)optopt, '\0' };
	const char *word = argv[optind - 1];
	bool has_value = !strncmp(word, "--", 2) && strchr(word, '=');

	/*
	 * optopt is a wrong letter, which stands in the word or, of several in
	 * one word, in the next; or the number of a flag with a value.
	 */
	if (answer == ':')
		say("%.100s needs a value", word);
	else if (optopt && has_value && count_matches(options, word, true))
		say("%.100s takes no value", word);
	else if (!optopt && count_matches(options, word, false) > 1)
		say("%.100s could be several options; write it out", word);
	else
		say("%s does not know the option %.100s; 'migsim-bench %s --help' lists them all",
		    argv[0], optopt ? letter : word, argv[0]);
	return EXIT_USAGE;
}

int read_options(int argc, char **argv, const char *letters,
		 const struct option *options, take_option_fn take, void *arg)
{
	int rc = 0, c = 0;

	opterr = 0;
	optind = 0;	/* it may have read before, in a test */
	while (!rc && c != 'h' &&
	       (c = getopt_long(argc, argv, letters, options, NULL)) != -1)
		rc = c == '?' || c == ':' ? refuse(argv, options, c) :
					    take(arg, c, optarg);
	return rc;
}
