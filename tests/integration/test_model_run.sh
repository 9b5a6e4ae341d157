#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run and sweep over virtual time: the same document as over memory, the same
# every time, from a little memory.
# Needs BENCH, the tool, and SRC, the source tree.
set -euo pipefail
export LC_ALL=C.UTF-8

: "${BENCH:?the path of migsim-bench}" "${SRC:?the path of the sources}"
BENCH=$(realpath "$BENCH") SRC=$(realpath "$SRC")
. "$SRC/tests/support/interrupt.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

fail() {
	echo "test_model_run: $*" >&2
	[[ ! -s err ]] || sed 's/^/    stderr: /' err >&2
	exit 1
}

model() { # FILE COMMAND ARGS...: a document of backend model, without a word
	local file=$1 command=$2
	shift 2
	timeout 120 "$BENCH" "$command" --backend model --format json "$@" \
		>"$file" 2>err || fail "$command $*: status $?"
	[[ ! -s err ]] || fail "$command $*: speaks"
}

# Expressions over d, the document; r and c, its first result and config.
holds() { # FILE PYTHON...
	python3 - "$@" <<'END' || fail "$1: $(<"$1")"
import json, sys
d = json.load(open(sys.argv[1]))
r = d["results"][0]
c, n = r["config"], r["counters"]
g, f, i = (r[k] for k in
           ("throughput_gib_s", "first_folio_us", "inaccessible_us"))
for words in sys.argv[2:]:
    if not eval(words):
        sys.exit(f"not true: {words}")
END
}

# --- the document: what means nothing is null, one run, an interval
model one run --batch 512 --total 256M --from 0 --to 99 --runs 7 --warmup 3
holds one \
	'(c["backend"], c["engine"], c["driver"]) == ("model",) * 3' \
	'c["profile"] == "zen3-ptdma" and c["channels"] == 16' \
	'[c[k] for k in ("from", "to", "layout", "pool")] == [None] * 4' \
	'c["runs"] == 1 and c["warmup"] == 0 and c["seed"] == 1' \
	'c["busy"] is None and r["read_after_gib_s"] is None' \
	'r["stolen_percent"] is None' \
	'c["policy"] == "batch:pages=512" and c["batch_pages"] == 512' \
	'c["total_bytes"] == 256 << 20 and c["folios_per_call"] == 65536' \
	'len(r["samples"]) == 1 and g["sd"] == f["sd"] == 0' \
	'g["median"] == g["mean"] == r["samples"][0]["gib_s"]' \
	'g["ci95"][0] < g["median"] < g["ci95"][1]' \
	'f["ci95"][0] < f["median"] < f["ci95"][1]' \
	'0.02 < g["ci95"][1] / g["ci95"][0] - 1 < 0.5' \
	'n["migrated"] == 65536 and n["failed"] == n["cpu_fallback"] == 0' \
	'n["flushes"] == n["groups"] == 128 and n["verify_errors"] is None' \
	'n["max_pages_in_flight"] == 512' \
	'd["warnings"] == [] and d["note"] is None' \
	'2 < g["mean"] < 5 and 200 < f["mean"] < 400' \
	'abs(sum(r["phases_us"].values()) * g["mean"] / 1e6 - 1) < 1e-3'
# Little's law: page-seconds over elapsed seconds.
holds one 'abs(i["page_seconds"] / (0.25 / g["mean"])
	/ i["mean_pages_in_flight"] - 1) < 1e-3'

# --- nothing is chance
same() { # ARGS...: two sweeps give the same bytes
	local run
	for run in a b; do
		model $run sweep "$@"
		python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
del d["sysinfo"]
json.dump(d, open(sys.argv[1], "w"))' $run
	done
	cmp a b || fail "$*: two sweeps differ"
}
same --folio 4K,2M,4K:80/2M:20 --batch 512,8192 --total 128M
same --engine model:channels=0,1,16,null --total 64M --seed 7
same --policy batch:copy=inline --engine model:channels=0 --mode async

# Another seed shuffles the order of the runs, and nothing else.
model a sweep --batch 512:8192:x2 --total 64M --seed 1
model b sweep --batch 512:8192:x2 --total 64M --seed 2
python3 - <<'END' || fail 'the seed changes a result'
import json, sys
a, b = (json.load(open(f))["results"] for f in "ab")
for x, y in zip(a, b):
    assert x["config"].pop("seed") == 1 and y["config"].pop("seed") == 2
    assert x == y
assert [x["config"]["batch_pages"] for x in a] == [512 << i for i in range(5)]
assert all(x["first_folio_us"]["mean"] < y["first_folio_us"]["mean"]
           for x, y in zip(a, a[1:]))
END

