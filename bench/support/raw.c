/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raw.h"

#define SECOND 1000000000ull

static void die(const struct raw *r, const char *what, int err)
{
	fprintf(stderr, "%s: engine %s %s: %s\n",
		program_invocation_short_name, r->engine->ops->name, what,
		strerror(-err));
	exit(1);
}

void raw_open(struct raw *r, const char *word)
{
	const struct migsim_engine_env nowhere = { .from = -1, .to = -1 };

	memset(r, 0, sizeof(*r));
	if (migsim_engine_open(&r->engine, word, &nowhere))
		exit(1);
}

void raw_close(struct raw *r)
{
	migsim_engine_close(r->engine);
}

void raw_kick(struct raw *r)
{
	if (r->engine->ops->kick)
		r->engine->ops->kick(r->engine->priv);
}

uint32_t raw_reap(struct raw *r, uint64_t timeout_ns)
{
	int n = r->engine->ops->reap(r->engine->priv, r->done, RAW_CHUNK,
				     timeout_ns), i;

	if (n < 0)
		die(r, "died", n);
	for (i = 0; i < n; i++) {
		if (r->done[i].status)
			die(r, "failed a copy", r->done[i].status);
		r->left[r->done[i].cookie & 1]--;
	}
	r->pending -= (uint32_t)n;
	return (uint32_t)n;
}

static void wait_for_some(struct raw *r)
{
	if (!raw_reap(r, 10 * SECOND))
		die(r, "hangs", -ETIMEDOUT);
}

void raw_drain(struct raw *r, uint32_t group)
{
	while (r->left[group & 1])
		wait_for_some(r);
}

static uint32_t make_copies(struct raw *r, const struct field *f, size_t at,
			    size_t end)
{
	uint32_t n = 0;

	for (; at < end && n < RAW_CHUNK; at += f->folio)
		r->copies[n++] = (struct migsim_copy){
			.dst = field_dst(f, at), .src = field_src(f, at),
			.len = f->folio, .cookie = r->group, .group = r->group,
			.lane = MIGSIM_LANE_ANY,
		};
	return n;
}

/* As many as the engine takes; when it is full, its oldest must end first. */
static uint32_t offer(struct raw *r, uint32_t n)
{
	uint32_t room = r->engine->caps.depth - r->pending;
	int took = -EBUSY;

	if (room)
		took = r->engine->ops->submit(r->engine->priv, r->copies,
					      n < room ? n : room);
	if (took > 0) {
		r->pending += (uint32_t)took;
		r->left[r->group & 1] += (uint32_t)took;
		return (uint32_t)took;
	}
	if (took != -EBUSY || !r->pending)
		die(r, "declines", took);
	raw_kick(r);
	wait_for_some(r);
	return 0;
}

void raw_submit(struct raw *r, const struct field *f, size_t at, size_t end)
{
	while (at < end)
		at += offer(r, make_copies(r, f, at, end)) * f->folio;
	r->group++;
}

/*
 * A thread may lag behind with an old copy while others go on: what counts is
 * that its group has ended, since its target is used again.
 */
void raw_copy(struct raw *r, const struct field *f, size_t group,
	      unsigned int flight)
{
	size_t at, end;

	for (at = 0; at < f->total; at = end) {
		end = at + group < f->total ? at + group : f->total;
		raw_submit(r, f, at, end);
		raw_kick(r);
		raw_drain(r, r->group - flight);
	}
	raw_drain(r, r->group - 1);
}
