/* SPDX-License-Identifier: MIT */
/*
 * Threads on CPUs of their own: the calling one, and one beside it.
 */
#ifndef BENCH_PAIR_H
#define BENCH_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "raw.h"

/*
 * Binds this thread to the CPU that it is on and starts another one on a CPU
 * beside. False: there is no other CPU, and only one thread can run.
 */
bool pair_start(void);
void pair_stop(void);

/*
 * Opens an engine with the calling thread free to run anywhere: an engine's
 * threads may run where their maker may, and mt spares the CPU that it is on.
 */
void pair_open(struct raw *r, const char *word);

/*
 * Calls @fn with @arg and 0, and when @threads is 2 at the same time with 1 on
 * the other thread. Returns when all have returned: the ticks it took.
 */
uint64_t pair_run(void (*fn)(void *arg, unsigned int part), void *arg,
		  unsigned int threads);

#endif
