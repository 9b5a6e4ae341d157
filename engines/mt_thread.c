/* SPDX-License-Identifier: MIT */
/*
 * The threads: they claim jobs, copy, tell the caller, and wait. A thread
 * polls for a while before it sleeps, and so does the caller: to be woken takes
 * longer than many a copy.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <migsim/log.h>

#include "join.h"
#include "mt.h"

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

static void futex_wait(atomic_uint *word, uint32_t value,
		       const struct timespec *timeout)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout, NULL, 0);
}

static void futex_wake(atomic_uint *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void mt_wake(struct mt_thread *t)
{
	if (atomic_load(&t->asleep) && atomic_exchange(&t->asleep, 0))
		futex_wake(&t->asleep);
}

/* These copies have ended: the caller shall know. */
static void tell(struct mt_thread *t, uint32_t first, uint32_t n)
{
	uint32_t tail = atomic_load_explicit(&t->ended.tail,
					     memory_order_relaxed);

	t->ended.copies[tail % MT_DEPTH] = first << 16 | n;
	atomic_store(&t->ended.tail, tail + 1);
	if (atomic_load(&t->mt->waiting) &&
	    atomic_exchange(&t->mt->waiting, 0))
		futex_wake(&t->mt->waiting);
}

static bool cancelled(const struct mt *mt, uint32_t at)
{
	return atomic_load_explicit(&mt->states[at].cancelled,
				    memory_order_relaxed);
}

static uint64_t part_start(uint64_t len, uint32_t part, uint32_t parts)
{
	return part == parts ? len : len / MT_ALIGN * part / parts * MT_ALIGN;
}

static void copy_part(struct mt_thread *t, const struct mt_job *job)
{
	const struct mt *mt = t->mt;
	const struct migsim_copy *c = &mt->copies[job->first];
	uint64_t start = part_start(c->len, job->part, job->parts);
	uint64_t end = part_start(c->len, job->part + 1u, job->parts);

	if (!cancelled(mt, job->first))
		copier_copy(&mt->copier, (char *)c->dst + start,
			    (const char *)c->src + start, end - start, NULL);
	if (atomic_fetch_sub(&mt->states[job->first].parts_left, 1) == 1)
		tell(t, job->first, 1);
}

static void copy_whole(struct mt_thread *t, const struct mt_job *job)
{
	const struct mt *mt = t->mt;
	const struct migsim_copy *c = &mt->copies[job->first];
	uint32_t i, n;
	uint64_t len;

	for (i = 0; i < job->n && !cancelled(mt, job->first); i += n) {
		n = join(c + i, job->n - i, UINT64_MAX, &len);
		copier_add(&mt->copier, c[i].dst, c[i].src, len,
			   i + n < job->n ? c[i + n].src : NULL);
	}
	copier_finish();
	tell(t, job->first, job->n);
}

/* What a job is can be read before it is ours: a queue's words are atomic. */
static bool claim(struct mt_queue *q, bool own, struct mt_job *job)
{
	uint32_t head = atomic_load(&q->head);

	do {
		if (head == atomic_load(&q->tail))
			return false;
		*job = mt_unpack(atomic_load_explicit(&q->job[head & q->mask],
						      memory_order_relaxed));
		if (job->bound && !own)
			return false;
	} while (!atomic_compare_exchange_weak(&q->head, &head, head + 1));
	return true;
}

static bool claim_any(struct mt_thread *t, struct mt_job *job)
{
	struct mt *mt = t->mt;
	uint32_t n = mt_threads(mt), i;

	if (claim(&t->queue, true, job))
		return true;
	for (i = 1; i < n; i++)
		if (claim(&mt->threads[(t->index + i) % n].queue, false, job))
			return true;
	return false;
}

bool mt_work(struct mt_thread *t)
{
	struct mt_job job;

	if (!claim_any(t, &job))
		return false;
	if (job.parts > 1)
		copy_part(t, &job);
	else
		copy_whole(t, &job);
	return true;
}

static bool quits(const struct mt *mt)
{
	return atomic_load_explicit(&mt->quit, memory_order_relaxed);
}

/* True: it has worked, or shall end. */
static bool poll_for_work(struct mt_thread *t)
{
	uint64_t start = sys_ticks();

	do {
		if (mt_work(t) || quits(t->mt))
			return true;
		relax();
	} while (sys_ticks() - start < t->mt->spin_ticks);
	return false;
}

