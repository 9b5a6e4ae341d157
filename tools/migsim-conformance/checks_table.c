/* SPDX-License-Identifier: MIT */
/*
 * What an engine says of itself: its table, its options, its capabilities.
 */
#include <string.h>

#include "rig.h"

/* More the library's parser does not tell apart. */
#define MAX_PARAMS	64

static bool is_line(const char *text)
{
	return text && *text && !strchr(text, '\n');
}

static bool is_word(const char *text)
{
	return text && *text && !strpbrk(text, ":,=/ \t\n");
}

static void table(struct suite *s)
{
	const struct migsim_engine_ops *o = s->ops;

	/* An engine that lacks more than this is not opened at all. */
	if (!is_word(o->name))
		fail(s, "the name is a word without colon and comma");
	else if (!is_line(o->help))
		fail(s, "help is one line");
	else if (o->needs && !is_line(o->needs))
		fail(s, "needs is NULL or one line");
}

static bool number_is_right(struct suite *s, const struct migsim_param *p)
{
	if (p->min > p->max)
		return fail(s, "%s: min is not above max", p->name);
	if (p->def < p->min)
		return fail(s, "%s: the default is not below min", p->name);
	return true;
}

static bool choice_is_right(struct suite *s, const struct migsim_param *p)
{
	uint64_t n;

	if (!p->choices || !p->choices[0])
		return fail(s, "%s: a choice has words", p->name);
	for (n = 0; p->choices[n]; n++)
		if (!*p->choices[n] || strchr(p->choices[n], ','))
			return fail(s, "%s: its words hold no comma", p->name);
	if (p->def >= n)
		return fail(s, "%s: the default is one of %zu words; it is the one at %zu",
			    p->name, (size_t)n, (size_t)p->def);
	return true;
}

static bool type_is_right(struct suite *s, const struct migsim_param *p)
{
	switch (p->type) {
	case MIGSIM_PARAM_NUMBER:
		return number_is_right(s, p);
	case MIGSIM_PARAM_CHOICE:
		return choice_is_right(s, p);
	case MIGSIM_PARAM_TEXT:
		return true;
	default:
		return fail(s, "%s: a known type; it is %d", p->name, p->type);
	}
}

static bool place_is_right(struct suite *s, const struct migsim_param *p)
{
	const struct migsim_param *q;
	size_t size = p->type == MIGSIM_PARAM_TEXT ? sizeof(const char *)
						   : sizeof(uint64_t);

	if (p->offset + size > s->ops->args_size)
		return fail(s, "%s: lies within args_size", p->name);
	for (q = s->ops->params; q != p; q++) {
		if (!strcmp(q->name, p->name))
			return fail(s, "%s: is there once", p->name);
		if (q->offset < p->offset + size &&
		    p->offset < q->offset + sizeof(uint64_t))
			return fail(s, "%s: does not overlap %s", p->name,
				    q->name);
	}
	return true;
}

static void options(struct suite *s)
{
	const struct migsim_param *p = s->ops->params;
	unsigned int n = 0;

	for (; p && p->name; p++) {
		if (!is_word(p->name) || !is_line(p->help)) {
			fail(s, "an option has a word and one line of help; '%s' has not",
			     p->name);
			return;
		}
		if (!type_is_right(s, p) || !place_is_right(s, p))
			return;
		if (++n > MAX_PARAMS) {
			fail(s, "there are at most %d options", MAX_PARAMS);
			return;
		}
	}
}

static bool caps_are_right(struct rig *r)
{
	const uint32_t known = MIGSIM_ENGINE_SYNC | MIGSIM_ENGINE_NO_COPY |
			       MIGSIM_ENGINE_VIRTUAL;
	const struct migsim_engine_caps *was = &r->engine->caps;
	struct migsim_engine_caps now = { 0 };

	if (!was->depth)
		return fail(r->suite, "depth is at least 1");
	if (was->flags & ~known)
		return fail(r->suite, "flags are known ones; came %#x",
			    was->flags);
	if (was->driver && !is_line(was->driver))
		return fail(r->suite, "driver is NULL or one line");
	r->engine->ops->caps(r->engine->priv, &now);
	if (now.flags != was->flags || now.channels != was->channels ||
	    now.depth != was->depth)
		return fail(r->suite,
			    "caps stay as they are; they were flags %#x, channels %u, depth %u and are %#x, %u, %u",
			    was->flags, was->channels, was->depth, now.flags,
			    now.channels, now.depth);
	return true;
}

static void caps(struct suite *s)
{
	struct rig r;

	if (rig_open(&r, s, 4 * KIB, 1))
		caps_are_right(&r);
	rig_close(&r);
}

/* All completions are there to be polled, and what they say is true. */
static bool is_over_within_submit(struct rig *r)
{
	uint32_t i, n = rig_depth(r, 32);

	if (!(r->engine->caps.flags & MIGSIM_ENGINE_SYNC))
		return skip(r->suite, "the engine is asynchronous");
	for (i = 0; i < n; i++)
		rig_add(r, i * 4 * KIB, i * 4 * KIB, 4 * KIB);
	if (!rig_submit(r))
		return false;
	for (i = 0; i < n && r->in_flight; i++)
		if (!rig_reap(r, 0))
			return false;
	if (r->in_flight)
		return fail(r->suite,
			    "MIGSIM_ENGINE_SYNC: all is over when submit returns; %u of %u copies are not",
			    r->in_flight, n);
	return rig_over(r);
}

static void sync_flag(struct suite *s)
{
	struct rig r;

	if (rig_open(&r, s, 128 * KIB, 32))
		is_over_within_submit(&r);
	rig_close(&r);
}

const struct check table_checks[] = {
	{ "table", "name and help are there", table },
	{ "options", "each has help, bounds, a default and a place", options },
	{ "caps", "depth and flags make sense and stay", caps },
	{ "sync", "MIGSIM_ENGINE_SYNC: all is over within submit", sync_flag },
	{ 0 },
};
