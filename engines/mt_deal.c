/* SPDX-License-Identifier: MIT */
/*
 * Which thread copies what. As padata and the series' mtcopy deal: each thread
 * gets a slice of what was submitted, in order; a few folios are cut into a
 * part for each thread instead. What comes while other copies are in flight
 * goes on with the next thread: small groups would else all go to the first
 * one, and nobody would wake the others. So do lanes: the first one is another
 * thread's each time.
 */
#include "mt.h"

/*
 * Most bytes of short copies that are claimed at once, and so end together: the
 * others can be taken over by another thread.
 */
#define JOB_BYTES	((uint64_t)64 << 10)
/* A thread is not woken for less: it would come too late. */
#define LEAST_BYTES	((uint64_t)32 << 10)

/* Jobs that are being put together, one for each queue; published at the end. */
struct dealer {
	struct mt *mt;
	struct mt_job open[MT_MAX_THREADS + 1];
	uint64_t open_bytes[MT_MAX_THREADS + 1];
	uint32_t tail[MT_MAX_THREADS + 1];
};

static uint32_t next_power_of_two(uint32_t n)
{
	uint32_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

uint32_t mt_queue_room(const struct mt_args *args)
{
	uint64_t threads = args->threads, parts = args->split;

	/* auto makes a part for each thread at most. */
	if (parts == MT_SPLIT_AUTO || parts <= threads)
		return MT_DEPTH;
	return next_power_of_two((uint32_t)((parts + threads - 1) / threads *
					    MT_DEPTH));
}

static void add_job(struct dealer *d, uint32_t to, struct mt_job job)
{
	struct mt_queue *q = &d->mt->threads[to].queue;

	atomic_store_explicit(&q->job[d->tail[to]++ & q->mask],
			      mt_pack(job), memory_order_relaxed);
}

static void close_job(struct dealer *d, uint32_t to)
{
	if (d->open[to].n)
		add_job(d, to, d->open[to]);
	d->open[to].n = 0;
}

/* Can it be one job with those before? A job is cancelled as a whole. */
static bool goes_with(const struct dealer *d, const struct mt_job *job,
		      uint64_t bytes, uint32_t at, bool bound)
{
	const struct migsim_copy *copies = d->mt->copies;

	return at == (uint32_t)job->first + job->n && job->bound == bound &&
	       copies[at].group == copies[job->first].group &&
	       bytes + copies[at].len <= JOB_BYTES;
}

static void add_whole(struct dealer *d, uint32_t to, uint32_t at, bool bound)
{
	struct mt_job *job = &d->open[to];

	if (job->n && !goes_with(d, job, d->open_bytes[to], at, bound))
		close_job(d, to);
	if (!job->n) {
		*job = (struct mt_job){ .first = (uint16_t)at, .parts = 1,
					.bound = bound };
		d->open_bytes[to] = 0;
	}
	job->n++;
	d->open_bytes[to] += d->mt->copies[at].len;
}

static void add_parts(struct dealer *d, uint32_t at, uint32_t parts)
{
	struct mt *mt = d->mt;
	uint32_t p, to;

	atomic_store_explicit(&mt->states[at].parts_left, (uint8_t)parts,
			      memory_order_relaxed);
	for (p = 0; p < parts; p++) {
		to = mt->first_thread + p % mt->nr_threads;
		close_job(d, to);
		add_job(d, to, (struct mt_job){
			.first = (uint16_t)at, .n = 1, .part = (uint8_t)p,
			.parts = (uint8_t)parts });
	}
}

/* Into how many parts is this one cut, of @n that were submitted together? */
static uint32_t parts_of(const struct mt *mt, const struct migsim_copy *c,
			 uint32_t n)
{
	uint64_t parts = mt->args->split, most = c->len / MT_ALIGN;

	if (parts == MT_SPLIT_AUTO) {
		parts = n < mt->nr_threads ? mt->nr_threads : 1;
		most = c->len / LEAST_BYTES;
	}
	if (parts > MT_MAX_PARTS)
		parts = MT_MAX_PARTS;
	if (parts > most)
		parts = most;
	return parts ? (uint32_t)parts : 1;
}

static uint64_t bytes_to_deal(const struct mt *mt)
{
	uint64_t bytes = 0;
	uint32_t i;

	for (i = mt->kicked; i != mt->tail; i++)
		bytes += mt->copies[i % MT_DEPTH].len;
	return bytes;
}

static void deal_all(struct dealer *d)
{
	struct mt *mt = d->mt;
	uint32_t n = mt->tail - mt->kicked, i, parts, slice = 0, lanes = 0;
	uint64_t bytes = bytes_to_deal(mt), dealt = 0;
	uint64_t share = (bytes + mt->nr_threads - 1) / mt->nr_threads;

	if (share < LEAST_BYTES)
		share = LEAST_BYTES;
	if (mt->head == mt->kicked)
		mt->next = 0;
	for (i = mt->kicked; i != mt->tail; i++) {
		uint32_t at = i % MT_DEPTH;
		const struct migsim_copy *c = &mt->copies[at];

		slice = (uint32_t)(mt->next + dealt / share) % mt->nr_threads;
		dealt += c->len;
		if (c->lane != MIGSIM_LANE_ANY) {
			add_whole(d, mt->first_thread + (mt->next + c->lane) %
				  mt->nr_threads, at, true);
			if (lanes <= c->lane)
				lanes = c->lane + 1u;
			continue;
		}
		parts = parts_of(mt, c, n);
		if (parts > 1)
			add_parts(d, at, parts);
		else
			add_whole(d, mt->first_thread + slice, at, false);
	}
	mt->next = (lanes ? mt->next + lanes : slice + 1) % mt->nr_threads;
}

/* The threads see their jobs, and those that sleep and have some wake up. */
static void publish(struct dealer *d)
{
	struct mt *mt = d->mt;
	uint32_t t;

	for (t = mt->first_thread; t < mt_threads(mt); t++) {
		close_job(d, t);
		atomic_store(&mt->threads[t].queue.tail, d->tail[t]);
	}
	for (t = 0; t < mt_threads(mt); t++)
		if (mt->threads[t].running &&
		    atomic_load_explicit(&mt->threads[t].queue.head,
					 memory_order_relaxed) != d->tail[t])
			mt_wake(&mt->threads[t]);
}

void mt_deal(struct mt *mt)
{
	struct dealer d;
	uint32_t t;

	if (mt->kicked == mt->tail)
		return;
	d.mt = mt;
	for (t = 0; t < mt_threads(mt); t++) {
		d.open[t].n = 0;
		d.tail[t] = atomic_load_explicit(&mt->threads[t].queue.tail,
						 memory_order_relaxed);
	}
	deal_all(&d);
	publish(&d);
	mt->kicked = mt->tail;
}
