/* SPDX-License-Identifier: MIT */
/*
 * Measures the configurations of a plan: one run of each in a shuffled order,
 * then one run of each in another, so that whatever drifts hits all alike.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "busy.h"
#include "outcome.h"
#include "progress.h"

/* The model alone is to get by with little: half of it for lists of folios. */
#define LISTS_KEPT	((uint64_t)256 << 20)

struct sweep {
	const struct plan *plan;
	struct results *rs;
	struct trial *trials;		/* one for each configuration */
	struct migsim_report **pooled;	/* likewise */
	struct region **regions;	/* likewise; equal shapes use the first's */
	struct migsim_report *report;	/* of one run */
	size_t *order;			/* of one round */
	uint64_t least_memory;		/* of the limits of all */
	bool keep;			/* regions stay open */
	struct progress progress;
};

/*
 * A second signal kills, as it always does; but not at once, since programs
 * such as timeout(1) send one Ctrl-C twice.
 */
static void on_signal(int sig)
{
	static struct timespec first;
	struct timespec now;
	int err = errno;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!run_stopped) {
		first = now;
		run_stop();
	} else if (now.tv_sec > first.tv_sec + 1) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
	errno = err;
}

void sweep_catch_signals(struct sigaction old[2])
{
	struct sigaction sa = { .sa_handler = on_signal,
				.sa_flags = SA_RESTART };

	sigfillset(&sa.sa_mask);
	run_reset();
	sigaction(SIGINT, &sa, &old[0]);
	sigaction(SIGTERM, &sa, &old[1]);
}

void sweep_release_signals(const struct sigaction old[2])
{
	sigaction(SIGINT, &old[0], NULL);
	sigaction(SIGTERM, &old[1], NULL);
}

/* The first configuration with the region that the i-th one needs. */
static size_t owner_of(const struct sweep *s, size_t i)
{
	size_t k = 0;

	while (!region_shape_equal(&s->trials[k].shape, &s->trials[i].shape))
		k++;
	return k;
}

static int prepare(struct sweep *s)
{
	uint64_t cost = 0;

	s->least_memory = UINT64_MAX;
	for (size_t i = 0; i < s->plan->n; i++) {
		int ret = run_stopped ? -EINTR :
			trial_prepare(&s->trials[i], &s->plan->configs[i],
				      &s->rs->sysinfo, &s->least_memory);

		if (ret)
			return ret;
		if (owner_of(s, i) == i)
			cost += region_shape_cost(&s->trials[i].shape);
		s->order[i] = i;
	}
	if (s->least_memory == UINT64_MAX)
		s->least_memory = LISTS_KEPT;
	s->keep = cost <= s->least_memory / 2;
	return 0;
}

static void close_regions(struct sweep *s)
{
	for (size_t i = 0; i < s->plan->n; i++) {
		region_close(s->regions[i]);
		s->regions[i] = NULL;
	}
}

/* 0, or an exit code after a sentence. */
static int open_region(struct region **region, const struct region_shape *shape)
{
	int ret = region_open(region, shape);

	if (!ret)
		return 0;
	if (ret == -ENOMEM || shape->route.from < 0) {
		say("cannot map memory: %s", strerror(-ret));
		return EXIT_FAILED;
	}
	say("cannot get memory of node %d: %s", shape->route.from,
	    strerror(-ret));
	return EXIT_LACKING;
}

/* A run, and what all the CPUs did meanwhile. */
static int watch_run(struct sweep *s, struct trial *t, struct region *region)
{
	struct migsim_cpu_time begin, end;
	int ret;

	migsim_cpu_time_read(&begin);
	ret = run_once(t, region, s->report);
	migsim_cpu_time_read(&end);
	t->cpu_time.busy += end.busy - begin.busy;
	t->cpu_time.stolen += end.stolen - begin.stolen;
	return ret;
}

/* -errno, or an exit code after a sentence. */
static int measure_run(struct sweep *s, size_t i, bool counts)
{
	struct region **region = &s->regions[owner_of(s, i)];
	struct trial *t = &s->trials[i];
	int ret = 0;

	if (!*region)
		ret = open_region(region, &t->shape);
	if (!ret)
		ret = busy_start(t->cfg->busy, &run_stopped);
	if (!ret)
		ret = watch_run(s, t, *region);
	busy_stop();
	if (!s->keep)
		close_regions(s);
	if (ret || !counts)
		return ret;
	if (!s->pooled[i])
		s->pooled[i] = migsim_report_new();
	if (!s->pooled[i])
		return -ENOMEM;
	return outcome_add(&s->rs->result[i], s->pooled[i], s->report, t);
}

