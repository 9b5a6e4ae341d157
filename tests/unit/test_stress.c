/* SPDX-License-Identifier: MIT */
/*
 * Random scenarios: orders, faults, policies, engines. Each is checked from
 * all sides by the scene. One that fails names its seed; alone it is run with
 * MIGSIM_SEED=seed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scene.h"

#define SCENARIOS	2000

static struct scene sc;
static uint64_t seed;

/* 0 to n - 1 */
static uint32_t below(uint32_t n)
{
	return (uint32_t)(fake_random(&seed) % n);
}

/* How often scenarios reached what they are for. */
static struct {
	unsigned int no_memory, stopped, split, hung, quarantined, died;
	unsigned int declined, twice, held, many_groups, retried, untouched;
} seen;

static struct fake_fault random_fault(const int *errs, uint32_t n)
{
	struct fake_fault f = { 0, 0 };

	f.err = errs[below(n)];
	f.times = below(8) ? 1 + below(12) : FAKE_FOREVER;
	return f;
}

static void random_faults(struct fake_folio *o, uint32_t rare)
{
	static const int unmap[] = { -EAGAIN, -EAGAIN, -EBUSY, -ENOENT };
	static const int remap[] = { -EAGAIN, -EAGAIN, -EEXIST };
	static const int copy[] = { -EFAULT };
	static const int split[] = { -EAGAIN, -EBUSY };

	if (!below(rare))
		o->unmap = random_fault(unmap, 4);
	if (!below(rare))
		o->remap = random_fault(remap, 3);
	if (!below(4 * rare))
		o->copy = random_fault(copy, 1);
	if (!below(8 * rare))
		o->alloc = (struct fake_fault){ 1 + below(4), 0 };
	if (!below(3))
		o->split = random_fault(split, 2);
}

static void random_folios(void)
{
	static const unsigned char orders[] = { 0, 0, 0, 0, 1, 2, 3, 4, 5, 9 };
	uint32_t mix = below(10) + 1, rare = 1u << below(10), n;
	size_t i;

	n = below(8) ? below(60) : below(1500);
	if (n > 60)
		mix = 4;
	scene_new(&sc, n, 0);
	for (i = 0; i < n; i++) {
		sc.folios[i].order = orders[below(mix)];
		random_faults(&fake.folio[i], rare);
	}
	if (!below(6))
		fake.pool_pages = below(600);
	fake.recycle = below(2);
	if (!below(4))
		fake.hold_at = 1 + below(10);
}

static void random_policy(void)
{
	static const char *const batches[] = {
		"batch:pages=1", "batch:pages=7,copy=inline",
		"batch:pages=64", "batch:copy=inline", "batch:pages=1024",
	};

	sc.options.mode = below(2);
	sc.options.reason = below(MIGSIM_REASONS);
	sc.options.copy_timeout_ms = 1 + below(100);
	if (below(2)) {
		sc.options.policy = batches[below(5)];
		return;
	}
	sc.options.policy = "script";
	script.groups = below(3) ? 1 + below(12) : 1;
	script.answer = (struct migsim_policy_answer){
		.admit = 1 + below(100),
		.submit = below(2) ? 1 + below(40) : 0,
		.fan = below(5),
		.pieces = below(2) ? below(40) : 0,
		.remap = below(3),
		.copy_inline = !below(6),
		.no_offload = !below(8),
		.tick = below(3) ? 0 : 1000 + below(100000),
	};
}

static void random_engine(void)
{
	fake_engine.seed = fake_random(&seed);
	fake_engine.depth = below(2) ? 1 + below(40) : 4096;
	fake_engine.channels = below(17);
	fake_engine.copy_ns = below(3) * below(100000);
	fake_engine.order = below(3);
	fake_engine.per_reap = below(5);
	fake_engine.take = below(5);
	if (!below(3))
		fake_engine.decline_every = 1 + below(6);
	fake_engine.decline_err = below(2) ? -EBUSY : -EOPNOTSUPP;
	if (!below(3))
		fake_engine.fail_every = 1 + below(20);
	if (!below(3))
		fake_engine.twice_every = 1 + below(20);
	if (!below(3))
		fake_engine.unknown_every = 1 + below(20);
	if (!below(4))
		fake_engine.hang_at = 1 + below(60);
	fake_engine.babble = below(2);
	fake_engine.cancel_err = below(2) ? -EINPROGRESS : 0;
	if (!below(6))
		fake_engine.die_at = 1 + below(60);
}

static uint32_t stop_op, stop_nth;

static void stop_somewhere(enum fake_op op, uint32_t nth)
{
	if (op == stop_op && nth == stop_nth)
		migsim_migrator_stop(sc.migrator);
}

static void take_note(void)
{
	const struct migsim_summary *s = &sc.s;

	seen.no_memory += sc.rc == -ENOMEM;
	seen.stopped += sc.rc == -EINTR;
	seen.untouched += sc.n && !s->groups;
	seen.split += s->nr_split > 0;
	seen.hung += fake_engine.nr_cancels > 0;
	seen.quarantined += s->quarantined_pages > 0;
	seen.died += fake_engine.dead && !fake_engine.nr_cancels;
	seen.declined += s->declined > 0;
	seen.twice += s->completion_errors > 0;
	seen.held += fake.count[OP_HOLD] > 0;
	seen.many_groups += script.max_groups > 3;
	seen.retried += s->retried > 0;
}

static void scenario(uint64_t number)
{
	scene_setup(NULL);
	snprintf(fake_label, sizeof(fake_label), "MIGSIM_SEED=%llu: ",
		 (unsigned long long)number);
	seed = number * 1000003;
	random_folios();
	random_policy();
	random_engine();
	if (!below(8)) {
		stop_op = below(FAKE_OPS);
		stop_nth = 1 + below(40);
		fake.on_event = stop_somewhere;
	}
	scene_run(&sc);
	take_note();
	scene_free(&sc);
	scene_teardown(NULL);
}

static void every_scenario_ends_well(void **state)
{
	const char *only = getenv("MIGSIM_SEED");
	uint64_t i;

	(void)state;
	if (only) {
		scenario(strtoull(only, NULL, 10));
		return;
	}
	for (i = 1; i <= SCENARIOS; i++)
		scenario(i);
	/* The generator still reaches every corner. */
	assert_true(seen.no_memory > 20 && seen.stopped > 20);
	assert_true(seen.split > 20 && seen.hung > 20 && seen.died > 20);
	assert_true(seen.quarantined > 20 && seen.declined > 20);
	assert_true(seen.twice > 20 && seen.held > 20);
	assert_true(seen.many_groups > 20 && seen.retried > 20);
	assert_true(seen.untouched > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_scenario_ends_well,
				scene_setup, scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
