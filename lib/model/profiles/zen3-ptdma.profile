# A cost profile: key = VALUE +- STANDARD ERROR (SOURCE)
#
# AMD Zen 3 with the PTDMA engine, as the tables in the cover letters of the
# series "Accelerate page migration with batch copying and hardware offload"
# show it: migsim-bench fit published --prior 0. What the tables cannot tell
# apart or do not show was set by hand or is assumed, and says so.
# bench/model.md has the evidence for each mechanism.

[profile]
name = zen3-ptdma
description = AMD Zen 3 server, copies by the CPU or by 16 PTDMA channels: fitted to the published tables

[cpu]
# us per call: fixed cost of move_pages(), mostly the LRU drain
call_us = 61.885 +- 2 (fitted to 194 values of tables 1a to 2B)
# us per call: the first unmap of a call finds everything cold
cold_call_us = 18.302 +- 1.2 (fitted to 194 values of tables 1a to 2B)
# us per folio: what the first unmaps of a call cost more; decays over cold_unmap_folios
cold_unmap_us = 0.43844 +- 0.03 (fitted to 194 values of tables 1a to 2B)
# us per flush group: TLB flush before the copy, and what ends a batch behind it
flush_base_us = 10.535 +- 2.2 (fitted to 194 values of tables 1a to 2B)
# us per folio: unmap one 4K folio, or a large one mapped by a single entry
unmap_us = 0.32166 +- 0.0051 (fitted to 194 values of tables 1a to 2B)
# us per folio: isolate, remap and put back one 4K folio (only the sum can be told)
remap_us = 0.52748 +- 0.0062 (fitted to 194 values of tables 1a to 2B)
# us per page-table entry: every further entry of a large folio, to unmap and to remap it
pte_us = 0.14155 +- 0.0077 (fitted to 194 values of tables 1a to 2B)
# us per page: metadata that left the last-level cache: pages beyond spill_pages in flight, mapped by page-table entries
spill_us = 0.048125 +- 0.014 (fitted to 194 values of tables 1a to 2B)
# us per page: the CPU copies
copy_us = 0.32259 +- 0.0039 (fitted to 194 values of tables 1a to 2B)

[channel]
# us per channel and submission: set-up and completion of a channel that takes part, serial on the CPU
channel_us = 2.0386 +- 0.8 (fitted to 194 values of tables 1a to 2B)
# us per page: map and submit for DMA: the pages of a folio below huge_order, no more than small_order has
map_page_us = 0.058181 +- 0.0073 (fitted to 194 values of tables 1a to 2B)
# us per folio: map and submit one folio of orders 1 to huge_order - 1
map_large_us = 0.30692 +- 0.025 (fitted to 194 values of tables 1a to 2B)
# us per page: a lone channel copies huge folios
stream_us = 0.29201 +- 0.00073 (fitted to 194 values of tables 1a to 2B)
# us per page: two channels through one port, together
port_us = 0.25458 +- 0.0008 (fitted to 194 values of tables 1a to 2B)
# us per page and level: I/O translation: base_level for 4K, two up to small_order, one below huge_order, none from there
translate_us = 0.31491 +- 0.0099 (fitted to 194 values of tables 1a to 2B)
# us per page: the link that all channels share
link_us = 0.040805 +- 0.00094 (fitted to 194 values of tables 1a to 2B)

[structure]
# channels of the engine
channels = 16 (the engine of tables 1b and 2B)
# who shares a port: pair (neighbouring channels), any (all, as soon as a second one runs), first (channel 0 alone has a fast one)
ports = pair (assumed: any and first fit the tables as well)
# order: folios up to this order pay two levels of translation
small_order = 4 (set by hand to fit table 1b)
# order: folios from this order on are mapped by a single entry
huge_order = 9 (one page-table entry maps 2M on x86-64)
# folios: after so many, cold_unmap_us has fallen to 1/e
cold_unmap_folios = 200 (set by hand to fit tables 1a, 1b, 2A and 2B)
# folios: so many of a call cost cold_isolate more
cold_isolate_folios = 16384 (set by hand to fit tables 1a, 1b, 2A and 2B)
# of remap_us: what they cost more to isolate and put back
cold_isolate = 0.3 (set by hand, free, it is 0.3 with 16 %)
# pages: so many of a call the CPU copies cold_copy slower
cold_copy_pages = 32768 (set by hand to fit table 2A)
# of copy_us: what they cost more
cold_copy = 0.1 (set by hand: 2A order 9 at short calls)
# pages: in flight, whose metadata the last-level cache holds
spill_pages = 65536 (set by hand to fit tables 1a, 1b, 2A and 2B)
# of spill_us: paid at unmap; the rest is paid at remap
spill_unmap = 0.75 (set by hand, only the sum is known well)
# of flush_base_us: spent before the copy; 1 is the pessimist's: all of it is the flush
flush_share = 0.35 (set by hand, weakly known, 0 to 1 fits nearly as well)
# of remap_us: spent before the first unmap of a call
isolate_share = 0.4 (assumed)
# of remap_us: spent when the folio is accessible again
putback_share = 0.2 (assumed)
# times remap_us: isolate, remap and put back a large folio mapped by a single entry
huge_remap = 5 (set by hand)
# of pte_us: paid at unmap; the rest with remap_us
pte_unmap = 0.4 (assumed: 0.2 to 0.6 fit as well)
# of the mapping: what a folio that a channel copied costs more behind its remap
release = 0.5 (set by hand to fit tables 1b and 2B)
# levels: of translation that a 4K folio pays
base_level = 1.75 (set by hand to fit table 1b)
# of link_us: what each level of translation adds to the load on the link
link_level = 0.25 (set by hand to fit table 1b)

