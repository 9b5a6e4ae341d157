/* SPDX-License-Identifier: MIT */
/* A known number of system calls, in windows that profile/selftest.sh reads. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#include "profile/window.h"

/* Under -icount the counter goes by emulated time, that is by instructions. */
static void calls(const char *name, int windows, int n)
{
	uint64_t ticks = 0;

	for (int w = 0; w < windows; w++) {
		uint64_t begin = __rdtsc();

		window_begin();
		for (int i = 0; i < n; i++)
			syscall(SYS_getppid);
		window_end();
		ticks += __rdtsc() - begin;
	}
	printf("%s: %d windows of %d calls, %ju ticks\n", name, windows, n,
	       (uintmax_t)ticks);
	window_next();
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1000;

	assert(n > 0);
	calls("once", 1, n);
	calls("twice", 1, 2 * n);
	calls("apart", 2, n);
	/* Without a window nothing is counted. */
	for (int i = 0; i < n; i++)
		syscall(SYS_getppid);
	return 0;
}
