/* SPDX-License-Identifier: MIT */
/*
 * What the caller learns of its copies: they are reaped, or taken back.
 */
#include "mt.h"

static void forget(struct mt *mt, uint32_t at)
{
	mt->states[at].ended = true;
	while (mt->head != mt->kicked && mt->states[mt->head % MT_DEPTH].ended)
		mt->head++;
}

static void take_run(struct mt *mt, uint32_t run)
{
	uint32_t at = run >> 16, end = at + (run & 0xffff);

	for (; at < end; at++) {
		if (atomic_load_explicit(&mt->states[at].cancelled,
					 memory_order_relaxed))
			forget(mt, at);
		else
			mt->ready[mt->ready_tail++ % MT_DEPTH] = (uint16_t)at;
	}
}

/* What the threads have ended is ready to be reaped. */
static void collect(struct mt *mt)
{
	struct mt_ended *e;
	uint32_t i, tail;

	for (i = 0; i < mt_threads(mt); i++) {
		e = &mt->threads[i].ended;
		tail = atomic_load_explicit(&e->tail, memory_order_acquire);
		while (e->head != tail)
			take_run(mt, e->copies[e->head++ % MT_DEPTH]);
	}
}

static int hand_out(struct mt *mt, struct migsim_completion *done, uint32_t max)
{
	uint32_t n = 0, at;

	while (n < max && mt->ready_head != mt->ready_tail) {
		at = mt->ready[mt->ready_head++ % MT_DEPTH];
		done[n].cookie = mt->copies[at].cookie;
		done[n++].status = 0;
		forget(mt, at);
	}
	return (int)n;
}

static uint64_t deadline_after(uint64_t timeout_ns)
{
	uint64_t now = sys_ticks();
	unsigned __int128 ticks = (unsigned __int128)timeout_ns *
				  sys_ticks_per_s() / 1000000000;

	return ticks < UINT64_MAX - now ? now + (uint64_t)ticks : UINT64_MAX;
}

static bool caller_works(struct mt *mt)
{
	return !mt->first_thread && mt_work(&mt->threads[0]);
}

int mt_reap(void *priv, struct migsim_completion *done, uint32_t max,
	    uint64_t timeout_ns)
{
	struct mt *mt = priv;
	uint64_t deadline = 0;
	int n;

	for (;;) {
		collect(mt);
		n = hand_out(mt, done, max);
		if (n || mt->head == mt->kicked)
			return n;
		if (caller_works(mt))
			continue;
		if (!deadline && timeout_ns)
			deadline = deadline_after(timeout_ns);
		if (!mt_wait(mt, deadline))
			return 0;
	}
}

/* Those of the group that have ended are not reaped any more. */
static void unready(struct mt *mt)
{
	uint32_t i, end = mt->ready_tail, at;

	mt->ready_tail = mt->ready_head;
	for (i = mt->ready_head; i != end; i++) {
		at = mt->ready[i % MT_DEPTH];
		if (atomic_load_explicit(&mt->states[at].cancelled,
					 memory_order_relaxed))
			forget(mt, at);
		else
			mt->ready[mt->ready_tail++ % MT_DEPTH] = (uint16_t)at;
	}
}

static bool writes(const struct mt *mt, uint32_t group)
{
	uint32_t i;

	for (i = mt->head; i != mt->tail; i++)
		if (mt->copies[i % MT_DEPTH].group == group &&
		    !mt->states[i % MT_DEPTH].ended)
			return true;
	return false;
}

/* What nobody has begun is skipped; what is being copied is waited for. */
int mt_cancel(void *priv, uint32_t group)
{
	struct mt *mt = priv;
	uint32_t i;

	for (i = mt->head; i != mt->tail; i++)
		if (mt->copies[i % MT_DEPTH].group == group)
			atomic_store_explicit(
				&mt->states[i % MT_DEPTH].cancelled, true,
				memory_order_relaxed);
	mt_deal(mt);
	for (;;) {
		collect(mt);
		unready(mt);
		if (!writes(mt, group))
			return 0;
		if (!caller_works(mt))
			mt_wait(mt, UINT64_MAX);
	}
}
