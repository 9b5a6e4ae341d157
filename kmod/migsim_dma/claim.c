// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which channels a file has: taken once, given back once. Free ones first;
 * where there are too few, those of other files, which are then shared.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "bridge.h"

static bool named(const char *want, const char *channel, const char *device)
{
	return !want || !*want || !strcmp(want, channel) ||
	       !strcmp(want, device);
}

static bool driven_by(const char *want, const char *driver)
{
	return !want || !*want || !strcmp(want, driver);
}

static bool on_node(int want, int node)
{
	return want == MIGSIM_DMA_NODE_ANY || want == node;
}

static bool matches(const struct bridge_channel *c,
		    const struct migsim_dma_claim *claim)
{
	return named(claim->name, c->name, c->device) &&
	       driven_by(claim->driver, c->driver) &&
	       on_node(claim->node, c->node_id);
}

/* Its channels go with a work queue, of which no bus tells us. */
static bool goes_unseen(const struct device *dev)
{
	return !strcmp(dev_driver_string(dev), "idxd");
}

/* What the parameters of the module leave, and what can copy as we promise. */
bool bridge_can_use(struct dma_chan *chan)
{
	struct device *dev = chan->device->dev;

	return bridge_is_staying(dev) && !goes_unseen(dev) &&
	       chan->device->device_prep_dma_memcpy &&
	       chan->device->copy_align <= BRIDGE_ALIGN_SHIFT &&
	       named(bridge_name, dma_chan_name(chan), dev_name(dev)) &&
	       driven_by(bridge_driver, dev_driver_string(dev)) &&
	       on_node(bridge_node, dev_to_node(dev));
}

struct dma_chan *bridge_request(dma_filter_fn filter, void *param)
{
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	return dma_request_channel(mask, filter, param);
}

static bool filter(struct dma_chan *chan, void *param)
{
	struct device *dev = chan->device->dev;
	const struct migsim_dma_claim *claim = param;

	return bridge_can_use(chan) &&
	       named(claim->name, dma_chan_name(chan), dev_name(dev)) &&
	       driven_by(claim->driver, dev_driver_string(dev)) &&
	       on_node(claim->node, dev_to_node(dev));
}

static void add(struct bridge_file *file, struct bridge_channel *channel)
{
	struct bridge_slot *slot = &file->slots[file->nr++];

	slot->channel = channel;
	INIT_LIST_HEAD(&slot->chunks);
	INIT_LIST_HEAD(&slot->node);
	channel->users++;
}

static bool has(const struct bridge_file *file,
		const struct bridge_channel *channel)
{
	unsigned int i;

	for (i = 0; i < file->nr; i++) {
		if (file->slots[i].channel == channel)
			return true;
	}
	return false;
}

static int add_free(struct bridge_file *file, struct migsim_dma_claim *claim)
{
	struct bridge_channel *channel;
	struct dma_chan *chan;

	while (file->nr < claim->channels) {
		chan = bridge_request(filter, claim);
		if (!chan)
			return -ENODEV;
		channel = bridge_channel_new(chan);
		if (IS_ERR(channel)) {
			dma_release_channel(chan);
			return PTR_ERR(channel);
		}
		add(file, channel);
	}
	return 0;
}

static struct bridge_channel *least_used(const struct bridge_file *file,
					 const struct migsim_dma_claim *claim)
{
	struct bridge_channel *channel, *best = NULL;

	list_for_each_entry(channel, &bridge_all_channels, node) {
		if (channel->state != BRIDGE_ALIVE || has(file, channel) ||
		    !matches(channel, claim))
			continue;
		if (!best || channel->users < best->users)
			best = channel;
	}
	return best;
}

static void add_shared(struct bridge_file *file,
		       const struct migsim_dma_claim *claim)
{
	struct bridge_channel *channel;

	while (file->nr < claim->channels) {
		channel = least_used(file, claim);
		if (!channel)
			return;
		add(file, channel);
	}
}

static int read_claim(u64 addr, u32 count, struct migsim_dma_claim *claim)
{
	if (count != 1)
		return -EINVAL;
	if (copy_from_user(claim, u64_to_user_ptr(addr), sizeof(*claim)))
		return -EFAULT;
	if (claim->flags || claim->reserved || !claim->channels ||
	    claim->node < MIGSIM_DMA_NODE_ANY ||
	    strnlen(claim->driver, MIGSIM_DMA_NAME) == MIGSIM_DMA_NAME ||
	    strnlen(claim->name, MIGSIM_DMA_NAME) == MIGSIM_DMA_NAME)
		return -EINVAL;
	claim->channels = min_t(u32, claim->channels, BRIDGE_MAX_CHANNELS);
	return 0;
}

int bridge_claim(struct bridge_file *file, u64 addr, u32 count)
{
	struct migsim_dma_claim claim;
	int rc = read_claim(addr, count, &claim);

	if (rc)
		return rc;
	if (mutex_lock_killable(&file->claim))
		return -EINTR;
	rc = -EBUSY;
	if (file->nr)
		goto file;
	rc = -EINTR;
	if (mutex_lock_killable(&bridge_channels_lock))
		goto file;
	bridge_channels_sweep();
	rc = add_free(file, &claim);
	add_shared(file, &claim);
	mutex_unlock(&bridge_channels_lock);
	if (file->nr)
		rc = (int)file->nr;
file:
	mutex_unlock(&file->claim);
	return rc;
}

static bool is_busy(struct bridge_file *file)
{
	bool busy;

	spin_lock(&file->lock);
	busy = !list_empty(&file->groups);
	spin_unlock(&file->lock);
	return busy;
}

/* Not killable: a file that is closed gives back what it has. */
int bridge_release(struct bridge_file *file)
{
	int rc = 0;

	mutex_lock(&file->claim);
	if (is_busy(file)) {
		rc = -EBUSY;
		goto out;
	}
	mutex_lock(&bridge_channels_lock);
	while (file->nr)
		file->slots[--file->nr].channel->users--;
	bridge_channels_sweep();
	mutex_unlock(&bridge_channels_lock);
out:
	mutex_unlock(&file->claim);
	return rc;
}
