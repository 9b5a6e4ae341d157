// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a channel does: copies, or does not.
 */
#include <linux/dma-direct.h>
#include <linux/hrtimer.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "swdma.h"

/* Between two looks whether others want the CPU. */
#define STEP	(64u << 10)

static bool is_due(u64 nr, unsigned int every)
{
	return every && !(nr % every);
}

static void copy(struct device *dev, const struct swdma_desc *d)
{
	const char *src = phys_to_virt(dma_to_phys(dev, d->src));
	char *dst = phys_to_virt(dma_to_phys(dev, d->dst));
	size_t at, len;

	for (at = 0; at < d->len; at += len) {
		len = min_t(size_t, d->len - at, STEP);
		memcpy(dst + at, src + at, len);
		cond_resched();
	}
}

static void corrupt(struct device *dev, const struct swdma_desc *d)
{
	char *dst = phys_to_virt(dma_to_phys(dev, d->dst));

	dst[d->len / 3] ^= 1;
}

static void perform(struct swdma_channel *channel, struct swdma_desc *d, u64 nr)
{
	struct device *dev = channel->chan.device->dev;

	if (is_due(nr, READ_ONCE(swdma_fail_every))) {
		d->result = DMA_TRANS_WRITE_FAILED;
		return;
	}
	if (is_due(nr, READ_ONCE(swdma_skip_every)))
		return;
	copy(dev, d);
	if (is_due(nr, READ_ONCE(swdma_corrupt_every)))
		corrupt(dev, d);
}

static void sleep_until(ktime_t when)
{
	/* Wakeups that are not ours come early. */
	while (ktime_before(ktime_get(), when) && !kthread_should_stop()) {
		set_current_state(TASK_IDLE);
		schedule_hrtimeout(&when, HRTIMER_MODE_ABS);
	}
	__set_current_state(TASK_RUNNING);
}

static bool hangs(const struct swdma_channel *channel, u64 nr)
{
	unsigned int channels = READ_ONCE(swdma_hang_channels);

	return is_due(nr, READ_ONCE(swdma_hang_every)) &&
	       (!channels || (unsigned int)channel->chan.chan_id < channels);
}

static u64 duration(size_t len)
{
	unsigned long bandwidth = READ_ONCE(swdma_bandwidth);
	u64 ns = (u64)READ_ONCE(swdma_latency_us) * NSEC_PER_USEC;

	return bandwidth ? ns + mul_u64_u64_div_u64(len, NSEC_PER_SEC,
						    bandwidth) : ns;
}

/* The next to be copied; NULL: none, or the channel hangs. */
static struct swdma_desc *begin(struct swdma_channel *channel, u64 *nr)
{
	struct swdma_desc *d = NULL;

	spin_lock_irq(&channel->lock);
	if (!channel->hung && !list_empty(&channel->waiting)) {
		d = READ_ONCE(swdma_out_of_order) ?
			list_last_entry(&channel->waiting, struct swdma_desc,
					node) :
			list_first_entry(&channel->waiting, struct swdma_desc,
					 node);
		list_del(&d->node);
		*nr = ++channel->begun;
		if (hangs(channel, *nr)) {
			channel->hung = d;
			d = NULL;
		}
		channel->active = d;
	}
	spin_unlock_irq(&channel->lock);
	return d;
}

static void end(struct swdma_channel *channel, struct swdma_desc *d)
{
	bool forget;

	spin_lock_irq(&channel->lock);
	forget = channel->terminated;
	channel->terminated = false;
	if (!forget)
		llist_add(&d->done, &channel->done);
	else
		channel->slots--;
	spin_unlock_irq(&channel->lock);
	if (forget)
		kfree(d);
	else
		irq_work_queue(&channel->interrupt);
	spin_lock_irq(&channel->lock);
	channel->active = NULL;
	/* Too late for this one; the next owner's is not meant. */
	channel->terminated = false;
	spin_unlock_irq(&channel->lock);
	wake_up_all(&channel->idle);
}

static bool has_work(struct swdma_channel *channel)
{
	return kthread_should_stop() ||
	       (!READ_ONCE(channel->hung) &&
		!list_empty_careful(&channel->waiting));
}

int swdma_thread(void *arg)
{
	struct swdma_channel *channel = arg;
	struct swdma_desc *d;
	ktime_t when;
	u64 nr;

	while (!kthread_should_stop()) {
		wait_event_idle(channel->wait, has_work(channel));
		d = begin(channel, &nr);
		if (!d)
			continue;
		when = ktime_add_ns(ktime_get(), duration(d->len));
		perform(channel, d, nr);
		sleep_until(when);
		end(channel, d);
	}
	return 0;
}

/* As a driver's interrupt handler, in hard interrupt context. */
void swdma_interrupt(struct irq_work *work)
{
	struct swdma_channel *channel = container_of(work, struct swdma_channel,
						     interrupt);
	struct llist_node *done =
		llist_reverse_order(llist_del_all(&channel->done));
	struct swdma_desc *d, *next;

	llist_for_each_entry_safe(d, next, done, done) {
		struct dmaengine_result result = { .result = d->result };
		struct dma_async_tx_descriptor *tx = &d->tx;

		channel->chan.completed_cookie = tx->cookie;
		if (tx->callback_result)
			tx->callback_result(tx->callback_param, &result);
		else if (tx->callback)
			tx->callback(tx->callback_param);
		spin_lock(&channel->lock);
		channel->slots--;
		spin_unlock(&channel->lock);
		kfree(d);
	}
}

/* It is copied now, when its client may long have given it up. */
void swdma_unhang(struct swdma_channel *channel)
{
	spin_lock_irq(&channel->lock);
	if (channel->hung) {
		list_add(&channel->hung->node, &channel->waiting);
		channel->hung = NULL;
	}
	spin_unlock_irq(&channel->lock);
	wake_up(&channel->wait);
}
