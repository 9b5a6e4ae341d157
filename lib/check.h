/* SPDX-License-Identifier: MIT */
/*
 * The invariants of the state machine, asserted in debug builds (MIGSIM_DEBUG).
 * What a single structure for source and target makes true by itself is not
 * asserted (I1), nor what only the space can see (I3, I6): the tests' fake
 * space does that.
 */
#ifndef MIGSIM_CHECK_H
#define MIGSIM_CHECK_H

#include "core.h"

#ifdef MIGSIM_DEBUG
/* I2, I5: what is on the list is unmapped, carries no mark, waits for no copy. */
void check_unmapped(const struct group *g);
/* I4, I10: nothing is copied before its group is flushed. */
void check_flushed(const struct group *g);
/* I7: nothing else is in flight while a folio is retried alone. */
void check_alone(const struct migsim_migrator *m);
/* I2, I8, I9: every folio has ended in one way, and they add up. */
void check_call(const struct migsim_migrator *m, const struct counters *was,
		long rc);
#else
static inline void check_unmapped(const struct group *g)
{
	(void)g;
}

static inline void check_flushed(const struct group *g)
{
	(void)g;
}

static inline void check_alone(const struct migsim_migrator *m)
{
	(void)m;
}

static inline void check_call(const struct migsim_migrator *m,
			      const struct counters *was, long rc)
{
	(void)m;
	(void)was;
	(void)rc;
}
#endif

#endif
