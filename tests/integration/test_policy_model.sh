#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What the policies reach in virtual time, which is the same on every machine:
# the figures that bench/bounded-batch.md promises, and adaptive beside the best
# fixed policy of a small grid.
# BENCH is the path of migsim-bench, SRC that of the source tree.
source "$(dirname "${BASH_SOURCE[0]}")/../support/bench.sh"

total=1G

# FOLIO ENGINE POLICY [PROFILE]: "GIB_S MEAN P99 WINDOW" of a run, us and pages
figures() {
	timeout 120 "$BENCH" run --backend model --profile "${4-zen3-ptdma}" \
		--engine "$2" --policy "$3" --folio "$1" --total $total \
		--format json 2>err | python3 -c '
import json, sys
r = json.load(sys.stdin)["results"][0]
i = r["inaccessible_us"]
print(r["throughput_gib_s"]["median"], i["mean"], i["p99"],
      r["counters"]["max_pages_in_flight"])'
}

reaches() { # GIB_S MEAN_US P99_US PAGES FOLIO ENGINE POLICY [PROFILE]
	local least=$1 mean=$2 p99=$3 pages=$4
	shift 4
	figures "$@" | awk -v g="$least" -v m="$mean" -v p="$p99" -v w="$pages" '
		{ print "    " $0 >"/dev/stderr" }
		END { exit !(NF == 4 && $1 >= g && $2 <= m && $3 <= p && $4 <= w) }
	' 2>seen && return
	cat seen
	return 1
}

c16=model:channels=16
check '2M, whole folios' \
	reaches 62 385 400 6144 2M $c16 sliding:window=6144
check '2M, cut, 2048 pages' \
	reaches 63 125 140 2048 2M $c16 sliding:window=2048,split=8,flush=2
check '2M, cut, 512 pages' \
	reaches 25 80 85 512 2M $c16 sliding:window=512,split=8
check '4K, 16 channels' reaches 3.5 160 180 192 4K $c16 sliding:window=192
check '4K, 1 channel' \
	reaches 3.5 160 180 192 4K model:channels=1 sliding:window=192
check '2M, where a flush costs five times as much' \
	reaches 57 500 520 4096 2M $c16 sliding:window=4096,split=4,flush=4 \
	zen3-ptdma:flush_base_us=52.675

# --- adaptive is told nothing but 200 us
within() { # PERCENT FOLIO ENGINE: of the best of these that stay within 200 us
	local percent=$1 folio=$2 engine=$3 policy g mean p99 w best=0 which=none
	for policy in batch:pages={256,512} sliding:window={192,320} \
		sliding:window={640,1280},group=128,flush=4 \
		sliding:window={512,1536},split=4 \
		sliding:window=3072,split=8,flush=2; do
		read -r g mean p99 w < <(figures "$folio" "$engine" "$policy")
		awk -v m="$mean" -v g="$g" -v b="$best" \
			'BEGIN { exit !(m <= 200 && g > b) }' || continue
		best=$g which=$policy
	done
	read -r g mean p99 w < <(figures "$folio" "$engine" adaptive:us=200)
	awk -v m="$mean" -v g="$g" -v b="$best" -v p="$percent" \
		'BEGIN { exit !(b > 0 && m <= 200 && g >= b * p / 100) }' && return
	echo "    $folio $engine: adaptive $g GiB/s, $mean us; $which $best"
	return 1
}

if ! threads_watched; then
	for which in 4K:1 4K:16 64K:16 256K:4 2M:0 2M:1 2M:4 2M:16; do
		check "adaptive, $which channels" \
			within 90 "${which%:*}" "model:channels=${which#*:}"
	done
	check 'adaptive, where the bandwidth halves' within 90 2M \
		$c16,turn_after=131072,turn_percent=50
	check 'adaptive, where it doubles' within 90 4K \
		model:channels=1,turn_after=131072,turn_percent=200
fi

# --- where pieces are dear, a folio alone is cut less; small folios beside large
# ones are no reason to break the bound
check 'adaptive finds fewer pieces' reaches 14 130 330 1024 2M $c16 \
	adaptive:us=130 zen3-ptdma:channel_us=12
check 'adaptive, mixed folios' reaches 3.3 190 280 16384 4K:50/2M:50 \
	model:channels=1 adaptive:us=200

# --- time: as near to the bound as the channels allow, not beyond
check 'time, 300 us' reaches 24 300 320 3072 2M $c16 time:us=300
check 'time, 400 us' reaches 45 400 420 6144 2M $c16 time:us=400
check 'time, 500 us' reaches 54 500 500 8192 2M $c16 time:us=500

# --- who stayed where they were when the bandwidth doubles fell behind this
turn=turn_percent=200,turn_after
check 'adaptive climbs anew' \
	reaches 74 200 300 16384 2M $c16,$turn=131072 adaptive:us=200
check 'time tries again what was too long' \
	reaches 44 300 320 16384 2M $c16,$turn=65536 time:us=300

# --- the CPU copies at another rate half-way, 4K folios as well
turned() { # PERCENT: copies/s against those without
	awk -v a="$(figures 4K "model:channels=0,turn_after=1,turn_percent=$1" \
		batch:copy=inline | cut -d' ' -f1)" \
		-v b="$(figures 4K model:channels=0 batch:copy=inline |
		cut -d' ' -f1)" -v p="$1" \
		'BEGIN { if (p > 100) exit !(a > b * 1.1 && a < b * 1.3)
			 exit !(a < b * 0.9 && a > b * 0.6) }'
}
check 'the CPU at twice its rate' turned 200
check 'the CPU at half its rate' turned 50

# --- one folio alone takes longer than the bound: it stays alone
for policy in adaptive:us=100 time:us=100; do
	check "$policy: one folio stays alone" \
		reaches 7 300 400 1024 2M model:channels=1 $policy
	timeout 60 "$BENCH" run --backend model --engine model:channels=1 \
		--policy $policy --folio 2M --total 256M >out 2>err
	check "$policy says so" grep -q 'one folio alone is inaccessible' out
done

echo "test_policy_model: $checks checks, $failures failed"
[[ $failures -eq 0 ]]
