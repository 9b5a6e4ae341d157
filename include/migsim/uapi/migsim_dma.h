/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What /dev/migsim_dma understands: IORING_OP_URING_CMD with one of
 * MIGSIM_DMA_OP_* in sqe->cmd_op and struct migsim_dma_cmd in the 16 bytes of
 * sqe->cmd, so that any ring will do, one of 64 byte entries too. All commands
 * may sleep: with IOSQE_ASYNC they are not tried in vain first, and among linked
 * ones it is needed.
 *
 * The order of commands on an open file:
 *
 *	INFO ── CHANNELS ── CLAIM ──┬── COPY* ──┬── RELEASE ── close
 *	                            └─ CANCEL ──┘
 *
 * One COPY is a group: it is pinned, mapped and submitted as one, and gives
 * one completion when the last of its copies has ended. The status of each
 * copy is written into the caller's array as soon as that copy has ended, so
 * who cannot wait for the group reads the array, and who wants a completion
 * for each copy submits groups of one. A completion queue entry for each of
 * 512 copies of 4K would cost more than those copies do.
 *
 * All sizes are in bytes, all addresses are virtual ones of the process that
 * opened the file; another process gets -EPERM. Errors are -errno in cqe->res.
 */
#ifndef MIGSIM_UAPI_DMA_H
#define MIGSIM_UAPI_DMA_H

#include <linux/types.h>

#define MIGSIM_DMA_DEVICE	"/dev/migsim_dma"

/* Changes whenever an older caller would be misunderstood. */
#define MIGSIM_DMA_ABI		1

/* sqe->cmd_op */
enum migsim_dma_op {
	/*
	 * @addr: struct migsim_dma_info, @count: its size. At most that much
	 * is written, and the number of bytes written returned: @abi is the
	 * first of every version.
	 */
	MIGSIM_DMA_OP_INFO = 0x4d440001,
	/*
	 * @addr: array of struct migsim_dma_channel, @count: its length.
	 * Fills in those of this file first, in the order of their index, then
	 * those that could be had. Returns how many there are, which may be
	 * more than @count.
	 */
	MIGSIM_DMA_OP_CHANNELS = 0x4d440002,
	/*
	 * @addr: struct migsim_dma_claim, @count: 1. Returns how many channels
	 * the file now has; -ENODEV: there is none of that description;
	 * -EBUSY: the file has some, RELEASE comes first.
	 */
	MIGSIM_DMA_OP_CLAIM = 0x4d440003,
	/*
	 * @addr and @count: 0. Gives the channels back, as closing the file
	 * does. -EBUSY: copies are in flight.
	 */
	MIGSIM_DMA_OP_RELEASE = 0x4d440004,
	/*
	 * @addr: array of struct migsim_dma_copy, @count: its length. Returns
	 * when all of them have ended the number of those with another status
	 * than 0. Less than 0: nothing was started and no status was written:
	 *   -EINVAL   malformed, or beyond a limit of struct migsim_dma_info
	 *   -EFAULT   not all of it is memory of the process
	 *   -EBUSY    too much in flight: wait for a completion, try again
	 *   -ENOMEM   RLIMIT_MEMLOCK, or no memory
	 *   -ENODEV   the file has no channel, or none is left alive
	 * The array is read once; it is pinned until the completion, and stays
	 * where it is until then.
	 */
	MIGSIM_DMA_OP_COPY = 0x4d440005,
	/*
	 * @addr: that of the array of a COPY in flight, @count: 0. Its copies
	 * that no channel has begun end with -ECANCELED. Returns 0; -ENOENT:
	 * none of that address is in flight. The group's completion still
	 * comes, and comes last.
	 */
	MIGSIM_DMA_OP_CANCEL = 0x4d440006,
};

/* flags of struct migsim_dma_cmd, for COPY only */
#define MIGSIM_DMA_SPLIT	(1u << 0) /* cut copies, to use more channels */

/**
 * struct migsim_dma_cmd - sqe->cmd
 * @addr: of what the command takes
 * @count: how many of them
 * @flags: MIGSIM_DMA_SPLIT or 0
 */
struct migsim_dma_cmd {
	__u64 addr;
	__u32 count;
	__u32 flags;
};

/* channel of struct migsim_dma_copy: the bridge deals it out */
#define MIGSIM_DMA_CHANNEL_ANY	0xffffu

/* status of struct migsim_dma_copy that has not ended */
#define MIGSIM_DMA_PENDING	1

