/* SPDX-License-Identifier: MIT */
/*
 * Completions: those of the inner engine are taken in, kept back, and handed
 * out in some order, once or twice.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "error_parts.h"

#define NS_PER_S 1000000000ull

/* Time of its own has only an engine over real memory. */
static uint64_t now(const struct error *e)
{
	struct timespec ts;

	if (e->is_virtual)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(ns / NS_PER_S),
		.tv_nsec = (long)(ns % NS_PER_S),
	};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

void error_scribble(const struct error *e, void *dst, uint64_t len)
{
	if (e->writes)
		memset(dst, 0xbd, len);
}

void error_ended(struct error *e, uint32_t i)
{
	struct entry *entry = &e->entry[i];

	if (entry->fate & FATE_DELAY) {
		entry->place = DELAYED;
		entry->due = now(e) + e->args->delay_us * 1000;
		ring_push(&e->delayed, i);
		e->counts.delayed++;
	} else {
		entry->place = READY;
		ring_push(&e->ready, i);
	}
}

/* All are kept back for the same time: the first is due first. */
static uint64_t next_due(const struct error *e)
{
	return e->delayed.n ? e->entry[e->delayed.at[e->delayed.head]].due
			    : UINT64_MAX;
}

static void end_delays(struct error *e, uint64_t t)
{
	uint64_t i;

	while (next_due(e) <= t) {
		i = ring_pop(&e->delayed);
		e->entry[i].place = READY;
		ring_push(&e->ready, i);
	}
}

void error_dies(struct error *e)
{
	uint32_t i;

	for (i = 0; i < e->high; i++)
		if (e->entry[i].place >= INNER && e->entry[i].place <= READY)
			entry_release(e, i);
	e->counts.cancelled += e->in_flight;
	e->in_flight = e->at_inner = 0;
	e->ready.n = e->delayed.n = e->again.n = 0;
	e->refuses = true;
}

/* What the inner engine has to tell. 0, or -errno when it is dead. */
static int take_in(struct error *e, uint64_t timeout_ns)
{
	int i, n = e->inner->ops->reap(e->inner->priv, e->done, BATCH,
				       timeout_ns);
	uint64_t at;

	if (n < 0) {
		error_dies(e);
		return n;
	}
	for (i = 0; i < n; i++) {
		at = e->done[i].cookie;
		if (at >= e->high || e->entry[at].place != INNER)
			continue;
		e->at_inner--;
		if (e->done[i].status)
			e->entry[at].fate |= FATE_FAIL;
		error_ended(e, (uint32_t)at);
	}
	return 0;
}

static bool something_ready(const struct error *e)
{
	return e->ready.n || e->again.n;
}

/* Until something is ready, at most until @end. 0, or -errno: dead. */
static int wait_until(struct error *e, uint64_t end)
{
	uint64_t t = now(e), until;
	int err;

	for (;;) {
		end_delays(e, t);
		until = next_due(e) < end ? next_due(e) : end;
		if (something_ready(e) || until < t)
			until = t;
		if (e->at_inner || e->is_virtual) {
			err = take_in(e, until - t);
			if (err)
				return err;
		} else if (until > t) {
			sleep_until(until);
		}
		t = now(e);
		end_delays(e, t);
		if (something_ready(e) || t >= end || e->is_virtual)
			return 0;
	}
}

static uint32_t next_ready(struct error *e)
{
	struct ring *r = &e->ready;
	uint64_t *first = &r->at[r->head], *other, i;

	if (e->args->reorder) {
		i = error_random(~e->args->seed, e->completed, 0) % r->n;
		other = &r->at[(r->head + i) % r->size];
		i = *first;
		*first = *other;
		*other = i;
	}
	return (uint32_t)ring_pop(r);
}

/* What the copy came to: its status. */
static int32_t outcome(struct error *e, const struct entry *entry)
{
	if (entry->fate & FATE_FAIL) {
		e->counts.failed++;
		return -EIO;
	}
	if (entry->fate & FATE_STUCK) {
		e->counts.stuck++;
		return -ETIMEDOUT;
	}
	if (entry->fate & FATE_CORRUPT) {
		e->counts.corrupted++;
		error_scribble(e, entry->dst, entry->len);
	} else if (entry->fate & FATE_SHORT) {
		e->counts.shortened++;
	} else {
		return 0;
	}
	return e->args->silent ? 0 : -EIO;
}

static void complete(struct error *e, struct migsim_completion *done)
{
	uint32_t i = next_ready(e);
	struct entry *entry = &e->entry[i];

	done->cookie = entry->cookie;
	done->status = outcome(e, entry);
	if (entry->fate & FATE_TWICE)
		ring_push(&e->again, entry->cookie);
	if (entry->fate & FATE_STUCK) {
		entry->place = LATE;
		ring_push(&e->late, i);
	} else {
		entry_release(e, i);
	}
	e->completed++;
	e->in_flight--;
}

static uint32_t complete_again(struct error *e, struct migsim_completion *done,
			       uint32_t max)
{
	uint32_t n = 0;

	while (n < max && e->again.n)
		done[n++] = (struct migsim_completion){
			.cookie = ring_pop(&e->again),
		};
	e->counts.twice += n;
	return n;
}

/* All of an inner engine's copies have ended when it is closed. */
static int die(struct error *e)
{
	if (e->inner->ops->helper_cpu_ns)
		e->inner_cpu_ns = e->inner->ops->helper_cpu_ns(e->inner->priv);
	migsim_engine_close(e->inner);
	e->inner = NULL;
	error_dies(e);
	return -EIO;
}

int error_reap(void *priv, struct migsim_completion *done, uint32_t max,
	       uint64_t timeout_ns)
{
	struct error *e = priv;
	uint64_t t = now(e), nth = e->args->die_nth;
	uint32_t n;
	int err;

	if (!e->inner)
		return -EIO;
	error_write_stuck(e);
	err = wait_until(e, timeout_ns < UINT64_MAX - t ? t + timeout_ns
							: UINT64_MAX);
	if (err)
		return err;
	n = complete_again(e, done, max);
	while (n < max && e->ready.n) {
		if (nth && e->completed + 1 >= nth)
			return n ? (int)n : die(e);
		complete(e, &done[n++]);
	}
	return (int)(n + complete_again(e, done + n, max - n));
}
