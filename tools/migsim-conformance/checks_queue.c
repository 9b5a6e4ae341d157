/* SPDX-License-Identifier: MIT */
/*
 * How copies go in and completions come out.
 */
#include <errno.h>
#include <string.h>

#include "rig.h"

#define PAGE	(4 * KIB)
/* So late nothing is that returns at its deadline, however busy the machine. */
#define LATE_NS	(5000 * MS)

static bool reap_in_time(struct rig *r, uint64_t timeout_ns)
{
	uint64_t start = now_ns();

	if (!rig_reap(r, timeout_ns))
		return false;
	if (now_ns() - start < timeout_ns + LATE_NS)
		return true;
	return fail(r->suite,
		    "reap comes back when its %u ms are over; it took %u ms",
		    (unsigned int)(timeout_ns / MS),
		    (unsigned int)((now_ns() - start) / MS));
}

static bool nothing_happens(struct rig *r)
{
	rig_kick(r);
	rig_kick(r);
	return reap_in_time(r, 0) && reap_in_time(r, MS) &&
	       reap_in_time(r, 20 * MS);
}

static void empty(struct suite *s)
{
	struct rig r;

	if (rig_open(&r, s, 2 * PAGE, 1) && nothing_happens(&r)) {
		rig_add(&r, 0, PAGE, PAGE);
		if (rig_run(&r))
			nothing_happens(&r);
	}
	rig_close(&r);
}

static bool wait_with_deadlines(struct rig *r)
{
	static const uint64_t wait[] = { 0, MS, 50 * MS };
	uint32_t i;

	for (i = 0; i < 4; i++)
		rig_add(r, i * MIB, i * MIB, MIB);
	for (i = 0; r->offered < r->n || r->in_flight; i++) {
		if (!rig_submit(r))
			return false;
		rig_kick(r);
		if (r->in_flight && !reap_in_time(r, wait[i % 3]))
			return false;
	}
	return rig_over(r);
}

/* Whoever waits without an end is woken by a completion. */
static bool wait_for_ever(struct rig *r)
{
	uint32_t before;

	rig_begin(r);
	rig_add(r, 0, MIB, MIB);
	if (!rig_submit(r))
		return false;
	rig_kick(r);
	while ((before = r->in_flight)) {
		if (!rig_reap(r, UINT64_MAX))
			return false;
		if (r->in_flight == before)
			return fail(r->suite,
				    "reap without a deadline waits for a completion; came none");
	}
	return rig_over(r);
}

static void deadline(struct suite *s)
{
	struct rig r;

	if (rig_open(&r, s, 4 * MIB, 4) && wait_with_deadlines(&r))
		wait_for_ever(&r);
	rig_close(&r);
}

static void huge(struct suite *s)
{
	const uint32_t most = 8192;
	struct rig r;
	uint32_t n;
	size_t len;

	if (rig_open(&r, s, 8 * MIB, most)) {
		n = rig_depth(&r, most / 4) * 4;
		len = n * PAGE <= 8 * MIB ? PAGE : 8 * MIB / most;
		while (r.n < n)
			rig_add(&r, r.n * len, r.n * len, len);
		rig_run(&r);
	}
	rig_close(&r);
}

static bool random_groups(struct rig *r)
{
	unsigned int round;
	uint32_t n;

	for (round = 0; round < 5; round++) {
		rig_begin(r);
		n = 1 + (uint32_t)(next_random(&r->random) % r->room);
		while (r->n < n)
			rig_add(r, r->n * PAGE, r->n * PAGE, PAGE);
		if (!rig_run(r) || !rig_reap(r, MS))
			return false;
	}
	return true;
}

static void exactly_once(struct suite *s)
{
	uint32_t all;
	struct rig r;

	if (rig_open(&r, s, MIB, 256)) {
		all = r.max;
		r.max = 1;
		if (random_groups(&r)) {
			r.max = all < 7 ? all : 7;
			if (random_groups(&r)) {
				r.max = all;
				random_groups(&r);
			}
		}
	}
	rig_close(&r);
}

static bool with_cookies(struct rig *r, const uint64_t *cookie, uint32_t n)
{
	uint32_t i;

	rig_begin(r);
	for (i = 0; i < n; i++)
		rig_add(r, i * PAGE, i * PAGE, PAGE)->cookie = cookie[i];
	return rig_run(r);
}

