#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The published experiments 1a and 2A between two nodes, a little of each, by
# this library and by the kernel in the same run: every cell is there, and all
# of it was migrated, intact and to the right node.
. "${SRC:?the path of the sources}/tests/support/bench.sh"

# Tracing would slow the kernel, and the ratio is of what it can do.
backends=kernel:trace=off
if "$BENCH" sysinfo --format json | tr -d ' \n' |
	grep -q '"uffd_move":true'; then
	backends=uffd,kernel:trace=off
fi

names=${backends%:*}
names=${names/,/ }

# Where all 2048 pages of the region of a running tool lie. The tool binds it
# to the source, by which it is told from all else; a page before and one behind
# it stay there.
lies() { # PID
	awk '$2 == "bind:0" {
		on = n = 0
		for (i = 3; i <= NF; i++) {
			if ($i ~ /^N1=/) on = substr($i, 4)
			if ($i ~ /^anon=/) n = substr($i, 6)
		}
		if (n >= 2048 && (!on || on >= 2048))
			print on ? "there" : "here"
	}' "/proc/$1/numa_maps" 2>/dev/null
}

# It goes to and fro until it was seen at both ends.
goes_to_and_fro() { # BACKEND
	local i pid at here='' there=''

	"$BENCH" run --backend "$1" --total 8M --from 0 --to 1 --runs 100000 \
		--warmup 0 --verify --quiet >out 2>err &
	pid=$!
	for ((i = 0; i < 2000; i++)); do
		[[ ! $here || ! $there ]] && kill -0 $pid || break
		at=$(lies $pid)
		[[ $at != here ]] || here=1
		[[ $at != there ]] || there=1
	done
	kill -KILL $pid
	wait $pid 2>/dev/null
	check "$1: all of a region is seen on the source" test "$here"
	check "$1: and on the target" test "$there"
}

# Of each result: backend, order, folios per call, migrated, GiB/s.
cells() {
	tr -d ' \n' <out | sed 's/"config":/\n&/g' | awk '
	function of(key) {
		match($0, "\"" key "\":[^,}]*")
		return substr($0, RSTART + length(key) + 3,
			      RLENGTH - length(key) - 3)
	}
	/^"config"/ {
		match($0, /"throughput_gib_s":\{"median":[^,}]*/)
		rate = substr($0, RSTART, RLENGTH)
		sub(/.*:/, "", rate)
		print of("backend"), of("order"), of("folios_per_call"),
		      of("migrated"), of("failed"), of("verify_errors"),
		      of("from") of("to"), rate
	}' | tr -d '"' >cells
}

sweeps() { # JOB MIB ORDERS FOLIOS-PER-CALL OPTION...
	local job=$1 mib=$2 orders=$3 calls=$4 backend order call status

	"$BENCH" sweep "$SRC/bench/jobs/$job.ini" --backend $backends \
		--total ${mib}M --from 0 --to 1 --runs 1 --warmup 0 --verify \
		--quiet --format json "${@:5}" >out 2>err
	status=$?
	check "$job runs" test $status -eq 0
	((status == 0)) || return
	check "$job: it is said that this is no performance" \
		grep -q 'emulated, not performance' out
	cells
	for backend in $names; do
		for order in $orders; do
			for call in $calls; do
				check_cell $job $backend $order $call $mib
			done
		done
	done
	check "$job has no other cell" test ! -s cells
}

# Takes the cell's line out of the file, and keeps its throughput.
check_cell() { # JOB BACKEND ORDER FOLIOS-PER-CALL|all MIB
	local folios=$(($5 * 256 >> $3)) call=$4 what line

	[[ $call != all ]] || call=$folios
	what="$1, $2, order $3, $call folios per call"
	line=$(grep "^$2 $3 $call " cells)
	check "$what is there, once" test "$(wc -l <<<"$line")" -eq 1 -a "$line"
	check "$what: all has moved, intact" grep -q \
		"^$2 $3 $call $folios 0 0 01 " <<<"$line"
	sed -i "/^$2 $3 $call /d" cells
	echo "$1 $3 $call $2 ${line##* }" >>rates
}

sweeps 1a 4 '0 2 4 6 8 9' all
sweeps 2a-order0 2 0 '1 8 64 512' --folios-per-call 1,8,64,512
sweeps 2a-order9 8 9 '1 4' --folios-per-call 1,4

for backend in $names; do
	goes_to_and_fro $backend
done

if [[ $backends == uffd* ]]; then
	echo 'GiB/s of uffd over that of kernel (emulated, not performance):'
	awk '{ rate[$1 "  order " $2 "  " $3 " folios per call", $4] = $5 }
		$4 == "uffd" { key[n++] = $1 "  order " $2 "  " $3 " folios per call" }
		END { for (i = 0; i < n; i++)
			printf "    %-48s %.2f\n", key[i],
			       rate[key[i], "uffd"] / rate[key[i], "kernel"] }' \
		rates
fi
echo "$checks checks, $failures failures"
((failures == 0))
