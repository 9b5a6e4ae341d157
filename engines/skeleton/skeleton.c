/* SPDX-License-Identifier: MIT */
/*
 * skeleton: an engine to begin with. It copies right, asynchronously and
 * slowly; a thread plays the device. Where a driver for real hardware (DSA,
 * SDXI, PTDMA, a GPU) does something else a comment begins with HARDWARE.
 *
 *	submit	writes descriptors into a ring; the device does not see them yet
 *	kick	rings the doorbell: the device may read up to here
 *	reap	reads completion records, or sleeps until there are some
 *
 * Positions in the ring, which are too long to wrap around:
 *
 *	reaped <= completed <= rung <= written <= reaped + depth
 *
 * It needs the headers of libmigsim and nothing else: what loads it may be
 * linked with the library in any way. An engine that is made for programs which
 * use the shared library may also call migsim_log(), to say in a sentence why
 * it does not open.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <migsim/engine.h>

#define NS_PER_S	1000000000L
#define MAX_DEPTH	4096

struct skeleton_args {
	uint64_t depth;
};

static const struct migsim_param skeleton_params[] = {
	{ .name = "depth", .help = "descriptors in the ring",
	  .offset = offsetof(struct skeleton_args, depth), .def = 256,
	  .min = 1, .max = MAX_DEPTH },
	{ 0 },
};

struct skeleton {
	pthread_mutex_t lock;	/* of everything below */
	pthread_cond_t doorbell;
	pthread_cond_t record;	/* a copy has ended */
	pthread_t device;
	bool quit;
	bool busy;		/* the device copies ring[completed] */
	uint32_t depth;
	uint64_t reaped, completed, rung, written;
	struct migsim_copy ring[MAX_DEPTH];
};

static struct migsim_copy *entry(struct skeleton *s, uint64_t i)
{
	return &s->ring[i % s->depth];
}

/* HARDWARE: there is no such function, this is what the device does. */
static void *device(void *priv)
{
	struct skeleton *s = priv;
	struct migsim_copy c;

	pthread_mutex_lock(&s->lock);
	while (!s->quit) {
		if (s->completed == s->rung) {
			pthread_cond_wait(&s->doorbell, &s->lock);
			continue;
		}
		c = *entry(s, s->completed);
		s->busy = true;
		pthread_mutex_unlock(&s->lock);
		memcpy(c.dst, c.src, c.len);
		pthread_mutex_lock(&s->lock);
		s->busy = false;
		s->completed++;
		pthread_cond_broadcast(&s->record);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* A thread of an engine takes none of the application's signals. */
static int start_device(struct skeleton *s)
{
	sigset_t all, was;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	err = pthread_create(&s->device, NULL, device, s);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	return -err;
}

/*
 * Between submit and reap the application's heap may be out of reach, so not
 * malloc(), which shares its pages. HARDWARE: find and open the device here,
 * near env->from or env->to, and map the ring for it; -ENODEV when there is no
 * device, -EPERM when it may not be used.
 */
static int skeleton_open(void **priv, const struct migsim_engine_env *env,
			 const void *args)
{
	const struct skeleton_args *a = args;
	struct skeleton *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_condattr_t attr;
	int err;

	(void)env;
	if (s == MAP_FAILED)
		return -ENOMEM;
	s->depth = (uint32_t)a->depth;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->doorbell, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->record, &attr);
	pthread_condattr_destroy(&attr);
	err = start_device(s);
	if (err)
		munmap(s, sizeof(*s));
	else
		*priv = s;
	return err;
}

/* No copy may write when this returns: the device is stopped first. */
static void skeleton_close(void *priv)
{
	struct skeleton *s = priv;

	pthread_mutex_lock(&s->lock);
	s->quit = true;
	pthread_cond_signal(&s->doorbell);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->device, NULL);
	pthread_cond_destroy(&s->record);
	pthread_cond_destroy(&s->doorbell);
	pthread_mutex_destroy(&s->lock);
	munmap(s, sizeof(*s));
}

static void skeleton_caps(void *priv, struct migsim_engine_caps *caps)
{
	const struct skeleton *s = priv;

	caps->channels = 1;
	caps->depth = s->depth;
	caps->driver = "one thread that plays a device";
}

/*
 * HARDWARE: fills descriptors. With several channels a copy goes to the one
 * that its lane names, modulo their number, or wherever there is room. A
 * device that cannot take addresses of this process declines (-EOPNOTSUPP).
 */