/**
 * struct migsim_dma_copy - one copy of a group
 * @dst: where to; writable; a multiple of @align. No copy in flight, this one
 *       included, has any of it as its @src or @dst: there is no order between
 *       channels, and the bridge writes to it before the channel does, so that
 *       it can see what was not copied.
 * @src: where from; a multiple of @align
 * @len: not 0; a multiple of @align
 * @channel: index of a channel of this file, or MIGSIM_DMA_CHANNEL_ANY.
 *           Copies of one channel are begun in the order of the array.
 * @flags: 0
 * @status: MIGSIM_DMA_PENDING before; then written once:
 *            0           copied
 *            -ETIMEDOUT  the channel hangs and MAY STILL WRITE to @dst for
 *                        ever; both ends stay pinned; never use @dst again
 *            -EIO        failed, or (with a check) is not what it should be
 *            -ECANCELED  given up before it began
 *            -ENODEV     its channel is gone, or was found dead
 *            -ENOMEM     could not be mapped or prepared
 *          With all but -ETIMEDOUT nothing writes to @dst any more.
 * @reserved: 0
 */
struct migsim_dma_copy {
	__u64 dst;
	__u64 src;
	__u32 len;
	__u16 channel;
	__u16 flags;
	__s32 status;
	__u32 reserved;
};

/* check of struct migsim_dma_info */
enum migsim_dma_check {
	MIGSIM_DMA_CHECK_NONE,	/* what the driver says is believed */
	MIGSIM_DMA_CHECK_TAIL,	/* the end of every page is looked at */
	MIGSIM_DMA_CHECK_FULL,	/* every byte is compared */
};

/**
 * struct migsim_dma_info - what the bridge is, and its limits
 * @abi: MIGSIM_DMA_ABI of the module
 * @align: of addresses and lengths
 * @channels: that this file has
 * @dead: of these, how many hang or are gone
 * @max_channels: most that a file can have
 * @max_copies: most copies in a group
 * @max_bytes: most bytes in a group
 * @max_in_flight: most bytes in flight of this file
 * @timeout_ms: a channel that takes longer for a copy is given up
 * @check: enum migsim_dma_check
 * @cpu_ns: time that was spent for this file so far: in its commands, from
 *          beginning to end, and by the CPU in the threads of its channels since
 *          they were taken, where they work for other files too. Interrupts are
 *          not in it.
 */
struct migsim_dma_info {
	__u32 abi;
	__u32 align;
	__u32 channels;
	__u32 dead;
	__u32 max_channels;
	__u32 max_copies;
	__u64 max_bytes;
	__u64 max_in_flight;
	__u32 timeout_ms;
	__u32 check;
	__u64 cpu_ns;
};

#define MIGSIM_DMA_NAME		32
#define MIGSIM_DMA_NODE_ANY	(-1)

/* state of struct migsim_dma_channel */
enum migsim_dma_state {
	MIGSIM_DMA_FREE,	/* nobody has it */
	MIGSIM_DMA_TAKEN,	/* the bridge has it, for one file or more */
	MIGSIM_DMA_DEAD,	/* it hangs, or its device is gone */
};

/**
 * struct migsim_dma_channel - a dmaengine channel that can copy memory
 * @name: as in /sys/class/dma, "dma0chan3"
 * @device: "0000:c2:00.2"
 * @driver: "ptdma"
 * @node: of the device, MIGSIM_DMA_NODE_ANY: unknown
 * @index: for struct migsim_dma_copy; -1: this file does not have it
 * @state: enum migsim_dma_state
 * @reserved: 0
 */
struct migsim_dma_channel {
	char name[MIGSIM_DMA_NAME];
	char device[MIGSIM_DMA_NAME];
	char driver[MIGSIM_DMA_NAME];
	__s32 node;
	__s32 index;
	__u32 state;
	__u32 reserved;
};

/**
 * struct migsim_dma_claim - which channels the file wants
 * @channels: how many at most, not 0; fewer are taken where there are fewer
 * @node: of the device, or MIGSIM_DMA_NODE_ANY
 * @driver: its name, "" for any
 * @name: of a channel or of a device, "" for any
 * @flags: 0
 * @reserved: 0
 *
 * Strings end with a zero byte.
 */
struct migsim_dma_claim {
	__u32 channels;
	__s32 node;
	char driver[MIGSIM_DMA_NAME];
	char name[MIGSIM_DMA_NAME];
	__u32 flags;
	__u32 reserved;
};

#endif
