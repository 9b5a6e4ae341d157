/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "load_run.h"
#include "outcome.h"

int load_open(struct load **l, const struct config *c)
{
	*l = NULL;
	if (!c->load.threads)
		return 0;
	*l = calloc(1, sizeof(**l));
	if (!*l)
		return -ENOMEM;
	(*l)->words = c->load;
	(*l)->seed = c->seed;
	return 0;
}

void load_close(struct load *l)
{
	free(l);
}

struct load_place load_place_of(const struct region_shape *shape,
				uint64_t page)
{
	unsigned int i = 0, order = shape->mix.part[0].order;

	while (page >= shape->part[i].folios << order) {
		page -= shape->part[i].folios << order;
		order = shape->mix.part[++i].order;
	}
	return (struct load_place){
		.part = i, .folio = page >> order,
		.page = page & (((uint64_t)1 << order) - 1),
	};
}

uint64_t load_seed(const struct load *l, unsigned int thread)
{
	uint64_t state = l->seed;

	state = load_random(&state) + thread;
	return load_random(&state);
}

static uint64_t pages_of(const struct region_shape *shape)
{
	uint64_t pages = 0;
	unsigned int i;

	for (i = 0; i < shape->mix.n; i++)
		pages += shape->part[i].folios << shape->mix.part[i].order;
	return pages;
}

int load_start(struct load *l, const struct region *region,
	       const atomic_int *stop)
{
	if (!l)
		return 0;
	l->region = region;
	l->stop = stop;
	l->count = (struct load_count){ 0 };
	l->stalls = (struct load_times){ 0 };
	load_pages_init(&l->pages, l->words.pattern, pages_of(&region->shape));
	return region->shape.virtual ? arrivals_start(l) : crowd_start(l);
}

void load_call_begins(struct load *l)
{
	if (l && l->crowd)
		crowd_call_begins(l->crowd);
}

int load_call_ended(struct load *l)
{
	if (l && l->arrivals)
		return arrivals_call_ended(l);
	if (l && l->crowd)
		crowd_call_ended(l);
	return 0;
}

void load_end(struct load *l, const struct migsim_report *report)
{
	if (l && l->arrivals)
		arrivals_end(l, report);
	if (l && l->crowd)
		crowd_end(l);
}

void load_take(struct load *l, struct sample *sample)
{
	sample->ops_per_s = sample->baseline_ops_per_s = NAN;
	if (!l || !(l->count.seconds > 0))
		return;
	sample->ops_per_s = (double)l->count.ops / l->count.seconds;
	sample->baseline_ops_per_s = l->count.base_ops / l->count.base_seconds;
	load_times_merge(&l->taken, &l->stalls);
}

void load_stalls(const struct load *l, struct migsim_latency *stalls)
{
	*stalls = (struct migsim_latency){ 0 };
	if (l)
		load_times_latency(&l->taken, stalls);
}

int load_warn(struct results *rs)
{
	size_t i;

	for (i = 0; i < rs->n; i++) {
		const struct config *c = rs->result[i].config;

		if (config_is_model(c) || !rs->result[i].ops_per_s.n ||
		    c->load.threads + c->busy < rs->sysinfo.cpus)
			continue;
		return outcome_say(rs,
			"The threads of the load and the one that migrates are "
			"more than the CPUs: stalls hold the wait for a CPU, and "
			"operations are lost to the migrating thread.");
	}
	return 0;
}
