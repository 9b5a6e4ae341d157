// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/migsim_baseline: pins what the caller names, outside of what is measured,
 * and deals it out to channels as the bridge does.
 */
#include <linux/dmaengine.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <migsim/uapi/migsim_dma.h>

#include "baseline_run.h"

#define MOST_BYTES	(1ul << 30)

static DEFINE_MUTEX(one_at_a_time);

static bool are_one(struct page **pages, unsigned int nr)
{
	unsigned int i = 1;

	while (i < nr && page_to_pfn(pages[i]) == page_to_pfn(pages[0]) + i)
		i++;
	return i == nr;
}

static void add_part(struct run *run, struct dma_chan *chan,
		     unsigned long first, unsigned int pages)
{
	struct part *part = &run->parts[run->nr_parts++];

	part->chan = chan;
	part->pages = pages;
	part->src.pages = run->src + first;
	part->dst.pages = run->dst + first;
	part->src.is_one = are_one(part->src.pages, pages);
	part->dst.is_one = are_one(part->dst.pages, pages);
}

/* A channel's share of a group: so many copies from the first on. */
static void deal_share(struct run *run, struct dma_chan *chan,
		       unsigned int first, unsigned int copies)
{
	unsigned int most = run->in.part_bytes / (unsigned int)PAGE_SIZE /
			    run->pages_each;
	unsigned int n;

	most = max(most, 1u);
	for (; copies; first += n, copies -= n) {
		n = min(most, copies);
		add_part(run, chan, (unsigned long)first * run->pages_each,
			 n * run->pages_each);
	}
}

static void deal(struct run *run)
{
	unsigned int first, copies, i, at, end, nr = run->in.channels;

	for (first = 0; first < run->in.count; first += copies) {
		copies = min(run->in.group, run->in.count - first);
		for (i = 0, at = 0; i < nr; i++, at = end) {
			end = copies * (i + 1) / nr;
			deal_share(run, run->chans[i], first + at, end - at);
		}
	}
}

static int pin(u64 addr, unsigned long pages, bool write, struct page **to,
	       unsigned long *pinned)
{
	while (pages) {
		long got = pin_user_pages_fast((unsigned long)addr, (int)pages,
					       write ? FOLL_WRITE : 0,
					       to + *pinned);

		if (got <= 0)
			return -EFAULT;
		*pinned += (unsigned long)got;
		pages -= (unsigned long)got;
		addr += (u64)got << PAGE_SHIFT;
	}
	return 0;
}

static int pin_all(struct run *run, const struct migsim_dma_copy *copies)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < run->in.count && !rc; i++) {
		if (copies[i].len != copies[0].len ||
		    (copies[i].src | copies[i].dst) % PAGE_SIZE)
			return -EINVAL;
		rc = pin(copies[i].src, run->pages_each, false, run->src,
			 &run->pinned_src);
		if (!rc)
			rc = pin(copies[i].dst, run->pages_each, true,
				 run->dst, &run->pinned_dst);
	}
	return rc;
}

static int take_channels(struct run *run)
{
	dma_cap_mask_t mask;
	unsigned int i;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	for (i = 0; i < run->in.channels; i++) {
		run->chans[i] = dma_request_channel(mask, NULL, NULL);
		if (!run->chans[i])
			return -ENODEV;
	}
	return 0;
}

static void end(struct run *run)
{
	unsigned int i;

	for (i = 0; i < MOST_CHANNELS && run->chans[i]; i++)
		dma_release_channel(run->chans[i]);
	unpin_user_pages(run->src, run->pinned_src);
	unpin_user_pages_dirty_lock(run->dst, run->pinned_dst, true);
	kvfree(run->parts);
	kvfree(run->dst);
	kvfree(run->src);
}

static int run_all(struct run *run, const struct migsim_dma_copy *copies)
{
	const struct baseline_run *in = &run->in;
	int rc;

	run->pages_each = copies[0].len / PAGE_SIZE;
	run->nr_pages = (unsigned long)run->pages_each * in->count;
	if (!run->pages_each || run->nr_pages > MOST_BYTES / PAGE_SIZE)
		return -EINVAL;
	run->src = kvcalloc(run->nr_pages, sizeof(*run->src), GFP_KERNEL);
	run->dst = kvcalloc(run->nr_pages, sizeof(*run->dst), GFP_KERNEL);
	/* A part holds a copy at least. */
	run->parts = kvcalloc(in->count, sizeof(*run->parts), GFP_KERNEL);
	rc = run->src && run->dst && run->parts ? take_channels(run) : -ENOMEM;
	if (!rc)
		rc = pin_all(run, copies);
	if (!rc) {
		deal(run);
		rc = baseline_copy(run);
	}
	end(run);
	return rc;
}

static long baseline_ioctl(struct file *filp, unsigned int op,
			   unsigned long arg)
{
	struct baseline_run __user *user = (void __user *)arg;
	struct migsim_dma_copy *copies;
	struct run run = {};
	long rc;

	if (op != BASELINE_RUN)
		return -ENOTTY;
	if (copy_from_user(&run.in, user, sizeof(run.in)))
		return -EFAULT;
	if (!run.in.count || run.in.count > 1u << 18 || !run.in.group ||
	    !run.in.channels || run.in.channels > MOST_CHANNELS)
		return -EINVAL;
	run.in.descriptors = 0;
	copies = vmemdup_user(u64_to_user_ptr(run.in.copies),
			      run.in.count * sizeof(*copies));
	if (IS_ERR(copies))
		return PTR_ERR(copies);
	mutex_lock(&one_at_a_time);
	rc = run_all(&run, copies);
	mutex_unlock(&one_at_a_time);
	kvfree(copies);
	if (!rc && copy_to_user(user, &run.in, sizeof(run.in)))
		rc = -EFAULT;
	return rc;
}

static const struct file_operations baseline_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = baseline_ioctl,
};

static struct miscdevice baseline_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "migsim_baseline",
	.fops = &baseline_fops,
	.mode = 0600,
};

module_misc_device(baseline_misc);
MODULE_DESCRIPTION("The least that copies by dmaengine cost");
MODULE_LICENSE("GPL");
