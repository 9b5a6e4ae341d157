/* SPDX-License-Identifier: MIT */
#ifndef MIGSIM_BENCH_REFUSE_H
#define MIGSIM_BENCH_REFUSE_H

/*
 * Says what is wrong with the option that getopt_long() has just stopped at
 * with @answer, '?' or ':'. For a command whose own options have no letters,
 * or only ones that need a value. An exit code.
 */
int refuse_option(char **argv, int answer);

#endif