# --- the kernel without the series, several calls, mixes
model inline run --policy batch:copy=inline --engine model:channels=0
model batch run --engine model:channels=0
holds inline 'c["channels"] == 0 and c["engine"] == "model"' \
	'c["engine_options"] == "model:channels=0"' \
	'0.3 < f["mean"] / json.load(open("batch"))["results"][0][
		"first_folio_us"]["mean"] < 0.8'
model calls run --total 64M --folios-per-call 1000
holds calls 'n["calls"] == 16 and n["migrated"] == 16000' \
	'c["total_bytes"] == 16000 * 4096 and c["folios_per_call"] == 1000'
model once run --total 64M
holds calls 'g["mean"] < json.load(open("once"))["results"][0][
		"throughput_gib_s"]["mean"]'
model mix run --folio 4K:80/2M:20 --total 640M --folios-per-call 26266
holds mix 'c["order"] is None and c["folio"] == "4K:80/2M:20"' \
	'n["calls"] == 4 and n["nr_thp_succeeded"] == 4 * 13' \
	'n["migrated"] == 4 * 26266 and n["failed"] == 0' \
	'any("several sizes" in w for w in d["warnings"])'

# --- a long run is cut into calls of 1 GiB, and takes no more memory
for folio in 4K:262144 2M:512; do
	model long run --folio ${folio%:*} --total 3G
	holds long 'c["folios_per_call"] == '${folio#*:} 'n["calls"] == 3' \
		'c["total_bytes"] == 3 << 30'
done
peak() { # ARGS...: KiB
	python3 - "$BENCH" run --backend model --quiet "$@" <<'END'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
END
}
small=$(peak --total 1G)
large=$(peak --total 8G)
((large < small + 20480)) || fail "8G take $large KiB, 1G $small"
((large < 131072)) || fail "8G take $large KiB"
mixed=$(peak --total 8G --folio 4K:80/2M:20)
((mixed < small + 20480)) || fail "8G of a mix take $mixed KiB, 1G $small"

# --- profiles: keys change what they should, in the right direction
rate() { # PROFILE ARGS...
	local profile=$1
	shift
	model rate run --profile "$profile" --total 64M "$@"
	python3 -c 'import json
print(json.load(open("rate"))["results"][0]["throughput_gib_s"]["mean"])'
}
lower() { # A B
	python3 -c "import sys; sys.exit(not $1 < $2)"
}
plain=$(rate zen3-ptdma --batch 512)
lower "$(rate zen3-ptdma:flush_base_us=100 --batch 512)" "$plain" ||
	fail 'a slow flush is not slower'
lower "$plain" "$(rate zen3-ptdma:flush_base_us=0,unmap_us=0.1 --batch 512)" ||
	fail 'a fast flush is not faster'
[[ $(rate zen3-ptdma:copy_us=5 --batch 512) == "$plain" ]] ||
	fail 'the channels are as slow as the CPU'
cp "$SRC/lib/model/profiles/zen3-ptdma.profile" own.profile
[[ $(rate ./own.profile --batch 512) == "$plain" ]] ||
	fail 'a file is not what it is a copy of'
lower "$(rate "$PWD/own.profile:flush_base_us=100" --batch 512)" "$plain" ||
	fail 'the keys of a file cannot be overridden'
model list sweep --profile zen3-ptdma:flush_base_us=7,70,zen3-ptdma --total 64M
holds list '[x["config"]["profile"] for x in d["results"]] == [
	"zen3-ptdma:flush_base_us=7", "zen3-ptdma:flush_base_us=70",
	"zen3-ptdma"]'

# --- what lies outside of the measurements is said
said() { # PATTERN ARGS...
	local pattern=$1
	shift
	model outside run --total 64M "$@"
	grep -q "Extrapolated: .*$pattern" outside || fail "$*: says nothing"
}
said 'channels .*8 .*zen3-ptdma' --profile zen3-ptdma:measured_channels=8
said 'channels .*16 .*zen3-ptdma' --engine model:channels=17
said 'batches .*1024 to' --profile zen3-ptdma:measured_batch_min=1024
said 'batches .* to 4096' --profile zen3-ptdma:measured_batch_max=4096 \
	--batch 4097
said 'folios outside of the 64K to 2M' \
	--profile zen3-ptdma:measured_order_min=4 --folio 32K
said 'folios outside of the .* to 1M' \
	--profile zen3-ptdma:measured_order_max=8 --folio 2M
said 'cxl-far was fitted to no measurement' --profile cxl-far
model inside sweep --folio 4K,64K,2M --batch 512,16384,262144 --total 1G \
	--engine model:channels=1,16
holds inside 'd["warnings"] == []'

