#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# migsim-bench recommend, by the model and from files: every answer is found
# again from the candidates, or from runs of its own.
# BENCH is the path of migsim-bench, SRC that of the source tree.
source "$(dirname "${BASH_SOURCE[0]}")/../support/bench.sh"
command -v python3 >/dev/null || { echo "needs python3"; exit 77; }

recommend() { # ARGS...: sets rc; leaves the files out and err
	timeout 200 "$BENCH" recommend "$@" >out 2>err </dev/null
	rc=$?
}

done_well() { [[ $rc -eq 0 && ! -s err ]]; }

does() { # ARGS...: status 0 and nothing said
	recommend "$@"
	check "'recommend $*' is done" done_well
}

one_sentence() {
	[[ $rc -eq 2 && ! -s out && $(wc -l <err) -eq 1 &&
		$(<err) == "migsim-bench: "* ]]
}

refused() { # PATTERN ARGS...: status 2 and one sentence that matches
	local pattern=$1
	shift
	recommend "$@"
	check "'recommend $*' ends with 2 and one sentence" one_sentence
	check "'recommend $*' says $pattern" grep -qE -e "$pattern" err
}

narrow() { # COLUMNS: no line of out is wider, or ends with a blank
	local line

	while IFS= read -r line; do
		[[ ${#line} -le $1 && $line != *' ' ]] ||
			{ echo "bad line: '$line'"; return 1; }
	done <out
}

if threads_watched; then
	does --folio 2M --engine model:channels=4
	exit $((failures > 0))
fi

# --- what the thread found, and something better
does --profile zen3-ptdma --max-first-us 500 --folio 2M,64K --format json
cp out all.json
cat >contract.py <<'END'
import json, sys

doc = json.load(open(sys.argv[1]))
keys = ["engine", "channels", "order", "policy", "kind", "fits_today",
        "batch_pages", "gib_s", "gib_s_interval", "first_us",
        "inaccessible_mean_us", "inaccessible_p99_us", "extrapolated",
        "reason"]
assert list(doc)[:3] == ["schema", "recommendations", "pareto"], list(doc)
assert doc["schema"] == "migsim/1"
recs = doc["recommendations"]
seen = set()
for r in recs:
    assert list(r)[:14] == keys, list(r)
    what = (r["engine"], r["channels"], r["order"], r["kind"])
    assert what not in seen, what
    seen.add(what)
    assert r["reason"]
    if r["policy"] is None:
        assert r["batch_pages"] is r["gib_s"] is r["first_us"] is None
        continue
    assert r["policy"].split(":")[0] == r["kind"]
    assert r["first_us"] <= 500, r
    assert r["gib_s_interval"][0] < r["gib_s"] < r["gib_s_interval"][1]
    assert (r["batch_pages"] is not None) == (r["kind"] == "batch")
    assert r["extrapolated"] == bool(r["extrapolated_why"])
    if r["kind"] != "batch":
        assert r["extrapolated"] is True
channels = {r["channels"] for r in recs}
orders = {r["order"] for r in recs}
kinds = {r["kind"] for r in recs}
assert channels == {0, 1, 4, 16} and orders == {9, 4}, (channels, orders)
assert len(recs) == len(channels) * len(orders) * len(kinds)
today = {r["kind"] for r in recs if r["fits_today"]}
assert today == set(sys.argv[2].split()), today
assert kinds - today == set(sys.argv[3].split()), kinds

batch, = [r for r in recs if (r["channels"], r["order"], r["kind"]) ==
          (16, 9, "batch")]
assert batch["batch_pages"] == 8192, batch
assert batch["largest_bounded_pages"] == 8192
assert not batch["extrapolated"] and batch["fits_today"]
better = [r for r in recs if (r["channels"], r["order"]) == (16, 9) and
          r["gib_s"] >= batch["gib_s"] and
          r["first_us"] < 0.5 * batch["first_us"]]
assert any(r["kind"] == "sliding" for r in better), better
assert not any(r["fits_today"] for r in better), better
END
"$BENCH" list policies >policies
names() { # PATTERN: names of the policies whose text matches
	tr '\n' ' ' <policies | sed 's/  *\([a-z]* \)/ \1/g' >/dev/null
	awk -v p="$1" '/^[^ ]/ { n = $1; t = "" } /^ *[^ ]/ { t = t " " $0 }
		t ~ p && !(n in d) { d[n]; printf "%s ", n }' policies
}
check 'JSON keeps its contract, and names 8192' python3 contract.py all.json \
	"$(names "fits +today's +series")" "$(names 'needs +an +asynchronous')"

# --- every choice again, by the rules, from the candidates
does --folio 2M --engine model:channels=0,4,16 --format csv
cp out candidates.csv
does --folio 2M --engine model:channels=0,4,16 --format json
cp out chosen.json
cat >again.py <<'END'
import csv, json, sys

rows = list(csv.DictReader(open("candidates.csv", newline="")))
doc = json.load(open("chosen.json"))
for r in rows:
    for k in ("gib_s", "first_us", "inaccessible_p99_us", "gib_s_lo",
              "gib_s_hi", "first_lo_us", "first_hi_us"):
        r[k] = float(r[k])
mine = [r for r in rows if r["role"] == "candidate"]
assert len(mine) > 200

def three(r):
    return (r["gib_s"], -r["first_us"], -r["inaccessible_p99_us"])

def dominates(a, b):
    return a != b and all(x >= y for x, y in zip(a, b))

for today, key in (("1", "pareto_today"), (None, "pareto")):
    front = set()
    for g in {r["channels"] for r in mine}:
        group = [r for r in mine if r["channels"] == g and
                 (today is None or r["fits_today"] == today)]
        front |= {(g,) + three(r) for r in group if not any(
                  dominates(three(o), three(r)) for o in group)}
    got = {(str(r["channels"]), r["gib_s"], -r["first_us"],
            -r["inaccessible_p99_us"]) for r in doc[key]}
    assert got == front, (key, got ^ front)
    assert len(got) == len(doc[key]), "twins"

for e in doc["recommendations"]:
    group = [r for r in mine if r["channels"] == str(e["channels"]) and
             r["kind"] == e["kind"]]
    assert e["candidates"] == len(group)
    within = [r for r in group if r["first_us"] <= 500]
    assert e["within_bounds"] == len(within)
    if not within:
        assert e["policy"] is None
        continue
    best, = [r for r in within if r["policy"] == e["policy"]]
    assert (best["gib_s"], best["first_us"]) == (e["gib_s"], e["first_us"])
    assert best["best"] == "1"
    most = max(r["gib_s"] for r in within)
    assert best["gib_s"] >= 0.95 * most, (e, most)
    # Whatever is as fast is later.
    for r in within:
        if r["gib_s"] >= most:
            assert best["first_us"] <= r["first_us"]
    over = {r["kind"] for r in mine if r["best"] == "1" and
            r["channels"] == best["channels"] and r["kind"] != e["kind"] and
            r["gib_s_lo"] <= best["gib_s_hi"] and
            best["gib_s_lo"] <= r["gib_s_hi"]}
    assert over == set(e["overlaps"]), (e["kind"], over, e["overlaps"])

# A winner is better than each, beyond the intervals as they are printed.
named = 0
for w in doc["winners"]:
    if w["kind"] is None:
        continue
    named += 1
    bests = [r for r in mine if r["best"] == "1" and
             r["channels"] == str(w["channels"])]
    me, = [r for r in bests if r["kind"] == w["kind"]]
    for r in bests:
        assert r is me or me["gib_s_lo"] > r["gib_s_hi"] or \
            me["first_hi_us"] < r["first_lo_us"], (w, r)
        assert me["gib_s_hi"] >= r["gib_s_lo"], (w, r)
        assert me["first_lo_us"] <= r["first_hi_us"], (w, r)
END
check 'every choice is found again' python3 again.py

# --- no winner that a candidate of another kind is as good as, and earlier
cat >rivals.py <<'END'
import csv, json

w, = json.load(open("winner.json"))["winners"]
rows = [r for r in csv.DictReader(open("winner.csv", newline=""))
        if r["role"] == "candidate"]
assert len(rows) > 50
if w["kind"] is None:
    assert "better than all" not in w["reason"]
else:
    me, = [r for r in rows if r["policy"] == w["policy"]]
    for r in rows:
        # 1 % is less than the scatter of any profile.
        assert r["kind"] == me["kind"] or \
            float(r["first_us"]) > float(me["first_us"]) or \
            float(r["gib_s"]) < 0.99 * float(me["gib_s"]), (w, r)
END
for what in 4,1000 0,500; do
	for format in csv json; do
		does --folio 4K --engine "model:channels=${what%,*}" \
			--max-first-us "${what#*,}" --format "$format"
		cp out "winner.$format"
	done
	check "no candidate denies the winner of $what" python3 rivals.py
done

# --- the words reproduce the figures
cat >words.py <<'END'
import json, subprocess, sys

doc = json.load(open("chosen.json"))
for e in doc["recommendations"]:
    if e["channels"] != 16:
        continue
    run = subprocess.run([sys.argv[1], "run", "--backend", "model", "--folio",
        "2M", "--engine", e["engine_options"], "--policy", e["policy"],
        "--format", "json"], capture_output=True, check=True)
    r = json.loads(run.stdout)["results"][0]
    assert r["throughput_gib_s"]["median"] == e["gib_s"], e
    assert r["throughput_gib_s"]["ci95"] == e["gib_s_interval"], e
    assert r["first_folio_us"]["median"] == e["first_us"], e
    assert r["inaccessible_us"]["p99"] == e["inaccessible_p99_us"], e
END
check 'run --policy says the same' python3 words.py "$BENCH"

# --- the largest batch within the bound, to the page; and where it pays
does --folio 4K --engine model:channels=16 --policy batch --total 64M \
	--max-first-us 700 --format json
cp out bound.json
cat >bound.py <<'END'
import json, subprocess, sys

e, = json.load(open("bound.json"))["recommendations"]
n = e["largest_bounded_pages"]

def sweep(engine, *policies):
    run = subprocess.run([sys.argv[1], "sweep", "--backend", "model",
        "--folio", "4K", "--total", "64M", "--engine", engine, "--policy",
        ",".join(policies), "--format", "json"], capture_output=True,
        check=True)
    return [(r["throughput_gib_s"], r["first_folio_us"]["median"])
            for r in json.loads(run.stdout)["results"]]

fits, breaks = sweep("model:channels=16", f"batch:pages={n}",
                     f"batch:pages={n + 1}")
assert fits[1] <= 700 < breaks[1], (n, fits, breaks)
assert n & (n - 1), n
assert e["largest_bounded"]["first_us"] == fits[1]
assert e["batch_pages"] != n and e["candidates"] == 11

pays = None
for n in (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384):
    dma, = sweep("model:channels=16", f"batch:pages={n}")
    cpu = sweep("model:channels=0", f"batch:pages={n}",
                f"batch:pages={n},copy=inline")
    # Intervals that do not overlap are apart by any rule.
    if all(dma[0]["ci95"][0] > c[0]["ci95"][1] and dma[1] <= c[1]
           for c in cpu):
        pays = n
        break
assert pays is None or e["smallest_offload_batch"] <= pays, (e, pays)
if e["smallest_offload_batch"] is not None:
    n = e["smallest_offload_batch"]
    dma, = sweep("model:channels=16", f"batch:pages={n}")
    for c in sweep("model:channels=0", f"batch:pages={n}",
                   f"batch:pages={n},copy=inline"):
        assert dma[0]["median"] > c[0]["median"] and dma[1] <= c[1], (dma, c)
END
check 'the largest batch within the bound is that' python3 bound.py "$BENCH"

# --- from a sweep: the same answer as from the model
"$BENCH" sweep --backend model --engine model:channels=0,16 --folio 2M \
	--policy batch:pages=512,2048,8192,16384,sliding:window=2048,split=4 \
	--format json --output sweep.json
does sweep.json --format json
check 'a sweep is read back' python3 -c '
import json
d = json.load(open("out"))
recs = {(r["channels"], r["kind"]): r for r in d["recommendations"]}
assert len(recs) == 4 == len(d["recommendations"])
b = recs[16, "batch"]
assert b["batch_pages"] == 8192 and b["candidates"] == 4
assert b["extrapolated"] is False
assert recs[16, "sliding"]["extrapolated"] is True
assert b["smallest_offload_batch"] == 512
sweep = json.load(open("sweep.json"))["results"]
r, = [r for r in sweep if r["config"]["policy"] == b["policy"] and
      r["config"]["channels"] == 16]
assert r["throughput_gib_s"]["median"] == b["gib_s"]
assert r["throughput_gib_s"]["ci95"] == b["gib_s_interval"]
assert r["first_folio_us"]["ci95"] == b["first_us_interval"]
assert r["inaccessible_us"]["max"] == b["inaccessible_max_us"]
assert r["cpu_s_per_gib"] == b["cpu_s_per_gib"]'
# Offloading is held against the CPU of the same machine and conditions.
cat >halves.py <<'END'
import copy, json, sys

doc = json.load(open("sweep.json"))
measured = len(sys.argv) > 1

# The channels' half, or the CPU's; and something else changed in it.
def put(path, channels, change=lambda doc: None):
    half = copy.deepcopy(doc)
    half["results"] = [r for r in half["results"]
                       if r["config"]["channels"] == channels]
    for r in half["results"]:
        if measured:
            r["config"]["backend"] = "uffd"
            r["samples"] *= 5
    change(half)
    json.dump(half, open(path, "w"))

def config(key, value):
    return lambda doc: [r["config"].update({key: value})
                        for r in doc["results"]]

def sysinfo(key, value):
    return lambda doc: doc["sysinfo"].update({key: value})

put("dma.json", 16)
put("dma2.json", 16, sysinfo("cpu", "another"))
put("same.json", 0)
put("scattered.json", 0, config("layout", "scattered"))
put("busy.json", 0, config("busy", 3))
put("profile.json", 0, config("profile", "fast-engine"))
put("elsewhere.json", 0, sysinfo("cpu", "another"))
put("loaded.json", 0, sysinfo("load1", 17))
END
offload_is() { # PAGES FILE: the smallest batch that pays; None: nobody knows
	recommend dma.json "$2" --format json
	check "with $2 offloading pays from $1" python3 -c '
import json, sys
r, = [r for r in json.load(open("out"))["recommendations"]
      if (r["channels"], r["kind"]) == (16, "batch")]
assert str(r["smallest_offload_batch"]) == sys.argv[1], r["offload"]
assert ("no result of the CPU" in r["offload"]) == (sys.argv[1] == "None")' "$1"
}
python3 halves.py
offload_is 512 same.json
offload_is 512 elsewhere.json	# virtual time knows no machine
offload_is None scattered.json
offload_is None busy.json
offload_is None profile.json
python3 halves.py measured
offload_is 512 loaded.json
offload_is None elsewhere.json
refused 'differ in sysinfo' dma.json dma2.json
does sweep.json --policy sliding --format json
check 'of a sweep, one kind' python3 -c '
import json
d = json.load(open("out"))
assert {r["kind"] for r in d["recommendations"]} == {"sliding"}'
does sweep.json --max-first-us 1 --format json
check 'nothing keeps the bound, and that is said' python3 -c '
import json
d = json.load(open("out"))
for r in d["recommendations"]:
    assert r["policy"] is r["gib_s"] is r["batch_pages"] is None
    assert "none of" in r["reason"] and "the least is" in r["reason"]
assert d["winners"][0]["kind"] is None'
does sweep.json --max-first-us 5000 --max-inaccessible-us 300 --format json
check 'the second bound holds' python3 -c '
import json
d = json.load(open("out"))
got = [r for r in d["recommendations"] if r["policy"]]
assert got and all(r["inaccessible_p99_us"] <= 300 for r in got)
assert len([r for r in got if r["channels"] == 16]) == 2'

# --- profiles: one of 8 channels; one that nothing was fitted to; a dear flush
does --profile fast-engine --folio 2M --format json
check 'the engines are those that the profile has' python3 -c '
import json
d = json.load(open("out"))["recommendations"]
assert {r["channels"] for r in d} == {0, 1, 4, 8}
assert all(r["extrapolated"] for r in d if r["policy"])'
does --folio 2M --engine model:channels=16 --policy sliding --format json
cp out cheap.json
does --folio 2M --engine model:channels=16 --policy sliding --format json \
	--profile zen3-ptdma:flush_base_us=100
check 'a dear flush is felt' python3 -c '
import json
a, b = (json.load(open(f))["recommendations"][0] for f in ("cheap.json", "out"))
assert b["gib_s"] < 0.95 * a["gib_s"] or b["first_us"] > 1.2 * a["first_us"]'

# --- for people
does --folio 2M --engine model:channels=4,16 --format lkml
check 'a mail has at most 78 columns' narrow 78
check 'and the best batch in its table' grep -qE '^16 +batch:pages=8192 +58\.73 ' out
check 'and what is better' grep -qE '^16 +sliding:.* a\*$' out
check 'and three sentences' test "$(sed '1,/^$/d; 1,/^$/d' out |
	tr '\n' ' ' | grep -oE '\.( |$)' | wc -l)" -eq 3
does --folio 2M --engine model:channels=16
check 'a terminal has at most 100 columns' narrow 100
check 'knees that disagree are told' grep -q 'the criteria disagree' out
check 'extrapolation is marked and explained' \
	grep -q '^\* Extrapolated: policy sliding' out
does --help
check 'help fits a screen' test "$(wc -l <out)" -le 24
check 'help is no wider than one' narrow 80
check 'help shows an example' grep -qE '^ +migsim-bench recommend' out
does --folio 2M --engine model:channels=4 --policy batch --output new --format csv
check 'the file is whole, and alone' test ! -s out -a "$(echo new*)" = new
timeout 60 "$BENCH" recommend --folio 2M --policy batch >/dev/full 2>err
check 'a full stdout is a failure' test $? -eq 1

# --- what is refused
refused 'backend.*kernel.*model or uffd' --backend kernel
refused 'give one value, not 2' --total 1G,2G
refused 'does not know the option --batch' --batch 512
refused 'no time; it is a number of us above 0' --max-first-us 0
refused 'no time; it is a number of us above 0' --max-first-us 5ms
refused 'no time; it is a number of us above 0' --max-inaccessible-us -1
refused 'unknown policy .nonsense' --policy nonsense
refused 'sliding: window cannot be' --policy sliding:window=none
refused "no profile 'nope'" --profile nope
refused 'unknown engine' --engine nope
refused 'not a folio size' --folio 3K
refused 'formats are table, lkml, csv and json' --format xml
refused 'cannot read absent.json' absent.json
refused '--engine has no part where results come from files' \
	sweep.json --engine memcpy
echo '{ "schema": "migsim/1", "results": [ { "config": {}, "samples": [] } ] }' \
	>broken.json
refused 'result 1 of broken.json is broken' broken.json
refused 'broken.json is broken' sweep.json broken.json
echo '{ "schema": "migsim/1", "results": [] }' >empty.json
refused 'no result of these files' empty.json
"$BENCH" run --backend model --engine model:channels=16 --folio 2M \
	--mode async --batch 512 --format json --output async.json
refused 'differ in mode' sweep.json async.json
refused 'nowhere/x cannot be written' --folio 2M --output nowhere/x

# --- Ctrl-C: what was tried until then, and no success
"$BENCH" recommend --folio 4K --format json --output late 2>err &
sleep 1
kill -INT $!
wait $!
check 'Ctrl-C is no success' test $? -eq 1
check 'and says so' grep -q interrupted err
check 'and leaves one whole file, or none' python3 -c '
import glob, json
files = glob.glob("late*")
assert files in (["late"], [])
assert not files or json.load(open("late"))["interrupted"] is True'

echo "test_recommend_model: $checks checks, $failures failed"
[[ $failures -eq 0 ]]
