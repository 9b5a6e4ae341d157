/* SPDX-License-Identifier: MIT */
/*
 * model: copies nothing, in the time that the space's profile says. It deals a
 * submission over its channels as the series' dcbm does: even slices, one
 * behind the other, all started when the last copy has been mapped.
 */
#include <errno.h>
#include <string.h>

#include <migsim/log.h>

#include "builtin.h"
#include "model/deal.h"
#include "model/model.h"
#include "model/target.h"
#include "sys.h"

struct model_args {
	uint64_t channels;
	uint64_t fail_ppm;
	uint64_t hang_ppm;
	uint64_t seed;
	uint64_t pick;
	uint64_t turn_after;
	uint64_t turn_percent;
};

enum { PICK_PORT, PICK_FIRST };

static const char *const pick_words[] = { "port", "first", NULL };

#define PPM 1000000

static const struct migsim_param model_params[] = {
	{ .name = "channels",
	  .help = "queues that copy on their own; 0: the CPU copies; as many as the profile has when not given",
	  .offset = offsetof(struct model_args, channels),
	  .def = UINT64_MAX, .max = MODEL_MAX_CHANNELS },
	{ .name = "fail_ppm", .help = "of a million copies so many fail",
	  .offset = offsetof(struct model_args, fail_ppm), .max = PPM },
	{ .name = "hang_ppm",
	  .help = "of a million copies so many never end, and their channel hangs",
	  .offset = offsetof(struct model_args, hang_ppm), .max = PPM },
	{ .name = "seed", .help = "which copies fail or hang",
	  .offset = offsetof(struct model_args, seed), .def = 1,
	  .max = UINT64_MAX },
	{ .name = "pick",
	  .help = "of the idle channels a fan takes one on an idle port, or the first",
	  .type = MIGSIM_PARAM_CHOICE, .choices = pick_words,
	  .offset = offsetof(struct model_args, pick), .def = PICK_PORT },
	{ .name = "turn_after",
	  .help = "base pages: after so many it copies at turn_percent= of its bandwidth; 0: never",
	  .offset = offsetof(struct model_args, turn_after),
	  .max = UINT64_MAX },
	{ .name = "turn_percent", .help = "see turn_after=",
	  .offset = offsetof(struct model_args, turn_percent), .def = 50,
	  .min = 1, .max = 10000 },
	{ 0 },
};

/* Entries beyond the window: of the folio that crosses it. */
#define DEPTH_MORE	(1u << MIGSIM_MAX_ORDER)
#define DEPTH_MAX	(1u << 24)

struct engine {
	struct model *model;
	const struct model_args *args;
	struct channels channels;
	uint32_t nr_channels;	/* 0: the CPU copies */
	struct entry_list pending; /* submitted, not kicked */
	uint64_t random;
	uint64_t pages;		/* submitted */
	bool turned;		/* the bandwidth is another one */
};

static void warn_of_channels(const struct engine *e)
{
	if (e->nr_channels > e->model->costs.channels)
		migsim_log(MIGSIM_LOG_WARNING,
			   "the profile has %u channels, and %u were asked for: how they share ports and link is extrapolated",
			   e->model->costs.channels, e->nr_channels);
}

static uint32_t depth_of(const struct model *m)
{
	uint64_t depth = m->max_window + DEPTH_MORE;

	return depth < DEPTH_MAX ? (uint32_t)depth : DEPTH_MAX;
}

static void model_close(void *priv)
{
	struct engine *e = priv;

	e->model->channels = NULL;
	channels_close(&e->channels);
	sys_unmap(e, sizeof(*e));
}

static int model_open(void **priv, const struct migsim_engine_env *env,
		      const void *args)
{
	const struct model_args *a = args;
	struct engine *e;

	if (!env->space || !env->space_name ||
	    strcmp(env->space_name, "model")) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "engine model copies in virtual time only: it needs the space (backend) model");
		return -EINVAL;
	}
	if (a->fail_ppm + a->hang_ppm > PPM) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "engine model: fail_ppm and hang_ppm are more than a million together");
		return -EINVAL;
	}
	e = sys_map(sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->model = env->space;
	e->args = a;
	e->random = a->seed;
	e->pending = (struct entry_list){ NO_ENTRY, NO_ENTRY };
	e->nr_channels = a->channels > MODEL_MAX_CHANNELS ?
			 e->model->costs.channels : (uint32_t)a->channels;
	if (channels_open(&e->channels, &e->model->costs, e->nr_channels,
			  depth_of(e->model))) {
		sys_unmap(e, sizeof(*e));
		return -ENOMEM;
	}
	e->channels.pick_ports = a->pick == PICK_PORT;
	e->model->channels = &e->channels;
	warn_of_channels(e);
	*priv = e;
	return 0;
}

static void model_caps(void *priv, struct migsim_engine_caps *caps)
{
	const struct engine *e = priv;

	caps->flags = MIGSIM_ENGINE_NO_COPY | MIGSIM_ENGINE_VIRTUAL;
	if (!e->nr_channels)
		caps->flags |= MIGSIM_ENGINE_SYNC;
	caps->channels = e->nr_channels;
	caps->depth = e->channels.entries.depth;
	caps->driver = "model";
}

