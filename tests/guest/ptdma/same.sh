#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Emulated time is the same in every boot: what a guest says in two of them is
# the same to the nanosecond.
. "${SRC:?the path of the sources}/tests/support/bench.sh"
export BUILD

for boot in 1 2; do
	status=0
	GUEST_LOGS=$dir/$boot bash "$SRC/tests/guest/run.sh" \
		--topology ptdma-icount guest_ptdma_time_sh >out 2>err ||
		status=$?
	if ((status == 77)); then
		cat out
		exit 77
	fi
	check "boot $boot passes" test $status -eq 0
	cat out
	cat "$boot"/*/tests.log >"said-$boot"
done
grep ' ns,' said-1
check 'times were told' test "$(grep -c ' [1-9][0-9]* ns,' said-1)" -ge 4
check 'two boots say the same' diff said-1 said-2
echo "$checks checks, $failures failures"
((failures == 0))
