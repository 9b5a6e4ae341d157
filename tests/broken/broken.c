/* SPDX-License-Identifier: MIT */
/*
 * broken: the skeleton, with one defect. The conformance suite must see each.
 */
#define _GNU_SOURCE
#define migsim_engine skeleton_engine
#include "../../engines/skeleton/skeleton.c"
#undef migsim_engine

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

/* The words of the option, and the defects they name. */
#define BUGS(X) \
	X(none) X(lost) X(twice) X(unknown) X(cookie32) X(overfill) X(more) \
	X(beyond) X(before) X(source) X(half) X(nothing) X(early) X(aligned) \
	X(join) X(piece) X(lane) X(declines) X(fails) X(takes) X(zero) \
	X(depth) X(flags) X(sync) X(late) X(hang) X(hang_open) X(hang_close) \
	X(crash) X(crash_open) X(cpu) X(spin) \
	X(cancel_ignored) X(cancel_writes) X(cancel_all) X(cancel_error) \
	X(cancel_joined) X(stuck) X(close_writes) X(thread) X(file) X(shared) X(owner)

#define ENUM(word) BUG_##word,
#define WORD(word) #word,

enum bug { BUGS(ENUM) };

static const char *const words[] = { BUGS(WORD) NULL };

struct broken_args {
	uint64_t bug;
};

static const struct migsim_param broken_params[] = {
	{ .name = "bug", .help = "what is wrong", .type = MIGSIM_PARAM_CHOICE,
	  .choices = words, .offset = offsetof(struct broken_args, bug) },
	{ 0 },
};

#define DEPTH	256
#define EVERY	3	/* of so many calls one goes wrong */
#define GROUPS	4

struct broken {
	enum bug bug;
	void *inner;
	struct migsim_copy last;
	struct migsim_copy of_group[GROUPS];
	void *write_to;			/* at the next reap */
	struct migsim_copy tail[DEPTH];	/* its last bytes are not copied yet */
	uint32_t submitted, completed, finished, calls;
};

static void flip(const void *p)
{
	*(unsigned char *)(uintptr_t)p ^= 1;
}

static void *sleep_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *spin_for_ever(void *arg)
{
	for (;;)
		sched_yield();
	return arg;
}

static void *write_late(void *dst)
{
	const struct timespec t = { .tv_nsec = 3000000 };

	nanosleep(&t, NULL);
	flip(dst);
	return NULL;
}

static void start_thread(void *(*fn)(void *), void *arg)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, fn, arg))
		pthread_detach(thread);
}

static int open_inner(struct broken *b, const struct migsim_engine_env *env)
{
	static const struct skeleton_args args = { DEPTH };
	static void *shared;

	if (b->bug != BUG_shared)
		return skeleton_open(&b->inner, env, &args);
	if (!shared && skeleton_open(&shared, env, &args))
		return -ENOMEM;
	b->inner = shared;
	return 0;
}

static int broken_open(void **priv, const struct migsim_engine_env *env,
		       const void *args)
{
	struct broken *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (b == MAP_FAILED)
		return -ENOMEM;
	b->bug = (enum bug)((const struct broken_args *)args)->bug;
	if (b->bug == BUG_crash_open)
		flip(NULL);
	if (b->bug == BUG_hang_open)
		sleep_for_ever(NULL);
	if (b->bug == BUG_spin)
		start_thread(spin_for_ever, NULL);
	if (b->bug == BUG_thread)
		start_thread(sleep_for_ever, NULL);
	if (b->bug == BUG_file && open("/dev/null", O_RDONLY) < 0)
		return -errno;
	*priv = b;
	return open_inner(b, env);
}

static void broken_close(void *priv)
{
	struct broken *b = priv;

	if (b->bug == BUG_hang_close)
		sleep_for_ever(NULL);
	if (b->bug != BUG_shared)
		skeleton_close(b->inner);
	if (b->bug == BUG_close_writes && b->last.dst)
		start_thread(write_late, b->last.dst);
	munmap(b, sizeof(*b));
}

static void broken_caps(void *priv, struct migsim_engine_caps *caps)
{
	struct broken *b = priv;

	skeleton_caps(b->inner, caps);
	if (b->bug == BUG_depth)
		caps->depth *= 2;
	if (b->bug == BUG_flags)
		caps->flags |= 1u << 20;
	if (b->bug == BUG_sync)
		caps->flags |= MIGSIM_ENGINE_SYNC;
}

static void *round_down(const void *p)
{
	return (void *)((uintptr_t)p & ~(uintptr_t)127);
}

static void wrong_bytes(struct broken *b, struct migsim_copy *c)
{
	switch (b->bug) {
	case BUG_beyond:
		flip((char *)c->dst + c->len);
		break;
	case BUG_before:
		flip((char *)c->dst - 1);
		break;
	case BUG_source:
		flip((const char *)c->src + c->len);
		break;
	case BUG_early:
		b->tail[b->submitted % DEPTH] = *c;
		c->len -= 64;
		break;
	case BUG_half:
		c->len -= 64;
		break;
	case BUG_nothing:
		c->len = 0;
		break;
	default:
		break;
	}
}

static void misread(struct broken *b, struct migsim_copy *c)
{
	switch (b->bug) {
	case BUG_aligned:
		c->dst = round_down(c->dst);
		c->src = round_down(c->src);
		break;
	case BUG_join:
		if (c->dst == (char *)b->last.dst + b->last.len)
			c->src = (const char *)b->last.src + b->last.len;
		break;
	case BUG_piece:
		if (c->piece)
			c->len = 0;
		break;
	case BUG_cookie32:
		c->cookie = (uint32_t)c->cookie;
		break;
	default:
		break;
	}
}

