/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <string.h>

#include "bench.h"
#include "refuse.h"

int refuse_option(char **argv, int answer)
{
	char letter[] = { '-', (char)optopt, '\0' };
	const char *word = argv[optind - 1];

	/* For a word that it knows, getopt_long() leaves its number. */
	if (answer == ':')
		say("%.100s needs a value", word);
	else if (optopt && !strncmp(word, "--", 2))
		say("%.100s takes no value", word);
	else
		say("%s does not know the option %.100s; see migsim-bench %s --help",
		    argv[0], optopt ? letter : word, argv[0]);
	return EXIT_USAGE;
}
