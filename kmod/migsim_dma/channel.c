// SPDX-License-Identifier: GPL-2.0-only
/*
 * The channels that the bridge has taken, each with its thread.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "bridge.h"

DEFINE_MUTEX(bridge_channels_lock);
LIST_HEAD(bridge_all_channels);

static void describe(struct bridge_channel *channel)
{
	strscpy(channel->name, dma_chan_name(channel->chan),
		sizeof(channel->name));
	strscpy(channel->device, dev_name(channel->provider),
		sizeof(channel->device));
	strscpy(channel->driver, dev_driver_string(channel->provider),
		sizeof(channel->driver));
	channel->node_id = dev_to_node(channel->provider);
	channel->alone = channel->chan->device->chancnt == 1;
	/* It starts one descriptor for each issue, whatever waits. */
	channel->issue_each = !strcmp(channel->driver, "ae4dma");
}

static void init(struct bridge_channel *channel)
{
	init_waitqueue_head(&channel->wait);
	init_waitqueue_head(&channel->idle);
	init_llist_head(&channel->done);
	spin_lock_init(&channel->lock);
	INIT_LIST_HEAD(&channel->slots);
	INIT_LIST_HEAD(&channel->issued);
	INIT_LIST_HEAD(&channel->quarantined);
}

/* Owns the channel when it succeeds; bridge_channels_lock is held. */
struct bridge_channel *bridge_channel_new(struct dma_chan *chan)
{
	struct bridge_channel *channel = kzalloc(sizeof(*channel), GFP_KERNEL);
	struct task_struct *thread;

	if (!channel)
		return ERR_PTR(-ENOMEM);
	init(channel);
	channel->chan = chan;
	channel->provider = get_device(chan->device->dev);
	channel->dev = get_device(dmaengine_get_dma_device(chan));
	describe(channel);
	thread = kthread_create_on_node(bridge_thread, channel,
					channel->node_id, "migsim/%s",
					channel->name);
	if (IS_ERR(thread)) {
		put_device(channel->dev);
		put_device(channel->provider);
		kfree(channel);
		return ERR_CAST(thread);
	}
	channel->thread = thread;
	list_add_tail(&channel->node, &bridge_all_channels);
	wake_up_process(thread);
	return channel;
}

/* To dmaengine. Nothing of it is in flight. */
void bridge_give_back(struct bridge_channel *channel)
{
	if (channel->chan)
		dma_release_channel(channel->chan);
	channel->chan = NULL;
}

static void destroy(struct bridge_channel *channel)
{
	list_del(&channel->node);
	kthread_stop(channel->thread);
	bridge_give_back(channel);
	put_device(channel->dev);
	put_device(channel->provider);
	/* A callback may be on its way out. */
	kfree_rcu(channel, rcu);
}

/* Nothing of it is with the provider. */
bool bridge_is_idle(const struct bridge_channel *channel)
{
	return !atomic_read(&channel->held);
}

/* Those that nobody has; not those with a quarantine. */
void bridge_channels_sweep(void)
{
	struct bridge_channel *channel, *next;

	lockdep_assert_held(&bridge_channels_lock);
	list_for_each_entry_safe(channel, next, &bridge_all_channels, node) {
		if (!channel->users && bridge_is_idle(channel))
			destroy(channel);
	}
}

/* The thread is to look whether it still may do what it has. */
void bridge_poke(struct bridge_channel *channel)
{
	WRITE_ONCE(channel->poked, true);
	wake_up(&channel->wait);
}
