#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# In emulated time, of a device that takes none: what a copy by the bridge costs
# the CPU, beside the least that a client within the kernel does for the same
# copies of the same pages. bench/bridge.sh counts the instructions.
. "${SRC:?the path of the sources}/tests/support/bench.sh"
. "$SRC/tests/support/ptdma.sh"

for function in "${functions[@]}"; do
	set_to "$function" bandwidth=0 latency_ns=0
done
module ptdma
module dma_baseline
module migsim_dma

declare -A ns descriptors interrupts
compare() { # BYTES GROUP COPIES CHANNELS huge|scattered
	local who time of

	"$BUILD/tests/guest_copies" "$@" >out
	check "copies $* are made" test $? -eq 0
	while read -r who time _ of _ times _; do
		ns[${who%:}]=$time descriptors[${who%:}]=$of
		interrupts[${who%:}]=$times
	done <out
	sed "s/^/$*: /" out
	echo "$*: the bridge takes" \
		"$((ns[bridge] * 100 / ns[baseline])) % of the baseline's time"
	check 'both have the same descriptors' \
		test "${descriptors[bridge]}" = "${descriptors[baseline]}"
	check 'and an interrupt for each, the bridge' \
		test "${interrupts[bridge]}" = "${descriptors[bridge]}"
	check 'and the baseline' \
		test "${interrupts[baseline]}" = "${descriptors[baseline]}"
}

for channels in 1 4 16; do
	compare 4096 512 8192 $channels scattered
	check 'each page is a descriptor' \
		test "${descriptors[bridge]}" -eq 8192
	check 'the bridge costs twice as much at most' \
		test "${ns[bridge]}" -le $((2 * ns[baseline]))
done
# What there is no target for: pages that are found, and mapped, as one.
compare 65536 512 1024 16 huge
compare 2097152 16 128 16 huge
check 'a 2M folio is a descriptor' test "${descriptors[bridge]}" -eq 128
unload migsim_dma dma_baseline ptdma
echo "$checks checks, $failures failures"
((failures == 0))
