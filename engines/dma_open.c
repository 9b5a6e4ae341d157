/* SPDX-License-Identifier: MIT */
/*
 * The bridge is opened and asked for channels; why it cannot be is said.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <migsim/log.h>

#include "dma.h"
#include "sys.h"

#define DEVICE MIGSIM_DMA_DEVICE

/* What a machine lacks is -ENODEV, -EOPNOTSUPP or -EPERM. */
static int no_device(int err)
{
	if (err == ENOENT || err == ENXIO || err == ENODEV) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "engine dma: there is no %s: build and load the module migsim_dma (kmod/README.md)",
			   DEVICE);
		return -ENODEV;
	}
	if (err == EACCES || err == EPERM) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "engine dma: %s may not be opened: it is root's, run this as root",
			   DEVICE);
		return -EPERM;
	}
	migsim_log(MIGSIM_LOG_ERROR, "engine dma: %s does not open: %s", DEVICE,
		   strerror(err));
	return -err;
}

static int no_ring(int err)
{
	if (err != -EPERM && err != -ENOSYS) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "engine dma: io_uring does not open: %s",
			   strerror(-err));
		return err;
	}
	migsim_log(MIGSIM_LOG_ERROR,
		   "engine dma: there is no io_uring here (%s): set the sysctl kernel.io_uring_disabled to 0, leave the container, or take a kernel that has it",
		   strerror(-err));
	return err == -EPERM ? -EPERM : -EOPNOTSUPP;
}

int dma_judge(int answer, const struct migsim_dma_info *info)
{
	if (answer == -EOPNOTSUPP || answer == -ENOTTY) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "engine dma: %s does not know its commands: it is not that of the module migsim_dma, or the kernel is older than 6.1",
			   DEVICE);
		return -EOPNOTSUPP;
	}
	if (answer >= (int)sizeof(info->abi) && info->abi != MIGSIM_DMA_ABI) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "engine dma: the module migsim_dma speaks version %u, this program version %u: build both from one source",
			   info->abi, MIGSIM_DMA_ABI);
		return -EOPNOTSUPP;
	}
	if (answer == (int)sizeof(*info))
		return 0;
	migsim_log(MIGSIM_LOG_ERROR,
		   "engine dma: the module migsim_dma says nothing of itself: %s",
		   answer < 0 ? strerror(-answer) : "too short an answer");
	return answer < 0 ? answer : -EIO;
}

static int ask_info(struct dma *dma)
{
	return dma_judge(dma_ask(dma, MIGSIM_DMA_OP_INFO, &dma->info,
				 sizeof(dma->info)), &dma->info);
}

static int put_name(char *to, const char *key, const char *from)
{
	if (!from || !*from)
		return 0;
	if (strlen(from) < MIGSIM_DMA_NAME) {
		strcpy(to, from);
		return 0;
	}
	migsim_log(MIGSIM_LOG_ERROR,
		   "engine dma: %s cannot be '%s': it has %d characters at most",
		   key, from, MIGSIM_DMA_NAME - 1);
	return -EINVAL;
}

static int no_channels(const struct migsim_dma_claim *want, int err)
{
	char node[32] = "";

	if (want->node != MIGSIM_DMA_NODE_ANY)
		snprintf(node, sizeof(node), " at node %d", want->node);
	if (err != -ENODEV) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "engine dma: no channel can be had: %s",
			   strerror(-err));
		return err;
	}
	migsim_log(MIGSIM_LOG_ERROR,
		   "engine dma: there is no channel%s%s%s%s%s: load the driver of the DMA engine, see /sys/class/dma, and the parameters driver, name and node of the module",
		   *want->driver ? " of driver " : "", want->driver,
		   *want->name ? " named " : "", want->name, node);
	return err;
}

/* A result for 4 channels is none for 16. */
static int claim(struct dma *dma, const struct dma_args *a)
{
	struct migsim_dma_claim want = {
		.channels = DMA_MAX_CHANNELS, .node = MIGSIM_DMA_NODE_ANY,
	};
	int err = put_name(want.driver, "driver", a->driver), got;

	if (!err)
		err = put_name(want.name, "name", a->name);
	if (err)
		return err;
	if (a->channels <= DMA_MAX_CHANNELS)
		want.channels = (uint32_t)a->channels;
	if (a->node <= INT32_MAX)
		want.node = (int32_t)a->node;
	got = dma_ask(dma, MIGSIM_DMA_OP_CLAIM, &want, 1);
	if (got <= 0)
		return no_channels(&want, got ? got : -ENODEV);
	if (a->channels <= DMA_MAX_CHANNELS && got < (int)want.channels) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "engine dma: %d of %u channels can be had: ask for no more",
			   got, want.channels);
		return -ENODEV;
	}
	return 0;
}

static const char *const checks[] = {
	[MIGSIM_DMA_CHECK_NONE] = "unchecked",
	[MIGSIM_DMA_CHECK_TAIL] = "page ends checked",
	[MIGSIM_DMA_CHECK_FULL] = "all bytes checked",
};

static bool is_new(const struct migsim_dma_channel *c, uint32_t i)
{
	uint32_t j;

	for (j = 0; j < i; j++)
		if (!strcmp(c[j].driver, c[i].driver))
			return false;
	return true;
}

/* "ptdma 16 channels, page ends checked" */
static void describe(struct dma *dma, const struct migsim_dma_channel *c)
{
	uint32_t n = dma->info.channels, check = dma->info.check, i;
	size_t room = sizeof(dma->driver), at = 0;

	for (i = 0; i < n && at < room; i++)
		if (is_new(c, i))
			at += (size_t)snprintf(dma->driver + at, room - at,
					       "%s%.31s", at ? "+" : "",
					       c[i].driver);
	if (at < room)
		snprintf(dma->driver + at, room - at, " %u channel%s, %s", n,
			 n == 1 ? "" : "s",
			 check <= MIGSIM_DMA_CHECK_FULL ? checks[check] : "?");
}

/* Those of this file come first, in the order of their index. */
static int ask_channels(struct dma *dma)
{
	size_t bytes = DMA_MAX_CHANNELS * sizeof(struct migsim_dma_channel);
	struct migsim_dma_channel *c = sys_map(bytes);
	int got;

	if (!c)
		return -ENOMEM;
	got = dma_ask(dma, MIGSIM_DMA_OP_CHANNELS, c, DMA_MAX_CHANNELS);
	if (got >= (int)dma->info.channels)
		describe(dma, c);
	sys_unmap(c, bytes);
	return got < 0 ? got : 0;
}

int dma_set_up(struct dma *dma, const struct dma_args *args)
{
	int err;

	dma->args = args;
	dma->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (dma->fd < 0)
		return no_device(errno);
	err = dma_ring_open(dma);
	if (err)
		return no_ring(err);
	err = ask_info(dma);
	if (!err)
		err = claim(dma, args);
	if (!err)
		err = ask_info(dma);
	dma->cpu_ns = dma->info.cpu_ns;
	if (!err)
		err = ask_channels(dma);
	return err;
}

/*
 * The channels are given back by word: the ring may keep the file for a while,
 * and who opens next would have to share them.
 */
void dma_tear_down(struct dma *dma)
{
	if (dma->info.channels)
		dma_ask(dma, MIGSIM_DMA_OP_RELEASE, NULL, 0);
	dma_ring_close(dma);
	if (dma->fd >= 0)
		close(dma->fd);
}
