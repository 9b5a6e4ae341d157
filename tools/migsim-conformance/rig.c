/* SPDX-License-Identifier: MIT */
/*
 * Rigs: opening and closing them, and laying out copies.
 */
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define LINE	64	/* what lengths and addresses are multiples of */

uint32_t rig_depth(const struct rig *r, uint32_t most)
{
	uint32_t depth = r->engine->caps.depth;

	return depth < most ? depth : most;
}

static int open_in_model(struct rig *r)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	int err;

	o.space = "model";
	o.engine = r->suite->word;
	err = migsim_migrator_open(&r->migrator, &o);
	if (!err)
		r->engine = migsim_migrator_engine(r->migrator);
	return err;
}

static int open_alone(struct rig *r)
{
	const struct migsim_engine_env env = { .from = -1, .to = -1 };
	int err = migsim_engine_open(&r->own, r->suite->word, &env);

	if (!err)
		r->engine = r->own;
	return err;
}

bool rig_open(struct rig *r, struct suite *s, size_t bytes, uint32_t room)
{
	int err;

	*r = (struct rig){ .suite = s, .random = s->seed, .room = room };
	err = s->model ? open_in_model(r) : open_alone(r);
	if (err)
		return fail(s, "it opens, came %s: %s", strerror(-err),
			    last_sentence());
	r->copies = !(r->engine->caps.flags &
		      (MIGSIM_ENGINE_NO_COPY | MIGSIM_ENGINE_VIRTUAL));
	r->max = rig_depth(r, 1024);
	r->window = r->engine->caps.depth;
	r->burst = UINT32_MAX;
	r->copy = calloc(room, sizeof(*r->copy));
	r->state = calloc(room, sizeof(*r->state));
	r->done = calloc((size_t)r->max + 1, sizeof(*r->done));
	if (!r->copy || !r->state || !r->done ||
	    !box_open(&r->box, bytes, s->seed))
		return fail(s, "there is no memory for the check");
	return true;
}

void rig_close_engine(struct rig *r)
{
	migsim_engine_close(r->own);
	migsim_migrator_close(r->migrator);
	r->own = NULL;
	r->migrator = NULL;
	r->engine = NULL;
}

/* Memory that may be written to for ever is left where it is. */
void rig_close(struct rig *r)
{
	rig_close_engine(r);
	if (!r->stuck)
		box_close(&r->box);
	free(r->copy);
	free(r->state);
	free(r->done);
}

void rig_begin(struct rig *r)
{
	r->n = 0;
	r->offered = 0;
	r->ended = 0;
	r->in_flight = 0;
	r->dst_at = 0;
	r->src_at = 0;
	box_clear(&r->box);
}

/*
 * Cookies are spread over all 64-bit values, and are the same in every rig of
 * a suite.
 */
static uint64_t cookie(uint32_t i)
{
	uint64_t state = i;

	return next_random(&state);
}

struct migsim_copy *rig_add(struct rig *r, size_t dst, size_t src, size_t len)
{
	struct migsim_copy *c = &r->copy[r->n];

	*c = (struct migsim_copy){
		.dst = r->box.dst + dst,
		.src = r->box.src + src,
		.len = len,
		.cookie = cookie(r->n),
		.lane = MIGSIM_LANE_ANY,
	};
	r->state[r->n++] = WAITS;
	return c;
}

static size_t gap(struct rig *r)
{
	return LINE * (1 + next_random(&r->random) % 80);
}

static bool has_room(const struct rig *r, size_t len)
{
	return r->n < r->room && r->dst_at + len < r->box.bytes &&
	       r->src_at + len < r->box.bytes;
}

bool rig_place(struct rig *r, size_t len)
{
	r->dst_at += gap(r);
	r->src_at += gap(r);
	if (!has_room(r, len)) {
		if (!rig_run(r))
			return false;
		rig_begin(r);
		r->dst_at = gap(r);
		r->src_at = gap(r);
	}
	rig_add(r, r->dst_at, r->src_at, len);
	r->dst_at += len;
	r->src_at += len;
	return true;
}

void rig_shuffle(struct rig *r)
{
	struct migsim_copy c;
	uint32_t i, j;

	for (i = r->n; i > 1; i--) {
		j = (uint32_t)(next_random(&r->random) % i);
		c = r->copy[i - 1];
		r->copy[i - 1] = r->copy[j];
		r->copy[j] = c;
	}
}
