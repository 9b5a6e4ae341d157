// SPDX-License-Identifier: GPL-2.0-only
/*
 * How things end: descriptors, pieces, copies, the group; each of them once.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "bridge.h"
#include "compat.h"
#include "trace.h"

/* Through a page of the caller's that is pinned, so it cannot fail. */
static void write_status(struct bridge_group *group, u32 i, int status)
{
	size_t at = offset_in_page(group->addr) +
		    (size_t)i * sizeof(struct migsim_dma_copy) +
		    offsetof(struct migsim_dma_copy, status);
	char *page = kmap_local_page(
		group->statuses.runs[at >> PAGE_SHIFT].bv_page);

	/* Who sees the status sees what was copied. */
	smp_store_release((s32 *)(page + offset_in_page(at)), status);
	kunmap_local(page);
}

static void piece_end(struct bridge_group *group, struct bridge_piece *piece,
		      int error)
{
	struct bridge_copy *copy = piece->copy;

	/* The worst that can be said of a copy is that it may still go on. */
	if (error == -ETIMEDOUT)
		atomic_set(&copy->error, error);
	else if (error)
		atomic_cmpxchg(&copy->error, 0, error);
	if (!atomic_dec_and_test(&copy->left))
		return;
	error = atomic_read(&copy->error);
	if (error) {
		atomic_inc(&group->failed);
		bridge_count(BRIDGE_ERRORS, 1);
	}
	write_status(group, (u32)(copy - group->copies), error);
}

/* The file may be closed, and gone, once its last command is done. */
static void group_end(struct bridge_group *group)
{
	struct bridge_file *file = group->file;
	struct io_uring_cmd *cmd = group->cmd;
	int failed = atomic_read(&group->failed);

	bridge_statuses_unpin(group);
	trace_migsim_dma_complete(group->id, group->count, (u32)failed);
	spin_lock(&file->lock);
	list_del(&group->node);
	file->bytes -= group->bytes;
	spin_unlock(&file->lock);
	bridge_all_bytes(-(s64)group->bytes);
	bridge_group_free(group);
	compat_cmd_done_elsewhere(cmd, failed);
}

/* The chunk leaves its group. Its pages must be unpinned, or in quarantine. */
void bridge_pieces_end(struct bridge_chunk *chunk, int error)
{
	struct bridge_group *group = chunk->group;
	struct bridge_piece *p, *next;

	atomic64_sub((s64)chunk->bytes, &chunk->channel->queued);
	for (p = chunk->first; p; p = next) {
		next = p->next;
		piece_end(group, p, error ? error : p->error);
	}
	chunk->first = NULL;
	chunk->last = NULL;
	chunk->slot = NULL;
	chunk->group = NULL;
	if (atomic_dec_and_test(&group->left))
		group_end(group);
}

/* Ends a chunk that no descriptor is out of. */
void bridge_chunk_end(struct bridge_chunk *chunk, int error)
{
	bridge_chunk_unpin(chunk);
	bridge_pieces_end(chunk, error);
	bridge_chunk_free(chunk);
}

/* A bad descriptor spoils the pieces that it was made of. */
static void spread_errors(struct bridge_chunk *chunk)
{
	u64 piece_end = chunk->first->len, desc_end = chunk->descs[0].len, end;
	struct bridge_desc *d = chunk->descs, *last = d + chunk->nr_descs - 1;
	struct bridge_piece *p = chunk->first;

	for (;;) {
		if (!p->error)
			p->error = d->error;
		end = min(piece_end, desc_end);
		if (end == desc_end) {
			if (d == last)
				return;
			desc_end += (++d)->len;
		}
		if (end == piece_end) {
			p = p->next;
			piece_end += p->len;
		}
	}
}

/* Ends a chunk of which all descriptors are back. */
void bridge_chunk_done(struct bridge_chunk *chunk)
{
	struct bridge_channel *channel = chunk->channel;

	bridge_unmap(chunk);
	spread_errors(chunk);
	bridge_check_copied(chunk);
	if (atomic_dec_and_test(&channel->held))
		wake_up_all(&channel->idle);
	bridge_chunk_end(chunk, 0);
}
