#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
set -euo pipefail

usage() {
	cat <<-END
	usage: bench/bridge.sh [cost|speed|shape]…

	The tables of bench/bridge.md, from a guest in emulated time: 10 minutes or
	so on an idle machine. Two runs of one build say the same.

	  cost   instructions of a copy of 4K, beside a client within the kernel
	  speed  what the pipeline gets of 16 channels, over their bandwidth
	  shape  throughput and first-folio latency over N, and what a fit predicts
	END
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
parts=()
for word; do
	case $word in
	cost | speed | shape) parts+=("$word") ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
((${#parts[@]})) || parts=(cost speed shape)
dir=$(mktemp -d) running=''
trap 'rm -rf "$dir"' EXIT
trap 'interrupted 129' HUP
trap 'interrupted 130' INT
trap 'interrupted 143' TERM
# An empty one is none.
export GUEST_LOGS=$dir/logs GUEST_PROFILE=''

# The guest ends before its directory goes.
interrupted() { # STATUS
	trap '' HUP INT TERM
	[[ ! $running ]] || { kill "$running" && wait "$running"; } 2>/dev/null || true
	exit "$1"
}

guest() { # TEST: its words
	local status=0

	tests/guest/run.sh --topology ptdma-icount "$1" >"$dir/out" &
	running=$!
	wait "$running" || status=$?
	running=''
	if ((status)); then
		cat "$dir/out" >&2
		exit $status
	fi
	sed -n '/^@@ begin guest/,/^@@ end/{/^@@/!p}' "$dir"/logs/*/tests.log
}

stages() { # RESULT: STAGE COUNT, of a copy
	tests/guest/profile/table.sh -r "$1" -d 8192 "$dir/counts" |
		awk '/^by function/ { exit } $2 ~ /^[0-9.]+$/ && $3 == "%" {
			print $4, $1 }'
}

# Each comparison is made twice and leaves two results, baseline and bridge: of
# the first one those of its second time.
cost() {
	GUEST_PROFILE=$dir/counts guest guest_bridge_cost_sh
	echo 'Instructions of a copy of 4K, in groups of 512, one channel:'
	join <(stages 2 | sort) <(stages 3 | sort) | awk '
		BEGIN { printf "%-10s %9s %9s\n", "stage", "baseline", "bridge" }
		{ printf "%-10s %9.0f %9.0f\n", $1, $2, $3; a += $2; b += $3 }
		END { printf "%-10s %9.0f %9.0f, %.2f times\n", "all", a, b,
			b / a }'
}

for part in "${parts[@]}"; do
	case $part in
	cost) cost ;;
	*) guest "guest_bridge_${part}_sh:all" ;;
	esac
done
