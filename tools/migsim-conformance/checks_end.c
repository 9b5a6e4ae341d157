/* SPDX-License-Identifier: MIT */
/*
 * Copies that do not come to their end: cancelled, or in flight at close.
 */
#include <errno.h>
#include <string.h>

#include "rig.h"

#define COPIES	64
#define GROUPS	4
#define FIRST	10	/* number of the first group */
#define LEN	(32 * KIB)
/* For writes that come too late. */
#define LATE_MS	15

/* How far copies have come when something happens to them. */
enum stage { SUBMITTED, KICKED, PART_REAPED, STALE, STAGES };

/* Copies apart from each other, or neighbours that an engine may join. */
static const struct layout {
	size_t len, gap;
} apart = { LEN, 64 }, joined = { 4 * KIB, 0 };

/* As many copies as fit, some of every group, at that stage. */
static bool bring_to(struct rig *r, enum stage stage, const struct layout *l)
{
	uint32_t i, n = rig_depth(r, COPIES);

	rig_begin(r);
	for (i = 0; i < n; i++)
		rig_add(r, i * (l->len + l->gap), i * l->len, l->len)->group =
			FIRST + i % GROUPS;
	if (!rig_submit(r))
		return false;
	/* Full before its depth: that is another check's. */
	r->n = r->offered;
	if (stage == SUBMITTED)
		return true;
	rig_kick(r);
	if (stage == STALE)
		nap_ms(5);
	return stage != PART_REAPED || !r->in_flight || rig_reap(r, MS);
}

static int cancel(struct rig *r, uint32_t group)
{
	return r->engine->ops->cancel(r->engine->priv, group);
}

static bool bad_answer(struct rig *r, int answer)
{
	return fail(r->suite, "cancel answers 0 or -EINPROGRESS; came %d",
		    answer);
}

/* Copies of a group that was given up may use its number again. */
static bool use_again(struct rig *r)
{
	uint32_t i;

	rig_begin(r);
	for (i = 0; i < COPIES; i++)
		rig_add(r, i * LEN, i * LEN, LEN)->group =
			FIRST + i % GROUPS;
	return rig_run(r);
}

static bool cancel_at(struct rig *r, enum stage stage, const struct layout *l)
{
	int answer;

	if (!bring_to(r, stage, l))
		return false;
	answer = cancel(r, FIRST);
	if (answer == -EINPROGRESS) {
		r->stuck = true;
		return skip(r->suite,
			    "cancel answers -EINPROGRESS: the targets are the engine's for ever");
	}
	if (answer)
		return bad_answer(r, answer);
	rig_give_up(r, FIRST, false);
	rig_kick(r);
	if (!rig_drain(r))
		return false;
	nap_ms(LATE_MS);
	return rig_over(r) && use_again(r);
}

static void with_cancel(struct suite *s, bool (*body)(struct rig *r))
{
	struct rig r;

	if (rig_open(&r, s, (COPIES + 1) * LEN, COPIES)) {
		if (r.engine->ops->cancel)
			body(&r);
		else
			skip(s, "the engine has no cancel");
	}
	rig_close(&r);
}

static bool cancel_at_every_stage(struct rig *r)
{
	enum stage stage;

	for (stage = SUBMITTED; stage < STAGES; stage++)
		if (!cancel_at(r, stage, &apart) ||
		    !cancel_at(r, stage, &joined))
			return false;
	return true;
}

static void cancel_group(struct suite *s)
{
	with_cancel(s, cancel_at_every_stage);
}

static bool cancel_nothing(struct rig *r)
{
	const uint32_t unknown = 12345;
	int answer;

	cancel(r, unknown);
	if (!bring_to(r, KICKED, &apart))
		return false;
	answer = cancel(r, unknown);
	if (answer && answer != -EINPROGRESS)
		return bad_answer(r, answer);
	return rig_drain(r) && rig_over(r) && use_again(r);
}

static void cancel_unknown(struct suite *s)
{
	with_cancel(s, cancel_nothing);
}

static bool close_at(struct suite *s, enum stage stage, const struct layout *l)
{
	struct rig r;
	bool well = rig_open(&r, s, (COPIES + 1) * LEN, COPIES) &&
		    bring_to(&r, stage, l);

	if (well) {
		rig_close_engine(&r);
		rig_give_up(&r, 0, true);
		nap_ms(LATE_MS);
		well = rig_over(&r);
	}
	rig_close(&r);
	return well;
}

static void close_in_flight(struct suite *s)
{
	enum stage stage;

	for (stage = SUBMITTED; stage < STAGES; stage++)
		if (!close_at(s, stage, &apart) || !close_at(s, stage, &joined))
			return;
}

const struct check end_checks[] = {
	{ "cancel", "one group of several: never reaped, never written",
	  cancel_group },
	{ "cancel-unknown", "a group that is not in flight: harmless",
	  cancel_unknown },
	{ "close", "copies in flight have ended when it returns",
	  close_in_flight },
	{ 0 },
};
