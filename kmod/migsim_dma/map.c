// SPDX-License-Identifier: GPL-2.0-only
/*
 * From pages to descriptors. A run of pages is mapped as it is, several as a
 * table, in segments as long as the device takes them; and segments that lie
 * beside each other on the bus, which behind an IOMMU most do, are one
 * descriptor.
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "bridge.h"

static struct bridge_mapping *mapping(struct bridge_chunk *chunk, bool write)
{
	return write ? &chunk->map_dst : &chunk->map_src;
}

static struct bridge_pins *pins(struct bridge_chunk *chunk, bool write)
{
	return write ? &chunk->dst : &chunk->src;
}

static enum dma_data_direction direction(bool write)
{
	return write ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
}

/*
 * The segments of a side. They end with a page, or with the run: where an IOMMU
 * maps them, they can lie beside each other.
 */
static unsigned int segments(const struct bridge_pins *pins, u32 most,
			     struct scatterlist *sg)
{
	const struct bio_vec *run = pins->runs, *end = run + pins->nr;
	unsigned int nr = 0;

	for (; run < end; run++) {
		u32 at = run->bv_offset, stop = at + run->bv_len, len;
		unsigned long frame = page_to_pfn(run->bv_page);

		for (; at < stop; at += len, nr++) {
			len = min_t(u32, stop - at, most - offset_in_page(at));
			if (!sg)
				continue;
			sg_set_page(sg, pfn_to_page(frame + (at >> PAGE_SHIFT)),
				    len, offset_in_page(at));
			sg = sg_next(sg);
		}
	}
	return nr;
}

static int map_table(struct device *dev, const struct bridge_pins *pins,
		     struct sg_table *table, enum dma_data_direction dir)
{
	size_t seg = min3((size_t)dma_get_max_seg_size(dev),
			  dma_max_mapping_size(dev), (size_t)SZ_1G);
	u32 most = max_t(u32, PAGE_SIZE, (u32)(seg & PAGE_MASK));
	int rc = sg_alloc_table(table, segments(pins, most, NULL), GFP_KERNEL);

	if (rc)
		return rc;
	segments(pins, most, table->sgl);
	rc = dma_map_sgtable(dev, table, dir, 0);
	if (rc) {
		sg_free_table(table);
		table->nents = 0;
	}
	return rc;
}

static int map_side(struct bridge_chunk *chunk, bool write)
{
	struct bridge_mapping *m = mapping(chunk, write);
	const struct bridge_pins *p = pins(chunk, write);
	struct device *dev = chunk->channel->dev;

	if (p->nr > 1 || p->runs->bv_len > dma_max_mapping_size(dev))
		return map_table(dev, p, &m->table, direction(write));
	m->addr = dma_map_page(dev, p->runs->bv_page, p->runs->bv_offset,
			       p->runs->bv_len, direction(write));
	return dma_mapping_error(dev, m->addr);
}

static void unmap_side(struct bridge_chunk *chunk, bool write)
{
	struct bridge_mapping *m = mapping(chunk, write);
	struct device *dev = chunk->channel->dev;

	if (m->table.nents) {
		dma_unmap_sgtable(dev, &m->table, direction(write), 0);
		sg_free_table(&m->table);
	} else {
		dma_unmap_page(dev, m->addr, pins(chunk, write)->runs->bv_len,
			       direction(write));
	}
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

static struct stretch stretch(struct bridge_chunk *chunk, bool write)
{
	const struct bridge_mapping *m = mapping(chunk, write);

	if (m->table.nents)
		return (struct stretch){ m->table.sgl, m->table.nents };
	return (struct stretch){ .addr = m->addr, .len = chunk->bytes };
}

/*
 * What is cut ends with a page of the target: every piece that has a part in it
 * has an end there, too, that the check looks at. On the bus pages lie as in
 * memory, but for swiotlb's.
 */
static u32 desc_len(const struct stretch *src, const struct stretch *dst,
		    u32 most)
{
	u64 len = min(src->len, dst->len);

	if (len > most)
		len = most - offset_in_page(dst->addr + most);
	return (u32)len;
}

static void make_descs(struct bridge_chunk *chunk, u32 most)
{
	struct stretch src = stretch(chunk, false), dst = stretch(chunk, true);
	u64 left = chunk->bytes;

	while (left) {
		struct bridge_desc *d = &chunk->descs[chunk->nr_descs++];

		extend(&src);
		extend(&dst);
		d->chunk = chunk;
		d->src = src.addr;
		d->dst = dst.addr;
		d->len = desc_len(&src, &dst, most);
		d->error = 0;
		cut(&src, d->len);
		cut(&dst, d->len);
		left -= d->len;
	}
}

static u32 desc_bytes(void)
{
	u32 most = READ_ONCE(bridge_desc_bytes);

	return most ? clamp_t(u32, most & PAGE_MASK, PAGE_SIZE, SZ_1G) : SZ_1G;
}

/*
 * Every descriptor ends where a segment does, or is cut: the first one of a
 * stretch perhaps by less than a page too early, which makes one more.
 */
static size_t most_descs(const struct bridge_chunk *chunk, u32 most)
{
	size_t cuts = (size_t)DIV_ROUND_UP_ULL(chunk->bytes, most);

	return (size_t)chunk->map_src.table.nents + chunk->map_dst.table.nents +
	       (cuts > 1 ? 2 * cuts : 1);
}

int bridge_map(struct bridge_chunk *chunk)
{
	u32 most = desc_bytes();
	int rc = map_side(chunk, false);
	size_t nr;

	if (rc)
		return rc;
	rc = map_side(chunk, true);
	if (rc)
		goto src;
	nr = most_descs(chunk, most);
	chunk->descs = nr == 1 ? &chunk->one :
		kvmalloc_array(nr, sizeof(*chunk->descs), GFP_KERNEL);
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
