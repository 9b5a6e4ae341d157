#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The guest is the machine that its topology describes, and the tool sees it.
. "${SRC:?the path of the sources}/tests/support/bench.sh"
. "$SRC/tests/guest/topology/$TOPOLOGY"

nodes=/sys/devices/system/node

is() { # FILE WORDS
	echo "$1: '$(<"$nodes/$1")', it should be '$2'" >err
	[[ $(<"$nodes/$1") == "$2" ]]
}

while read -r file words; do
	check "$file" is "$file" "$words"
done <<<"$sysfs"

# A line for each node: number, CPUs, memory, free memory, distances.
"$BENCH" list topology >out 2>err
check 'list topology runs' test $? -eq 0
for node in "$nodes"/node[0-9]*; do
	id=${node##*node}
	cpus=$(ls -d "$node"/cpu[0-9]* 2>/dev/null | wc -l)
	kib=$(awk '/MemTotal:/ { print $4 }' "$node/meminfo")
	check "node $id has a line with its CPUs and distances" \
		grep -qE "^ *$id +$cpus .* $(sed 's/ / +/g' "$node/distance")\$" out
	((kib)) || check "node $id has no memory" \
		grep -qE "^ *$id +$cpus +0" out
done
((failures == 0)) || cat out

with=$("$BENCH" sysinfo | awk '/^nodes with memory/ { print $4 }')
check 'sysinfo counts the nodes with memory' test "$with" -eq \
	"$(grep -l 'MemTotal: *[1-9]' "$nodes"/node*/meminfo | wc -l)"
# Else what needs it would be left out without a word.
if [[ $(printf '%s\n' 6.8 "$(uname -r)" | sort -V | head -n 1) == 6.8 ]]; then
	check 'from 6.8 on there is UFFDIO_MOVE' grep -q '"uffd_move":true' \
		<<<"$("$BENCH" sysinfo --format json | tr -d ' \n')"
fi
"$BENCH" sysinfo >out
check 'sysinfo says that the machine is emulated' grep -q 'CPU is emulated' out
echo "$checks checks, $failures failures"
((failures == 0))
