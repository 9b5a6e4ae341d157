/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "run.h"

/* Moved before the clock counts: code, engine threads and pools get warm. */
#define PRIME_BYTES	((uint64_t)16 << 20)

/*
 * The migrators of the run: [0] goes from → to, [1] comes back. Open for one
 * run only, since the pools of each take hundreds of MiB.
 */
static struct migsim_migrator *volatile current[2];
atomic_int run_stopped;

void run_stop(void)
{
	run_stopped = 1;
	for (int i = 0; i < 2; i++) {
		if (current[i])
			migsim_migrator_stop(current[i]);
	}
}

void run_reset(void)
{
	run_stopped = 0;
}

static int exit_code(long err)
{
	switch (err) {
	case -EPERM:
	case -EACCES:
	case -ENODEV:
	case -EOPNOTSUPP:
		return EXIT_LACKING;
	case -EINVAL:
		return EXIT_USAGE;
	default:
		return EXIT_FAILED;
	}
}

struct region_route run_route(const struct config *cfg)
{
	int here = migsim_topology_current_node();
	int from = cfg->from < 0 ? here : cfg->from;
	int to = cfg->to < 0 ? here : cfg->to;

	if (from == to)
		return (struct region_route) { cfg->from, cfg->to, false };
	return (struct region_route) { from, to, true };
}

/* Base pages of a call, about: those of a mix differ by a large folio. */
static uint64_t call_pages(const struct region_shape *shape)
{
	if (!shape->folios)
		return 0;
	return shape->bytes / MIGSIM_PAGE_SIZE * shape->call / shape->folios +
	       (shape->mix.n > 1 ? 1u << MIGSIM_MAX_ORDER : 0);
}

/* 0 or an exit code; the library says what is wrong. */
static int open_migrator(struct migsim_migrator **m, const struct trial *t,
			 bool back, bool cold_pool)
{
	const struct config *cfg = t->cfg;
	const struct region_route *route = &t->shape.route;
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	char space[256];
	int ret;

	if (config_space(cfg, space, sizeof(space)))
		return EXIT_USAGE;	/* it was not when it was read */
	o.space = space;
	o.engine = config_is_kernel(cfg) ? NULL : cfg->engine;
	o.policy = cfg->policy;
	o.from = back ? route->to : route->from;
	o.to = back ? route->from : route->to;
	o.mode = cfg->mode;
	o.reason = cfg->reason;
	o.cold_pool = cold_pool;
	o.call_pages = call_pages(&t->shape);
	o.profile = cfg->model;
	ret = migsim_migrator_open(m, &o);
	return ret ? exit_code(ret) : 0;
}

static void close_current(void)
{
	for (int i = 0; i < 2; i++) {
		struct migsim_migrator *m = current[i];

		current[i] = NULL;
		migsim_migrator_close(m);
	}
}

/*
 * Signals are blocked meanwhile, and so for ever in the threads that engines
 * start: the handler runs in this thread only, never beside close_current().
 */
