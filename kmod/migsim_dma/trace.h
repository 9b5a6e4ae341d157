/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM migsim_dma

#if !defined(MIGSIM_DMA_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MIGSIM_DMA_TRACE_H

#include <linux/string.h>
#include <linux/tracepoint.h>

#include "bridge.h"

/* A group was taken; its number stands in all that follows. */
TRACE_EVENT(migsim_dma_submit,
	TP_PROTO(u64 group, u32 copies, u64 bytes),
	TP_ARGS(group, copies, bytes),
	TP_STRUCT__entry(
		__field(u64, group)
		__field(u64, bytes)
		__field(u32, copies)
	),
	TP_fast_assign(
		__entry->group = group;
		__entry->bytes = bytes;
		__entry->copies = copies;
	),
	TP_printk("group=%llu copies=%u bytes=%llu", __entry->group,
		  __entry->copies, __entry->bytes)
);

/* A group's last copy ended. */
TRACE_EVENT(migsim_dma_complete,
	TP_PROTO(u64 group, u32 copies, u32 failed),
	TP_ARGS(group, copies, failed),
	TP_STRUCT__entry(
		__field(u64, group)
		__field(u32, copies)
		__field(u32, failed)
	),
	TP_fast_assign(
		__entry->group = group;
		__entry->copies = copies;
		__entry->failed = failed;
	),
	TP_printk("group=%llu copies=%u failed=%u", __entry->group,
		  __entry->copies, __entry->failed)
);

DECLARE_EVENT_CLASS(migsim_dma_chunk,
	TP_PROTO(const struct bridge_chunk *chunk, u64 group),
	TP_ARGS(chunk, group),
	TP_STRUCT__entry(
		__array(char, channel, MIGSIM_DMA_NAME)
		__field(u64, group)
		__field(u64, bytes)
		__field(u32, descs)
	),
	TP_fast_assign(
		memcpy(__entry->channel, chunk->channel->name, MIGSIM_DMA_NAME);
		__entry->group = group;
		__entry->bytes = chunk->bytes;
		__entry->descs = chunk->nr_descs;
	),
	TP_printk("group=%llu channel=%s bytes=%llu descs=%u", __entry->group,
		  __entry->channel, __entry->bytes, __entry->descs)
);

/* The last descriptor of a channel's part of a group is with the provider. */
DEFINE_EVENT(migsim_dma_chunk, migsim_dma_issue,
	TP_PROTO(const struct bridge_chunk *chunk, u64 group),
	TP_ARGS(chunk, group));

/* A part did not come back; its pages stay pinned. */
DEFINE_EVENT(migsim_dma_chunk, migsim_dma_quarantine,
	TP_PROTO(const struct bridge_chunk *chunk, u64 group),
	TP_ARGS(chunk, group));

/* It came back after all. */
DEFINE_EVENT(migsim_dma_chunk, migsim_dma_drained,
	TP_PROTO(const struct bridge_chunk *chunk, u64 group),
	TP_ARGS(chunk, group));

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
