#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# migsim-bench recommend, measured on this machine. No figure is looked at, but
# those that must agree with each other.
# BENCH is the path of migsim-bench, SRC that of the source tree.
source "$(dirname "${BASH_SOURCE[0]}")/../support/bench.sh"
command -v python3 >/dev/null || { echo "needs python3"; exit 77; }

timeout 100 "$BENCH" run --folio 4K --total 16M --runs 1 >out 2>err
case $? in
77) tail -n 1 err; exit 77 ;;
0) ;;
*) cat err; exit 1 ;;
esac

# A bound that nothing breaks, so that every kind has an answer.
timeout 250 "$BENCH" recommend --backend uffd --engine mt:threads=2 \
	--folio 64K --total 16M --runs 4 --policy batch,sliding \
	--max-first-us 60000000 --format json --output real.json >out 2>err
check 'it is measured' test $? -eq 0
check 'nothing is on stdout' test ! -s out
check 'the answer is one of what was measured' python3 -c '
import json
d = json.load(open("real.json"))
recs = {r["kind"]: r for r in d["recommendations"]}
assert set(recs) == {"batch", "sliding"} and len(d["recommendations"]) == 2
for r in recs.values():
    assert r["extrapolated"] is False and r["profile"] is None
    assert r["gib_s"] > 0 and r["first_us"] > 0
    assert r["within_bounds"] == r["candidates"] > 3
    assert r["gib_s_interval"][0] <= r["gib_s"] <= r["gib_s_interval"][1]
    assert r["cpu_s_per_gib"]["caller"] > 0
assert recs["batch"]["largest_bounded_pages"] == 4096
assert "offloading pays" in recs["batch"]["offload"], recs["batch"]["offload"]
assert "alone" not in recs["batch"]["offload"]
assert d["sysinfo"]["kernel"] and d["pareto"]'

# Too few runs tell nothing apart, so that the fastest is best.
timeout 250 "$BENCH" recommend --backend uffd --engine memcpy --folio 2M \
	--total 64M --runs 1 --policy batch --max-first-us 60000000 \
	--format csv >one.csv 2>err
check 'one run is enough to begin with' test $? -eq 0
check 'but gives no interval' python3 -c '
import csv
rows = list(csv.DictReader(open("one.csv", newline="")))
assert len(rows) > 4 and all(r["gib_s_lo"] == "" for r in rows)
best, = [r for r in rows if r["best"] == "1"]
assert float(best["gib_s"]) == max(float(r["gib_s"]) for r in rows)'

echo "test_recommend: $checks checks, $failures failed"
[[ $failures -eq 0 ]]
