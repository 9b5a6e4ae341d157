#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# In emulated time: how much of what 16 channels can copy the pipeline gets
# through the bridge. Beside it the least that a client within the kernel does
# for as many bytes in descriptors as long. With "all" over the bandwidth of the
# channels, to see where they are no longer the limit.
. "${SRC:?the path of the sources}/tests/support/bench.sh"
. "$SRC/tests/support/ptdma.sh"

channels=16
mib=512
module ptdma
module dma_baseline
module migsim_dma

each() { # SETTING=VALUE…
	local function

	for function in "${functions[@]}"; do
		set_to "$function" "$@"
	done
}

descriptors() {
	cat /sys/class/misc/migsim_dma/descriptors
}

# Small copies that are neighbours are one descriptor, up to so many bytes.
compare() { # BYTES JOINED: in $baseline and $bridge, MiB/s
	local line who ns

	echo "$2" >/sys/module/migsim_dma/parameters/chunk_bytes
	"$BUILD/tests/guest_copies" "$1" $((8388608 / $1 * 4)) \
		$((mib * 1048576 / $1)) $channels huge >out
	check "copies of $1 are made" test $? -eq 0
	while read -r who ns line; do
		case $who in
		baseline:) baseline=$((mib * 1000000000 / ns)) ;;
		bridge:) bridge=$((mib * 1000000000 / ns)) ;;
		esac
		echo "    $who $ns $line" >&3
	done <out
	echo 262144 >/sys/module/migsim_dma/parameters/chunk_bytes
}

pipeline() { # WORD…: in $speed, MiB/s
	local begin

	begin=$(descriptors)
	"$BENCH" run --from 0 --to 1 --runs 1 --warmup 1 --quiet --format json \
		"$@" >out 2>err
	check "'$*' runs" test $? -eq 0
	speed=$(tr -d ' \n' <out |
		sed -n 's/.*"throughput_gib_s":{"median":\([^,]*\),.*/\1/p' |
		awk '{ printf "%d", $1 * 1024 }')
	echo "    $*: $(($(descriptors) - begin)) descriptors in two calls" >&3
}

percent() { # PART WHOLE
	echo $((100 * $1 / $2))
}

row='%8s %6s %9s %7s %9s %4s\n'
one() { # MB/s NAME BYTES JOINED POLICY: in $part, percent
	compare $3 $4
	pipeline --engine dma:channels=$channels --folio 2M --total ${mib}M \
		--policy "$5"
	part=$(percent $speed $baseline)
	printf "$row" "$1" "$2" $baseline $bridge $speed $part
}

# Of 64K: pieces of folios, which the bridge may deal out, neighbours together;
# and those of a window, that are dealt to all channels in turn.
measure() { # MB/s of a channel
	each bandwidth=$(($1 * 1000000)) latency_ns=2000
	one "$1" 2M 2097152 262144 sliding:window=16384,group=512
	big=$part
	one "$1" 64K 65536 262144 double:pages=8192,split=32
	small=$part
	one "$1" 64K/64K 65536 65536 sliding:window=16384,group=2048,split=32
	apart=$part
}

# Told behind the table.
exec 3>details
echo "MiB/s of $channels channels, by their MB/s and the length of copies:"
printf "$row" MB/s copies baseline bridge pipeline %
if [[ ${1-} == all ]]; then
	for bandwidth in 62 125 250; do
		measure $bandwidth
	done
fi
measure 500
check 'with 2M the pipeline gets 95 % of the baseline' test $big -ge 95
check 'with 64K 80 %' test $small -ge 80
check 'with 64K that are not joined, too' test $apart -ge 80
reached=$baseline
if [[ ${1-} == all ]]; then
	for bandwidth in 1000 2000 4000 8000; do
		measure $bandwidth
	done
	each bandwidth=500000000 latency_ns=2000
fi

# A folio of 64K is sixteen pages, each moved twice by the kernel: what is left
# without any copy is the limit, however fast the channels are.
mib=32
for engine in dma:channels=$channels null; do
	pipeline --engine $engine --folio 64K --total ${mib}M \
		--policy sliding:window=16384,group=512
	echo "folios of 64K, engine $engine: $speed MiB/s"
	limit=$speed
done
check 'folios of 64K are too slow for the channels without any copy, too' \
	test "$(percent $limit $reached)" -lt 80
unload migsim_dma dma_baseline ptdma
cat details
echo "$checks checks, $failures failures"
((failures == 0))
