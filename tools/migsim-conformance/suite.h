/* SPDX-License-Identifier: MIT */
/*
 * The conformance suite: what migsim/engine.h demands of an engine, one check
 * at a time.
 */
#ifndef CONFORMANCE_SUITE_H
#define CONFORMANCE_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <migsim/migsim.h>

/* The engine under test, and what came of the check that runs. */
struct suite {
	const char *word;	/* names the engine */
	bool model;		/* opened in the space "model" */
	bool faults;		/* copies may be declined, and may fail */
	uint64_t seed;
	const struct migsim_engine_ops *ops; /* its table, as it was written */

	enum verdict { PASSED, FAILED, SKIPPED } verdict;
	char why[512];
};

struct check {
	const char *name;
	const char *help;
	void (*run)(struct suite *s);
};

/* By topic; each list ends with a NULL name. */
extern const struct check table_checks[];
extern const struct check copy_checks[];
extern const struct check queue_checks[];
extern const struct check end_checks[];
extern const struct check instance_checks[];
extern const struct check migrate_checks[];

/*
 * The verdict on the running check and its reason; the first one stands. Any
 * thread may call. Both return false, for the caller to return.
 */
bool fail(struct suite *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool skip(struct suite *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The last sentence of the library; "" without one. */
const char *last_sentence(void);
void listen_to_library(void);

/* Names what runs from now on, for the watchdog and for a crash. */
void watch(const char *name, unsigned int seconds, const unsigned int *counts);

#endif