static int open_current(const struct trial *t)
{
	sigset_t all, old;
	int ret = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	for (int i = 0; i <= t->shape.route.back && !ret; i++) {
		struct migsim_migrator *m = NULL;

		ret = open_migrator(&m, t, i, t->cfg->cold_pool);
		current[i] = m;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		close_current();
	return ret;
}

/* What became of the engine, and what the policy found out. */
static void note_ends(struct trial *t)
{
	struct migsim_migrator_info info = { .size = sizeof(info) };

	for (int i = 0; i < 2 && current[i]; i++) {
		migsim_migrator_info(current[i], &info);
		t->engine_dead |= info.engine_dead;
		if (!i || info.policy_note.alone_ns)
			t->note = info.policy_note;
	}
}

static int note_info(struct trial *t, const struct migsim_migrator_info *info)
{
	bool kernel = config_is_kernel(t->cfg);

	/* The kernel as it is: nobody knows what copies. */
	t->traced = info->space_flags & MIGSIM_SPACE_TRACED;
	t->channels = kernel && !t->cfg->engine ? -1 : (long)info->channels;
	t->window_pages = -1;
	if (info->window_pages && !kernel)
		t->window_pages = (long)info->window_pages;
	if (info->driver) {
		t->driver = strdup(info->driver);
		if (!t->driver) {
			say("out of memory");
			return EXIT_FAILED;
		}
	}
	return 0;
}

int run_probe(struct trial *t)
{
	struct migsim_migrator_info info = { .size = sizeof(info) };
	struct migsim_migrator *m;
	int ret = open_migrator(&m, t, false, true);

	if (ret)
		return ret;
	migsim_migrator_info(m, &info);
	if (t->cfg->verify && (info.engine_flags & MIGSIM_ENGINE_NO_COPY)) {
		say("engine %s copies nothing that --verify could check",
		    info.engine);
		ret = EXIT_USAGE;
	} else {
		ret = note_info(t, &info);
	}
	migsim_migrator_close(m);
	return ret;
}

static void say_ended(const struct trial *t, bool back, int err)
{
	const struct region_route *r = &t->shape.route;
	char nodes[64] = "";

	if (r->back)
		snprintf(nodes, sizeof(nodes), " from node %d to %d",
			 back ? r->to : r->from, back ? r->from : r->to);
	say("backend %s: the migration%s ended early: %s", t->cfg->backend,
	    nodes, strerror(err));
}

/* 0, -EINTR, or an exit code after a sentence. */
static int migrate(const struct trial *t, bool back, struct migsim_folio *list,
		   uint64_t n, struct migsim_report *report)
{
	struct migsim_slopes slopes;
	long ret;

	if (run_stopped)
		return -EINTR;
	ret = migsim_migrate(current[back], list, n, report);
	if (ret >= 0)
		return 0;
	if (ret == -EINTR)
		return -EINTR;
	if (migsim_model_slopes(current[back], &slopes) == -EOVERFLOW)
		return EXIT_USAGE;	/* the library has said it */
	say_ended(t, back, (int)-ret);
	return exit_code(ret);
}

/* Takes the folios that the run comes to last, so that the rest stays cold. */
static int prime(const struct trial *t, struct region *region)
{
	bool away;
	struct migsim_folio *list = region_last(region, t->shape.call, &away);
	uint64_t bytes = 0, n = 0;
	int ret;

	while (n < t->shape.call && bytes < PRIME_BYTES)
		bytes += migsim_folio_bytes(&list[n++]);
	ret = migrate(t, away, list, n, NULL);
	if (!ret && t->shape.route.back) {
		list = region_last(region, t->shape.call, &away);
		ret = migrate(t, !away, list, n, NULL);
	}
	return ret;
}

static int move_next(struct trial *t, struct region *region,
		     struct migsim_report *report)
{
	struct migsim_folio *list = region_next(region, t->shape.call);
	int ret;

	load_call_begins(t->load);
	ret = migrate(t, region->away, list, t->shape.call, report);
	if (!ret)
		ret = load_call_ended(t->load);
	if (!ret && t->cfg->read_after)
		ret = read_after(list, t->shape.call, &run_stopped, &t->read);
	return ret;
}

static int move_all(struct trial *t, struct region *region,
		    struct migsim_report *report)
{
	int ret = load_start(t->load, region, &run_stopped);

	for (uint64_t i = 0; i < t->calls && !ret; i++)
		ret = move_next(t, region, report);
	load_end(t->load, report);
	return ret;
}

static int hash_region(const struct region *region, uint64_t *hash)
{
	int ret = verify_hash(region, &run_stopped, hash);

	if (ret == -ENOMEM) {
		say("out of memory");
		return EXIT_FAILED;
	}
	return ret;
}

static int move_all_verified(struct trial *t, struct region *region,
			     struct migsim_report *report)
{
	uint64_t before, after, known = verify_sum(&t->bad);
	int ret = verify_fill(region, &run_stopped);

	if (!ret)
		ret = hash_region(region, &before);
	if (!ret)
		ret = move_all(t, region, report);
	if (!ret)
		ret = hash_region(region, &after);
	if (ret || before == after)
		return ret;
	ret = verify_walk(region, &run_stopped, &t->bad);
	/* Right again by the time that we looked: wrong all the same. */
	if (!ret && verify_sum(&t->bad) == known)
		t->bad.other++;
	return ret;
}

static int run_real(struct trial *t, struct region *region,
		    struct migsim_report *report)
{
	int ret = 0;

	if (!region->generation)
		ret = verify_fill(region, &run_stopped);
	if (!ret)
		ret = prime(t, region);
	if (ret)
		return ret;
	return t->cfg->verify ? move_all_verified(t, region, report) :
				move_all(t, region, report);
}

/* How far off the profile's errors may be: known only while it is open. */
static int note_intervals(struct trial *t, const struct migsim_report *report)
{
	const struct migsim_profile *profile = t->cfg->model;
	struct migsim_summary s = { .size = sizeof(s) };
	struct migsim_slopes slopes;
	int err = migsim_model_slopes(current[0], &slopes);

	if (err == -EOVERFLOW)	/* the library has said it */
		return EXIT_USAGE;
	if (err) {
		say("these costs make the calls take no time at all; at least one must count");
		return EXIT_USAGE;
	}
	t->slopes = slopes;
	migsim_report_summary(report, &s);
	migsim_profile_interval(profile, MIGSIM_METRIC_GIB_S, s.gib_s, &slopes,
				t->interval[MIGSIM_METRIC_GIB_S]);
	migsim_profile_interval(profile, MIGSIM_METRIC_FIRST_US,
				s.first_us.mean, &slopes,
				t->interval[MIGSIM_METRIC_FIRST_US]);
	return 0;
}

static int run_virtual(struct trial *t, struct region *region,
		       struct migsim_report *report)
{
	int ret = move_all(t, region, report);

	return ret ? ret : note_intervals(t, report);
}

int run_once(struct trial *t, struct region *region,
	     struct migsim_report *report)
{
	int ret = open_current(t);

	if (ret)
		return ret;
	migsim_report_reset(report);
	t->read = (struct read_after){ 0 };
	if (t->shape.virtual)
		ret = run_virtual(t, region, report);
	else
		ret = run_real(t, region, report);
	note_ends(t);
	close_current();
	return ret;
}
