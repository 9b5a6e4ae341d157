# A cost profile: key = VALUE +- STANDARD ERROR (SOURCE)
#
# An EXAMPLE. Nobody measured it: it is zen3-ptdma with another engine, made to
# ask whether a faster one would change the batch size.

[profile]
name = fast-engine
description = EXAMPLE, an assumption and no measurement: zen3-ptdma with a faster engine of 8 channels

[cpu]
# us per call: fixed cost of move_pages(), mostly the LRU drain
call_us = 61.885 +- 2 (as zen3-ptdma)
# us per call: the first unmap of a call finds everything cold
cold_call_us = 18.302 +- 1.2 (as zen3-ptdma)
# us per folio: what the first unmaps of a call cost more; decays over cold_unmap_folios
cold_unmap_us = 0.43844 +- 0.03 (as zen3-ptdma)
# us per flush group: TLB flush before the copy, and what ends a batch behind it
flush_base_us = 10.535 +- 2.2 (as zen3-ptdma)
# us per folio: unmap one 4K folio, or a large one mapped by a single entry
unmap_us = 0.32166 +- 0.0051 (as zen3-ptdma)
# us per folio: isolate, remap and put back one 4K folio (only the sum can be told)
remap_us = 0.52748 +- 0.0062 (as zen3-ptdma)
# us per page-table entry: every further entry of a large folio, to unmap and to remap it
pte_us = 0.14155 +- 0.0077 (as zen3-ptdma)
# us per page: metadata that left the last-level cache: pages beyond spill_pages in flight, mapped by page-table entries
spill_us = 0.048125 +- 0.014 (as zen3-ptdma)
# us per page: the CPU copies
copy_us = 0.32259 +- 0.0039 (as zen3-ptdma)

[channel]
# us per channel and submission: set-up and completion of a channel that takes part, serial on the CPU
# Assumed: descriptors are written to memory that the engine reads by
# itself, and one doorbell starts it.
channel_us = 0.8 +- 0.24 (assumption: descriptors in user memory, one doorbell)
# us per page: map and submit for DMA: the pages of a folio below huge_order, no more than small_order has
map_page_us = 0.058181 +- 0.0073 (as zen3-ptdma)
# us per folio: map and submit one folio of orders 1 to huge_order - 1
map_large_us = 0.30692 +- 0.025 (as zen3-ptdma)
# us per page: a lone channel copies huge folios
# Assumed: twice the speed of a PTDMA channel.
stream_us = 0.1467 +- 0.044 (assumption: a channel copies 26 GiB/s)
# us per page: two channels through one port, together
# Assumed: every channel has a port of its own; together two are twice as
# fast as one.
port_us = 0.07335 +- 0.022 (assumption: half of stream_us, no port is shared)
# us per page and level: I/O translation: two levels up to small_order, one below huge_order, none from there
# Assumed: an engine that caches translations misses a third as often.
translate_us = 0.093 +- 0.028 (assumption: a third of that of zen3-ptdma)
# us per page: the link that all channels share
# Assumed: the memory of one socket moves 360 GiB/s, half of it reads.
link_us = 0.0212 +- 0.0064 (assumption: the link carries 180 GiB/s)

[structure]
# channels of the engine
channels = 8 (assumption)
# who shares a port: pair (neighbouring channels), any (all, as soon as a second one runs), first (channel 0 alone has a fast one)
ports = pair (as zen3-ptdma)
# order: folios up to this order pay two levels of translation
small_order = 4 (as zen3-ptdma)
# order: folios from this order on are mapped by a single entry
huge_order = 9 (as zen3-ptdma)
# folios: after so many, cold_unmap_us has fallen to 1/e
cold_unmap_folios = 200 (as zen3-ptdma)
# folios: so many of a call cost cold_isolate more
cold_isolate_folios = 16384 (as zen3-ptdma)
# of remap_us: what they cost more to isolate and put back
cold_isolate = 0.3 (as zen3-ptdma)
# pages: so many of a call the CPU copies cold_copy slower
cold_copy_pages = 32768 (as zen3-ptdma)
# of copy_us: what they cost more
cold_copy = 0.1 (as zen3-ptdma)
# pages: in flight, whose metadata the last-level cache holds
spill_pages = 65536 (as zen3-ptdma)
# of spill_us: paid at unmap; the rest is paid at remap
spill_unmap = 0.75 (as zen3-ptdma)
# of flush_base_us: spent before the copy; 1 is the pessimist's: all of it is the flush
flush_share = 0.35 (as zen3-ptdma)
# of remap_us: spent before the first unmap of a call
isolate_share = 0.4 (as zen3-ptdma)
# of remap_us: spent when the folio is accessible again
putback_share = 0.2 (as zen3-ptdma)
# times remap_us: isolate, remap and put back a large folio mapped by a single entry
huge_remap = 5 (as zen3-ptdma)
# of pte_us: paid at unmap; the rest with remap_us
pte_unmap = 0.4 (as zen3-ptdma)
# of the mapping: what a folio that a channel copied costs more behind its remap
release = 0.5 (as zen3-ptdma)
# levels: of translation that a 4K folio pays
base_level = 1.75 (as zen3-ptdma)
# of link_us: what each level of translation adds to the load on the link
link_level = 0.25 (as zen3-ptdma)

[machine]
# CPUs that run the process, which a flush must reach
cpus = 1 (as zen3-ptdma)
# us per flush group and CPU: for every CPU but the first
flush_per_cpu_us = 0.5 (as zen3-ptdma)
# how the CPU learns that copies ended: it polls, or is interrupted
completion = poll (as zen3-ptdma)
# what completes: every descriptor, or the last one of a channel's submission
completion_per = descriptor (as zen3-ptdma)
# us per completion: to take note of one (channel_us holds what was measured)
completion_us = 0 (as zen3-ptdma)
# us per completion: what an interrupt steals from the CPU at work
irq_us = 1.5 (as zen3-ptdma)
# us per wake-up: until a CPU that slept works again
wake_us = 3 (as zen3-ptdma)
# us per piece: to submit a further piece of a folio that is cut
piece_us = 0 (as zen3-ptdma)

[measured]
# most channels that were measured
# Nothing below was measured, so that every prediction counts as
# extrapolated; the scatter is that of the profile this one is made from.
measured_channels = 0 (nothing was measured)
# pages: smallest batch that was measured
measured_batch_min = 1 (nothing was measured)
# pages: largest batch that was measured
measured_batch_max = 1 (nothing was measured)
# order: smallest order that was measured
measured_order_min = 0 (nothing was measured)
# order: largest order that was measured
measured_order_max = 0 (nothing was measured)
# relative: standard deviation of measured throughputs around the fit, below huge_order
scatter_gib_s = 0.02932 (as zen3-ptdma)
# relative: standard deviation of measured first-folio latencies around the fit, below huge_order
scatter_first = 0.057197 (as zen3-ptdma)
# relative: the same of throughputs from huge_order on
scatter_huge_gib_s = 0.017752 (as zen3-ptdma)
# relative: the same of first-folio latencies from huge_order on
scatter_huge_first = 0.016094 (as zen3-ptdma)

# of the errors: a key with those behind it
