/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vendor's capability in the configuration space of an emulated PTDMA:
 * header, then these as 64-bit little-endian numbers, all of them writable.
 */
#ifndef MIGSIM_TESTS_PTDMA_SETTINGS_H
#define MIGSIM_TESTS_PTDMA_SETTINGS_H

enum {
	BANDWIDTH,	/* bytes per second, 0: no limit */
	LATENCY_NS,	/* of each descriptor */
	ERROR_EVERY,	/* every how many-th descriptor fails, 0: none */
	ERROR_CODE,	/* with which STATUS, 1 to 25 */
	HANG_EVERY,	/* never ends */
	CORRUPT_EVERY,	/* is copied wrong and reported as done */
	DESCRIPTORS,	/* that were begun */
	ERRORS,		/* that were reported, whatever the cause */
	NR_SETTINGS
};

#define SETTINGS_OFFSET 4
#define SETTINGS_SIZE (SETTINGS_OFFSET + 8 * NR_SETTINGS)

#endif
