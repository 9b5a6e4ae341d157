// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a client of dmaengine calls.
 */
#include <linux/dmaengine.h>
#include <linux/slab.h>

#include "swdma.h"

static void free_one(struct swdma_channel *channel, struct swdma_desc *d)
{
	unsigned long flags;

	kfree(d);
	spin_lock_irqsave(&channel->lock, flags);
	channel->slots--;
	spin_unlock_irqrestore(&channel->lock, flags);
}

void swdma_free_list(struct swdma_channel *channel, struct list_head *descs)
{
	struct swdma_desc *d, *next;

	list_for_each_entry_safe(d, next, descs, node)
		free_one(channel, d);
}

static dma_cookie_t submit(struct dma_async_tx_descriptor *tx)
{
	struct swdma_desc *d = container_of(tx, struct swdma_desc, tx);
	struct swdma_channel *channel = to_swdma(tx->chan);
	unsigned long flags;
	dma_cookie_t cookie;

	spin_lock_irqsave(&channel->lock, flags);
	cookie = channel->chan.cookie + 1;
	if (cookie < DMA_MIN_COOKIE)
		cookie = DMA_MIN_COOKIE;
	tx->cookie = cookie;
	channel->chan.cookie = cookie;
	list_add_tail(&d->node, &channel->submitted);
	spin_unlock_irqrestore(&channel->lock, flags);
	return cookie;
}

static bool take_slot(struct swdma_channel *channel)
{
	unsigned int most = READ_ONCE(swdma_slots);
	unsigned int refuse = READ_ONCE(swdma_refuse_every);
	unsigned long flags;
	bool room;

	spin_lock_irqsave(&channel->lock, flags);
	room = (!most || channel->slots < most) &&
	       (!refuse || ++channel->asked % refuse);
	channel->slots += room;
	spin_unlock_irqrestore(&channel->lock, flags);
	return room;
}

static struct dma_async_tx_descriptor *
prep_memcpy(struct dma_chan *chan, dma_addr_t dst, dma_addr_t src, size_t len,
	    unsigned long flags)
{
	struct swdma_channel *channel = to_swdma(chan);
	struct swdma_desc *d;

	if (!len || !take_slot(channel))
		return NULL;
	d = kzalloc(sizeof(*d), GFP_NOWAIT);
	if (!d) {
		free_one(channel, NULL);
		return NULL;
	}
	dma_async_tx_descriptor_init(&d->tx, chan);
	d->tx.flags = flags;
	d->tx.tx_submit = submit;
	d->src = src;
	d->dst = dst;
	d->len = len;
	return &d->tx;
}

static void issue_pending(struct dma_chan *chan)
{
	struct swdma_channel *channel = to_swdma(chan);
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	list_splice_tail_init(&channel->submitted, &channel->waiting);
	spin_unlock_irqrestore(&channel->lock, flags);
	wake_up(&channel->wait);
}

static enum dma_status tx_status(struct dma_chan *chan, dma_cookie_t cookie,
				 struct dma_tx_state *state)
{
	dma_cookie_t used = chan->cookie, complete = chan->completed_cookie;

	/* The cookie's order is not kept by out_of_order. */
	dma_set_tx_state(state, complete, used, 0);
	return dma_async_is_complete(cookie, complete, used);
}

/* What has not ended is forgotten; no callback comes for it. */
static int terminate_all(struct dma_chan *chan)
{
	struct swdma_channel *channel = to_swdma(chan);
	struct swdma_desc *hung;
	unsigned long flags;
	LIST_HEAD(descs);

	spin_lock_irqsave(&channel->lock, flags);
	list_splice_tail_init(&channel->submitted, &descs);
	list_splice_tail_init(&channel->waiting, &descs);
	hung = channel->hung;
	channel->hung = NULL;
	if (channel->active)
		channel->terminated = true;
	spin_unlock_irqrestore(&channel->lock, flags);
	if (hung)
		list_add(&hung->node, &descs);
	swdma_free_list(channel, &descs);
	return 0;
}

static bool is_idle(struct swdma_channel *channel)
{
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&channel->lock, flags);
	idle = !channel->active;
	spin_unlock_irqrestore(&channel->lock, flags);
	return idle;
}

static void synchronize(struct dma_chan *chan)
{
	struct swdma_channel *channel = to_swdma(chan);

	wait_event(channel->idle, is_idle(channel));
	irq_work_sync(&channel->interrupt);
}

static void free_chan_resources(struct dma_chan *chan)
{
	terminate_all(chan);
	synchronize(chan);
}

void swdma_operations(struct dma_device *dma)
{
	dma_cap_set(DMA_MEMCPY, dma->cap_mask);
	dma_cap_set(DMA_PRIVATE, dma->cap_mask);
	dma->directions = BIT(DMA_MEM_TO_MEM);
	dma->residue_granularity = DMA_RESIDUE_GRANULARITY_DESCRIPTOR;
	dma->device_free_chan_resources = free_chan_resources;
	dma->device_prep_dma_memcpy = prep_memcpy;
	dma->device_issue_pending = issue_pending;
	dma->device_tx_status = tx_status;
	dma->device_terminate_all = terminate_all;
	dma->device_synchronize = synchronize;
}
