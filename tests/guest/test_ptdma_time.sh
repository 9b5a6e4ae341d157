#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# In emulated time: how long copies take is what the device was told, and a
# little for the driver. Prints the times; ptdma/same.sh compares two boots.
. "${SRC:?the path of the sources}/tests/support/bench.sh"
. "$SRC/tests/support/ptdma.sh"

bandwidth=100000000 latency_ns=2000
check 'the device has this bandwidth' test $bandwidth -eq \
	"$(setting "${functions[0]}" bandwidth)"
check 'the device has this latency' test $latency_ns -eq \
	"$(setting "${functions[0]}" latency_ns)"
module ptdma

takes() { # CHANNELS SIZE
	local copies=8 least

	client channels=$1 copies=$copies size=$2
	least=$((copies * (latency_ns + $2 * 1000000000 / bandwidth)))
	echo "$copies copies of $2 bytes on $1 channels: $elapsed_ns ns," \
		"the device alone $least ns"
	check 'every byte is right' test $good -eq $((copies * $1))
	check 'it is no faster than the device' test $elapsed_ns -ge $least
	check 'and slower by a tenth at most' \
		test $elapsed_ns -le $((least * 11 / 10))
}
takes 1 65536
takes 1 1048576
takes 4 1048576
takes 16 1048576
dmatest device="${functions[0]}" iterations=20 norandom=1
check 'dmatest passes' grep -q 'summary 20 tests, 0 failures' summaries
cat summaries
echo "$checks checks, $failures failures"
((failures == 0))