# --- what cannot be: no time, or too much of it
for words in 'cpus=1000000,flush_per_cpu_us=10000 run.out' \
	'call_us=0,cold_call_us=0,cold_unmap_us=0,flush_base_us=0,unmap_us=0,remap_us=0,pte_us=0,spill_us=0,copy_us=0,channel_us=0,map_page_us=0,map_large_us=0,stream_us=0,port_us=0,translate_us=0,link_us=0 no.time'; do
	read -r keys why <<<"$words"
	rc=0
	timeout 60 "$BENCH" run --backend model --profile "zen3-ptdma:$keys" \
		--batch 1 --total 64M >out 2>err || rc=$?
	[[ $rc -eq 2 && ! -s out && $(wc -l <err) -eq 1 ]] ||
		fail "$keys: status $rc"
	grep -q "$why" err || fail "$keys: does not say $why"
done

# --- the formats: the published words, the profile instead of the machine
for words in '0 inline cpu,0' '0 batch model,0' '4 batch dma,4' \
	'4 inline model,4'; do
	read -r channels copy want <<<"$words"
	timeout 60 "$BENCH" run --backend model --total 64M --format csv \
		--engine "model:channels=$channels" \
		--policy "batch:copy=$copy" >csv 2>err || fail "csv: $words"
	grep -q "^own,0,4096,$want,16384,512,gib_s," csv ||
		fail "$words is no $want: $(sed -n 2p csv)"
	grep -q ',model:channels='"$channels"',batch:copy='"$copy"',zen3-ptdma,4K,,,' \
		csv || fail "csv lacks the true words: $(sed -n 2p csv)"
done
for format in table lkml; do
	timeout 60 "$BENCH" sweep --backend model --total 64M --format $format \
		--batch 512:4096:x2 --engine model:channels=1,4,16 >out 2>err
	grep -q '^Modelled by zen3-ptdma: ' out || fail "$format: no profile"
	! grep -qE '^Linux|->|contiguous|warm' out ||
		fail "$format: of a machine: $(<out)"
	[[ $format == table ]] || ! grep -qE '.{79}' out ||
		fail "$format is too wide: $(<out)"
done
"$BENCH" run --backend model --total 64M | grep -qE ' \[[0-9.]+, [0-9.]+\] ' ||
	fail 'the table shows no interval'

# --- the published experiments, but those with many small folios
awk '/^\[/ { left_out = !/1a|order9/ } !left_out' "$SRC/bench/jobs/model.ini" \
	>quick.ini
timeout 120 "$BENCH" sweep quick.ini --format csv >csv 2>/dev/null ||
	fail 'model.ini: does not run'
python3 - "$SRC/bench/data/published.csv" csv <<'END' ||
import csv, sys
def key(row):
    return tuple(row[k] for k in ("order", "engine", "channels",
                 "folios_per_call", "batch_pages", "metric"))
want, got = ({key(r): float(r["value"]) for r in csv.DictReader(open(f))
              if not (r["flag"] or r.get("run"))} for f in sys.argv[1:])
error = [abs(got[k] / v - 1) for k, v in want.items() if k in got]
print(f"{len(error)} published values, mean error {sum(error) / len(error):.1%}")
sys.exit(len(error) != 6 + 60 + 11 or sum(error) / len(error) > 0.05)
END
	fail 'the published tables are not met'

# --- Ctrl-C ends a run that would take minutes
env --default-signal=INT "$BENCH" run --backend model --total 100000G \
	>out 2>err &
interrupt_when_caught $!
rc=0
wait $! || rc=$?
[[ $rc -eq 1 && ! -s out ]] || fail "interrupted: status $rc"
grep -q 'interrupted before anything was measured' err ||
	fail 'interrupted without a word'

# --- two backends side by side
if "$BENCH" sysinfo --format json | tr -d ' \n' |
	grep -q '"uffd_move":false'; then
	echo "userfaultfd or UFFDIO_MOVE is missing: uffd,model is not tested"
	exit 0
fi
timeout 120 "$BENCH" sweep --backend uffd,model --from 0 --to 0 --total 16M \
	--runs 2 --format json >both 2>err || fail 'uffd,model'
holds both '[x["config"]["backend"] for x in d["results"]] == ["uffd", "model"]' \
	'[x["config"]["runs"] for x in d["results"]] == [2, 1]' \
	'[x["config"]["from"] for x in d["results"]] == [0, None]' \
	'[x["config"]["profile"] for x in d["results"]] == [None, "zen3-ptdma"]'
timeout 120 "$BENCH" sweep --backend uffd,model --total 16M --runs 2 >out 2>err ||
	fail 'uffd,model as a table'
for origin in 'Linux ' 'Modelled by zen3-ptdma: '; do
	grep -q "^$origin" out || fail "uffd,model lacks $origin: $(<out)"
done
