#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# migsim-bench run over real memory: the document, the bytes, Ctrl-C.
# Needs BENCH, the tool, and SRC, the source tree.
set -euo pipefail

. "${SRC:?the path of the sources}/tests/support/interrupt.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

fail() {
	echo "test_run: $*" >&2
	exit 1
}

if "$BENCH" sysinfo --format json | tr -d ' \n' |
	grep -q '"uffd_move":false'; then
	echo "userfaultfd or UFFDIO_MOVE is missing, or forbidden"
	exit 77
fi

# The keys of the design; a value that was not measured is null, not missing.
cat >"$tmp/check.py" <<'END'
import json, math, sys

config = """backend engine driver channels policy profile order batch_pages
window_pages total_bytes folios_per_call from to layout pool mode reason
runs""".split()
parts = {
    "throughput_gib_s": "median mean sd ci95",
    "first_folio_us": "median mean sd ci95 p95 p99 max",
    "inaccessible_us": "mean p50 p95 p99 max page_seconds "
                       "mean_pages_in_flight",
    "phases_us": "alloc unmap flush submit wait copy reap remap other",
    "cpu_s_per_gib": "caller helpers",
    "counters": "migrated failed retried declined cpu_fallback flushes "
                "verify_errors",
}

def need(where, keys):
    missing = [k for k in keys if k not in where]
    if missing:
        sys.exit(f"missing: {missing}")

def finite(x):
    if isinstance(x, float) and not math.isfinite(x):
        sys.exit("a number that is none")
    for y in x.values() if isinstance(x, dict) else \
            x if isinstance(x, list) else []:
        finite(y)

name, layout, stopped = sys.argv[1], sys.argv[2], sys.argv[3] == "stopped"
doc = json.load(open(name))
finite(doc)
need(doc, ["schema", "tool", "sysinfo", "warnings", "results"])
assert doc["schema"] == "migsim/1", doc["schema"]
if stopped and not doc["results"]:
    sys.exit("nothing of what was measured")
assert len(doc["results"]) == 1
r = doc["results"][0]
need(r, ["config", "samples", "read_after_gib_s", "stolen_percent"] + list(parts))
need(r["config"], config + ["busy", "read_after"])
for part, keys in parts.items():
    need(r[part], keys.split())
for sample in r["samples"]:
    need(sample, "run gib_s first_us inaccessible_us".split())
    assert sample["gib_s"] > 0
c, n = r["config"], r["counters"]
assert (c["backend"], c["engine"], c["layout"]) == ("uffd", "memcpy", layout)
assert n["failed"] == 0, n
assert 0 <= r["stolen_percent"] <= 100, r["stolen_percent"]
assert c["busy"] == 0 and r["read_after_gib_s"] is None
assert r["cpu_s_per_gib"]["caller"] > 0, r["cpu_s_per_gib"]
assert r["cpu_s_per_gib"]["helpers"] == 0, r["cpu_s_per_gib"]
if not stopped:
    assert n["verify_errors"] == 0, n
    assert len(r["samples"]) == c["runs"]
    assert c["total_bytes"] == 64 << 20
assert n["migrated"] > 0 and n["flushes"] > 0
assert r["throughput_gib_s"]["median"] > 0
f, i = r["first_folio_us"], r["inaccessible_us"]
assert 0 < f["p95"] <= f["p99"] * 1.01 <= f["max"] * 1.02
assert 0 < i["p50"] <= i["p95"] * 1.01 <= i["max"] * 1.02
assert i["mean_pages_in_flight"] > 0
END

check() { # FILE LAYOUT done|stopped
	python3 "$tmp/check.py" "$@" || fail "$1: the document is not right"
}

run_one() { # FOLIO LAYOUT
	local out=$tmp/${1//[:\/]/_}-$2

	"$BENCH" run --backend uffd --engine memcpy --folio "$1" --batch 512 \
		--total 64M --layout "$2" --runs 2 --warmup 1 --verify \
		--format json >"$out" 2>"$out.err" ||
		fail "run $1 $2: $(cat "$out.err")"
	check "$out" "$2" 'done'
}

for folio in 4K 64K 2M 4K:80/2M:20; do
	for layout in contiguous scattered; do
		run_one "$folio" "$layout"
	done
done

# The null engine copies nothing, and must not be believed.
status=0
"$BENCH" run --backend uffd --engine null --folio 4K --total 16M --verify \
	>"$tmp/null" 2>&1 || status=$?
((status == 2)) || fail "--verify with the null engine: status $status"

if (($(find /sys/devices/system/node -maxdepth 1 -name 'node[0-9]*' |
	wc -l) == 1)); then
	status=0
	"$BENCH" run --backend kernel --folio 4K --total 16M \
		>"$tmp/kernel" 2>"$tmp/kernel.err" || status=$?
	((status == 77)) || fail "kernel backend on one node: status $status"
	[[ ! -s $tmp/kernel && -s $tmp/kernel.err ]] ||
		fail "kernel backend on one node: no sentence, or data"
fi

# Ctrl-C: ends soon, and prints what was measured until then.
interrupt() { # SECONDS-BEFORE
	local pid status=0 i

	env --default-signal=INT "$BENCH" run --backend uffd --engine memcpy \
		--folio 4K --batch 512 --total 64M --runs 1000000 --warmup 0 \
		--format json >"$tmp/int" 2>"$tmp/int.err" &
	pid=$!
	sleep "$1"
	interrupt_when_caught "$pid"
	for ((i = 0; i < 50; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	if kill -0 "$pid" 2>/dev/null; then
		kill -KILL "$pid"
		fail "still running 5 s after SIGINT"
	fi
	wait "$pid" || status=$?
	((status < 128)) || fail "SIGINT killed it: status $status"
}
interrupt 3
check "$tmp/int" contiguous stopped

# What a run moved, not what was asked for; and a batch no larger than a call.
"$BENCH" run --total 8M --folios-per-call 1000 --batch 4096 --runs 1 --warmup 0 \
	--quiet --format json >"$tmp/short" || fail "calls shorter than a batch"
python3 - "$tmp/short" <<'END'
import json, sys

doc = json.load(open(sys.argv[1]))
result = doc["results"][0]
assert result["config"]["total_bytes"] == 2000 * 4096, result["config"]
assert result["counters"]["migrated"] == 2000, result["counters"]
assert result["counters"]["max_pages_in_flight"] == 1000, result["counters"]
assert any("the call is the batch" in w for w in doc["warnings"]), doc
END

# Who pays for the copies of threads: each has a part.
"$BENCH" run --engine mt:threads=2,caller=no --folio 2M --total 64M --runs 2 \
	--warmup 1 --quiet --format json >"$tmp/mt" || fail "mt with two threads"
python3 - "$tmp/mt" <<'END'
import json, sys

result = json.load(open(sys.argv[1]))["results"][0]
cpu = result["cpu_s_per_gib"]
assert result["config"]["channels"] == 2, result["config"]
assert cpu["caller"] > 0 and cpu["helpers"] > 0, cpu
END