[machine]
# CPUs that run the process, which a flush must reach
cpus = 1 (assumed: the published benchmark was a single thread)
# us per flush group and CPU: for every CPU but the first
flush_per_cpu_us = 0.5 (assumed: the cost of an IPI)
# how the CPU learns that copies ended: it polls, or is interrupted
completion = poll (assumed)
# what completes: every descriptor, or the last one of a channel's submission
completion_per = descriptor (assumed)
# us per completion: to take note of one (channel_us holds what was measured)
completion_us = 0 (part of channel_us)
# us per completion: what an interrupt steals from the CPU at work
irq_us = 1.5 (assumed)
# us per wake-up: until a CPU that slept works again
wake_us = 3 (assumed)
# us per piece: to submit a further piece of a folio that is cut
piece_us = 0 (assumed: a further piece costs its copy alone)

[measured]
# most channels that were measured
measured_channels = 16 (of the 194 fitted values)
# pages: smallest batch that was measured
measured_batch_min = 512 (of the 194 fitted values)
# pages: largest batch that was measured
measured_batch_max = 262144 (of the 194 fitted values)
# order: smallest order that was measured
measured_order_min = 0 (of the 194 fitted values)
# order: largest order that was measured
measured_order_max = 9 (of the 194 fitted values)
# relative: standard deviation of measured throughputs around the fit, below huge_order
scatter_gib_s = 0.02932 (of the 194 fitted values)
# relative: standard deviation of measured first-folio latencies around the fit, below huge_order
scatter_first = 0.057197 (of the 194 fitted values)
# relative: the same of throughputs from huge_order on
scatter_huge_gib_s = 0.017752 (of the 194 fitted values)
# relative: the same of first-folio latencies from huge_order on
scatter_huge_first = 0.016094 (of the 194 fitted values)

# of the errors: a key with those behind it
[correlation]
call_us = cold_call_us 0.6045, cold_unmap_us -0.1241, flush_base_us -0.6558, unmap_us 0.1524
	remap_us -0.1528, pte_us 0.1512, spill_us -0.1278, copy_us 0.3266
	channel_us 0.4801, map_page_us 0.0621, map_large_us 0.0102, stream_us 0.5046
	port_us -0.0293, translate_us -0.091, link_us -0.264
cold_call_us = cold_unmap_us -0.4803, flush_base_us -0.6028, unmap_us 0.2323, remap_us -0.1397
	pte_us 0.1257, spill_us -0.0918, copy_us 0.3351, channel_us 0.4164
	map_page_us -0.0083, map_large_us 0.0678, stream_us 0.4824, port_us 0.018
	translate_us -0.0795, link_us -0.2262
cold_unmap_us = flush_base_us 0.1455, unmap_us -0.4073, remap_us -0.2543, pte_us -0.1222
	spill_us 0.0787, copy_us -0.0887, channel_us -0.0592, map_page_us 0.1358
	map_large_us -0.1311, stream_us -0.1413, port_us -0.0458, translate_us 0.0677
	link_us 0.0225
flush_base_us = unmap_us -0.2735, remap_us 0.2482, pte_us -0.1723, spill_us 0.1317
	copy_us -0.6311, channel_us -0.6915, map_page_us -0.0301, map_large_us -0.0634
	stream_us -0.7936, port_us -0.0174, translate_us 0.1208, link_us 0.381
unmap_us = remap_us 0.1795, pte_us 0.2993, spill_us -0.2185, copy_us 0.1335
	channel_us 0.1848, map_page_us -0.1902, map_large_us 0.2387, stream_us 0.2145
	port_us -0.0217, translate_us -0.1931, link_us -0.1084
remap_us = pte_us -0.156, spill_us 0.2477, copy_us -0.1345, channel_us -0.3239
	map_page_us -0.5998, map_large_us 0.395, stream_us -0.1873, port_us 0.1319
	translate_us 0.1487, link_us 0.1406
pte_us = spill_us -0.9513, copy_us -0.117, map_page_us 0.3487, stream_us 0.2344
	port_us 0.111, translate_us -0.1971, link_us 0.0307
spill_us = copy_us 0.1362, channel_us 0.0783, map_page_us -0.5044, map_large_us 0.1479
	stream_us -0.2318, port_us -0.139, translate_us 0.0993, link_us -0.125
copy_us = channel_us 0.4363, map_page_us -0.0753, map_large_us 0.0603, stream_us 0.4932
	port_us 0.0197, translate_us -0.0343, link_us -0.2492
channel_us = map_page_us -0.1239, map_large_us 0.164, stream_us 0.2748, port_us -0.5168
	translate_us -0.0182, link_us -0.6455
map_page_us = map_large_us -0.8044, stream_us 0.1871, port_us 0.1668, translate_us -0.3437
	link_us 0.1119
map_large_us = stream_us -0.0679, port_us -0.1341, translate_us 0.0868, link_us -0.1243
stream_us = port_us 0.3594, translate_us -0.2078, link_us -0.1963
port_us = translate_us -0.0833
translate_us = link_us 0.0144
