/* SPDX-License-Identifier: MIT */
/*
 * What the caller learns of its copies: they are reaped, or given up.
 */
#include <errno.h>

#include "dma.h"
#include "sys.h"

#define NS_PER_S 1000000000ull

/* So often it is looked for copies that ended in commands that did not. */
#define NAP_NS (NS_PER_S / 100)

/* Beyond the time after which the bridge gives a channel up. */
#define SLACK_NS (2 * NS_PER_S)

/*
 * Who cancels has waited for long: what could be taken back is by then, and
 * what a living channel had begun has ended.
 */
#define CANCEL_NS (NS_PER_S / 2)

static void end(struct dma *dma, struct dma_command *c, uint32_t at)
{
	const struct migsim_dma_copy *copy = &dma->copies[at];

	if (copy->channel != MIGSIM_DMA_CHANNEL_ANY)
		dma->load[copy->channel] -= copy->len;
	dma->slots[at].state = DMA_ENDED;
	dma->in_flight--;
	c->left--;
}

/* Of a command without an end: what has been written so far. */
static int status_of(const struct dma *dma, const struct dma_command *c,
		     uint32_t at)
{
	int status = __atomic_load_n(&dma->copies[at].status,
				     __ATOMIC_ACQUIRE);

	if (c->state != DMA_OVER)
		return status;
	if (c->result < 0)
		return c->result;
	/* Never so. Nobody knows what becomes of it. */
	return status == MIGSIM_DMA_PENDING ? -ETIMEDOUT : status;
}

static uint32_t hand_out(struct dma *dma, struct dma_command *c,
			 struct migsim_completion *done, uint32_t max)
{
	uint32_t i, n = 0, at;
	int status;

	for (i = 0; i < c->nr && c->left && n < max; i++) {
		at = (c->first + i) % DMA_ROOM;
		if (dma->slots[at].state != DMA_TAKEN)
			continue;
		status = status_of(dma, c, at);
		if (status == MIGSIM_DMA_PENDING)
			continue;
		done[n++] = (struct migsim_completion){
			.cookie = dma->slots[at].cookie, .status = status,
		};
		end(dma, c, at);
	}
	return n;
}

static uint32_t hand_out_all(struct dma *dma, struct migsim_completion *done,
			     uint32_t max)
{
	struct dma_command *c;
	uint32_t i, n = 0;

	for (i = dma->c_head; i != dma->c_tail && n < max; i++) {
		c = dma_command(dma, i);
		if (c->state != DMA_QUEUED && c->left)
			n += hand_out(dma, c, done + n, max - n);
	}
	dma_retire(dma);
	return n;
}

static uint64_t ticks_of(uint64_t ns)
{
	unsigned __int128 ticks = (unsigned __int128)ns * sys_ticks_per_s() /
				  NS_PER_S;

	/* Centuries, and no overflow when they are added to what is now. */
	return ticks < UINT64_MAX / 2 ? (uint64_t)ticks : UINT64_MAX / 2;
}

static uint64_t ns_of(uint64_t ticks)
{
	unsigned __int128 ns = (unsigned __int128)ticks * NS_PER_S /
			       sys_ticks_per_s();

	return ns < UINT64_MAX / 2 ? (uint64_t)ns : UINT64_MAX / 2;
}

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

/* Polls at first, then sleeps until a command ends. False: time is over. */
static bool wait(struct dma *dma, uint64_t start, uint64_t timeout_ns)
{
	uint64_t waited = sys_ticks() - start, most = ticks_of(timeout_ns), ns;

	if (waited >= most)
		return false;
	if (waited < dma->spin_ticks) {
		relax();
		return true;
	}
	ns = ns_of(most - waited) + 1;
	dma_take_in(dma, ns < NAP_NS ? ns : NAP_NS);
	return true;
}

