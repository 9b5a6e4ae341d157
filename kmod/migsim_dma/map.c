// SPDX-License-Identifier: GPL-2.0-only
/*
 * From pages to descriptors. Pages that lie beside each other are one segment,
 * as far as the device takes segments; and segments that lie beside each other
 * on the bus, which behind an IOMMU most do, are one descriptor.
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "bridge.h"

/* Walks over the pages of one side of a chunk. */
struct segments {
	struct scatterlist *sg;		/* the last one; NULL: only count */
	unsigned int nr;
	unsigned int most;		/* bytes in one */
	unsigned int len;		/* of the last one */
	unsigned long next;		/* frame that would be its next */
	bool whole;			/* it ends with its page */
};

static void segment(struct segments *s, struct page *page, unsigned int offset,
		    unsigned int len)
{
	if (s->nr && s->whole && !offset && page_to_pfn(page) == s->next &&
	    s->len + len <= s->most) {
		s->len += len;
		if (s->sg)
			s->sg->length = s->len;
	} else {
		if (s->sg && s->nr)
			s->sg = sg_next(s->sg);
		if (s->sg)
			sg_set_page(s->sg, page, len, offset);
		s->len = len;
		s->nr++;
	}
	s->next = page_to_pfn(page) + 1;
	s->whole = offset + len == PAGE_SIZE;
}

static unsigned int walk(struct bridge_chunk *chunk, bool write,
			 struct scatterlist *sg)
{
	struct page **page = write ? chunk->dst.pages : chunk->src.pages;
	struct segments s = { .sg = sg };
	struct bridge_piece *p;

	s.most = dma_get_max_seg_size(chunk->channel->dev);
	for (p = chunk->first; p; p = p->next) {
		u64 addr = (write ? p->copy->dst : p->copy->src) + p->offset;
		unsigned int offset = offset_in_page(addr), len;
		u32 left = p->len;

		while (left) {
			len = min_t(u32, left, PAGE_SIZE - offset);
			segment(&s, *page++, offset, len);
			left -= len;
			offset = 0;
		}
	}
	return s.nr;
}

static int map_side(struct bridge_chunk *chunk, bool write)
{
	struct sg_table *table = write ? &chunk->sg_dst : &chunk->sg_src;
	int rc = sg_alloc_table(table, walk(chunk, write, NULL), GFP_KERNEL);

	if (rc)
		return rc;
	walk(chunk, write, table->sgl);
	rc = dma_map_sgtable(chunk->channel->dev, table,
			     write ? DMA_FROM_DEVICE : DMA_TO_DEVICE, 0);
	if (rc)
		sg_free_table(table);
	return rc;
}

static void unmap_side(struct bridge_chunk *chunk, bool write)
{
	struct sg_table *table = write ? &chunk->sg_dst : &chunk->sg_src;

	dma_unmap_sgtable(chunk->channel->dev, table,
			  write ? DMA_FROM_DEVICE : DMA_TO_DEVICE, 0);
	sg_free_table(table);
}

/* A stretch of the bus, made of segments. */
struct stretch {
	struct scatterlist *sg;		/* behind it */
	unsigned int sg_left;		/* segments from there on */
	dma_addr_t addr;
	u64 len;
};

static void extend(struct stretch *s)
{
	while (s->sg_left && (!s->len ||
			      sg_dma_address(s->sg) == s->addr + s->len)) {
		if (!s->len)
			s->addr = sg_dma_address(s->sg);
		s->len += sg_dma_len(s->sg);
		s->sg = sg_next(s->sg);
		s->sg_left--;
	}
}

static void cut(struct stretch *s, u32 len)
{
	s->addr += len;
	s->len -= len;
}

static void make_descs(struct bridge_chunk *chunk, u32 most)
{
	struct stretch src = { chunk->sg_src.sgl, chunk->sg_src.nents };
	struct stretch dst = { chunk->sg_dst.sgl, chunk->sg_dst.nents };
	u64 left = chunk->bytes;

	while (left) {
		struct bridge_desc *d = &chunk->descs[chunk->nr_descs++];

		extend(&src);
		extend(&dst);
		d->chunk = chunk;
		d->src = src.addr;
		d->dst = dst.addr;
		d->len = (u32)min3(src.len, dst.len, (u64)most);
		cut(&src, d->len);
		cut(&dst, d->len);
		left -= d->len;
	}
}

static u32 desc_bytes(void)
{
	u32 most = READ_ONCE(bridge_desc_bytes) & ~(BRIDGE_ALIGN - 1);

	return most ? clamp_t(u32, most, PAGE_SIZE, 1u << 30) : 1u << 30;
}

/* Every descriptor ends where a segment does, or is as long as may be. */
static size_t most_descs(const struct bridge_chunk *chunk, u32 most)
{
	return (size_t)chunk->sg_src.nents + chunk->sg_dst.nents +
	       (size_t)(chunk->bytes / most) + 1;
}

int bridge_map(struct bridge_chunk *chunk)
{
	u32 most = desc_bytes();
	int rc = map_side(chunk, false);

	if (rc)
		return rc;
	rc = map_side(chunk, true);
	if (rc)
		goto src;
	chunk->descs = kvcalloc(most_descs(chunk, most),
				sizeof(*chunk->descs), GFP_KERNEL);
	if (!chunk->descs) {
		rc = -ENOMEM;
		goto dst;
	}
	make_descs(chunk, most);
	chunk->mapped = true;
	atomic_inc(&chunk->channel->held);
	return 0;
dst:
	unmap_side(chunk, true);
src:
	unmap_side(chunk, false);
	return rc;
}

void bridge_unmap(struct bridge_chunk *chunk)
{
	if (!chunk->mapped)
		return;
	unmap_side(chunk, true);
	unmap_side(chunk, false);
	chunk->mapped = false;
}

static int count_device(struct device *dev, void *nr)
{
	++*(unsigned int *)nr;
	return 0;
}

/* Devices that an IOMMU does not tell apart have one space of addresses. */
static bool has_own_addresses(struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);
	unsigned int nr = 0;

	if (!group)
		return false;
	iommu_group_for_each_dev(group, &nr, count_device);
	iommu_group_put(group);
	return nr == 1;
}

/*
 * Does a device that is out of control lose the pages by the unmap? It takes an
 * IOMMU without a flush queue; and nobody else with the same addresses, another
 * channel of the device or another device, to whom they could be given with
 * other pages behind them.
 */
bool bridge_unmap_revokes(struct bridge_channel *channel)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(channel->dev);

	return domain && domain->type == IOMMU_DOMAIN_DMA && channel->alone &&
	       has_own_addresses(channel->dev);
}
