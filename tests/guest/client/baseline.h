/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * /dev/migsim_baseline: the same copies as MIGSIM_DMA_OP_COPY does, by a client
 * within the kernel that has the pages already.
 */
#ifndef MIGSIM_TESTS_BASELINE_H
#define MIGSIM_TESTS_BASELINE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct baseline_run - copies, and what they took
 * @copies: array of struct migsim_dma_copy, of whole pages and one length
 * @count: its length
 * @group: copies that are mapped and submitted before the next ones are
 * @channels: to take
 * @part_bytes: what a channel has mapped as one; descriptors end there
 * @descriptors: (out) that were submitted
 * @ns: (out) from the first map to the last unmap. Pinning is not in it.
 */
struct baseline_run {
	__u64 copies;
	__u32 count;
	__u32 group;
	__u32 channels;
	__u32 part_bytes;
	__u32 descriptors;
	__u32 reserved;
	__u64 ns;
};

#define BASELINE_RUN	_IOWR('m', 0x4d, struct baseline_run)

#endif
