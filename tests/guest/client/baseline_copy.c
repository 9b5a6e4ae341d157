// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the bridge is measured by: the least that a client of dmaengine does for
 * the same copies of the same pages. It maps, submits all it has, waits for the
 * last one and unmaps; it has one caller, no limits and no accounts, checks no
 * copy, and survives no channel that hangs.
 */
#include <linux/dma-mapping.h>
#include <linux/ktime.h>
#include <linux/mm.h>

#include <window.h>

#include "baseline_run.h"

#define MOST_DESC	(2u << 20)

static struct device *dev_of(const struct part *part)
{
	return dmaengine_get_dma_device(part->chan);
}

/* In hard interrupt context. */
static void called_back(void *param)
{
	struct run *run = param;

	if (atomic_dec_and_test(&run->left))
		complete(&run->done);
}

static size_t bytes_of(const struct part *part)
{
	return (size_t)part->pages << PAGE_SHIFT;
}

static int map_table(struct part *part, struct side *side,
		     enum dma_data_direction dir)
{
	int rc = sg_alloc_table_from_pages_segment(
		&side->table, side->pages, part->pages, 0, bytes_of(part),
		dma_get_max_seg_size(dev_of(part)), GFP_KERNEL);

	if (rc)
		return rc;
	rc = dma_map_sgtable(dev_of(part), &side->table, dir, 0);
	if (rc)
		sg_free_table(&side->table);
	return rc;
}

static int map(struct part *part, struct side *side,
	       enum dma_data_direction dir)
{
	if (!side->is_one)
		return map_table(part, side, dir);
	side->addr = dma_map_page(dev_of(part), side->pages[0], 0,
				  bytes_of(part), dir);
	return dma_mapping_error(dev_of(part), side->addr);
}

static void unmap(struct part *part, struct side *side,
		  enum dma_data_direction dir)
{
	if (side->is_one) {
		dma_unmap_page(dev_of(part), side->addr, bytes_of(part), dir);
		return;
	}
	dma_unmap_sgtable(dev_of(part), &side->table, dir, 0);
	sg_free_table(&side->table);
}

static int submit(struct run *run, struct part *part, dma_addr_t dst,
		  dma_addr_t src, size_t len)
{
	struct dma_async_tx_descriptor *tx;

	tx = dmaengine_prep_dma_memcpy(part->chan, dst, src, len,
				       DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!tx)
		return -ENOMEM;
	tx->callback = called_back;
	tx->callback_param = run;
	atomic_inc(&run->left);
	if (dma_submit_error(dmaengine_submit(tx))) {
		atomic_dec(&run->left);
		return -EIO;
	}
	run->in.descriptors++;
	return 0;
}

/* A stretch of the bus; segments that touch are one. */
struct stretch {
	struct scatterlist *sg;
	unsigned int left;
	dma_addr_t addr;
	size_t len;
};

static void extend(struct stretch *s)
{
	while (s->left && (!s->len ||
			   sg_dma_address(s->sg) == s->addr + s->len)) {
		if (!s->len)
			s->addr = sg_dma_address(s->sg);
		s->len += sg_dma_len(s->sg);
		s->sg = sg_next(s->sg);
		s->left--;
	}
}

static struct stretch stretch(const struct part *part, const struct side *side)
{
	if (side->is_one)
		return (struct stretch){ .addr = side->addr,
					 .len = bytes_of(part) };
	return (struct stretch){ side->table.sgl, side->table.nents };
}

static int submit_all(struct run *run, struct part *part)
{
	struct stretch src = stretch(part, &part->src);
	struct stretch dst = stretch(part, &part->dst);
	size_t len;
	int rc;

	for (;;) {
		extend(&src);
		extend(&dst);
		len = min3(src.len, dst.len, (size_t)MOST_DESC);
		if (!len)
			return 0;
		rc = submit(run, part, dst.addr, src.addr, len);
		if (rc)
			return rc;
		src.addr += len;
		src.len -= len;
		dst.addr += len;
		dst.len -= len;
	}
}

static int begin(struct run *run, struct part *part)
{
	int rc = map(part, &part->src, DMA_TO_DEVICE);

	if (rc)
		return rc;
	rc = map(part, &part->dst, DMA_FROM_DEVICE);
	if (rc) {
		unmap(part, &part->src, DMA_TO_DEVICE);
		return rc;
	}
	run->mapped++;
	rc = submit_all(run, part);
	dma_async_issue_pending(part->chan);
	return rc;
}

int baseline_copy(struct run *run)
{
	unsigned int i;
	ktime_t start;
	int rc = 0;

	atomic_set(&run->left, 1);
	init_completion(&run->done);
	start = ktime_get();
	window_begin();
	for (i = 0; i < run->nr_parts && !rc; i++)
		rc = begin(run, &run->parts[i]);
	if (!atomic_dec_and_test(&run->left))
		wait_for_completion(&run->done);
	for (i = 0; i < run->mapped; i++) {
		unmap(&run->parts[i], &run->parts[i].src, DMA_TO_DEVICE);
		unmap(&run->parts[i], &run->parts[i].dst, DMA_FROM_DEVICE);
	}
	window_end();
	run->in.ns = (u64)ktime_to_ns(ktime_sub(ktime_get(), start));
	return rc;
}
