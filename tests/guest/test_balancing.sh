#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# NUMA balancing moves pages on its own: with it there is a warning in every
# result, and no byte is lost all the same.
. "${SRC:?the path of the sources}/tests/support/bench.sh"

switch=/proc/sys/kernel/numa_balancing
backends=kernel
if "$BENCH" sysinfo --format json | tr -d ' \n' |
	grep -q '"uffd_move":true'; then
	backends='uffd kernel'
fi

runs() { # BACKEND
	local small=''

	[[ $1 == kernel ]] || small='--batch 512'
	timeout 200 "$BENCH" run --backend "$1" --from 0 --to 1 --folio 4K \
		--total 32M --folios-per-call 4096 $small --runs 1 --warmup 0 \
		--verify --quiet --format json >out 2>err
	status=$?
}

for backend in $backends; do
	echo 1 >$switch
	runs "$backend"
	check "$backend runs with NUMA balancing" test $status -eq 0
	check 'with a warning' grep -q 'NUMA balancing is on' out
	check 'and every byte' grep -qE '"verify_errors": 0\b' out
	echo 0 >$switch
	runs "$backend"
	check "$backend runs without it" test $status -eq 0
	check 'without a warning' test \
		"$(grep -c 'NUMA balancing is on' out)" -eq 0
	check 'and nothing fails' grep -qE '"failed": 0\b' out
done
echo "$checks checks, $failures failures"
((failures == 0))
