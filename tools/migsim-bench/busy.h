/* SPDX-License-Identifier: MIT */
/*
 * A busy machine: threads that do nothing but take CPU time away.
 */
#ifndef MIGSIM_BENCH_BUSY_H
#define MIGSIM_BENCH_BUSY_H

#include <stdatomic.h>

/*
 * Starts @n threads that spin until busy_stop(): arithmetic in registers, at
 * the caller's priority and on the caller's CPUs; they take none of the
 * program's signals, but end by themselves when *@stop became true, or a
 * SIGINT or SIGTERM waits to be taken. Returns when each has begun to spin, or
 * *@stop became true. 0, or an exit code after a sentence; none runs then.
 * @stop is read until busy_stop().
 */
int busy_start(unsigned int n, const atomic_int *stop);

/* Ends and joins them; without any it does nothing. */
void busy_stop(void);

#endif
