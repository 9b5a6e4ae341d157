// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client of dmaengine that tells what dmatest does not: what each copy was
 * reported as, beside whether its bytes arrived, and how long all took. It runs
 * when it is loaded; then its parameters hold what came of it.
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>

static char *device = "";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "Name of the device to use (default: any)");
static unsigned int channels = 1;
module_param(channels, uint, 0444);
MODULE_PARM_DESC(channels, "Channels, each on its own (default: 1)");
static unsigned int copies = 8;
module_param(copies, uint, 0444);
MODULE_PARM_DESC(copies, "Copies for each channel (default: 8, at most 16)");
static unsigned int size = 4096;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "Bytes of a copy (default: 4096)");
static unsigned int timeout_ms = 10000;
module_param(timeout_ms, uint, 0444);
MODULE_PARM_DESC(timeout_ms, "Wait for all of them (default: 10000)");
static bool unmap_early;
module_param(unmap_early, bool, 0444);
MODULE_PARM_DESC(unmap_early, "Unmap the destination at once, which is wrong");

static unsigned int noerror, errors, late, good, bad;
static unsigned long elapsed_ns;
module_param(noerror, uint, 0444);
MODULE_PARM_DESC(noerror, "Copies that were reported as done");
module_param(errors, uint, 0444);
MODULE_PARM_DESC(errors, "Copies that were reported as failed");
module_param(late, uint, 0444);
MODULE_PARM_DESC(late, "Copies that were not reported in time");
module_param(good, uint, 0444);
MODULE_PARM_DESC(good, "Copies whose bytes all arrived");
module_param(bad, uint, 0444);
MODULE_PARM_DESC(bad, "Copies whose bytes did not all arrive");
module_param(elapsed_ns, ulong, 0444);
MODULE_PARM_DESC(elapsed_ns, "From the first issue to the last report");

enum state { WAITING, NOERROR, FAILED };

struct copy {
	struct dma_chan *chan;
	void *src, *dst;
	dma_addr_t src_dma, dst_dma;
	enum state state;
};

static struct copy *all;
static struct dma_chan **chans;
static atomic_t left;
static ktime_t last;
static DECLARE_COMPLETION(done);

static struct device *dev_of(struct copy *c)
{
	return dmaengine_get_dma_device(c->chan);
}

static void unmap_dst(struct copy *c)
{
	if (c->dst_dma)
		dma_unmap_single(dev_of(c), c->dst_dma, size, DMA_FROM_DEVICE);
	c->dst_dma = 0;
}

static void unmap(struct copy *c)
{
	if (c->src_dma)
		dma_unmap_single(dev_of(c), c->src_dma, size, DMA_TO_DEVICE);
	c->src_dma = 0;
	unmap_dst(c);
}

static int map(struct copy *c)
{
	c->src_dma = dma_map_single(dev_of(c), c->src, size, DMA_TO_DEVICE);
	if (dma_mapping_error(dev_of(c), c->src_dma)) {
		c->src_dma = 0;
		return -ENOMEM;
	}
	c->dst_dma = dma_map_single(dev_of(c), c->dst, size, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev_of(c), c->dst_dma)) {
		c->dst_dma = 0;
		return -ENOMEM;
	}
	return 0;
}

static int make(struct copy *c, struct dma_chan *chan, u32 seed)
{
	u32 *word, i;

	c->chan = chan;
	c->src = alloc_pages_exact(size, GFP_KERNEL);
	c->dst = alloc_pages_exact(size, GFP_KERNEL | __GFP_ZERO);
	if (!c->src || !c->dst)
		return -ENOMEM;
	/* No two words are alike, and none is 0 as the destination is. */
	for (word = c->src, i = 0; i < size / 4; i++)
		word[i] = (seed << 20 | i) + 1;
	return map(c);
}

/* Called in hard interrupt context. */
static void reported(void *param, const struct dmaengine_result *result)
{
	struct copy *c = param;

	c->state = result->result == DMA_TRANS_NOERROR ? NOERROR : FAILED;
	if (!atomic_dec_and_test(&left))
		return;
	last = ktime_get();
	complete(&done);
}

static int submit(struct copy *c)
{
	struct dma_async_tx_descriptor *tx;

	tx = dmaengine_prep_dma_memcpy(c->chan, c->dst_dma, c->src_dma, size,
				       DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!tx)
		return -ENOMEM;
	tx->callback_result = reported;
	tx->callback_param = c;
	return dma_submit_error(dmaengine_submit(tx));
}

static void judge(void)
{
	struct copy *c;

	for (c = all; c < all + channels * copies; c++) {
		enum state state = READ_ONCE(c->state);

		noerror += state == NOERROR;
		errors += state == FAILED;
		late += state == WAITING;
		if (state == WAITING)
			continue;
		unmap(c);
		if (memcmp(c->src, c->dst, size))
			bad++;
		else
			good++;
	}
}

static int run(void)
{
	unsigned int i, n = channels * copies;
	ktime_t begin;
	int err = 0;

	for (i = 0; i < n && !err; i++)
		err = make(all + i, chans[i % channels], i);
	if (err)
		return err;
	atomic_set(&left, (int)n);
	/* Nothing is on its way yet: here an error can still be unwound. */
	for (i = 0; i < n && !err; i++)
		err = submit(all + i);
	if (err) {
		for (i = 0; i < channels; i++)
			dmaengine_terminate_sync(chans[i]);
		return err;
	}
	begin = ktime_get();
	for (i = 0; i < channels; i++)
		dma_async_issue_pending(chans[i]);
	for (i = 0; i < n && unmap_early; i++)
		unmap_dst(all + i);
	if (wait_for_completion_timeout(&done, msecs_to_jiffies(timeout_ms)))
		elapsed_ns = (unsigned long)ktime_to_ns(ktime_sub(last, begin));
	judge();
	return 0;
}

static bool is_wanted(struct dma_chan *chan, void *unused)
{
	return !*device || !strcmp(device, dev_name(chan->device->dev));
}

static int take_channels(void)
{
	dma_cap_mask_t mask;
	unsigned int i;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	for (i = 0; i < channels; i++) {
		chans[i] = dma_request_channel(mask, is_wanted, NULL);
		if (!chans[i])
			return -ENODEV;
	}
	return 0;
}

static void put_away(void)
{
	unsigned int i;

	for (i = 0; all && i < channels * copies; i++) {
		if (all[i].chan)
			unmap(all + i);
		if (all[i].src)
			free_pages_exact(all[i].src, size);
		if (all[i].dst)
			free_pages_exact(all[i].dst, size);
	}
	for (i = 0; chans && i < channels && chans[i]; i++)
		dma_release_channel(chans[i]);
	kfree(chans);
	kfree(all);
}

static int __init client_init(void)
{
	int err = -EINVAL;

	if (!channels || channels > 256 || !copies || copies > 16 ||
	    !size || size > SZ_4M || size % 4)
		return err;
	chans = kcalloc(channels, sizeof(*chans), GFP_KERNEL);
	all = kcalloc((size_t)channels * copies, sizeof(*all), GFP_KERNEL);
	err = chans && all ? take_channels() : -ENOMEM;
	if (!err)
		err = run();
	/* A copy that never came back may still be written: keep its pages, its
	 * channel, and the code that it reports to.
	 */
	if (late)
		__module_get(THIS_MODULE);
	else
		put_away();
	return err;
}

static void __exit client_exit(void)
{
}

module_init(client_init);
module_exit(client_exit);
MODULE_DESCRIPTION("What a dmaengine channel reports, and what it does");
MODULE_LICENSE("GPL");