static int refusal(struct broken *b, const struct migsim_copy *c)
{
	static pid_t owner;

	if (b->bug == BUG_lane && c->lane && c->lane != MIGSIM_LANE_ANY)
		return -EINVAL;
	if (b->bug != BUG_owner)
		return 0;
	if (!owner)
		owner = gettid();
	return owner == gettid() ? 0 : -EPERM;
}

static int submit_one(struct broken *b, const struct migsim_copy *copy)
{
	struct migsim_copy c = *copy;
	int err = refusal(b, &c);

	if (err)
		return err;
	wrong_bytes(b, &c);
	misread(b, &c);
	err = skeleton_submit(b->inner, &c, 1);
	if (err < 0)
		return err;
	b->last = c;
	b->of_group[c.group % GROUPS] = c;
	b->submitted++;
	return 0;
}

static int broken_submit(void *priv, const struct migsim_copy *copies,
			 uint32_t n)
{
	struct broken *b = priv;
	int err = 0;
	uint32_t i;

	if (b->bug == BUG_zero)
		return 0;
	if (b->bug == BUG_declines && !(++b->calls % EVERY))
		return -EOPNOTSUPP;
	for (i = 0; i < n && !err; i++)
		err = submit_one(b, &copies[i]);
	i -= err != 0;
	if (i && b->bug == BUG_takes)
		i++;
	return i ? (int)i : err;
}

static void broken_kick(void *priv)
{
	skeleton_kick(((struct broken *)priv)->inner);
}

/* What was reported in the last call gets its last bytes in this one. */
static void finish_tails(struct broken *b)
{
	for (; b->finished != b->completed; b->finished++) {
		struct migsim_copy *c = &b->tail[b->finished % DEPTH];

		memcpy((char *)c->dst + c->len - 64,
		       (const char *)c->src + c->len - 64, 64);
	}
}

static void before_reap(struct broken *b, uint64_t timeout_ns)
{
	const struct timespec six = { .tv_sec = 6 };

	if (b->bug == BUG_early)
		finish_tails(b);
	if (b->write_to)
		flip(b->write_to);
	b->write_to = NULL;
	if (b->bug == BUG_crash)
		flip(NULL);
	if (b->bug == BUG_late && timeout_ns)
		nanosleep(&six, NULL);
	if (b->bug == BUG_hang)
		sleep_for_ever(NULL);
}

/* Every so often the last of the completions goes wrong. */
static int spoil(struct broken *b, struct migsim_completion *done, int n)
{
	if (b->bug == BUG_twice && n > 1)
		done[n - 1] = done[0];
	if (!n || ++b->calls % EVERY)
		return n;
	switch (b->bug) {
	case BUG_lost:
		return n - 1;
	case BUG_unknown:
		done[n - 1].cookie ^= 1;
		return n;
	case BUG_fails:
		done[n - 1].status = -EIO;
		return n;
	default:
		return n;
	}
}

static int broken_reap(void *priv, struct migsim_completion *done,
		       uint32_t max, uint64_t timeout_ns)
{
	struct broken *b = priv;
	int n;

	before_reap(b, timeout_ns);
	n = skeleton_reap(b->inner, done, max, timeout_ns);
	b->completed += (uint32_t)n;
	if (b->bug == BUG_overfill)
		done[max].status = 0;
	if (b->bug == BUG_more && n)
		return (int)max + 1;
	return spoil(b, done, n);
}

static bool goes_on(const struct migsim_copy *a, const struct migsim_copy *b)
{
	return b->dst == (char *)a->dst + a->len &&
	       b->src == (const char *)a->src + a->len;
}

/* Neighbours are one job, and a job is dropped when its first copy is. */
static void drop_jobs(struct skeleton *s, uint32_t group)
{
	struct migsim_copy last = { 0 }, *c;
	bool dropped = false;
	uint64_t i;

	pthread_mutex_lock(&s->lock);
	for (i = s->completed + s->busy; i != s->written; i++) {
		c = entry(s, i);
		if (!goes_on(&last, c))
			dropped = c->group == group;
		last = *c;
		if (dropped)
			c->len = 0;
	}
	pthread_mutex_unlock(&s->lock);
}

static int broken_cancel(void *priv, uint32_t group)
{
	struct broken *b = priv;
	uint32_t g;

	switch (b->bug) {
	case BUG_cancel_ignored:
		return 0;
	case BUG_cancel_error:
		return -EIO;
	case BUG_stuck:		/* which is no defect */
		return -EINPROGRESS;
	case BUG_cancel_all:
		for (g = 0; g < 100; g++)
			skeleton_cancel(b->inner, g);
		return 0;
	case BUG_cancel_joined:
		drop_jobs(b->inner, group);
		break;
	case BUG_cancel_writes:
		b->write_to = b->of_group[group % GROUPS].dst;
		break;
	default:
		break;
	}
	return skeleton_cancel(b->inner, group);
}

static uint64_t broken_helper_cpu_ns(void *priv)
{
	struct broken *b = priv;

	if (b->bug == BUG_cpu)
		return UINT32_MAX - ++b->calls;
	return skeleton_helper_cpu_ns(b->inner);
}

extern const struct migsim_engine_ops migsim_engine;

const struct migsim_engine_ops migsim_engine = {
	.size = sizeof(migsim_engine),
	.abi = MIGSIM_ENGINE_ABI,
	.name = "broken",
	.help = "the skeleton with one defect",
	.params = broken_params,
	.args_size = sizeof(struct broken_args),
	.open = broken_open,
	.close = broken_close,
	.caps = broken_caps,
	.submit = broken_submit,
	.kick = broken_kick,
	.reap = broken_reap,
	.cancel = broken_cancel,
	.helper_cpu_ns = broken_helper_cpu_ns,
};
