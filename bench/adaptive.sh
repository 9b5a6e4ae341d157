#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# adaptive, told nothing but a bound, beside the best of a grid of fixed policies
# whose mean inaccessible time is within that bound, in virtual time: for every
# order and 0 (the CPU) to 16 channels, and where the bandwidth halves or doubles
# half-way. About ten minutes.
set -euo pipefail

if [[ $# -gt 1 || ${1-} == -* || ${1-200} =~ [^0-9] ]]; then
	echo 'usage: bench/adaptive.sh [US]   the bound; 200' >&2
	exit 2
fi
us=${1-200}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bench=build/release/tools/migsim-bench
sizes=128,192,256,320,512,768,1024,1536,2048,3072,4096,6144
cpu=batch:pages=64,$sizes,batch:copy=inline,pages=64,$sizes
channels=batch:pages=64,$sizes,double:pages=64,$sizes
channels+=,sliding:window=$sizes,group=64,128,256,512,flush=1,2,4,fan=1,4
channels+=,sliding:window=512,$sizes,flush=1,2,4,split=4,8

# FOLIO ENGINE POLICIES: adaptive over 1 GiB, the grid over as much
compare() {
	{
		$bench run --backend model --folio "$1" --engine "$2" \
			--policy "adaptive:us=$us" --format json
		$bench sweep --backend model --folio "$1" --engine "$2" \
			--policy "$3" --format json --quiet
	} 2>/dev/null | python3 -c '
import json, sys
text, rows = sys.stdin.read(), []
while text.strip():
    doc, end = json.JSONDecoder().raw_decode(text.lstrip())
    text = text.lstrip()[end:]
    rows.append([(r["throughput_gib_s"]["median"], r["inaccessible_us"]["mean"],
                  r["inaccessible_us"]["p99"], r["config"]["policy"])
                 for r in doc["results"]])
a, fixed = rows[0][0], [r for r in rows[1] if r[1] <= float(sys.argv[3])]
line = "%-5s %-48s %6.2f %4.0f/%-5.0f" % (*sys.argv[1:3], *a[:3])
if fixed:
    b = max(fixed)
    line += " %5.2f of %6.2f %4.0f/%-5.0f %s" % (a[0] / b[0], *b)
print(line, flush=True)' "$1" "$2" "$us"
}

printf '%-5s %-48s %6s %-10s ratio, and the best fixed policy\n' \
	folio engine GiB/s 'mean/p99'
for folio in 4K 8K 16K 32K 64K 128K 256K 512K 1M 2M; do
	compare $folio model:channels=0 $cpu
	for n in 1 2 4 8 16; do
		compare $folio model:channels=$n "$channels"
	done
done
for folio in 4K 64K 2M; do
	for percent in 50 200; do
		turn=turn_after=131072,turn_percent=$percent
		compare $folio model:channels=0,$turn $cpu
		for n in 1 16; do
			compare $folio model:channels=$n,$turn "$channels"
		done
	done
done