/*
 * The caller adds jobs, then looks who sleeps; we go to sleep, then look for
 * jobs. In one order of all these, one of us sees the other.
 */
static void sleep_for_work(struct mt_thread *t)
{
	atomic_store(&t->asleep, 1);
	if (mt_work(t) || atomic_load(&t->mt->quit)) {
		atomic_store(&t->asleep, 0);
		return;
	}
	while (atomic_load(&t->asleep))
		futex_wait(&t->asleep, 1, NULL);
}

static void *run(void *arg)
{
	struct mt_thread *t = arg;

	/* Of this thread alone; nobody becomes less nice. */
	if (getpriority(PRIO_PROCESS, 0) < (int)t->mt->args->nice)
		setpriority(PRIO_PROCESS, 0, (int)t->mt->args->nice);
	while (!quits(t->mt))
		if (!poll_for_work(t))
			sleep_for_work(t);
	return NULL;
}

static int bind_to_cpu(const struct mt_thread *t)
{
	size_t size = CPU_ALLOC_SIZE(t->cpu + 1);
	cpu_set_t *set = CPU_ALLOC(t->cpu + 1);
	int err;

	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(size, set);
	CPU_SET_S(t->cpu, size, set);
	err = pthread_setaffinity_np(t->thread.id, size, set);
	CPU_FREE(set);
	if (!err)
		return 0;
	migsim_log(MIGSIM_LOG_ERROR,
		   "engine mt: no thread can run on CPU %d: name CPUs that are online and allowed (taskset -p $$ shows which)",
		   t->cpu);
	return -ENODEV;
}

int mt_start(struct mt *mt)
{
	struct mt_thread *t;
	uint32_t i;
	int err;

	for (i = 1; i < mt_threads(mt); i++) {
		t = &mt->threads[i];
		err = sys_thread_start(&t->thread, run, t);
		if (err) {
			migsim_log(MIGSIM_LOG_ERROR,
				   "engine mt: %u of %u threads could be started (%s): lower threads=, or raise ulimit -u and -v",
				   i - 1, mt_threads(mt) - 1, strerror(-err));
			return err;
		}
		t->running = true;
		err = t->cpu >= 0 ? bind_to_cpu(t) : 0;
		if (err)
			return err;
	}
	return 0;
}

void mt_stop(struct mt *mt)
{
	uint32_t i;

	if (!mt->threads)
		return;
	atomic_store(&mt->quit, true);
	for (i = 1; i < mt_threads(mt); i++)
		if (mt->threads[i].running)
			mt_wake(&mt->threads[i]);
	for (i = 1; i < mt_threads(mt); i++)
		if (mt->threads[i].running)
			sys_thread_join(&mt->threads[i].thread);
}

static bool any_ended(const struct mt *mt)
{
	uint32_t i;

	for (i = 0; i < mt_threads(mt); i++)
		if (atomic_load(&mt->threads[i].ended.tail) !=
		    mt->threads[i].ended.head)
			return true;
	return false;
}

static struct timespec until(uint64_t now, uint64_t deadline)
{
	uint64_t hz = sys_ticks_per_s(), left = deadline - now;
	uint64_t most = (uint64_t)3600 * hz;

	if (left > most)
		left = most;
	return (struct timespec){
		.tv_sec = (time_t)(left / hz),
		.tv_nsec = (long)((unsigned __int128)(left % hz) * 1000000000 /
				  hz) };
}

/* False: the deadline has passed. */
static bool sleep_for_end(struct mt *mt, uint64_t deadline)
{
	uint64_t now = sys_ticks();
	struct timespec timeout;

	if (now >= deadline)
		return false;
	timeout = until(now, deadline);
	atomic_store(&mt->waiting, 1);
	if (!any_ended(mt))
		futex_wait(&mt->waiting, 1, &timeout);
	atomic_store(&mt->waiting, 0);
	return true;
}

bool mt_wait(struct mt *mt, uint64_t deadline)
{
	uint64_t start = sys_ticks(), now = start;

	while (!any_ended(mt)) {
		if (now < deadline && now - start < mt->spin_ticks)
			relax();
		else if (!sleep_for_end(mt, deadline))
			return any_ended(mt);
		now = sys_ticks();
	}
	return true;
}
