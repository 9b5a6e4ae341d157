/* SPDX-License-Identifier: MIT */
/*
 * Copies on their way through the engine: each is taken, ends once, and
 * leaves in memory what it should.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "rig.h"

/* An engine that completes nothing for so long has lost its copies. */
#define PATIENCE_NS	(10000 * MS)
#define WAIT_NS		(100 * MS)
/* What a completion that reap did not write looks like. */
#define UNTOUCHED	INT32_MIN

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 * MS + (uint64_t)t.tv_nsec;
}

void nap_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000 * MS) };

	nanosleep(&t, NULL);
}

/* How many copies may be offered now. */
static uint32_t offer(const struct rig *r)
{
	uint32_t n = r->n - r->offered;
	uint32_t free = rig_depth(r, r->window) - r->in_flight;

	if (n > free)
		n = free;
	return n < r->burst ? n : r->burst;
}

static bool declined(struct rig *r, int answer)
{
	if (!r->suite->faults)
		return fail(r->suite,
			    "copies of plain memory are taken; submit answers %s with %u in flight",
			    strerror(-answer), r->in_flight);
	r->state[r->offered++] = DECLINED;
	return true;
}

bool rig_submit(struct rig *r)
{
	int took;
	uint32_t n;

	while ((n = offer(r))) {
		took = r->engine->ops->submit(r->engine->priv,
					      &r->copy[r->offered], n);
		if (took == -EBUSY && r->in_flight)
			return true;
		if (took < 0) {
			if (!declined(r, took))
				return false;
			continue;
		}
		if (!took || (uint32_t)took > n)
			return fail(r->suite,
				    "submit of %u copies answers 1 to %u or -errno; came %d",
				    n, n, took);
		if (!r->in_flight)
			r->progress = now_ns();
		r->in_flight += (uint32_t)took;
		while (took--)
			r->state[r->offered++] = IN_FLIGHT;
	}
	return true;
}

void rig_kick(struct rig *r)
{
	if (r->engine->ops->kick)
		r->engine->ops->kick(r->engine->priv);
}

/* The copy of a cookie: of several, one in flight; n: there is none. */
static uint32_t find(struct rig *r, uint64_t cookie)
{
	uint32_t i;

	while (r->ended < r->offered && r->state[r->ended] != IN_FLIGHT)
		r->ended++;
	for (i = r->ended; i < r->offered; i++)
		if (r->copy[i].cookie == cookie && r->state[i] == IN_FLIGHT)
			return i;
	for (i = 0; i < r->offered; i++)
		if (r->copy[i].cookie == cookie)
			return i;
	return r->n;
}

static bool not_in_flight(struct rig *r, uint32_t i, uint64_t cookie)
{
	if (i == r->n || r->state[i] == DECLINED)
		return fail(r->suite,
			    "completions are of copies that were taken; one has the cookie %#" PRIx64 ", which none has",
			    cookie);
	if (r->state[i] == GIVEN_UP)
		return fail(r->suite,
			    "a copy that cancel has given up is not reaped; copy %u was",
			    i);
	return fail(r->suite, "a copy completes once; copy %u did twice", i);
}

static bool complete(struct rig *r, const struct migsim_completion *done)
{
	uint32_t i = find(r, done->cookie);
	const struct migsim_copy *c;

	if (i == r->n || r->state[i] != IN_FLIGHT)
		return not_in_flight(r, i, done->cookie);
	c = &r->copy[i];
	r->in_flight--;
	r->state[i] = done->status ? SPOILT : COPIED;
	r->stuck |= done->status == -ETIMEDOUT;
	if (done->status > 0 || (done->status && !r->suite->faults))
		return fail(r->suite,
			    "copy %u of %" PRIu64 " bytes succeeds; came status %d",
			    i, c->len, done->status);
	if (!done->status && r->copies && !r->alike &&
	    memcmp(c->dst, c->src, c->len))
		return fail(r->suite,
			    "copy %u of %" PRIu64 " bytes is over when it completes; its target is not the source's content",
			    i, c->len);
	return true;
}

