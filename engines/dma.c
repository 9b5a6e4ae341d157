/* SPDX-License-Identifier: MIT */
/*
 * dma: the DMA engines of the machine copy, through /dev/migsim_dma
 * (kmod/migsim_dma, migsim/uapi/migsim_dma.h) and io_uring.
 */
#include <errno.h>

#include "builtin.h"
#include "dma.h"
#include "sys.h"

static const char *const yes_no[] = { "no", "yes", NULL };

static const struct migsim_param dma_params[] = {
	{ .name = "channels", .help = "that copy; all: as many as can be had",
	  .offset = offsetof(struct dma_args, channels),
	  .def = UINT64_MAX, .def_text = "all", .min = 1,
	  .max = DMA_MAX_CHANNELS },
	{ .name = "driver", .help = "only channels of this driver: ptdma",
	  .type = MIGSIM_PARAM_TEXT,
	  .offset = offsetof(struct dma_args, driver) },
	{ .name = "name",
	  .help = "only this channel or this device: dma0chan3, 0000:c2:00.2",
	  .type = MIGSIM_PARAM_TEXT,
	  .offset = offsetof(struct dma_args, name) },
	{ .name = "node", .help = "only channels of devices at this node",
	  .offset = offsetof(struct dma_args, node),
	  .def = UINT64_MAX, .def_text = "any", .max = 1023 },
	{ .name = "split",
	  .help = "copies may be cut, so that a few use all channels",
	  .type = MIGSIM_PARAM_CHOICE, .choices = yes_no,
	  .offset = offsetof(struct dma_args, split) },
	{ .name = "command",
	  .help = "bytes that are pinned together, and wake a caller who sleeps together; of copies for one lane all of a group are",
	  .offset = offsetof(struct dma_args, command),
	  .def = 2 << 20, .min = 4096, .max = 1 << 30 },
	{ .name = "spin_us",
	  .help = "us that a caller who waits polls before it sleeps; with one CPU it does not poll",
	  .offset = offsetof(struct dma_args, spin_us), .def = 50,
	  .max = 1000000 },
	{ 0 },
};

static void dma_free(struct dma *dma)
{
	sys_unmap(dma->copies, DMA_ROOM * sizeof(*dma->copies));
	sys_unmap(dma->slots, DMA_ROOM * sizeof(*dma->slots));
	sys_unmap(dma->commands, DMA_COMMANDS * sizeof(*dma->commands));
	sys_unmap(dma, sizeof(*dma));
}

static struct dma *dma_alloc(void)
{
	struct dma *dma = sys_map(sizeof(*dma));

	if (!dma)
		return NULL;
	dma->fd = -1;
	dma->copies = sys_map(DMA_ROOM * sizeof(*dma->copies));
	dma->slots = sys_map(DMA_ROOM * sizeof(*dma->slots));
	dma->commands = sys_map(DMA_COMMANDS * sizeof(*dma->commands));
	if (dma->copies && dma->slots && dma->commands)
		return dma;
	dma_free(dma);
	return NULL;
}

/* On the only CPU it would keep from it those who copy. */
static uint64_t spin_ticks(const struct dma_args *args)
{
	return sys_one_cpu() ? 0 : args->spin_us * (sys_ticks_per_s() / 1000000);
}

static int dma_open(void **priv, const struct migsim_engine_env *env,
		    const void *args)
{
	struct dma *dma = dma_alloc();
	int err;

	(void)env;
	if (!dma)
		return -ENOMEM;
	dma->spin_ticks = spin_ticks(args);
	err = dma_set_up(dma, args);
	if (err) {
		dma_tear_down(dma);
		dma_free(dma);
		return err;
	}
	*priv = dma;
	return 0;
}

/* Where a command would still be out the kernel would still have our memory. */
static void dma_close(void *priv)
{
	struct dma *dma = priv;
	bool drained = dma_drain(dma);

	dma_tear_down(dma);
	if (drained)
		dma_free(dma);
}

/* Of the kernel's threads; what they did before was not for us. */
static uint64_t dma_helper_cpu_ns(void *priv)
{
	struct dma *dma = priv;
	struct migsim_dma_info info;

	if (dma_ask(dma, MIGSIM_DMA_OP_INFO, &info, sizeof(info)) ==
	    (int)sizeof(info))
		dma->cpu_ns = info.cpu_ns;
	return dma->cpu_ns - dma->info.cpu_ns;
}

static uint32_t most_copies(const struct dma *dma)
{
	uint64_t n = 4 * (uint64_t)dma->info.max_copies;

	return n < DMA_ROOM ? (uint32_t)n : DMA_ROOM;
}

static void dma_caps(void *priv, struct migsim_engine_caps *caps)
{
	const struct dma *dma = priv;

	caps->channels = dma->info.channels;
	caps->depth = most_copies(dma);
	caps->driver = dma->driver;
}

static bool can_take(const struct dma *dma, const struct migsim_copy *c)
{
	return c->len <= dma->info.max_bytes && c->len <= UINT32_MAX;
}

static void take(struct dma *dma, const struct migsim_copy *c)
{
	uint32_t at = dma->tail++ % DMA_ROOM;

	dma->slots[at] = (struct dma_slot){
		.cookie = c->cookie, .group = c->group, .lane = c->lane,
	};
	dma->copies[at] = (struct migsim_dma_copy){
		.dst = (uintptr_t)c->dst, .src = (uintptr_t)c->src,
		.len = (uint32_t)c->len, .status = MIGSIM_DMA_PENDING,
	};
}

static int dma_submit(void *priv, const struct migsim_copy *copies, uint32_t n)
{
	struct dma *dma = priv;
	uint32_t used = dma->tail - dma->head, most = most_copies(dma), i;

	if (used >= most)
		return -EBUSY;
	if (n > most - used)
		n = most - used;
	for (i = 0; i < n && can_take(dma, &copies[i]); i++)
		take(dma, &copies[i]);
	return i ? (int)i : -EOPNOTSUPP;
}

static void dma_kick(void *priv)
{
	struct dma *dma = priv;

	dma_make(dma);
	dma_issue(dma);
}

const struct migsim_engine_ops engine_dma = {
	.size = sizeof(struct migsim_engine_ops),
	.abi = MIGSIM_ENGINE_ABI,
	.name = "dma",
	.help = "DMA engines copy: PTDMA, or another that dmaengine copies memory with",
	.needs = "the module migsim_dma, a DMA engine, io_uring, root",
	.params = dma_params,
	.args_size = sizeof(struct dma_args),
	.open = dma_open,
	.close = dma_close,
	.caps = dma_caps,
	.submit = dma_submit,
	.kick = dma_kick,
	.reap = dma_reap,
	.cancel = dma_cancel,
	.helper_cpu_ns = dma_helper_cpu_ns,
};
