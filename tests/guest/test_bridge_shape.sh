#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Table 2B for folios of 2M, over the bridge, in emulated time: as many channels
# are of use as a batch has folios; and what a fit of some of its columns says of
# the others. With the argument "all" also long calls, and channels so fast that
# the CPU is a limit, too: bench/bridge.md.
. "${SRC:?the path of the sources}/tests/support/bench.sh"
. "$SRC/tests/support/ptdma.sh"

# The CPU has 1000 million instructions a second, a fraction of a real one's: so
# that the channels are the limit, they are slow, too.
slow=100000000 fast=500000000 latency_ns=2000
module ptdma
module migsim_dma

measure() { # BANDWIDTH TOTAL BATCHES
	local function

	for function in "${functions[@]}"; do
		set_to "$function" bandwidth="$1" latency_ns=$latency_ns
	done
	printf '\n-- channels of %d MB/s, calls of %s\n' $(($1 / 1000000)) "$2"
	"$BENCH" sweep "$SRC/bench/jobs/2b-order9.ini" --from 0 --to 1 --quiet \
		--engine dma:channels=1,4,16 --total "$2" --runs 1 --verify \
		--policy "batch:pages=$3,copy=batch" --format csv >raw.csv 2>err
	check 'the sweep runs' test $? -eq 0
	# Instructions are counted: these times are the same on every machine.
	sed 's/"emulated, not performance"//' raw.csv >table.csv
	check 'every byte is right, and a channel copied it' awk -F, '
		$8 == "verify_errors" || $8 == "cpu_fallback" ||
		$8 == "failed" { n++; bad += $9 }
		END { exit bad || n < 3 }' table.csv
}

# The table, and beside it how much of min(channels, folios) came of them,
# against one channel at the same batch.
shape() { # PERCENT: it may be off by so much
	awk -F, -v may="$1" '
	$8 == "gib_s" || $8 == "first_us" { v[$8, $5, $7] = $9; n[$7] }
	END {
		split("1 4 16", channels, " ")
		printf "%7s |%8s%8s%8s |%8s%8s%8s |%12s%12s\n", "N pages",
			"1: GiB/s", "4:", "16:", "1: us", "4:", "16:",
			"4: of min", "16: of min"
		for (N = 512; N in n; N *= 2) {
			line = sprintf("%7d |", N)
			for (i = 1; i <= 3; i++)
				line = line sprintf("%8.4f", v["gib_s", channels[i], N])
			line = line " |"
			for (i = 1; i <= 3; i++)
				line = line sprintf("%8.0f", v["first_us", channels[i], N])
			line = line " |"
			for (i = 1; i <= 3; i++) {
				c = channels[i]
				folios = N / 512
				use = c < folios ? c : folios
				rate = v["gib_s", c, N] / v["gib_s", 1, N] / use
				wait = v["first_us", 1, N] / v["first_us", c, N] / use
				alone = v["first_us", 1, N] / v["first_us", 1, 512] / folios
				off(rate)
				off(wait)
				off(alone)
				cells++
				if (c > 1)
					line = line sprintf(" %5.3f %5.3f", rate, wait)
			}
			print line
		}
		printf "%d cells, off min(channels, folios) by %.1f %% at most\n",
			cells, 100 * most
		exit cells < 18 || !(most <= may / 100)
	}
	function off(ratio) {
		ratio = ratio > 1 ? ratio - 1 : 1 - ratio
		if (ratio > most)
			most = ratio
	}' table.csv
}

# Those that the condition of awk names are not in the data of the fit.
predict() { # WHAT CONDITION PERCENT [PERCENT]: so much a cell, the mean (5) may be off
	awk -F, "NR == 1 || !($2)" table.csv >known.csv
	awk -F, "NR == 1 || $2" table.csv >unknown.csv
	"$BENCH" fit known.csv --quiet --output known.profile >fitted 2>err
	check "the table without $1 is fitted" test $? -eq 0
	"$BENCH" reproduce --profile known.profile --data unknown.csv --quiet \
		--format csv >predicted.csv 2>err
	check "$1 is predicted" test $? -eq 0
	printf '\n%s, predicted by a fit of the rest (%s)\n' "$1" \
		"$(sed -n 's/.* \(rms .*\)/\1/p' fitted)"
	awk -F, -v may="$3" -v mean="${4-5}" '
	NR == 1 || $11 != "" { next }
	{
		off = $15 < 0 ? -$15 : $15
		n[$8]++
		sum[$8] += off
		if (off > most[$8])
			most[$8] = off
		printf "%2d channels, N %6d: %-8s %12.6g, predicted %12.6g, %+5.1f %%\n",
			$5, $7, $8, $9, $12, $15
	}
	END {
		bad = n["gib_s"] < 3 || n["gib_s"] != n["first_us"]
		for (m in n) {
			printf "mean error of %s: %.2f %%, at most %.2f %%\n", m,
				sum[m] / n[m], most[m]
			bad += !(sum[m] / n[m] <= mean) || !(most[m] <= may)
		}
		exit bad
	}' predicted.csv
	check "$1: near enough" test $? -eq 0
}

# What no other column tells, how much of the CPU a further channel takes, the
# last one shows: its cells may be further off than its mean.
columns() {
	predict '4 channels' '$5 == 4' 5
	predict 'N = 2048' '$7 == 2048' 5
	predict '16 channels' '$5 == 16' 10
}

if [[ ${1-} != all ]]; then
	measure $slow 64M 512:16384:x2
	shape 10
	check 'the shape is that of min(channels, folios)' test $? -eq 0
	columns
else
	measure $slow 128M 512:32768:x2
	shape 10
	check 'the shape is that of min(channels, folios)' test $? -eq 0
	columns
	measure $fast 128M 512:32768:x2
	shape 100
	predict '4 channels' '$5 == 4' 10
	predict 'N = 2048' '$7 == 2048' 10
	predict '16 channels' '$5 == 16' 20 10
fi
unload migsim_dma ptdma
echo "$checks checks, $failures failures"
((failures == 0))