static void shuffle_order(size_t *order, size_t n, unsigned short state[3])
{
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)nrand48(state) % i;
		size_t t = order[i - 1];

		order[i - 1] = order[j];
		order[j] = t;
	}
}

static int measure_round(struct sweep *s, unsigned int round, size_t *nr_runs)
{
	int ret = 0;

	for (size_t k = 0; k < s->plan->n && !ret; k++) {
		size_t i = s->order[k];
		const struct config *cfg = &s->plan->configs[i];

		if (round >= cfg->warmup + cfg->runs)
			continue;
		++*nr_runs;
		ret = measure_run(s, i, round >= cfg->warmup);
		progress_step(&s->progress);
	}
	return ret;
}

static int measure(struct sweep *s)
{
	uint64_t seed = s->plan->seed;
	unsigned short state[3] = { (unsigned short)seed,
				    (unsigned short)(seed >> 16),
				    (unsigned short)(seed >> 32) };
	size_t total = 0, before, done = 0;
	int ret = 0;

	for (size_t i = 0; i < s->plan->n; i++)
		total += s->plan->configs[i].warmup + s->plan->configs[i].runs;
	progress_start(&s->progress, total, s->plan->quiet);
	for (unsigned int round = 0; !ret; round++) {
		before = done;
		shuffle_order(s->order, s->plan->n, state);
		ret = measure_round(s, round, &done);
		if (done == before)
			break;
	}
	progress_end(&s->progress);
	return ret;
}

/* Results of what has samples, in the order of the command line. */
static int finish(struct sweep *s)
{
	struct outcome_doubts doubts = { .grid = s->plan->grid,
					 .calls = s->plan->calls };
	struct results *rs = s->rs;
	int ret = 0;

	for (size_t i = 0; i < s->plan->n && !ret; i++) {
		struct result *result = &rs->result[i];

		if (!result->nr_samples)
			continue;
		result->config = &s->plan->configs[i];
		ret = outcome_finish(result, &s->trials[i], s->pooled[i]);
		outcome_doubt(&doubts, result, &s->trials[i],
			      rs->sysinfo.llc_bytes);
		if (rs->n != i) {
			rs->result[rs->n] = *result;
			memset(result, 0, sizeof(*result));
		}
		rs->n++;
	}
	return ret ? ret : outcome_warn(rs, &doubts);
}

static int sweep_alloc(struct sweep *s)
{
	size_t n = s->plan->n;

	s->rs->result = calloc(n, sizeof(*s->rs->result));
	s->trials = calloc(n, sizeof(*s->trials));
	s->pooled = calloc(n, sizeof(struct migsim_report *));
	s->regions = calloc(n, sizeof(*s->regions));
	s->order = calloc(n, sizeof(*s->order));
	s->report = migsim_report_new();
	return s->rs->result && s->trials && s->pooled && s->regions &&
	       s->order && s->report ? 0 : -ENOMEM;
}

static void sweep_free(struct sweep *s)
{
	if (s->regions)
		close_regions(s);
	for (size_t i = 0; i < s->plan->n; i++) {
		if (s->trials) {
			free(s->trials[i].driver);
			load_close(s->trials[i].load);
		}
		if (s->pooled)
			migsim_report_free(s->pooled[i]);
	}
	free(s->trials);
	free(s->pooled);
	free(s->regions);
	free(s->order);
	migsim_report_free(s->report);
}

int sweep_measure(const struct plan *plan, struct results *rs)
{
	struct sweep s = { .plan = plan, .rs = rs };
	struct sigaction old[2];
	int ret, end;

	memset(rs, 0, sizeof(*rs));
	if (sweep_alloc(&s)) {
		say("out of memory");
		sweep_free(&s);
		return EXIT_FAILED;
	}
	migsim_sysinfo_read(&rs->sysinfo);
	sweep_catch_signals(old);
	ret = prepare(&s);
	if (!ret)
		ret = measure(&s);
	rs->interrupted = ret == -EINTR;
	sweep_release_signals(old);
	end = finish(&s);
	if (!ret || rs->interrupted)
		ret = end;
	if (ret < 0) {
		say("the sweep failed: %s", strerror(-ret));
		ret = EXIT_FAILED;
	}
	sweep_free(&s);
	return ret;
}
