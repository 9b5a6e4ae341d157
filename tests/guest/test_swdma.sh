#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The software provider by the kernel's own test of such: what goes well, and
# what it is told to do badly.
. "${SRC:?the path of the sources}/tests/support/bench.sh"
. "$SRC/tests/support/ptdma.sh"

parameters=/sys/module/migsim_swdma/parameters

ends() { # SENTENCE FAILURES PARAMETER VALUE: of 20 tests on each channel
	echo "$4" >"$parameters/$3"
	dmatest device=migsim_swdma.0 iterations=20 timeout=2000
	echo 0 >"$parameters/$3"
	check "$1" test 4 -eq \
		"$(grep -c "summary 20 tests, $2 failures" summaries)"
}

check 'the provider loads' module migsim_swdma channels=4
ends 'dmatest passes' 0 latency_us 0
ends 'in whatever order' 0 out_of_order 1
ends 'with a descriptor at a time' 0 slots 1
ends 'what fails is not copied' 4 fail_every 5
ends 'nor what is left out' 4 skip_every 5
ends 'what is copied wrong is seen' 4 corrupt_every 5
check 'and is wrong data' test 16 -eq "$(said 'data error' | wc -l)"
ends 'what is refused is not begun' 4 refuse_every 5
check 'and that is said' test 16 -eq "$(said "prep error" | wc -l)"

# 136 copies have begun: the next that hangs is the fourth, and the others wait
# behind it.
echo 20 >"$parameters/hang_every"
dmatest device=migsim_swdma.0 iterations=6 timeout=300
check 'what hangs is waited for in vain' test 4 -eq \
	"$(grep -c 'summary 6 tests, 3 failures' summaries)"
check 'the provider leaves with what hangs' busybox rmmod migsim_swdma
((failures == 0)) || dmesg | tail -n 60
echo "$checks checks, $failures failures"
((failures == 0))
