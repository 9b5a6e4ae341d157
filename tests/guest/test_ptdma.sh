#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The real ptdma driver on the emulated device: what it does with copies that
# go well, fail, are wrong or never end.
. "${SRC:?the path of the sources}/tests/support/bench.sh"
. "$SRC/tests/support/ptdma.sh"

f=${functions[3]}

check 'there are 16 functions' test ${#functions[@]} -eq 16
check 'the driver loads' module ptdma
for function in "${functions[@]}"; do
	[[ /sys/bus/pci/devices/$function/driver -ef /sys/bus/pci/drivers/ptdma &&
		$(channel_of "$function") == dma*chan0 ]] || echo "$function"
done >unbound
check 'it takes them all, a channel each' test ! -s unbound

# --- all goes well
well "${functions[@]}"
dmatest device=$f iterations=10
check 'dmatest passes on one' grep -q 'summary 10 tests, 0 failures' summaries
check 'and only on one' test "$(wc -l <summaries)" -eq 1
dmatest iterations=10
check 'dmatest passes on 16' test 16 -eq \
	"$(grep -c 'summary 10 tests, 0 failures' summaries)"
begun=0
for function in "${functions[@]}"; do
	begun=$((begun + $(setting "$function" descriptors)))
done
check 'the devices counted as many as dmatest' test $begun -eq 170
client channels=16 copies=8 size=65536
check 'every copy is reported' test $noerror -eq 128 -a $errors -eq 0
check 'and has arrived' test $good -eq 128 -a $bad -eq 0
check 'the driver has nothing to say' test -z "$(said 'PTDMA error')"

# --- a copy fails. The driver knows and does not tell: whoever counts on
# results must look at the bytes, too. Should this fail, the driver was cured.
for code in 1 25; do
	well $f
	set_to $f error-every=8 error-code=$code
	client device=$f copies=8
	check "error $code is in the log, once" \
		test "$(said "PTDMA error.*0x$(printf %x $code)[)]" | wc -l)" -eq 1
	check 'the device counted it' test "$(setting $f errors)" -eq 1
	check "the client's 8 copies are all well, as it hears" \
		test $noerror -eq 8 -a $errors -eq 0 -a $late -eq 0
	check 'but the bytes of one are not there' \
		test $good -eq 7 -a $bad -eq 1
done
well $f
client device=$f copies=8
check 'afterwards the channel works' test $good -eq 8

# --- a copy is wrong, and nobody knows
set_to $f corrupt-every=5 descriptors=0
dmatest device=$f iterations=10
check 'dmatest sees what was copied wrong' \
	grep -q 'summary 10 tests, 2 failures' summaries
check 'as wrong data' test "$(said 'data error' | wc -l)" -eq 2
check 'of which the driver knows nothing' test -z "$(said 'PTDMA error')"

# --- a copy never ends. It never reports late either, so that the channel may
# be released: on a report after that the kernel crashes.
well $f
set_to $f hang-every=4
dmatest iterations=6 timeout=500
channel=$(channel_of $f)
check 'dmatest waits in vain on the channel that hangs' \
	grep -q "$channel-.*summary 6 tests, 3 failures" summaries
check 'which it says' test "$(said "$channel-.*test timed out" | wc -l)" -eq 3
check 'the others go on' test 15 -eq \
	"$(grep -v "$channel-" summaries | grep -c 'summary 6 tests, 0 failures')"
well $f
dmatest device=$f iterations=1 timeout=500
check 'the channel stays dead' grep -q 'summary 1 tests, 1 failures' summaries
echo $f >/sys/bus/pci/drivers/ptdma/unbind
echo $f >/sys/bus/pci/drivers/ptdma/bind
dmatest device=$f iterations=2
check 'until the driver is bound anew' \
	grep -q 'summary 2 tests, 0 failures' summaries

# --- what the IOMMU forbids
iommu() {
	[[ -e /sys/bus/pci/devices/$f/iommu_group ]]
}
if [[ $TOPOLOGY == *iommu* ]]; then
	check 'the IOMMU stands before the functions' iommu
	check 'and is strict' grep -qx DMA \
		"/sys/bus/pci/devices/$f/iommu_group/type"
	well $f
	set_to $f latency_ns=100000000
	client device=$f copies=1 unmap_early=1
	check 'a page that was unmapped too early is not written' \
		test $bad -eq 1 -a "$(setting $f errors)" -eq 1
	check 'which the IOMMU tells' test "$(said 'DMAR:.*DMA Write.*fault addr')"
	set_to $f latency_ns=0
	client device=$f copies=8
	check 'afterwards the channel works, under the IOMMU too' \
		test $good -eq 8
else
	check 'no IOMMU is in the way' test ! -e \
		"/sys/bus/pci/devices/$f/iommu_group"
fi

check 'the driver leaves' busybox rmmod ptdma
((failures == 0)) || dmesg | tail -n 60
echo "$checks checks, $failures failures"
((failures == 0))
