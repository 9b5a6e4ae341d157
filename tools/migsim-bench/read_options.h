/* SPDX-License-Identifier: MIT */
#ifndef MIGSIM_BENCH_READ_OPTIONS_H
#define MIGSIM_BENCH_READ_OPTIONS_H

#include <getopt.h>

/*
 * What a command does with an option: its number of the table, or its letter,
 * and its value, NULL where it takes none. 0, or an exit code after a
 * sentence.
 */
typedef int (*take_option_fn)(void *arg, int option, char *value);

/*
 * Reads the options of a command, the one way for all commands. @letters as
 * for getopt_long(), beginning with ':'; a letter that takes no value stands
 * for its long option. 'h', help, is taken as all others and ends the reading.
 * What is no option stands in argv from optind on. 0, or an exit code after a
 * sentence.
 */
int read_options(int argc, char **argv, const char *letters,
		 const struct option *options, take_option_fn take, void *arg);

#endif
