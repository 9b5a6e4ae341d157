/* SPDX-License-Identifier: MIT */
#include "keys.h"

static const char *const ports_words[] = { "pair", "any", "first", NULL };
static const char *const completion_words[] = { "poll", "irq", NULL };
static const char *const per_words[] = { "descriptor", "group", NULL };

/*
 * In us: so that the clock, 64 bits of ps, has room for a TiB of pages that
 * each take as long as that.
 */
#define COST_MAX 1e4

#define COST(sec, key, of, what)					\
	{ .name = key, .section = sec, .unit = of, .reading = what,	\
	  .max = COST_MAX, .coefficient = true }
#define FREE(key, of, what)						\
	{ .name = key, .section = "machine", .unit = of, .reading = what, \
	  .max = COST_MAX }
#define WHOLE(sec, key, of, what, lo, hi)				\
	{ .name = key, .section = sec, .unit = of, .reading = what,	\
	  .min = lo, .max = hi, .whole = true }
#define SHARE(sec, key, of, what)					\
	{ .name = key, .section = sec, .unit = of, .reading = what, .max = 1 }
#define WORD(sec, key, what, words)					\
	{ .name = key, .section = sec, .unit = "", .reading = what,	\
	  .choices = words }

const struct migsim_profile_key profile_keys[PROFILE_KEYS] = {
	[KEY_CALL] = COST("cpu", "call_us", "us per call",
		"fixed cost of move_pages(), mostly the LRU drain"),
	[KEY_COLD_CALL] = COST("cpu", "cold_call_us", "us per call",
		"the first unmap of a call finds everything cold"),
	[KEY_COLD_UNMAP] = COST("cpu", "cold_unmap_us", "us per folio",
		"what the first unmaps of a call cost more; decays over cold_unmap_folios"),
	[KEY_FLUSH_BASE] = COST("cpu", "flush_base_us", "us per flush group",
		"TLB flush before the copy, and what ends a batch behind it"),
	[KEY_UNMAP] = COST("cpu", "unmap_us", "us per folio",
		"unmap one 4K folio, or a large one mapped by a single entry"),
	[KEY_REMAP] = COST("cpu", "remap_us", "us per folio",
		"isolate, remap and put back one 4K folio (only the sum can be told)"),
	[KEY_PTE] = COST("cpu", "pte_us", "us per page-table entry",
		"every further entry of a large folio, to unmap and to remap it"),
	[KEY_SPILL] = COST("cpu", "spill_us", "us per page",
		"metadata that left the last-level cache: pages beyond spill_pages in flight, mapped by page-table entries"),
	[KEY_COPY] = COST("cpu", "copy_us", "us per page",
		"the CPU copies"),

	[KEY_CHANNEL] = COST("channel", "channel_us", "us per channel and submission",
		"set-up and completion of a channel that takes part, serial on the CPU"),
	[KEY_MAP_PAGE] = COST("channel", "map_page_us", "us per page",
		"map and submit for DMA: the pages of a folio below huge_order, no more than small_order has"),
	[KEY_MAP_LARGE] = COST("channel", "map_large_us", "us per folio",
		"map and submit one folio of orders 1 to huge_order - 1"),
	[KEY_STREAM] = COST("channel", "stream_us", "us per page",
		"a lone channel copies huge folios"),
	[KEY_PORT] = COST("channel", "port_us", "us per page",
		"two channels through one port, together"),
	[KEY_TRANSLATE] = COST("channel", "translate_us", "us per page and level",
		"I/O translation: base_level for 4K, two up to small_order, one below huge_order, none from there"),
	[KEY_LINK] = COST("channel", "link_us", "us per page",
		"the link that all channels share"),

	[KEY_CHANNELS] = WHOLE("structure", "channels", "",
		"channels of the engine", 1, MODEL_MAX_CHANNELS),
	[KEY_PORTS] = WORD("structure", "ports",
		"who shares a port: pair (neighbouring channels), any (all, as soon as a second one runs), first (channel 0 alone has a fast one)",
		ports_words),
	[KEY_SMALL_ORDER] = WHOLE("structure", "small_order", "order",
		"folios up to this order pay two levels of translation",
		0, MIGSIM_MAX_ORDER),
	[KEY_HUGE_ORDER] = WHOLE("structure", "huge_order", "order",
		"folios from this order on are mapped by a single entry", 1,
		MIGSIM_MAX_ORDER + 1),
	[KEY_COLD_UNMAP_FOLIOS] = WHOLE("structure", "cold_unmap_folios",
		"folios", "after so many, cold_unmap_us has fallen to 1/e", 1,
		1e6),
	[KEY_COLD_ISOLATE_FOLIOS] = WHOLE("structure", "cold_isolate_folios",
		"folios", "so many of a call cost cold_isolate more", 0, 1e9),
	[KEY_COLD_ISOLATE] = SHARE("structure", "cold_isolate",
		"of remap_us", "what they cost more to isolate and put back"),
	[KEY_COLD_COPY_PAGES] = WHOLE("structure", "cold_copy_pages", "pages",
		"so many of a call the CPU copies cold_copy slower", 0, 1e12),
	[KEY_COLD_COPY] = SHARE("structure", "cold_copy", "of copy_us",
		"what they cost more"),
	[KEY_SPILL_PAGES] = WHOLE("structure", "spill_pages", "pages",
		"in flight, whose metadata the last-level cache holds", 1, 1e12),
	[KEY_SPILL_UNMAP] = SHARE("structure", "spill_unmap", "of spill_us",
		"paid at unmap; the rest is paid at remap"),
	[KEY_FLUSH_SHARE] = SHARE("structure", "flush_share",
		"of flush_base_us",
		"spent before the copy; 1 is the pessimist's: all of it is the flush"),
	[KEY_ISOLATE_SHARE] = SHARE("structure", "isolate_share", "of remap_us",
		"spent before the first unmap of a call"),
	[KEY_PUTBACK_SHARE] = SHARE("structure", "putback_share", "of remap_us",
		"spent when the folio is accessible again"),
	[KEY_HUGE_REMAP] = { .name = "huge_remap", .section = "structure",
		.unit = "times remap_us", .max = 1e3,
		.reading = "isolate, remap and put back a large folio mapped by a single entry" },
	[KEY_PTE_UNMAP] = SHARE("structure", "pte_unmap", "of pte_us",
		"paid at unmap; the rest with remap_us"),
	[KEY_RELEASE] = { .name = "release", .section = "structure",
		.unit = "of the mapping", .max = 1e3,
		.reading = "what a folio that a channel copied costs more behind its remap" },
	[KEY_BASE_LEVEL] = { .name = "base_level", .section = "structure",
		.unit = "levels", .max = 10,
		.reading = "of translation that a 4K folio pays" },
	[KEY_LINK_LEVEL] = { .name = "link_level", .section = "structure",
		.unit = "of link_us", .max = 10,
		.reading = "what each level of translation adds to the load on the link" },

	[KEY_CPUS] = WHOLE("machine", "cpus", "",
		"CPUs that run the process, which a flush must reach", 1, 1e6),
	[KEY_FLUSH_PER_CPU] = FREE("flush_per_cpu_us",
		"us per flush group and CPU", "for every CPU but the first"),
	[KEY_COMPLETION] = WORD("machine", "completion",
		"how the CPU learns that copies ended: it polls, or is interrupted",
		completion_words),
	[KEY_COMPLETION_PER] = WORD("machine", "completion_per",
		"what completes: every descriptor, or the last one of a channel's submission",
		per_words),
	[KEY_COMPLETION_US] = FREE("completion_us", "us per completion",
		"to take note of one (channel_us holds what was measured)"),
	[KEY_IRQ] = FREE("irq_us", "us per completion",
		"what an interrupt steals from the CPU at work"),
	[KEY_WAKE] = FREE("wake_us", "us per wake-up",
		"until a CPU that slept works again"),
	[KEY_PIECE] = FREE("piece_us", "us per piece",
		"to submit a further piece of a folio that is cut"),

	[KEY_MEASURED_CHANNELS] = WHOLE("measured", "measured_channels", "",
		"most channels that were measured", 0, MODEL_MAX_CHANNELS),
	[KEY_MEASURED_BATCH_MIN] = WHOLE("measured", "measured_batch_min",
		"pages", "smallest batch that was measured", 1, 1e12),
	[KEY_MEASURED_BATCH_MAX] = WHOLE("measured", "measured_batch_max",
		"pages", "largest batch that was measured", 1, 1e12),
	[KEY_MEASURED_ORDER_MIN] = WHOLE("measured", "measured_order_min",
		"order", "smallest order that was measured", 0,
		MIGSIM_MAX_ORDER),
	[KEY_MEASURED_ORDER_MAX] = WHOLE("measured", "measured_order_max",
		"order", "largest order that was measured", 0,
		MIGSIM_MAX_ORDER),
	[KEY_SCATTER_GIB_S] = SHARE("measured", "scatter_gib_s", "relative",
		"standard deviation of measured throughputs around the fit, below huge_order"),
	[KEY_SCATTER_FIRST] = SHARE("measured", "scatter_first", "relative",
		"standard deviation of measured first-folio latencies around the fit, below huge_order"),
	[KEY_SCATTER_HUGE_GIB_S] = SHARE("measured", "scatter_huge_gib_s",
		"relative", "the same of throughputs from huge_order on"),
	[KEY_SCATTER_HUGE_FIRST] = SHARE("measured", "scatter_huge_first",
		"relative", "the same of first-folio latencies from huge_order on"),
};

const struct migsim_profile_key *migsim_profile_key(unsigned int i)
{
	return i < PROFILE_KEYS ? &profile_keys[i] : NULL;
}
