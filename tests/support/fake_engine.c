/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_engine.h"
#include "fake_space.h"

#define MAX_IN_FLIGHT 8192

struct copying {
	struct migsim_copy copy;
	uint64_t end;
	uint32_t nth;
	bool kicked;
};

struct fake_engine fake_engine;
static struct copying queue[MAX_IN_FLIGHT];

uint64_t fake_random(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void fake_engine_free(void)
{
	free(fake_engine.late);
	memset(&fake_engine, 0, sizeof(fake_engine));
}

void fake_engine_reset(void)
{
	fake_engine_free();
	fake_engine.depth = 4096;
	fake_engine.channels = 4;
	fake_engine.copy_ns = 100;
	fake_engine.decline_err = -EOPNOTSUPP;
}

void fake_engine_late_writes(void)
{
	for (uint32_t i = 0; i < fake_engine.nr_late; i++)
		fake_space_late_write(&fake_engine.late[i]);
}

static int open_fake(void **priv, const struct migsim_engine_env *env,
		     const void *args)
{
	(void)env;
	(void)args;
	*priv = &fake_engine;
	return 0;
}

static void close_fake(void *priv)
{
	(void)priv;
	fake_check(!fake_engine.in_flight, "closed with copies in flight");
}

static void caps_of_fake(void *priv, struct migsim_engine_caps *caps)
{
	(void)priv;
	caps->channels = fake_engine.channels;
	caps->depth = fake_engine.depth;
	caps->driver = "fake";
}

static bool nth(uint32_t i, uint32_t every)
{
	return every && !(i % every);
}

static void take(const struct migsim_copy *c)
{
	struct fake_engine *e = &fake_engine;

	fake_space_offer(c);
	fake_check(e->in_flight < MAX_IN_FLIGHT, "room for more copies");
	if (c->lane > e->max_lane)
		e->max_lane = c->lane;
	if (c->piece > e->max_piece)
		e->max_piece = c->piece;
	queue[e->in_flight++] = (struct copying){
		.copy = *c, .end = UINT64_MAX, .nth = ++e->nr_copies,
	};
	if (e->in_flight > e->max_in_flight)
		e->max_in_flight = e->in_flight;
}

static int submit(void *priv, const struct migsim_copy *copies, uint32_t n)
{
	struct fake_engine *e = priv;
	uint32_t i;

	fake_check(!e->dead, "asked though it is dead");
	fake_check(n, "submit of nothing");
	fake_check(n <= e->depth - e->in_flight, "deeper than %u", e->depth);
	if (nth(++e->nr_submits, e->decline_every))
		return e->decline_err;
	if (e->take && n > e->take)
		n = e->take;
	for (i = 0; i < n; i++)
		take(&copies[i]);
	return (int)n;
}

static void kick(void *priv)
{
	struct fake_engine *e = priv;
	uint32_t i;

	fake_check(!e->dead, "kicked though it is dead");
	for (i = 0; i < e->in_flight; i++) {
		if (queue[i].kicked)
			continue;
		queue[i].kicked = true;
		queue[i].end = fake.clock + e->copy_ns;
	}
}

static bool hangs(const struct copying *c)
{
	return fake_engine.hang_at && c->nth >= fake_engine.hang_at;
}

/* It may write on, and will, when everybody has forgotten it. */
static void write_late(const struct migsim_copy *c)
{
	struct fake_engine *e = &fake_engine;

	e->late = realloc(e->late, (e->nr_late + 1) * sizeof(*e->late));
	fake_check(e->late, "no memory");
	e->late[e->nr_late++] = *c;
}

static void drop(uint32_t i)
{
	memmove(&queue[i], &queue[i + 1],
		(--fake_engine.in_flight - i) * sizeof(queue[0]));
}

/* The one that ends next of those that have ended by now; -1: none has. */
static int64_t next_ended(void)
{
	struct fake_engine *e = &fake_engine;
	int64_t found = -1;
	uint32_t i, seen = 0;

	for (i = 0; i < e->in_flight; i++) {
		if (hangs(&queue[i]) || queue[i].end > fake.clock)
			continue;
		seen++;
		if (found < 0 || e->order == ORDER_LAST ||
		    (e->order == ORDER_RANDOM &&
		     !(fake_random(&e->seed) % seen)))
			found = i;
	}
	return found;
}

static uint64_t earliest_end(void)
{
	uint64_t end = UINT64_MAX;
	uint32_t i;

	for (i = 0; i < fake_engine.in_flight; i++)
		if (!hangs(&queue[i]) && queue[i].end < end)
			end = queue[i].end;
	return end;
}

/* Reports the end of one copy, and whatever the script adds to it. */
static uint32_t complete(uint32_t i, struct migsim_completion *done,
			 uint32_t room)
{
	struct fake_engine *e = &fake_engine;
	struct copying c = queue[i];
	uint32_t n = 0;

	drop(i);
	e->nr_completed++;
	done[n].cookie = c.copy.cookie;
	done[n].status = nth(c.nth, e->fail_every) ? -EIO : 0;
	if (nth(c.nth, e->stuck_every)) {
		done[n].status = -ETIMEDOUT;
		write_late(&c.copy);
		fake_space_cancelled(&c.copy, true);
	} else {
		fake_space_copied(&c.copy, !done[n].status);
	}
	n++;
	if (n < room && nth(c.nth, e->twice_every))
		done[n++] = done[0];
	if (n < room && nth(c.nth, e->unknown_every))
		done[n++].cookie = fake_random(&e->seed) | UINT64_C(1) << 63;
	return n;
}

static int babble(struct migsim_completion *done, uint64_t timeout_ns)
{
	fake.clock += timeout_ns / 2 + 1;
	done->cookie = UINT64_MAX;
	done->status = 0;
	return 1;
}

static int nothing_ended(struct migsim_completion *done, uint64_t timeout_ns)
{
	if (fake_engine.babble)
		return babble(done, timeout_ns);
	fake.clock += timeout_ns;
	return 0;
}

static int die(void)
{
	struct fake_engine *e = &fake_engine;

	while (e->in_flight) {
		fake_space_cancelled(&queue[e->in_flight - 1].copy, false);
		e->in_flight--;
	}
	e->dead = true;
	return -EIO;
}

static int reap(void *priv, struct migsim_completion *done, uint32_t max,
		uint64_t timeout_ns)
{
	struct fake_engine *e = priv;
	uint64_t end = earliest_end();
	uint32_t n = 0, copies = 0, i;
	int64_t next;

	fake_check(!e->dead, "asked though it is dead");
	fake_check(e->in_flight, "waited for nothing");
	fake_check(timeout_ns < UINT64_C(1000000000000), "waited for ever");
	for (i = 0; i < e->in_flight; i++)
		fake_check(queue[i].kicked, "reap before kick");
	fake_check(++e->nr_reaps < 1000000, "the wait has no end");
	if (end > fake.clock && end - fake.clock > timeout_ns)
		return nothing_ended(done, timeout_ns);
	if (end > fake.clock)
		fake.clock = end;
	while (n < max && (!e->per_reap || copies < e->per_reap) &&
	       (next = next_ended()) >= 0) {
		if (e->die_at && e->nr_completed + 1 >= e->die_at)
			return n ? (int)n : die();
		n += complete((uint32_t)next, done + n, max - n);
		copies++;
	}
	return (int)n;
}

static void forget(uint32_t i, bool stuck)
{
	if (stuck)
		write_late(&queue[i].copy);
	fake_space_cancelled(&queue[i].copy, stuck);
	drop(i);
}

static void forget_group(uint32_t group, bool all, bool stuck)
{
	uint32_t i;

	for (i = fake_engine.in_flight; i--;)
		if (all || queue[i].copy.group == group)
			forget(i, stuck);
}

static int cancel(void *priv, uint32_t group)
{
	struct fake_engine *e = priv;

	e->nr_cancels++;
	forget_group(group, false, e->cancel_err != 0);
	e->dead |= e->cancel_err != 0;
	return e->cancel_err;
}

/* Nobody can cancel: when nothing has ended for 10 s, everything is given up. */
static int reap_nocancel(void *priv, struct migsim_completion *done,
			 uint32_t max, uint64_t timeout_ns)
{
	int n = reap(priv, done, max, timeout_ns);

	fake_engine.waited = n ? 0 : fake_engine.waited + timeout_ns;
	if (fake_engine.waited >= 10000000000) {
		forget_group(0, true, true);
		fake_engine.dead = true;
	}
	return n;
}

static const struct migsim_engine_ops ops = {
	.size = sizeof(ops),
	.abi = MIGSIM_ENGINE_ABI,
	.name = "fake",
	.help = "does what its script says",
	.open = open_fake,
	.close = close_fake,
	.caps = caps_of_fake,
	.submit = submit,
	.kick = kick,
	.reap = reap,
	.cancel = cancel,
};

/* As an older table, which ends before cancel. */
static const struct migsim_engine_ops ops_nocancel = {
	.size = offsetof(struct migsim_engine_ops, cancel),
	.abi = MIGSIM_ENGINE_ABI,
	.name = "fake-nocancel",
	.help = "cannot cancel",
	.open = open_fake,
	.close = close_fake,
	.caps = caps_of_fake,
	.submit = submit,
	.kick = kick,
	.reap = reap_nocancel,
};

__attribute__((constructor)) static void register_fake(void)
{
	migsim_engine_register(&ops);
	migsim_engine_register(&ops_nocancel);
}
