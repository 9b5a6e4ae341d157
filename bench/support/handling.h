/* SPDX-License-Identifier: MIT */
/*
 * What an engine of threads costs beside its copies: to hand them over and take
 * them back, and to wake a thread that sleeps.
 */
#ifndef BENCH_HANDLING_H
#define BENCH_HANDLING_H

#include <stddef.h>

/* Ns per 4K copy above the bare copies, and the target; @total: of a round. */
void handling_print_copies(size_t total);

/* From the kick to the first completion, by a thread that sleeps or polls. */
void handling_print_waking(void);

#endif
