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
#include "model/model.h"
#include "model/target.h"
#include "sys.h"

struct model_args {
	uint64_t channels;
	uint64_t fail_ppm;
	uint64_t hang_ppm;
	uint64_t seed;
};

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
	uint32_t nr_any;	/* of them, those without a lane */
	uint64_t random;
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
	caps->depth = e->channels.depth;
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
	uint64_t pages = pages_of(c->len), most = m->costs.map_pages[order];

	if (most)
		model_spend(m, COST_MAP_PAGE, pages < most ? pages : most);
	if (m->costs.map_large[order])
		model_spend(m, COST_MAP_LARGE, 1);
	if (c->piece)
		model_spend(m, COST_PIECE, 1);
}

static void submit_one(struct engine *e, const struct migsim_copy *c)
{
	unsigned int order = target_order((uintptr_t)c->dst, c->len);
	uint32_t at = entry_new(&e->channels);

	e->channels.entry[at] = (struct entry){
		.cookie = c->cookie, .len = c->len, .group = c->group,
		.lane = c->lane, .order = (uint8_t)order, .flags = fate(e),
	};
	if (!e->nr_channels) {
		model_spend_copy(e->model, pages_of(c->len));
		list_add(&e->channels, &e->channels.done, at);
		return;
	}
	map_copy(e->model, c, order);
	e->nr_any += c->lane == MIGSIM_LANE_ANY;
	list_add(&e->channels, &e->pending, at);
}

static int model_submit(void *priv, const struct migsim_copy *copies,
			uint32_t n)
{
	struct engine *e = priv;
	uint32_t i, room = e->channels.depth - e->channels.in_use;

	if (!room)
		return -EBUSY;
	if (n > room)
		n = room;
	for (i = 0; i < n; i++)
		submit_one(e, &copies[i]);
	return (int)n;
}

/* How a submission falls to channels. */
struct deal {
	uint32_t lane[MODEL_MAX_CHANNELS];	/* its channel; NO_ENTRY: none yet */
	uint32_t last[MODEL_MAX_CHANNELS];	/* entry of this submission */
	uint32_t slice, longer;	/* slices of so many; the first ones have 1 more */
	uint32_t any, left;	/* channel whose slice is dealt; copies of it left */
};

/* The channel with least to do that no other lane of this submission has. */
static uint32_t pick(const struct engine *e, const struct deal *d)
{
	const struct channel *ch = e->channels.ch;
	uint32_t i, best = 0;

	for (i = 1; i < e->nr_channels; i++) {
		bool used = d->last[i] != NO_ENTRY;
		bool best_used = d->last[best] != NO_ENTRY;

		if (used != best_used ? best_used :
		    ch[i].queued < ch[best].queued)
			best = i;
	}
	return best;
}

/* Even slices, one behind the other. */
static uint32_t next_of_slice(struct deal *d)
{
	if (!d->left) {
		d->any++;
		d->left = d->slice + (d->any < d->longer);
	}
	d->left--;
	return d->any;
}

static uint32_t channel_of(struct engine *e, struct deal *d, uint16_t lane)
{
	uint32_t *channel;

	if (lane == MIGSIM_LANE_ANY)
		return next_of_slice(d);
	channel = &d->lane[lane % e->nr_channels];
	if (*channel == NO_ENTRY)
		*channel = pick(e, d);
	return *channel;
}

/* Lanes become channels. Returns how many of them take part. */
static uint32_t deal_out(struct engine *e)
{
	struct channels *c = &e->channels;
	struct deal d = { .slice = e->nr_any / e->nr_channels,
			  .longer = e->nr_any % e->nr_channels,
			  .any = UINT32_MAX };
	uint32_t at, to, i, used = 0;

	channels_run(c, e->model->clock);
	memset(d.lane, 0xff, sizeof(d.lane));
	memset(d.last, 0xff, sizeof(d.last));
	for (at = e->pending.head; at != NO_ENTRY; at = c->entry[at].next) {
		to = channel_of(e, &d, c->entry[at].lane);
		c->entry[at].lane = (uint16_t)to;
		d.last[to] = at;
	}
	for (i = 0; i < e->nr_channels; i++) {
		if (d.last[i] == NO_ENTRY)
			continue;
		c->entry[d.last[i]].flags |= ENTRY_LAST;
		used++;
	}
	e->nr_any = 0;
	return used;
}

static void model_kick(void *priv)
{
	struct engine *e = priv;
	struct channels *c = &e->channels;
	uint32_t at, used;

	if (e->pending.head == NO_ENTRY)
		return;
	used = deal_out(e);
	model_spend(e->model, COST_CHANNEL, used);
	channels_run(c, e->model->clock);
	while ((at = list_take(c, &e->pending)) != NO_ENTRY)
		channels_queue(c, c->entry[at].lane, at);
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
	uint32_t n, at;

	if (!model_wait(e->model, deadline(e->model, timeout_ns)))
		return 0;
	for (n = 0; n < max; n++) {
		at = list_take(c, &c->done);
		if (at == NO_ENTRY)
			break;
		done[n].cookie = c->entry[at].cookie;
		done[n].status = c->entry[at].flags & ENTRY_FAILS ? -EIO : 0;
		entry_free(c, at);
	}
	if (e->model->costs.ps[COST_COMPLETION])
		model_spend(e->model, COST_COMPLETION, n);
	return (int)n;
}

/* The channel is reset: nothing of the group is written any more. */
static int model_cancel(void *priv, uint32_t group)
{
	struct engine *e = priv;

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
