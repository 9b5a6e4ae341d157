/* SPDX-License-Identifier: MIT */
/*
 * mt: threads copy, beside the caller or with it. Copies that were submitted
 * together are dealt out at the kick (mt_deal.c); each ends on its own.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "builtin.h"
#include "mt.h"

static const char *const yes_no[] = { "no", "yes", NULL };
static const char *const places[] = {
	[MT_SPREAD] = "spread", [MT_PACK] = "pack", [MT_SOURCE] = "source",
	[MT_TARGET] = "target", [MT_ANYWHERE] = "anywhere", NULL
};

static const struct migsim_param mt_params[] = {
	{ .name = "threads", .help = "that copy, the caller included",
	  .offset = offsetof(struct mt_args, threads),
	  .def = 2, .min = 1, .max = MT_MAX_THREADS },
	{ .name = "caller", .help = "the calling thread copies too",
	  .type = MIGSIM_PARAM_CHOICE, .choices = yes_no, .def = 1,
	  .offset = offsetof(struct mt_args, caller) },
	{ .name = "split",
	  .help = "parts that each folio is cut into; auto: where fewer folios than threads come at once, one for each thread, of 32K at least",
	  .offset = offsetof(struct mt_args, split),
	  .def = MT_SPLIT_AUTO, .def_text = "auto", .min = 1,
	  .max = MT_MAX_PARTS },
	{ .name = "place",
	  .help = "on which CPUs: spread over last-level caches, packed into few, on the source's or the target's node, or wherever the scheduler likes",
	  .type = MIGSIM_PARAM_CHOICE, .choices = places, .def = MT_SPREAD,
	  .offset = offsetof(struct mt_args, place) },
	{ .name = "cpus", .help = "on these CPUs, instead of place: 2+3+8-11",
	  .type = MIGSIM_PARAM_TEXT, .offset = offsetof(struct mt_args, cpus) },
	{ .name = "nice", .help = "nice value of the threads, not the caller's",
	  .offset = offsetof(struct mt_args, nice), .max = 19 },
	{ .name = "spin_us",
	  .help = "us that a thread without work, and a caller that waits, poll before they sleep; with one CPU they do not poll",
	  .offset = offsetof(struct mt_args, spin_us), .def = 50,
	  .max = 1000000 },
	ROUTINE_PARAMS(struct mt_args),
	{ 0 },
};

static void mt_close(void *priv)
{
	struct mt *mt = priv;
	uint32_t n = mt_threads(mt), room = mt_queue_room(mt->args), i;

	mt_stop(mt);
	for (i = 0; i < n && mt->threads; i++) {
		sys_unmap(mt->threads[i].queue.job, room * sizeof(uint64_t));
		sys_unmap(mt->threads[i].ended.copies,
			  MT_DEPTH * sizeof(uint32_t));
	}
	sys_unmap(mt->threads, n * sizeof(*mt->threads));
	sys_unmap(mt->copies, MT_DEPTH * sizeof(*mt->copies));
	sys_unmap(mt->states, MT_DEPTH * sizeof(*mt->states));
	sys_unmap(mt->ready, MT_DEPTH * sizeof(*mt->ready));
	sys_unmap(mt, sizeof(*mt));
}

static int make_thread(struct mt *mt, uint32_t i)
{
	uint32_t room = mt_queue_room(mt->args);
	struct mt_thread *t = &mt->threads[i];

	t->mt = mt;
	t->index = i;
	t->cpu = -1;
	t->queue.job = sys_map(room * sizeof(uint64_t));
	t->queue.mask = room - 1;
	t->ended.copies = sys_map(MT_DEPTH * sizeof(uint32_t));
	return t->queue.job && t->ended.copies ? 0 : -ENOMEM;
}

static int make_all(struct mt *mt)
{
	uint32_t n = mt_threads(mt), i;
	int err = 0;

	mt->copies = sys_map(MT_DEPTH * sizeof(*mt->copies));
	mt->states = sys_map(MT_DEPTH * sizeof(*mt->states));
	mt->ready = sys_map(MT_DEPTH * sizeof(*mt->ready));
	mt->threads = sys_map(n * sizeof(*mt->threads));
	if (!mt->copies || !mt->states || !mt->ready || !mt->threads)
		return -ENOMEM;
	for (i = 0; i < n && !err; i++)
		err = make_thread(mt, i);
	return err;
}

/*
 * Where all share one CPU, who polls keeps it from those who copy. Threads that
 * were given CPUs by name may have others.
 */
static uint64_t spin_ticks(const struct mt_args *a)
{
	if (!a->cpus && sys_one_cpu())
		return 0;
	return a->spin_us * (sys_ticks_per_s() / 1000000);
}

static int mt_open(void **priv, const struct migsim_engine_env *env,
		   const void *args)
{
	const struct mt_args *a = args;
	struct mt *mt = sys_map(sizeof(*mt));
	int err;

	if (!mt)
		return -ENOMEM;
	mt->args = a;
	mt->nr_threads = (uint32_t)a->threads;
	mt->first_thread = a->caller ? 0 : 1;
	mt->spin_ticks = spin_ticks(a);
	err = copier_init(&mt->copier, a->routine, a->prefetch);
	if (!err)
		err = make_all(mt);
	if (!err)
		err = mt_place(mt, env);
	if (!err)
		err = mt_start(mt);
	if (err) {
		mt_close(mt);
		return err;
	}
	snprintf(mt->driver, sizeof(mt->driver), "%u %s%s", mt->nr_threads,
		 a->caller ? "with the caller; " : "beside the caller; ",
		 copier_name(&mt->copier));
	*priv = mt;
	return 0;
}

static void mt_caps(void *priv, struct migsim_engine_caps *caps)
{
	const struct mt *mt = priv;

	caps->channels = mt->nr_threads;
	caps->depth = MT_DEPTH;
	caps->driver = mt->driver;
}

static int mt_submit(void *priv, const struct migsim_copy *copies, uint32_t n)
{
	struct mt *mt = priv;
	uint32_t room = MT_DEPTH - (mt->tail - mt->head), i, at;

	if (!room)
		return -EBUSY;
	if (n > room)
		n = room;
	for (i = 0; i < n; i++) {
		at = (mt->tail + i) % MT_DEPTH;
		mt->copies[at] = copies[i];
		mt->states[at].ended = false;
		atomic_store_explicit(&mt->states[at].cancelled, false,
				      memory_order_relaxed);
	}
	mt->tail += n;
	return (int)n;
}

static void mt_kick(void *priv)
{
	mt_deal(priv);
}

static uint64_t mt_helper_cpu_ns(void *priv)
{
	const struct mt *mt = priv;
	struct timespec used;
	uint64_t ns = 0;
	clockid_t clock;
	uint32_t i;

	for (i = 1; i < mt_threads(mt); i++)
		if (!pthread_getcpuclockid(mt->threads[i].thread.id, &clock) &&
		    !clock_gettime(clock, &used))
			ns += (uint64_t)used.tv_sec * 1000000000 +
			      (uint64_t)used.tv_nsec;
	return ns;
}

const struct migsim_engine_ops engine_mt = {
	.size = sizeof(struct migsim_engine_ops),
	.abi = MIGSIM_ENGINE_ABI,
	.name = "mt",
	.help = "several threads copy, with the calling one or beside it",
	.params = mt_params,
	.args_size = sizeof(struct mt_args),
	.open = mt_open,
	.close = mt_close,
	.caps = mt_caps,
	.submit = mt_submit,
	.kick = mt_kick,
	.reap = mt_reap,
	.cancel = mt_cancel,
	.helper_cpu_ns = mt_helper_cpu_ns,
};
