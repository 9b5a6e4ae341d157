/* SPDX-License-Identifier: MIT */
/*
 * Operations as arrivals on folios, in virtual time. When a call is over its
 * folios say when they were in flight (a folio that was tried twice: the last
 * time), and each thread is taken through the call: it comes every 1/rate
 * seconds; where it finds its folio in flight it waits for the remap, and comes
 * again 1/rate seconds behind that.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "load_run.h"

#define PS_PER_S	1000000000000ull
#define PS_PER_NS	1000

/* Operations between two looks at the stop flag. */
#define STRETCH		((uint64_t)1 << 16)

struct thread {
	uint64_t next;		/* ps: when it comes again */
	uint64_t random;
};

struct load_arrivals {
	uint64_t period;	/* ps */
	uint64_t *first;	/* place in list_of of the first of a part */
	uint32_t *list_of;	/* folios part by part → place in the list */
	struct thread thread[];
};

static void drop(struct load *l)
{
	if (l->arrivals) {
		free(l->arrivals->first);
		free(l->arrivals->list_of);
	}
	free(l->arrivals);
	l->arrivals = NULL;
}

/* The list deals the parts of a mix out among each other. */
static int index_mix(struct load_arrivals *a, const struct region *region)
{
	const struct region_shape *s = &region->shape;
	uint64_t next[MIGSIM_MAX_ORDER + 1], k, at = 0;
	unsigned int i;

	a->first = calloc(s->mix.n, sizeof(*a->first));
	a->list_of = calloc(s->folios, sizeof(*a->list_of));
	if (!a->first || !a->list_of)
		return -ENOMEM;
	for (i = 0; i < s->mix.n; i++) {
		next[i] = a->first[i] = at;
		at += s->part[i].folios;
	}
	for (k = 0; k < s->folios; k++) {
		for (i = 0; s->mix.part[i].order != region->folios[k].order; )
			i++;
		a->list_of[next[i]++] = (uint32_t)k;
	}
	return 0;
}

int arrivals_start(struct load *l)
{
	const struct region_shape *s = &l->region->shape;
	unsigned int n = l->words.threads, i;
	struct load_arrivals *a;
	uint64_t k;

	a = calloc(1, sizeof(*a) + n * sizeof(a->thread[0]));
	l->arrivals = a;
	if (!a || (s->mix.n > 1 && index_mix(a, l->region))) {
		drop(l);
		return -ENOMEM;
	}
	/* Another configuration, of another clock, may have used the list. */
	for (k = 0; k < s->folios; k++) {
		l->region->folios[k].unmapped = 0;
		l->region->folios[k].remapped = 0;
	}
	a->period = PS_PER_S / l->words.rate;
	for (i = 0; i < n; i++) {
		struct thread *t = &a->thread[i];

		t->random = load_seed(l, i);
		t->next = load_random(&t->random) % a->period;
	}
	return 0;
}

static const struct migsim_folio *next_folio(const struct load *l,
					     struct thread *t)
{
	const struct load_arrivals *a = l->arrivals;
	struct load_place p = load_place_of(&l->region->shape,
					    load_page(&l->pages, &t->random));

	return &l->region->folios[a->list_of ?
				  a->list_of[a->first[p.part] + p.folio] :
				  p.folio];
}

/* Every operation that comes before @end. 0 or -EINTR. */
static int run_thread(struct load *l, struct thread *t, uint64_t end)
{
	for (; t->next < end; l->count.ops++) {
		const struct migsim_folio *f = next_folio(l, t);
		uint64_t now = t->next, done = now;

		if (l->count.ops % STRETCH == 0 && *l->stop)
			return -EINTR;
		if (f->unmapped <= now && now < f->remapped) {
			done = f->remapped;
			load_times_add(&l->stalls, (done - now) / PS_PER_NS);
		}
		t->next = done + l->arrivals->period;
	}
	return 0;
}

/*
 * What comes behind the last remap cannot stall, or meets the next call; it is
 * left to that.
 */
int arrivals_call_ended(struct load *l)
{
	const struct region *region = l->region;
	uint64_t end = 0, k;
	unsigned int i;
	int ret = 0;

	for (k = 0; k < region->shape.folios; k++)
		if (region->folios[k].remapped > end)
			end = region->folios[k].remapped;
	for (i = 0; i < l->words.threads && !ret; i++)
		ret = run_thread(l, &l->arrivals->thread[i], end);
	return ret;
}

void arrivals_end(struct load *l, const struct migsim_report *report)
{
	struct migsim_summary s = { .size = sizeof(s) };
	struct load_arrivals *a = l->arrivals;
	unsigned int i;
	uint64_t end;

	migsim_report_summary(report, &s);
	end = (uint64_t)llround(s.elapsed_us * 1e6);
	for (i = 0; i < l->words.threads; i++)
		run_thread(l, &a->thread[i], end);
	l->count.seconds = s.elapsed_us * 1e-6;
	l->count.base_ops = l->words.threads * ((double)PS_PER_S /
						(double)a->period);
	l->count.base_seconds = 1;
	drop(l);
}