/* splitmix64: the next of a sequence that is the same on every machine. */
static uint64_t next_random(struct engine *e)
{
	uint64_t x = e->random += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static uint8_t fate(struct engine *e)
{
	uint64_t ppm;

	if (!e->args->fail_ppm && !e->args->hang_ppm)
		return 0;
	ppm = next_random(e) % PPM;
	if (ppm < e->args->hang_ppm)
		return ENTRY_HANGS;
	return ppm < e->args->hang_ppm + e->args->fail_ppm ? ENTRY_FAILS : 0;
}

static uint64_t pages_of(uint64_t len)
{
	return (len + MIGSIM_PAGE_SIZE - 1) / MIGSIM_PAGE_SIZE;
}

/* What mapping and submitting this copy costs the CPU. */
static void map_copy(struct model *m, const struct migsim_copy *c,
		     unsigned int order)
{
	/* A folio is mapped once, however many pieces it is copied in. */
	if (c->piece) {
		model_spend(m, COST_PIECE, 1);
		return;
	}
	if (m->costs.map_pages[order])
		model_spend(m, COST_MAP_PAGE, m->costs.map_pages[order]);
	if (m->costs.map_large[order])
		model_spend(m, COST_MAP_LARGE, 1);
}

/* The bandwidth changes, for those who want to see a policy follow. */
static void turn(struct engine *e, uint64_t pages)
{
	uint64_t *ps = e->model->costs.ps, percent = e->args->turn_percent;

	e->pages += pages;
	if (!e->args->turn_after || e->pages <= e->args->turn_after ||
	    e->turned)
		return;
	e->turned = true;
	if (e->nr_channels) {
		channels_run(&e->channels, e->model->clock);
		e->channels.percent = percent;
		channels_start(&e->channels, e->model->clock);
		return;
	}
	ps[COST_COPY] = ps[COST_COPY] * 100 / percent;
	ps[COST_COLD_COPY] = ps[COST_COLD_COPY] * 100 / percent;
}

static void submit_one(struct engine *e, const struct migsim_copy *c)
{
	unsigned int order = target_order((uintptr_t)c->dst, c->len);
	struct entry copy = {
		.cookie = c->cookie, .len = c->len, .count = 1,
		.group = c->group, .lane = c->lane, .order = (uint8_t)order,
		.flags = fate(e),
	};

	turn(e, pages_of(c->len));
	if (!e->nr_channels) {
		model_spend_copy(e->model, pages_of(c->len));
		list_add(&e->channels.entries, &e->channels.done, &copy);
		return;
	}
	map_copy(e->model, c, order);
	list_add(&e->channels.entries, &e->pending, &copy);
}

static int model_submit(void *priv, const struct migsim_copy *copies,
			uint32_t n)
{
	struct engine *e = priv;
	uint32_t i, room = e->channels.entries.depth -
			   e->channels.entries.copies;

	if (!room)
		return -EBUSY;
	if (n > room)
		n = room;
	for (i = 0; i < n; i++)
		submit_one(e, &copies[i]);
	return (int)n;
}

/* What was submitted goes to its channels, which all begin then. */
static void model_kick(void *priv)
{
	struct engine *e = priv;
	struct channels *c = &e->channels;
	struct deal d;

	if (e->pending.head == NO_ENTRY)
		return;
	channels_run(c, e->model->clock);
	deal_prepare(&d, c, &e->pending);
	model_spend(e->model, COST_CHANNEL, deal_channels(&d));
	channels_run(c, e->model->clock);
	deal_out(&d, c, &e->pending);
	channels_start(c, e->model->clock);
}

static uint64_t deadline(const struct model *m, uint64_t timeout_ns)
{
	if (timeout_ns >= (UINT64_MAX - 1 - m->clock) / PS_PER_NS)
		return UINT64_MAX - 1;
	return m->clock + timeout_ns * PS_PER_NS;
}

static int model_reap(void *priv, struct migsim_completion *done, uint32_t max,
		      uint64_t timeout_ns)
{
	struct engine *e = priv;
	struct channels *c = &e->channels;
	struct entry copy;
	uint32_t n, last = 0;

	if (!model_wait(e->model, deadline(e->model, timeout_ns)))
		return 0;
	for (n = 0; n < max && list_take(&c->entries, &c->done, 1, &copy); n++) {
		done[n].cookie = copy.cookie;
		done[n].status = copy.flags & ENTRY_FAILS ? -EIO : 0;
		last += copy.flags & ENTRY_LAST;
	}
	if (e->model->costs.ps[COST_COMPLETION])
		model_spend(e->model, COST_COMPLETION,
			    e->model->costs.per_group ? last : n);
	return (int)n;
}

/* The channel is reset: nothing of the group is written any more. */
static int model_cancel(void *priv, uint32_t group)
{
	struct engine *e = priv;

	list_drop_group(&e->channels.entries, &e->pending, group);
	channels_cancel(&e->channels, group, e->model->clock);
	return 0;
}

const struct migsim_engine_ops engine_model = {
	.size = sizeof(struct migsim_engine_ops),
	.abi = MIGSIM_ENGINE_ABI,
	.name = "model",
	.help = "channels that are computed from a cost profile, in virtual time",
	.needs = "the space (backend) model",
	.params = model_params,
	.args_size = sizeof(struct model_args),
	.open = model_open,
	.close = model_close,
	.caps = model_caps,
	.submit = model_submit,
	.kick = model_kick,
	.reap = model_reap,
	.cancel = model_cancel,
};