static int skeleton_submit(void *priv, const struct migsim_copy *copies,
			   uint32_t n)
{
	struct skeleton *s = priv;
	uint32_t i, room;

	pthread_mutex_lock(&s->lock);
	room = s->depth - (uint32_t)(s->written - s->reaped);
	if (n > room)
		n = room;
	for (i = 0; i < n; i++)
		*entry(s, s->written++) = copies[i];
	pthread_mutex_unlock(&s->lock);
	return n ? (int)n : -EBUSY;
}

/* HARDWARE: one write of the doorbell register. */
static void skeleton_kick(void *priv)
{
	struct skeleton *s = priv;

	pthread_mutex_lock(&s->lock);
	s->rung = s->written;
	pthread_cond_signal(&s->doorbell);
	pthread_mutex_unlock(&s->lock);
}

static struct timespec deadline(uint64_t timeout_ns)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)(timeout_ns / NS_PER_S);
	t.tv_nsec += (long)(timeout_ns % NS_PER_S);
	if (t.tv_nsec >= NS_PER_S) {
		t.tv_sec++;
		t.tv_nsec -= NS_PER_S;
	}
	return t;
}

/*
 * HARDWARE: looks at completion records, and waits for the next one by
 * polling, by UMWAIT, or by the interrupt's eventfd. An error in a record
 * becomes the status of its copy: the CPU copies that one again.
 */
static int skeleton_reap(void *priv, struct migsim_completion *done,
			 uint32_t max, uint64_t timeout_ns)
{
	struct timespec end = deadline(timeout_ns);
	struct skeleton *s = priv;
	uint32_t n = 0;
	int err = 0;

	pthread_mutex_lock(&s->lock);
	while (timeout_ns && !err && s->reaped == s->completed)
		err = pthread_cond_timedwait(&s->record, &s->lock, &end);
	while (n < max && s->reaped != s->completed) {
		done[n].cookie = entry(s, s->reaped++)->cookie;
		done[n++].status = 0;
	}
	pthread_mutex_unlock(&s->lock);
	return (int)n;
}

/*
 * Those before the position keep their order; it moves down by the copies of
 * the group that lie below it.
 */
static uint64_t without(struct skeleton *s, uint32_t group, uint64_t position)
{
	uint64_t i, gone = 0;

	for (i = s->reaped; i != position; i++)
		gone += entry(s, i)->group == group;
	return position - gone;
}

/*
 * HARDWARE: where a channel cannot be stopped, -EINPROGRESS: the targets are
 * then set apart for good.
 */
static int skeleton_cancel(void *priv, uint32_t group)
{
	struct skeleton *s = priv;
	uint64_t i, kept, completed, rung;

	pthread_mutex_lock(&s->lock);
	while (s->busy && entry(s, s->completed)->group == group)
		pthread_cond_wait(&s->record, &s->lock);
	completed = without(s, group, s->completed);
	rung = without(s, group, s->rung);
	for (i = kept = s->reaped; i != s->written; i++)
		if (entry(s, i)->group != group)
			*entry(s, kept++) = *entry(s, i);
	s->completed = completed;
	s->rung = rung;
	s->written = kept;
	pthread_mutex_unlock(&s->lock);
	return 0;
}

/* HARDWARE: a device burns no CPU; leave this out. */
static uint64_t skeleton_helper_cpu_ns(void *priv)
{
	struct skeleton *s = priv;
	struct timespec t;
	clockid_t clock;

	if (pthread_getcpuclockid(s->device, &clock) ||
	    clock_gettime(clock, &t))
		return 0;
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* What the loader looks for: the one symbol that this object needs to show. */
extern const struct migsim_engine_ops migsim_engine;

const struct migsim_engine_ops migsim_engine = {
	.size = sizeof(migsim_engine),
	.abi = MIGSIM_ENGINE_ABI,
	.name = "skeleton",
	.help = "an engine to begin with: a thread plays the device",
	.params = skeleton_params,
	.args_size = sizeof(struct skeleton_args),
	.open = skeleton_open,
	.close = skeleton_close,
	.caps = skeleton_caps,
	.submit = skeleton_submit,
	.kick = skeleton_kick,
	.reap = skeleton_reap,
	.cancel = skeleton_cancel,
	.helper_cpu_ns = skeleton_helper_cpu_ns,
};
