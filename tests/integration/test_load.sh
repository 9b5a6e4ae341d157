#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# --load: the threads that use the memory meanwhile, in virtual time and over
# real memory.
# BENCH is the path of migsim-bench, SRC that of the source tree.
source "$(dirname "${BASH_SOURCE[0]}")/../support/bench.sh"
source "$SRC/tests/support/interrupt.sh"

holds() { # FILE PYTHON...: d, the document; rs, its results; l, its loads
	python3 - "$@" <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
rs = d["results"]
l = [r["load"] for r in rs]
for words in sys.argv[2:]:
    if not eval(f"({words})"):
        sys.exit(f"not true: {words}: {l}")
END
}

measure() { # FILE ARGS...
	local file=$1
	shift
	timeout 200 "$BENCH" sweep --quiet --format json "$@" >"$file" 2>err
}

# --- the model
check 'the model takes a load' measure model --backend model --folio 2M \
	--batch 512,32768 --load none,threads=1,4,pattern=zipf,write=50
check 'a load is a dimension of the sweep' holds model \
	'[r["config"]["load"] for r in rs] == 2 * [None,
		"threads=1,pattern=zipf,write=50,rate=1000000",
		"threads=4,pattern=zipf,write=50,rate=1000000"]' \
	'[x is None for x in l] == [r["config"]["load"] is None for r in rs]'
check 'its baseline is the rate' holds model \
	'all(x["baseline_ops_per_s"] == 1e6 * x["threads"] for x in l if x)' \
	'all(0 < x["ops_per_s"] < x["baseline_ops_per_s"] for x in l if x)' \
	'all(x["rate"] == 1000000 and x["write_percent"] == 50 for x in l if x)'
check 'no stall is longer than a folio is inaccessible' holds model \
	'all(r["load"]["stall_us"]["max"] <= r["inaccessible_us"]["max"] * 1.001
		for r in rs if r["load"])' \
	'all(x["stall_us"]["p50"] <= x["stall_us"]["p99"] * 1.01
		<= x["stall_us"]["max"] * 1.03 for x in l if x)'
check 'a load changes nothing else in virtual time' holds model \
	'len({r["throughput_gib_s"]["mean"] for r in rs}) == 2' \
	'len({r["inaccessible_us"]["page_seconds"] for r in rs}) == 2'
check 'a larger batch stalls it longer' holds model \
	'(lambda small, large: all(small[t] * 5 < large[t] for t in (1, 4)))(
		*({r["load"]["threads"]: r["load"]["stall_us"]["p99"]
		for r in rs if r["load"] and r["config"]["batch_pages"] == b}
		for b in (512, 32768)))'

# Who comes so seldom that it is hardly ever blocked sees the mean of the pages
# in flight; 0.2 % of them here, and a million arrivals.
check 'many threads come seldom' measure seldom --backend model --folio 2M \
	--batch 512 --total 4G --load threads=64,rate=100000
check 'arrivals see the average' holds seldom \
	'abs(l[0]["stalls"] / (l[0]["ops_per_s"] * 4 /
		rs[0]["throughput_gib_s"]["mean"]) /
		(rs[0]["inaccessible_us"]["mean_pages_in_flight"] / (1 << 18))
		- 1) < 0.1' \
	'l[0]["stalls"] > 2000'
check 'the same arrivals come twice' measure again --backend model --folio 2M \
	--batch 512 --total 4G --load threads=64,rate=100000
check 'to the digit' python3 -c '
import json
a, b = (json.load(open(f))["results"] for f in ("seldom", "again"))
assert a == b, (a, b)'
check 'another seed brings others' measure other --backend model --folio 2M \
	--batch 512 --total 4G --load threads=64,rate=100000 --seed 2
check 'which differ' python3 -c '
import json
a, b = (json.load(open(f))["results"][0]["load"] for f in ("seldom", "other"))
assert a["stall_us"] != b["stall_us"]'

# --- a job file, and what reads results
cat >load.ini <<'END'
backend = model
folio = 2M
load = none,threads=2,pattern=zipf
total = 256M
END
check 'a job file names a load' measure job load.ini
check 'the job has both' holds job '[x is None for x in l] == [True, False]'
timeout 60 "$BENCH" compare --format json job job >compared 2>err
check 'each is compared with its like' python3 -c '
import json
d = json.load(open("compared"))
loads = [p["config"]["load"] for p in d["pairs"]]
assert loads == [None, "threads=2,pattern=zipf,write=0,rate=1000000"], loads'
python3 - job one <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
d["results"] = d["results"][:1]
del d["results"][0]["config"]["load"]
json.dump(d, open(sys.argv[2], "w"))
END
timeout 60 "$BENCH" compare --format json one job >compared 2>err
check 'an old result had no load' python3 -c '
import json
d = json.load(open("compared"))
assert len(d["pairs"]) == 1 and d["b"]["without_twin"] == 1, d'
timeout 60 "$BENCH" sweep load.ini --format csv --quiet >job.csv 2>err
check 'csv has a column and values' python3 -c '
import csv
rows = list(csv.DictReader(open("job.csv")))
load = [r for r in rows if r["metric"].startswith("load_")]
assert {r["load"] for r in rows} == {"", "threads=2,pattern=zipf,write=0,rate=1000000"}
assert {r["metric"] for r in load} == {"load_ops_per_s",
	"load_baseline_ops_per_s", "load_stalls", "load_stall_p50_us",
	"load_stall_p99_us", "load_stall_max_us"}