static bool check_patience(struct rig *r, int n)
{
	if (n || !r->in_flight)
		r->progress = now_ns();
	if (now_ns() - r->progress < PATIENCE_NS)
		return true;
	return fail(r->suite, "every copy completes; %u did not",
		    r->in_flight);
}

bool rig_reap(struct rig *r, uint64_t timeout_ns)
{
	int i, n;

	r->done[r->max].status = UNTOUCHED;
	n = r->engine->ops->reap(r->engine->priv, r->done, r->max, timeout_ns);
	if (n < 0 || (uint32_t)n > r->max)
		return fail(r->suite,
			    "reap of at most %u completions answers 0 to %u; came %d",
			    r->max, r->max, n);
	if (r->done[r->max].status != UNTOUCHED)
		return fail(r->suite,
			    "reap writes %u completions at most; it wrote another one",
			    r->max);
	for (i = 0; i < n; i++)
		if (!complete(r, &r->done[i]))
			return false;
	return check_patience(r, n);
}

bool rig_drain(struct rig *r)
{
	while (r->in_flight)
		if (!rig_reap(r, WAIT_NS))
			return false;
	return true;
}

/* What the copies leave in the targets; the rest stays. */
static void expect(struct rig *r)
{
	const struct migsim_copy *c;
	uint32_t i;
	size_t at;

	for (i = 0; i < r->n; i++) {
		c = &r->copy[i];
		at = (size_t)((unsigned char *)c->dst - r->box.dst);
		if (r->state[i] == COPIED && r->copies)
			memcpy(r->box.expected + at,
			       r->box.was +
			       ((const unsigned char *)c->src - r->box.src),
			       c->len);
		else if (r->state[i] == COPIED || r->state[i] == SPOILT)
			memcpy(r->box.expected + at, c->dst, c->len);
	}
}

/* The sentence about a byte at this place of dst. */
static bool wrong_byte(struct rig *r, size_t at)
{
	const unsigned char *p = r->box.dst + at, *dst;
	uint32_t i, before = r->n;

	for (i = 0; i < r->n; i++) {
		dst = r->copy[i].dst;
		if (dst <= p && p < dst + r->copy[i].len)
			return fail(r->suite,
				    "the target of copy %u (%" PRIu64 " bytes, %s) is as it should be; its byte %zu is not",
				    i, r->copy[i].len,
				    r->state[i] == COPIED ? "copied" :
				    r->state[i] == GIVEN_UP ? "given up" :
				    "declined", (size_t)(p - dst));
		if (dst <= p && (before == r->n || dst >=
				 (unsigned char *)r->copy[before].dst))
			before = i;
	}
	if (before == r->n)
		return fail(r->suite,
			    "nothing outside the targets changes; a byte before the first one did");
	dst = r->copy[before].dst;
	return fail(r->suite,
		    "nothing outside the targets changes; byte %zu behind that of copy %u (%" PRIu64 " bytes) did",
		    (size_t)(p - dst - r->copy[before].len), before,
		    r->copy[before].len);
}

bool rig_over(struct rig *r)
{
	size_t at;

	/* A completion that is too many comes now at the latest. */
	if (r->engine && !rig_reap(r, 0))
		return false;
	expect(r);
	if (box_dst_differs(&r->box, &at))
		return wrong_byte(r, at);
	if (box_src_differs(&r->box, &at))
		return fail(r->suite,
			    "the source stays as it is; its byte %zu did not",
			    at);
	return true;
}

bool rig_run(struct rig *r)
{
	while (r->offered < r->n || r->in_flight) {
		if (!rig_submit(r))
			return false;
		rig_kick(r);
		if (r->in_flight && !rig_reap(r, WAIT_NS))
			return false;
	}
	return rig_over(r);
}

void rig_give_up(struct rig *r, uint32_t group, bool all)
{
	const struct migsim_copy *c;
	uint32_t i;

	for (i = 0; i < r->offered; i++) {
		c = &r->copy[i];
		if (r->state[i] != IN_FLIGHT || (!all && c->group != group))
			continue;
		r->state[i] = GIVEN_UP;
		r->in_flight--;
		memcpy(r->box.expected + ((unsigned char *)c->dst - r->box.dst),
		       c->dst, c->len);
	}
}
