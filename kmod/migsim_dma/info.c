// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the bridge is, and which channels there are.
 */
#include <linux/device.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "bridge.h"

/* More are counted, not described. */
#define MAX_ENTRIES	1024u

int bridge_info(struct bridge_file *file, u64 addr, u32 size)
{
	struct migsim_dma_info info = {
		.abi = MIGSIM_DMA_ABI,
		.align = BRIDGE_ALIGN,
		.max_channels = BRIDGE_MAX_CHANNELS,
		.max_copies = READ_ONCE(bridge_max_copies),
		.max_in_flight = min(READ_ONCE(bridge_max_in_flight),
				     READ_ONCE(bridge_max_all)),
		.timeout_ms = READ_ONCE(bridge_timeout_ms),
		.check = READ_ONCE(bridge_check),
	};
	unsigned int i;

	info.max_bytes = min_t(u64, READ_ONCE(bridge_max_bytes),
			       info.max_in_flight);
	if (mutex_lock_killable(&file->claim))
		return -EINTR;
	info.channels = file->nr;
	info.cpu_ns = (u64)atomic64_read(&file->cmd_ns);
	for (i = 0; i < file->nr; i++) {
		const struct bridge_channel *channel = file->slots[i].channel;

		info.cpu_ns += READ_ONCE(channel->thread->se.sum_exec_runtime);
		if (READ_ONCE(channel->state) != BRIDGE_ALIVE)
			info.dead++;
	}
	mutex_unlock(&file->claim);
	size = min_t(u32, size, sizeof(info));
	if (copy_to_user(u64_to_user_ptr(addr), &info, size))
		return -EFAULT;
	return (int)size;
}

struct listing {
	struct migsim_dma_channel *entries;
	u32 max;
	u32 nr;
};

static struct migsim_dma_channel *next_entry(struct listing *l)
{
	static struct migsim_dma_channel none;
	u32 i = l->nr++;

	return i < l->max ? &l->entries[i] : &none;
}

static void list_taken(struct listing *l, const struct bridge_channel *c,
		       int index)
{
	struct migsim_dma_channel *e = next_entry(l);

	memcpy(e->name, c->name, sizeof(e->name));
	memcpy(e->device, c->device, sizeof(e->device));
	memcpy(e->driver, c->driver, sizeof(e->driver));
	e->node = c->node_id;
	e->index = index;
	e->state = READ_ONCE(c->state) == BRIDGE_ALIVE ? MIGSIM_DMA_TAKEN :
							 MIGSIM_DMA_DEAD;
}

/* Is asked about every channel that is free, and takes none. */
static bool list_free(struct dma_chan *chan, void *param)
{
	struct device *dev = chan->device->dev;
	struct migsim_dma_channel *e;

	if (!bridge_can_use(chan))
		return false;
	e = next_entry(param);
	strscpy(e->name, dma_chan_name(chan), sizeof(e->name));
	strscpy(e->device, dev_name(dev), sizeof(e->device));
	strscpy(e->driver, dev_driver_string(dev), sizeof(e->driver));
	e->node = dev_to_node(dev);
	e->index = -1;
	e->state = MIGSIM_DMA_FREE;
	return false;
}

static bool has(const struct bridge_file *file, const struct bridge_channel *c)
{
	unsigned int i;

	for (i = 0; i < file->nr; i++) {
		if (file->slots[i].channel == c)
			return true;
	}
	return false;
}

static void list_all(struct bridge_file *file, struct listing *l)
{
	struct bridge_channel *c;
	unsigned int i;

	for (i = 0; i < file->nr; i++)
		list_taken(l, file->slots[i].channel, (int)i);
	list_for_each_entry(c, &bridge_all_channels, node) {
		if (!has(file, c))
			list_taken(l, c, -1);
	}
	bridge_request(list_free, l);
}

int bridge_channels(struct bridge_file *file, u64 addr, u32 count)
{
	struct listing l = { .max = min(count, MAX_ENTRIES) };
	int rc = -EINTR;
	u32 n;

	l.entries = kvcalloc(max(l.max, 1u), sizeof(*l.entries), GFP_KERNEL);
	if (!l.entries)
		return -ENOMEM;
	if (mutex_lock_killable(&file->claim))
		goto free;
	if (mutex_lock_killable(&bridge_channels_lock))
		goto file;
	list_all(file, &l);
	rc = (int)l.nr;
	mutex_unlock(&bridge_channels_lock);
file:
	mutex_unlock(&file->claim);
	n = min(l.nr, l.max);
	if (rc > 0 && copy_to_user(u64_to_user_ptr(addr), l.entries,
				   n * sizeof(*l.entries)))
		rc = -EFAULT;
free:
	kvfree(l.entries);
	return rc;
}
