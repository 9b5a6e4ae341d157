/* SPDX-License-Identifier: MIT */
/*
 * The CPU's clock: work, interrupts that steal from it, sleep and waking up.
 */
#include <string.h>

#include "model.h"

/* Behind CLOCK_MAX there is room for four million steps of four seconds. */
uint64_t model_overrun(struct model *m, uint64_t ps)
{
	const uint64_t step = (uint64_t)1 << 42;

	m->overrun = true;
	return ps < step ? ps : step;
}

/* How many interrupts came up to now. */
static uint64_t interrupts(struct model *m)
{
	struct channels *c = m->channels;
	uint64_t before;

	if (!m->costs.irq || !c)
		return 0;
	before = c->completions;
	channels_run(c, m->clock);
	return c->completions - before;
}

/* While interrupts are being served more of them may come. */
void model_spend_disturbed(struct model *m, unsigned int cost, uint64_t ps)
{
	uint64_t n;

	if (m->asleep) {
		m->asleep = false;
		model_note(m, COST_WAKE, m->costs.ps[COST_WAKE]);
	}
	model_note(m, cost, ps);
	while ((n = interrupts(m)))
		model_note(m, COST_IRQ, n * m->costs.ps[COST_IRQ]);
}

void model_spend_copy(struct model *m, uint64_t pages)
{
	uint64_t cold = pages < m->cold_copy ? pages : m->cold_copy;

	model_spend(m, COST_COPY, pages);
	if (cold)
		model_spend(m, COST_COLD_COPY, cold);
	m->cold_copy -= cold;
}

/*
 * A CPU that polls is at work all the time. One that is interrupted sleeps,
 * and goes on sleeping when it is told of a copy and waits for the next one:
 * waking up is paid for by the first work it does.
 */
static void wait_until(struct model *m, uint64_t t, unsigned int cost)
{
	uint64_t ps = t - m->clock;

	if (t <= m->clock)
		return;
	if (m->costs.irq) {
		m->asleep = true;
		m->slept += ps;
	}
	model_note(m, cost, ps);
}

bool model_wait(struct model *m, uint64_t limit)
{
	struct channels *c = m->channels;

	channels_run(c, m->clock);
	while (c->done.head == NO_ENTRY && c->next <= limit) {
		wait_until(m, c->next, channels_wait_cost(c));
		channels_run(c, c->next);
	}
	if (c->done.head != NO_ENTRY)
		return true;
	wait_until(m, limit, COST_TIMEOUT);
	return false;
}

void model_forget(struct model *m)
{
	memset(m->spent, 0, sizeof(m->spent));
}