int dma_reap(void *priv, struct migsim_completion *done, uint32_t max,
	     uint64_t timeout_ns)
{
	struct dma *dma = priv;
	uint64_t start = 0;
	uint32_t n;

	for (;;) {
		dma_take_in(dma, 0);
		n = hand_out_all(dma, done, max);
		if (dma->nr_queued)
			dma_issue(dma);
		if (n || !dma->in_flight || !timeout_ns)
			return (int)n;
		if (!start)
			start = sys_ticks();
		if (!wait(dma, start, timeout_ns))
			return 0;
	}
}

static bool is_meant(const struct dma_command *c, bool all, uint32_t group)
{
	return c->left && (all || c->group == group);
}

/* What has not been sent is not sent any more; of the rest the bridge is told. */
static void give_up(struct dma *dma, bool all, uint32_t group)
{
	struct dma_command *c;
	uint32_t i;

	for (i = dma->c_head; i != dma->c_tail; i++) {
		c = dma_command(dma, i);
		if (!is_meant(c, all, group))
			continue;
		c->given_up = true;
		if (c->state == DMA_QUEUED) {
			c->state = DMA_OVER;
			c->result = -ECANCELED;
			dma->nr_queued--;
		} else if (c->state == DMA_OUT) {
			dma_send_cancel(dma, c);
		}
	}
	dma_flush(dma);
}

static bool some_are_out(struct dma *dma, bool all, uint32_t group)
{
	const struct dma_command *c;
	uint32_t i;

	for (i = dma->c_head; i != dma->c_tail; i++) {
		c = dma_command(dma, i);
		if (is_meant(c, all, group) && c->state == DMA_OUT)
			return true;
	}
	return false;
}

/* Forgets them. False: some of them may still write. */
static bool forget(struct dma *dma, bool all, uint32_t group)
{
	struct dma_command *c;
	uint32_t i, j, at;
	bool stuck = false;

	for (i = dma->c_head; i != dma->c_tail; i++) {
		c = dma_command(dma, i);
		if (!is_meant(c, all, group))
			continue;
		for (j = 0; j < c->nr; j++) {
			at = (c->first + j) % DMA_ROOM;
			if (dma->slots[at].state == DMA_ENDED)
				continue;
			stuck |= c->state == DMA_OUT ||
				 status_of(dma, c, at) == -ETIMEDOUT;
			end(dma, c, at);
		}
	}
	dma_retire(dma);
	return !stuck;
}

static bool give_up_and_wait(struct dma *dma, bool all, uint32_t group,
			     uint64_t patience_ns)
{
	uint64_t start = sys_ticks();

	dma_make(dma);
	give_up(dma, all, group);
	while (some_are_out(dma, all, group) &&
	       sys_ticks() - start < ticks_of(patience_ns)) {
		dma_flush(dma);
		dma_take_in(dma, NAP_NS);
	}
	return forget(dma, all, group);
}

int dma_cancel(void *priv, uint32_t group)
{
	struct dma *dma = priv;
	bool ended = give_up_and_wait(dma, false, group, CANCEL_NS);

	dma_issue(dma);
	return ended ? 0 : -EINPROGRESS;
}

/*
 * The bridge ends every copy, by its time-out at the latest. Of what has been
 * cancelled the core knows already that it may go on.
 */
static uint64_t drain_ns(struct dma *dma)
{
	const struct dma_command *c;
	uint32_t i;

	for (i = dma->c_head; i != dma->c_tail; i++) {
		c = dma_command(dma, i);
		if (c->state != DMA_OVER && !c->given_up)
			return dma->info.timeout_ms * 1000000ull + SLACK_NS;
	}
	return CANCEL_NS;
}

/* Those of which every copy has ended may still have to say so. */
bool dma_drain(struct dma *dma)
{
	uint64_t start = sys_ticks(), patience;

	dma_make(dma);
	patience = drain_ns(dma);
	give_up_and_wait(dma, true, 0, patience);
	while (dma->nr_out && sys_ticks() - start < ticks_of(patience))
		dma_take_in(dma, NAP_NS);
	return !dma->nr_out;
}
