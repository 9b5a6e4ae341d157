/* SPDX-License-Identifier: MIT */
/* An engine that copies nothing, and behaves as the scenario says. */
#include <errno.h>

#include "kit.h"

/* Completions before an engine that dies does. */
#define DIES_AFTER	3

static bool takes(struct kit *k)
{
	k->submits++;
	if (k->s.engine == MIGSIM_TEST_DECLINES)
		return false;
	return k->s.engine != MIGSIM_TEST_DECLINES_SOME || k->submits % 2;
}

static void hold(struct kit *k, const struct migsim_copy *c)
{
	uint32_t lane = c->lane == MIGSIM_LANE_ANY ? k->next_channel++ : c->lane;
	uint64_t *free_at = &k->channel_free[lane % k->nr_channels];

	if (*free_at < k->clock)
		*free_at = k->clock;
	if (!k->s.instant)
		*free_at += c->len / MIGSIM_PAGE_SIZE * COPY_NS;
	k->held[k->nr_held++] = (struct held){
		.cookie = c->cookie, .end = *free_at, .group = c->group,
	};
}

static int kit_submit(void *priv, const struct migsim_copy *copies, uint32_t n)
{
	struct kit *k = priv;
	uint32_t i, room = k->depth - k->nr_held;

	if (!takes(k))
		return -EOPNOTSUPP;
	if (!room)
		return -EBUSY;
	for (i = 0; i < n && i < room; i++)
		hold(k, &copies[i]);
	return (int)i;
}

/* The copy that ends next. */
static uint32_t first_to_end(const struct kit *k)
{
	uint32_t i, first = 0;

	if (k->s.engine == MIGSIM_TEST_BACKWARDS)
		return k->nr_held - 1;
	for (i = 1; i < k->nr_held; i++)
		if (k->held[i].end < k->held[first].end)
			first = i;
	return first;
}

static void end(struct kit *k, uint32_t i, struct migsim_completion *done)
{
	done->cookie = k->held[i].cookie;
	done->status = 0;
	if (k->s.engine == MIGSIM_TEST_FAILS_SOME && k->ends % 3 == 2)
		done->status = -EIO;
	k->ends++;
	k->nr_held--;
	for (; i < k->nr_held; i++)
		k->held[i] = k->held[i + 1];
}

/* Nothing ends. A policy that asks to be woken often is not waited for long. */
static int wait_in_vain(struct kit *k, uint64_t timeout_ns)
{
	k->clock += ++k->waits < MAX_WAITS ? timeout_ns : PATIENCE_NS;
	return 0;
}

/* One completion at a time: the policy is asked after each. */
static int kit_reap(void *priv, struct migsim_completion *done, uint32_t max,
		    uint64_t timeout_ns)
{
	struct kit *k = priv;
	uint64_t wait = 0;
	uint32_t i;

	(void)max;
	if (k->s.engine == MIGSIM_TEST_NEVER ||
	    k->s.engine == MIGSIM_TEST_STUCK)
		return wait_in_vain(k, timeout_ns);
	if (k->s.engine == MIGSIM_TEST_DIES && k->ends >= DIES_AFTER) {
		k->nr_held = 0;
		return -EIO;
	}
	i = first_to_end(k);
	if (k->held[i].end > k->clock)
		wait = k->held[i].end - k->clock;
	if (wait > timeout_ns && ++k->waits < MAX_WAITS) {
		k->clock += timeout_ns;
		return 0;
	}
	k->waits = 0;
	k->clock += wait;
	end(k, i, done);
	return 1;
}

static int kit_cancel(void *priv, uint32_t group)
{
	struct kit *k = priv;
	uint32_t i, kept = 0;

	k->waits = 0;
	for (i = 0; i < k->nr_held; i++)
		if (k->held[i].group != group)
			k->held[kept++] = k->held[i];
	k->nr_held = kept;
	return k->s.engine == MIGSIM_TEST_STUCK ? -EINPROGRESS : 0;
}

const struct migsim_engine_ops kit_engine = {
	.size = sizeof(kit_engine),
	.abi = MIGSIM_ENGINE_ABI,
	.name = "kit",
	.submit = kit_submit,
	.reap = kit_reap,
	.cancel = kit_cancel,
};
