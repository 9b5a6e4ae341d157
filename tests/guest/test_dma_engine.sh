#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Engine dma over the bridge: the contract of engines; the pipeline between two
# nodes, verified; what it does when channels fail or hang; what it lacks.
. "${SRC:?the path of the sources}/tests/support/bench.sh"

suite=$BUILD/tools/migsim-conformance
case $MODULES in
*ptdma.ko*) driver=ptdma ;;
*) driver=migsim_swdma ;;
esac
[[ $MODULES == *migsim_dma.ko* ]] || {
	echo 'this guest has no modules of kmod/'
	exit 77
}

load() { # NAME [PARAMETER=VALUE…]
	local path

	for path in $MODULES; do
		[[ $path != */$1.ko ]] || busybox insmod "$path" "${@:2}"
	done
}

set_swdma() { # PARAMETER VALUE
	echo "$2" >"/sys/module/migsim_swdma/parameters/$1"
}

pinned() {
	echo 1 >/proc/sys/vm/stat_refresh
	awk '/^nr_foll_pin_acquired/ { n += $2 } /^nr_foll_pin_released/ {
		n -= $2 } END { print n }' /proc/vmstat
}

says() { # STATUS PATTERN COMMAND…
	local status=$1 pattern=$2

	timeout 100 "${@:3}" >out 2>err
	check "${*:3} ends with $status" test $? -eq "$status"
	check "${*:3} says $pattern" grep -qE -e "$pattern" out err
}

field() { # NAME: of the one result in out
	tr -d ' \n' <out | sed -n "s/.*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/p"
}

crosses() { # OPTION…
	timeout 250 "$BENCH" run --from 0 --to 1 --runs 1 --warmup 0 --quiet \
		--verify --format json "$@" >out 2>err
	check "'$*' runs" test $? -eq 0
	check "'$*': every byte is right" test "$(field verify_errors)" = 0
	check "'$*': nothing failed" test "$(field failed)" = 0
	check "'$*': the driver is named" grep -q "\"driver\": \"$driver " out
}

conforms() { # WORD [OPTION…]
	timeout 280 "$suite" "${@:2}" "$1" >out 2>err
	check "conformance of $1" test $? -eq 0
	echo "$1: $(tail -n 1 out)"
	grep -E '^(not ok|skip)' out
}

# The guest is as it was for the next test.
leave() {
	check 'the bridge leaves' busybox rmmod migsim_dma
	check 'and its channels' busybox rmmod $driver
	echo "$checks checks, $failures failures"
	exit $((failures > 0))
}

[[ -e /dev/migsim_dma ]] ||
	says 77 'there is no /dev/migsim_dma.*load the module' $suite dma
load migsim_dma
says 77 'there is no channel: load the driver' $suite dma
load $driver
check 'the driver is there' test -d "/sys/module/$driver"
says 77 '16 of 17 channels' $suite dma:channels=17
says 77 'no channel of driver nobody' $suite dma:driver=nobody
says 77 'no channel at node 7' $suite dma:node=7
says 2 '31 characters' $suite \
	dma:driver=a2345678901234567890123456789012
says 77 'may not be opened.*root' /usr/bin/setpriv --reuid 65534 --clear-groups \
	"$suite" dma
disabled=/proc/sys/kernel/io_uring_disabled
if [[ -e $disabled ]]; then
	echo 2 >$disabled
	says 77 'io_uring_disabled' $suite dma
	echo 0 >$disabled
fi

# --- the contract: of one channel, some, all; each machine has its own ways
case $TOPOLOGY:$(uname -r) in
dma:6.1.*) ways=(dma:channels=4,split=yes) ;;
dma:*) ways=(dma:channels=1 dma:split=yes,spin_us=0) ;;
*-iommu:*) ways=(dma:channels=4) ;;
*) ways=(dma) ;;
esac
for way in "${ways[@]}"; do
	conforms "$way"
done

# --- the pipeline
if ! "$BENCH" sysinfo --format json | tr -d ' \n' |
	grep -q '"uffd_move":true'; then
	echo 'without UFFDIO_MOVE no pipeline'
	leave
fi
for channels in 1 4 16; do
	crosses --engine dma:channels=$channels --folio 2M --batch 8192 \
		--total 64M
done
check 'and the channels, too' grep -q "$driver 16 channels" out
crosses --engine dma:channels=16 --folio 4K --batch 8192 --total 32M
policies=(sliding:window=2048,fan=4,split=4)
[[ $driver == ptdma ]] || policies+=(sliding:window=2048,group=512
	double:pages=1024 folio:pages=2048)
for policy in "${policies[@]}"; do
	crosses --engine dma:channels=16 --folio 64K --policy "$policy" \
		--total 16M
done
left=$(pinned)
for ((i = 0; i < 50 && left; i++)); do
	sleep 0.1
	left=$(pinned)
done
((left == 0)) || echo "$left pages stay pinned"
check 'nothing stays pinned' test "$left" = 0

# --- channels fail: the CPU copies
if [[ $driver == migsim_swdma ]]; then
	set_swdma fail_every 5
	crosses --engine dma:channels=4 --folio 64K --batch 512 --total 8M
	check 'what failed is counted' test "$(field cpu_fallback)" -gt 0
	set_swdma fail_every 0
	set_swdma skip_every 5
	crosses --engine dma:channels=4 --folio 64K --batch 512 --total 8M
	check 'what was not copied is found' test "$(field cpu_fallback)" -gt 0
	set_swdma skip_every 0
else
	# The driver reports such a copy as done: the bridge's check finds it.
	. "$SRC/tests/support/ptdma.sh"
	for function in "${functions[@]}"; do
		set_to "$function" error-every=5
	done
	crosses --engine dma:channels=4 --folio 64K --batch 512 --total 8M
	check 'what was not copied is found' test "$(field cpu_fallback)" -gt 0
fi

leave
