#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The tool and the kernel's own migration: latencies, and what is missing when
# there are none; the knobs of the batch-copy series, made up: set for the run
# and as before afterwards, also when it is interrupted.
. "${SRC:?the path of the sources}/tests/support/bench.sh"

every='--backend kernel --from 0 --to 1 --folio 4K --total 1M --warmup 0 --quiet'

run() { # OPTION...
	timeout 200 "$BENCH" run $every --runs 1 --format json "$@" >out 2>err
	status=$?
	tr -d ' \n' <out >flat
}

has() { # PATTERN
	grep -qE -e "$1" flat
}

run
check 'the kernel backend runs' test $status -eq 0
check 'it reports the first folio' has '"first_folio_us":\{"median":[0-9]'
check 'and inaccessible times' has '"inaccessible_us":\{"mean":[0-9]'
check 'and page-seconds' has '"page_seconds":[0-9]'
check 'the flush and the remap are part of others' \
	has '"unmap":(null|[0-9.e-]+),"flush":null,"submit":null,.*"remap":null'
check 'what the kernel does not tell is not 0' has '"flushes":null'
check 'groups are counted' has '"groups":[1-9]'
check 'it is said that tracing costs' has 'trace=off'
check 'that it was traced stands in the configuration' has '"trace":true'
check 'nobody knows what copied' has '"driver":null,"channels":null'

run --backend kernel:trace=off
check 'it runs untraced' test $status -eq 0
check 'and then has no latencies' has '"first_folio_us":\{"median":null'
check 'which the configuration says' has '"trace":false'
check 'as the one backend' has '"backend":"kernel"'

umount /sys/kernel/tracing
run
check 'it runs without tracefs' test $status -eq 0
check 'says so, once' test "$(grep -o 'tracefs is not mounted' out | wc -l)" -eq 1
check 'and what to do' has 'mount-ttracefs'
check 'and has no latencies' has '"first_folio_us":\{"median":null'
check 'but the throughput' has '"throughput_gib_s":\{"median":[0-9]'
mount -t tracefs tracefs /sys/kernel/tracing

run --engine dma:channels=4
check 'without knobs dma ends with 77' test $status -eq 77
check 'and says what is missing' grep -q 'batch-copy series' err
run --engine memcpy
check 'without knobs memcpy is what it does' test $status -eq 0

# From here on the knobs are made up: plain files, bound over sysfs. (The guest
# is this test's own.)
knobs() { # DIRECTORY: what they hold, in one line
	echo "$(<"$1/offloading") $(<"$1/nr_dma_chan")"
}

while_set() { # DIRECTORY OPTION...: runs, and notes each state of the knobs
	local dir=$1 pid was='' is

	: >states
	timeout 200 "$BENCH" sweep $every --runs 1 --format json "${@:2}" \
		>out 2>err &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		is=$(knobs "$dir")
		[[ $is == "$was" ]] || echo "$is" >>states
		was=$is
	done
	wait $pid
	status=$?
	tr -d ' \n' <out >flat
}

with_dma() { # DIRECTORY CHANNELS...
	local dir=$1 list n

	shift
	list=$*
	while_set "$dir" --engine "dma:channels=${list// /,}"
	check "dma with $dir" test $status -eq 0
	for n; do
		check "$n channels were set" grep -qx "1 $n" states
		check "$n channels are reported" \
			has "\"engine\":\"dma\",\"driver\":\"dcbm\",\"channels\":$n,"
	done
	check 'all is as before' test "$(knobs "$dir")" = 'N 1'
}

without_dma() { # DIRECTORY
	echo Y >"$1/offloading"
	echo 8 >"$1/nr_dma_chan"
	while_set "$1" --engine memcpy
	check 'memcpy' test $status -eq 0
	check 'switches it off, and leaves the channels' grep -qx '0 8' states
	check 'no channels are reported' \
		has '"engine":"memcpy","driver":null,"channels":0,'
	check 'and is as before' test "$(knobs "$1")" = 'Y 8'

	while_set "$1"
	check 'without --engine' test $status -eq 0
	check 'nothing is touched' test "$(<states)" = 'Y 8'
}

interrupted() { # DIRECTORY SIGNAL
	local i seen

	env --default-signal=INT "$BENCH" run $every --runs 100000 \
		--engine dma:channels=16 >out 2>err &
	for ((i = 0; i < 2000; i++)); do
		seen=$(knobs "$1")
		[[ $seen != '1 16' ]] || break
		sleep 0.05
	done
	check "set before $2" test "$seen" = '1 16'
	# It may be the probe, which restores them: give the run time to begin.
	sleep 2
	kill -"$2" $!
	wait $!
	check "restored after $2" test "$(knobs "$1")" = 'Y 8'
}

in_use() { # DIRECTORY
	local pid

	rm -f holder
	flock "$1/offloading" sh -c 'echo $$ >holder; exec sleep 100' &
	pid=$!
	until [[ -s holder ]]; do
		sleep 0.1
	done
	timeout 60 "$BENCH" run $every --runs 1 --engine dma:channels=4 \
		>out 2>err
	check 'who comes second is refused' test $? -eq 1
	check 'and told why' grep -q 'in use by another process' err
	check 'the knobs are left alone' test "$(knobs "$1")" = 'Y 8'
	kill "$(<holder)"
	wait $pid 2>/dev/null
}

mkdir -p tmp/module tmp/kernel
for place in module/dcbm/parameters module/dcbm kernel/dcbm; do
	rm -rf tmp/module/* tmp/kernel/*
	mkdir -p "tmp/$place"
	echo N >"tmp/$place/offloading"
	echo 1 >"tmp/$place/nr_dma_chan"
	top=${place%%/*}
	mount --bind "tmp/$top" "/sys/$top"
	case $place in
	*parameters) with_dma "/sys/$place" 1 4 16 ;;
	*) with_dma "/sys/$place" 4 ;;
	esac
	if [[ $place == module/dcbm ]]; then
		without_dma "/sys/$place"
		interrupted "/sys/$place" INT
		interrupted "/sys/$place" TERM
		in_use "/sys/$place"
	fi
	umount "/sys/$top"
done

echo "$checks checks, $failures failures"
((failures == 0))