static void cookies(struct suite *s)
{
	static const uint64_t any[] = {
		0, 1, UINT64_MAX, UINT64_MAX - 1, (uint64_t)1 << 63,
		(uint64_t)1 << 32, UINT32_MAX, INT32_MAX, INT64_MAX,
		0xffffffff00000000,
	};
	static const uint64_t same[] = { 0, 42, 42, 42, 0, UINT64_MAX, 0 };
	struct rig r;

	if (rig_open(&r, s, 10 * PAGE, 10) && with_cookies(&r, any, 10) &&
	    !s->faults) {
		/* It is not known which failed, so none may. */
		r.alike = true;
		with_cookies(&r, same, 7);
	}
	rig_close(&r);
}

/* Tries until all are taken; the engine is given time, but no reap. */
static bool fill_up(struct rig *r)
{
	uint64_t since = now_ns();
	uint32_t before;

	while (r->offered < r->n) {
		before = r->offered;
		if (!rig_submit(r))
			return false;
		rig_kick(r);
		if (r->offered != before) {
			since = now_ns();
			continue;
		}
		if (now_ns() - since > LATE_NS)
			return fail(r->suite,
				    "%u copies are taken without a reap (caps.depth is %u); after %u submit answers -EBUSY for ever",
				    r->n, r->engine->caps.depth, r->offered);
		nap_ms(1);
	}
	return true;
}

static void depth(struct suite *s)
{
	const uint32_t most = 65536;
	struct rig r;
	uint32_t n;

	if (rig_open(&r, s, 4 * MIB, most)) {
		n = rig_depth(&r, most);
		while (r.n < n)
			rig_add(&r, r.n * 64, r.n * 64, 64);
		if (fill_up(&r) && rig_drain(&r) && rig_over(&r)) {
			/* Once more: all of the places are free again. */
			rig_begin(&r);
			while (r.n < n)
				rig_add(&r, r.n * 64, r.n * 64, 64);
			if (fill_up(&r) && rig_drain(&r))
				rig_over(&r);
		}
	}
	rig_close(&r);
}

/* In turns, a window of copies in flight, with reaps in between. */
static bool several_groups(struct rig *r, uint32_t window)
{
	static const uint32_t group[] = { 0, 1, 7, UINT32_MAX, 1u << 31 };
	uint32_t i;

	rig_begin(r);
	for (i = 0; i < r->room; i++)
		rig_add(r, i * PAGE, i * PAGE, PAGE)->group = group[i % 5];
	r->window = window;
	for (i = 0; r->offered < r->n; i++) {
		if (!rig_submit(r))
			return false;
		rig_kick(r);
		/* In virtual time no copy ends while one only polls. */
		if (r->in_flight && !rig_reap(r, i % 2 ? 0 : MS))
			return false;
	}
	return rig_drain(r) && rig_over(r);
}

static void groups(struct suite *s)
{
	struct rig r;

	if (rig_open(&r, s, 2 * MIB, 500) && several_groups(&r, 1) &&
	    several_groups(&r, 13))
		several_groups(&r, 200);
	rig_close(&r);
}

static bool time_goes_on(struct rig *r)
{
	const struct migsim_engine *e = r->engine;
	uint64_t was, is;
	unsigned int i;

	if (!e->ops->helper_cpu_ns)
		return skip(r->suite, "the engine has no helper_cpu_ns");
	was = e->ops->helper_cpu_ns(e->priv);
	for (i = 0; i < 50; i++) {
		rig_begin(r);
		rig_add(r, 0, 0, r->box.bytes);
		if (!rig_run(r))
			return false;
		is = e->ops->helper_cpu_ns(e->priv);
		if (is < was)
			return fail(r->suite,
				    "the CPU time of helpers never goes back; it went from %llu to %llu ns",
				    (unsigned long long)was,
				    (unsigned long long)is);
		was = is;
	}
	return true;
}

static void helper_cpu(struct suite *s)
{
	struct rig r;

	if (rig_open(&r, s, 64 * KIB, 1))
		time_goes_on(&r);
	rig_close(&r);
}

const struct check queue_checks[] = {
	{ "empty", "kick and reap without a copy", empty },
	{ "deadline", "reap comes back at its deadline", deadline },
	{ "huge", "a group of several times the depth", huge },
	{ "exactly-once", "each copy completes once, however it is reaped",
	  exactly_once },
	{ "cookies", "any 64 bits, and the same ones twice", cookies },
	{ "depth", "caps.depth copies are taken without a reap", depth },
	{ "groups", "several in flight", groups },
	{ "helper-cpu", "CPU time of helpers never goes back", helper_cpu },
	{ 0 },
};