assert all(r["load"] for r in load)'
python3 -c '
import csv
rows = csv.DictReader(open("job.csv"))
out = csv.DictWriter(open("loaded.csv", "w"), rows.fieldnames)
out.writeheader()
out.writerows(r for r in rows if r["load"])'
check 'some rows have one' test "$(wc -l <loaded.csv)" -gt 1
timeout 60 "$BENCH" fit job.csv -o job.profile >out 2>err
check 'rows without a load can be fitted' test $? -eq 0
timeout 60 "$BENCH" fit loaded.csv -o job.profile >out 2>err
check 'those with one are left out' test $? -eq 2
check 'which is said' grep -q 'ends without a row that the model can say' err

refused() { # WORDS ARGS...
	local words=$1
	shift
	timeout 60 "$BENCH" run --quiet "$@" >out 2>err
	check "'$*' is refused" test $? -eq 2
	check "'$*' is explained" grep -qE -e "$words" err
}

refused 'has no speed; there are threads, pattern, write and rate' \
	--load threads=1,speed=2
refused 'threads is a whole number from 1 to 64' --load threads=65
refused 'these are 2' --load threads=1,2

# --- real memory
if "$BENCH" sysinfo --format json | tr -d ' \n' |
	grep -q '"uffd_move":false'; then
	echo "userfaultfd or UFFDIO_MOVE is missing, or forbidden"
	[[ $failures -eq 0 ]] && exit 77
	exit 1
fi

real() { # FILE ARGS...
	measure "$1" --total 64M --runs 3 --warmup 1 "${@:2}"
}

# In flight is the whole of a call: some operation must meet it.
for folio in 4K 2M 4K:80/2M:20; do
	for layout in contiguous scattered; do
		check "$folio $layout under a writing load" real run \
			--folio $folio --layout $layout --batch 16384 --verify \
			--load threads=2,write=50
		check "$folio $layout: what came of it" holds run \
			'rs[0]["counters"]["verify_errors"] == 0' \
			'rs[0]["counters"]["failed"] == 0' \
			'l[0]["ops_per_s"] > 0' \
			'l[0]["baseline_ops_per_s"] > 0' \
			'l[0]["rate"] is None and l[0]["threads"] == 2' \
			'l[0]["stalls"] > 0' \
			'l[0]["stall_us"]["max"] >= l[0]["stall_us"]["p50"] > 1' \
			'l[0]["stall_us"]["max"] * 10 >
				rs[0]["inaccessible_us"]["p50"]' \
			'all(s["ops_per_s"] > 0 for s in rs[0]["samples"])'
	done
done

check 'nobody migrates: the null engine, and one folio' real null \
	--engine null --folio 4K --folios-per-call 1 --total 4K --load threads=1
check 'a load may not come to run at all' holds null \
	'l[0]["baseline_ops_per_s"] > 0' 'l[0]["ops_per_s"] >= 0'

check 'zipf at a rate, beside busy threads, reading after' real rate \
	--folio 2M --busy 1 --read-after \
	--load threads=3,pattern=zipf,rate=2000
check 'which no thread exceeds' holds rate \
	'l[0]["baseline_ops_per_s"] <= 3 * 2000 * 1.2' 'l[0]["rate"] == 2000' \
	'rs[0]["read_after_gib_s"]["mean"] > 0'

# --- Ctrl-C, with threads that wait for their turn, for memory, for a CPU
for load in threads=64 threads=2,rate=1 threads=8,write=100,pattern=zipf; do
	env --default-signal=INT "$BENCH" run --load $load --total 64M \
		--runs 1000000 --quiet >int 2>err &
	pid=$!
	interrupt_when_caught $pid
	check "Ctrl-C ends $load" timeout 30 tail --pid=$pid -f /dev/null
	kill -KILL $pid 2>/dev/null
	wait $pid
	check 'with a sentence' grep -q interrupted err
done

# --- a migration that fails early leaves nobody behind
timeout 60 "$BENCH" run --engine error:of=memcpy,fail_ppm=500000 --folio 4K \
	--total 16M --load threads=2,write=50 --verify --quiet --format json \
	>failing 2>err
check 'an engine that fails keeps nobody waiting' holds failing \
	'rs[0]["counters"]["verify_errors"] == 0' 'l[0]["ops_per_s"] > 0'

echo "test_load: $checks checks, $failures failed"
[[ $failures -eq 0 ]]
