/* SPDX-License-Identifier: MIT */
/*
 * The virtual machine that the space and the engine "model" share: one CPU
 * with a clock in picoseconds, and the channels of the engine. Whatever takes
 * time is spent here and noted by what it was spent on, so that the parts add
 * up to the clock, and that a prediction can say which cost it hangs on.
 */
#ifndef MIGSIM_MODEL_INTERNAL_H
#define MIGSIM_MODEL_INTERNAL_H

#include <migsim/model.h>

#include "channels.h"

#define PS_PER_S	1000000000000ull
#define PS_PER_NS	1000ull
#define CLOCK_MAX	((uint64_t)1 << 62) /* 53 days */

/* Of all calls; and of it, between a flight's begin and its first remap. */
struct spent {
	uint64_t all;
	uint64_t first;
};

struct model {
	struct migsim_profile *own;	/* that was opened here; or NULL */
	const struct migsim_profile *profile;
	struct costs costs;
	uint64_t clock;
	uint64_t slept;		/* of it, the CPU did nothing at all */
	uint64_t first_mask;	/* ones until the first remap of a flight */
	struct spent spent[COSTS];

	bool overrun, told;	/* the clock has run out: nothing is true */
	bool asleep;		/* the next work wakes it up */
	struct channels *channels; /* of the open engine; NULL: none */

	/* the call */
	bool cold_call;
	uint64_t cold_unmap;	/* 2^-20 ps */
	uint64_t cold_copy;	/* pages */
	uint64_t batch_ends;	/* flushed batches that have not ended */
	uint64_t window;	/* pages in flight */
	uint64_t max_window;
	uint64_t quarantined;	/* pages */
};

/* clock.c: work that is disturbed; returns when it is over. */
void model_spend_disturbed(struct model *m, unsigned int cost, uint64_t ps);

/* The clock has run out: returns what it goes on by, to end what is in flight. */
uint64_t model_overrun(struct model *m, uint64_t ps);

static inline void model_note(struct model *m, unsigned int cost, uint64_t ps)
{
	if (__builtin_expect(ps > CLOCK_MAX || m->clock + ps > CLOCK_MAX, 0))
		ps = model_overrun(m, ps);
	m->clock += ps;
	m->spent[cost].all += ps;
	m->spent[cost].first += ps & m->first_mask;
}

/* Can anything come between the CPU and its work? */
static inline bool model_disturbed(const struct model *m)
{
	return m->asleep ||
	       (m->costs.irq && m->channels && m->channels->active);
}

/* The CPU works so long. */
static inline void model_spend_ps(struct model *m, unsigned int cost,
				  uint64_t ps)
{
	if (__builtin_expect(model_disturbed(m), 0))
		model_spend_disturbed(m, cost, ps);
	else
		model_note(m, cost, ps);
}

/* The CPU works: @n units of a cost. */
static inline void model_spend(struct model *m, unsigned int cost, uint64_t n)
{
	uint64_t ps;

	if (__builtin_mul_overflow(n, m->costs.ps[cost], &ps))
		ps = CLOCK_MAX;
	model_spend_ps(m, cost, ps);
}

/* The CPU copies so many pages. */
void model_spend_copy(struct model *m, uint64_t pages);

/*
 * The CPU waits until a copy ends, at most until @limit. True: one has ended,
 * and stands in channels->done.
 */
bool model_wait(struct model *m, uint64_t limit);

/* Forgets what was spent so far; the clock goes on. */
void model_forget(struct model *m);

/* lib/space/model.c: the machine behind a migrator, NULL for another space. */
struct model *model_of(const struct migsim_migrator *m);

/* slopes.c: d ln / d ln key of sums of costs. */
void slopes_of(const struct migsim_profile *p, const struct spent *spent,
	       struct migsim_slopes *s);

#endif
