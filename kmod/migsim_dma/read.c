// SPDX-License-Identifier: GPL-2.0-only
/*
 * The array of a COPY is read once, and every field of it judged, before
 * anything is done.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "bridge.h"

static bool is_range(u64 addr, u64 len)
{
	return !(addr % BRIDGE_ALIGN) && addr == (unsigned long)addr &&
	       access_ok(u64_to_user_ptr(addr), len);
}

static bool overlap(const struct migsim_dma_copy *c)
{
	return c->dst < c->src ? c->src - c->dst < c->len :
				 c->dst - c->src < c->len;
}

static int judge(const struct migsim_dma_copy *c, unsigned int channels)
{
	if (c->flags || c->reserved || c->status != MIGSIM_DMA_PENDING)
		return -EINVAL;
	if (!c->len || c->len % BRIDGE_ALIGN)
		return -EINVAL;
	if (c->channel >= channels && c->channel != MIGSIM_DMA_CHANNEL_ANY)
		return -EINVAL;
	if (c->dst % BRIDGE_ALIGN || c->src % BRIDGE_ALIGN)
		return -EINVAL;
	if (!is_range(c->dst, c->len) || !is_range(c->src, c->len))
		return -EFAULT;
	return overlap(c) ? -EINVAL : 0;
}

static int take(struct bridge_group *group, const struct migsim_dma_copy *in)
{
	u64 most = min3(READ_ONCE(bridge_max_bytes),
			READ_ONCE(bridge_max_in_flight),
			READ_ONCE(bridge_max_all));
	u32 i;
	int rc;

	for (i = 0; i < group->count; i++) {
		struct bridge_copy *copy = &group->copies[i];

		rc = judge(&in[i], group->file->nr);
		if (rc)
			return rc;
		copy->dst = in[i].dst;
		copy->src = in[i].src;
		copy->len = in[i].len;
		copy->channel = in[i].channel;
		atomic_set(&copy->left, 0);
		atomic_set(&copy->error, 0);
		/* No overflow: a sum of less than 2^32 terms of 2^32. */
		group->bytes += copy->len;
	}
	return group->bytes > most ? -EINVAL : 0;
}

static struct bridge_group *group_new(struct bridge_file *file,
				      const struct migsim_dma_cmd *c)
{
	struct bridge_group *group = kzalloc(sizeof(*group), GFP_KERNEL);

	if (!group)
		return NULL;
	group->file = file;
	group->addr = c->addr;
	group->count = c->count;
	group->split = c->flags & MIGSIM_DMA_SPLIT;
	INIT_LIST_HEAD(&group->node);
	INIT_LIST_HEAD(&group->chunks);
	group->copies = kvmalloc_array(c->count, sizeof(*group->copies),
				       GFP_KERNEL);
	if (!group->copies) {
		kfree(group);
		return NULL;
	}
	return group;
}

/* The file keeps its channels meanwhile: file->claim is held. */
struct bridge_group *bridge_group_read(struct bridge_file *file,
				       const struct migsim_dma_cmd *c)
{
	struct migsim_dma_copy *in;
	struct bridge_group *group;
	int rc;

	if (c->flags & ~MIGSIM_DMA_SPLIT)
		return ERR_PTR(-EINVAL);
	if (!c->count || c->count > READ_ONCE(bridge_max_copies) ||
	    c->addr % __alignof__(*in))
		return ERR_PTR(-EINVAL);
	if (c->addr != (unsigned long)c->addr)
		return ERR_PTR(-EFAULT);
	in = vmemdup_user(u64_to_user_ptr(c->addr),
			  array_size(c->count, sizeof(*in)));
	if (IS_ERR(in))
		return ERR_CAST(in);
	group = group_new(file, c);
	rc = group ? take(group, in) : -ENOMEM;
	kvfree(in);
	if (rc) {
		if (group)
			bridge_group_free(group);
		return ERR_PTR(rc);
	}
	return group;
}

/* And the chunks that were not queued. */
void bridge_group_free(struct bridge_group *group)
{
	struct bridge_chunk *chunk, *next;

	list_for_each_entry_safe(chunk, next, &group->chunks, node) {
		bridge_chunk_unpin(chunk);
		bridge_chunk_free(chunk);
	}
	kvfree(group->pieces);
	kvfree(group->copies);
	kfree(group);
}
