/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * migsim_swdma: dmaengine channels in software, for tests: as slow, as late and
 * as faulty as they are told to be. A channel copies one descriptor at a time.
 *
 *	prep ── submit ── issue_pending ── copied by a thread ── called back
 *	                  waiting          active                in hard interrupt
 */
#ifndef MIGSIM_SWDMA_H
#define MIGSIM_SWDMA_H

#include <linux/dmaengine.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

struct swdma_desc {
	struct dma_async_tx_descriptor tx;
	struct list_head node;
	struct llist_node done;
	dma_addr_t src;
	dma_addr_t dst;
	size_t len;
	enum dmaengine_tx_result result;
};

struct swdma_channel {
	struct dma_chan chan;
	struct task_struct *thread;
	wait_queue_head_t wait;		/* of the thread */
	wait_queue_head_t idle;		/* active has become NULL */
	spinlock_t lock;		/* all below but done */
	struct list_head submitted;
	struct list_head waiting;
	struct swdma_desc *active;
	struct swdma_desc *hung;	/* nothing else is begun */
	bool terminated;		/* the active one gets no callback */
	unsigned int slots;		/* descriptors that exist */
	unsigned int asked;		/* for one */
	u64 begun;
	struct llist_head done;
	struct irq_work interrupt;
};

struct swdma_device {
	struct dma_device dma;
	unsigned int nr;
	struct swdma_channel channels[];
};

/* main.c: parameters */
extern unsigned int swdma_latency_us, swdma_slots, swdma_refuse_every;
extern unsigned long swdma_bandwidth;
extern unsigned int swdma_fail_every, swdma_skip_every, swdma_corrupt_every;
extern unsigned int swdma_hang_every, swdma_hang_channels;
extern bool swdma_out_of_order;

static inline struct swdma_channel *to_swdma(struct dma_chan *chan)
{
	return container_of(chan, struct swdma_channel, chan);
}

/* queue.c: what a client calls */
void swdma_operations(struct dma_device *dma);
void swdma_free_list(struct swdma_channel *channel, struct list_head *descs);

/* work.c: what a channel does */
int swdma_thread(void *channel);
void swdma_interrupt(struct irq_work *work);
void swdma_unhang(struct swdma_channel *channel);

#endif
