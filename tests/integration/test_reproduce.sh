#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# migsim-bench reproduce: the published tables beside the model, and one's own.
# BENCH is the path of migsim-bench, SRC that of the source tree.
source "$(dirname "${BASH_SOURCE[0]}")/../support/bench.sh"
command -v python3 >/dev/null || { echo "needs python3"; exit 77; }

reproduce() { # ARGS...: sets rc; leaves the files out and err
	timeout 120 "$BENCH" reproduce "$@" >out 2>err </dev/null
	rc=$?
}

if threads_watched; then
	for format in table lkml csv json; do
		reproduce 2b-order9 --format $format
		check "$format, watched" test $rc -eq 0 -a -s out
	done
	exit $((failures > 0))
fi

done_well() { [[ $rc -eq 0 && ! -s err ]]; }

does() { # ARGS...: status 0 and nothing said
	reproduce "$@"
	check "'reproduce $*' is done" done_well
}

one_sentence() {
	[[ $rc -eq 2 && ! -s out && $(wc -l <err) -eq 1 &&
		$(<err) == "migsim-bench: "* ]]
}

refused() { # PATTERN ARGS...: status 2 and one sentence that matches
	local pattern=$1
	shift
	reproduce "$@"
	check "'reproduce $*' ends with 2 and one sentence" one_sentence
	check "'reproduce $*' says $pattern" grep -qE -e "$pattern" err
}

# --- JSON: the contract, and every number again from what it was made of
does --format json
cp out all.json
check 'JSON is valid' python3 -m json.tool all.json /dev/null
cat >contract.py <<'END'
import csv, json, math, statistics, sys

doc = json.load(open(sys.argv[1]))
rows = list(csv.DictReader(open(sys.argv[2], newline="")))

def near(a, b):
    return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-4)

def mean(errors):
    return sum(errors) / len(errors) if errors else None

def same(value, want):
    return value is None if want is None else near(value, want)

assert list(doc) == ["schema", "profile", "tables", "overall"], list(doc)
assert doc["schema"] == "migsim/1" and doc["profile"] == "zen3-ptdma"
assert [t["id"] for t in doc["tables"]] == list(
    dict.fromkeys(r["table"] for r in rows))
errors = []
at = iter(rows)
for table in doc["tables"]:
    assert list(table) == ["id", "mape_pct", "cells"]
    assert list(table["mape_pct"]) == ["gib_s", "first_us"]
    mine = {"gib_s": [], "first_us": []}
    for cell in table["cells"]:
        row = next(at)
        assert list(cell) == [
            "order", "engine", "channels", "folios_per_call", "batch_pages",
            "metric", "measured", "predicted", "interval", "error_pct",
            "flag", "flag_reason"], list(cell)
        for key in ("order", "channels", "folios_per_call", "batch_pages"):
            assert cell[key] == int(row[key]), (cell, row)
        assert cell["engine"] == row["engine"]
        assert cell["metric"] == row["metric"] and row["table"] == table["id"]
        assert cell["measured"] == float(row["value"])
        assert cell["flag"] == (row["flag"] or None)
        assert cell["flag_reason"] == (row["flag_reason"] or None)
        lo, hi = cell["interval"]
        assert 0 < lo <= cell["predicted"] <= hi, cell
        error = 100 * (cell["predicted"] / cell["measured"] - 1)
        assert near(cell["error_pct"], error), (cell, error)
        if cell["flag"] is None:
            mine[cell["metric"]].append(abs(error))
    for metric, part in mine.items():
        assert same(table["mape_pct"][metric], mean(part)), table["id"]
        errors += part
assert next(at, None) is None
overall = doc["overall"]
assert list(overall) == ["mean_abs_pct", "median_abs_pct", "max_abs_pct"]
assert near(overall["mean_abs_pct"], mean(errors))
assert near(overall["median_abs_pct"], statistics.median(errors))
assert near(overall["max_abs_pct"], max(errors))
assert len(rows) == 200 and len(errors) == 194
END
check 'JSON keeps its contract' \
	python3 contract.py all.json "$SRC/bench/data/published.csv"

# --- how near the model comes
cat >accuracy.py <<'END'
import json, sys

doc = json.load(open(sys.argv[1]))
mape = {t["id"]: t["mape_pct"] for t in doc["tables"]}
found = {
    "overall mean": (doc["overall"]["mean_abs_pct"], 2.5),
    "overall median": (doc["overall"]["median_abs_pct"], 1.5),
    "overall max": (doc["overall"]["max_abs_pct"], 13),
    "2b-order9 throughput": (mape["2b-order9"]["gib_s"], 1),
    "2b-order9 latency": (mape["2b-order9"]["first_us"], 1),
    "2b-order0 throughput": (mape["2b-order0"]["gib_s"], 3),
    "2b-order0 latency": (mape["2b-order0"]["first_us"], 5),
}
far = {k: v for k, v in found.items() if not v[0] <= v[1]}
for what, (error, most) in far.items():
    print(f"{what}: {error:.2f} %, more than {most} %")
sys.exit(bool(far))
END
check 'the model is as near as it was' python3 accuracy.py all.json

# --- tables by name, in the order in which they are named
does 2b-order9 1a --format json
check 'named tables, in that order, once' python3 -c '
import json; d = json.load(open("out"))
assert [t["id"] for t in d["tables"]] == ["2b-order9", "1a"]
assert d["tables"][1]["mape_pct"]["first_us"] is None'
does 1a 1a --format csv
check 'a table named twice is shown once' test "$(wc -l <out)" -eq 7
refused "no table '3c'.*1a, 1b, 2a-order0, 2a-order9, 2b-order0, 2b-order9" \
	1a 3c

# --- CSV: can be read again, and says the same then
does --format csv
cp out all.csv
check 'CSV has the published columns first' grep -q \
	'^table,order,folio_bytes,engine,channels,folios_per_call,batch_pages,metric,value,pm,flag,predicted,lo,hi,error_pct,flag_reason$' all.csv
check 'CSV holds 200 cells' test "$(wc -l <all.csv)" -eq 201
does --data all.csv --format csv
check 'CSV read again says the same' cmp out all.csv
does --data all.csv,all.csv --format csv
check 'two files are twice as many cells' test "$(wc -l <out)" -eq 401

# --- for people
narrow() { # COLUMNS: no line of out is wider, or ends with a blank
	local line

	while IFS= read -r line; do
		[[ ${#line} -le $1 && $line != *' ' ]] ||
			{ echo "bad line: '$line'"; return 1; }
	done <out
}

does --format lkml
check 'a mail has at most 78 columns' narrow 78
check '1a: a row for a folio size, with its deviation' \
	grep -qE '^ *2M +11\.02 ± 0\.17 +[0-9.]+ +[-+]?[0-9.]+$' out
check '1b: engines across' \
	grep -qE '^folio +dma1 +model +err % +dma2 +model +err %' out
check '2A: both metrics across' \
	grep -qE '^folios/call +GiB/s +model +err % +first us +model +err %$' out
check '2B: engines across, N down' \
	grep -qE '^N pages +dma1 +model +err % +dma4 .* dma16 +model +err %$' out
check '2B: latency in a block of its own' \
	grep -qE '^ *262144 +77694 .* 35871 .* 14129 ' out
check 'what is flagged is marked' grep -qF '*17.21' out
check 'and explained' grep -q '^\* 17.21 with a standard deviation' out
check 'the end sums up' grep -q '^Profile zen3-ptdma: 200 cells, 6 of' out
does --format table
check 'a terminal has at most 100 columns' narrow 100
check 'every cell has its interval' \
	test "$(grep -cE '\[[0-9.]+, [0-9.]+\] +[-+]?[0-9.]+$' out)" -eq 200
timeout 60 "$BENCH" list tables >out 2>err
check 'list tables names them' \
	test "$(grep -cE '^(1a|1b|2a-order0|2a-order9|2b-order0|2b-order9):' out)" -eq 6

# --- data of one's own
header=table,order,engine,channels,folios_per_call,batch_pages,metric,value
cat >own.csv <<END
$header,backend,policy,flag,reason
own,0,memcpy,0,1024,512,gib_s,3.5,uffd,batch:pages=512,,demotion
own,0,memcpy,0,1024,512,first_us,200,uffd,batch:pages=512,,demotion
own,9,model,4,64,2048,gib_s,25,model,batch:pages=2048,,demotion
own,4,cpu,0,64,,gib_s,5,kernel,,odd one out,demotion
own,,memcpy,0,64,512,gib_s,5,uffd,batch:pages=512,,demotion
own,0,memcpy,0,64,,gib_s,5,uffd,sliding:window=512,,demotion
own,0,mt,4,64,512,gib_s,5,uffd,batch:pages=512,,demotion
END
reproduce --data own.csv
check "one's own CSV is reproduced" test $rc -eq 0
check 'what is left out is said' grep -q '^migsim-bench: 3 rows are left out' err
check 'the flag is its own reason' grep -q '^\* odd one out$' out
does --data own.csv --quiet --format json
check 'the cells are what the file says' python3 -c '
import json; d = json.load(open("out"))
cells = d["tables"][0]["cells"]
assert d["tables"][0]["id"] == "own" and len(cells) == 4
assert [c["channels"] for c in cells] == [0, 0, 4, 0]
assert [c["batch_pages"] for c in cells] == [512, 512, 2048, 512]
assert [c["flag"] for c in cells] == [None, None, None, "odd one out"]
assert d["tables"][0]["mape_pct"]["first_us"] is not None'
does --data own.csv --quiet --format lkml
check 'what varies in many ways is a list' \
	grep -qE '^folio +engine +folios/call +N pages +GiB/s +model +err %$' out
check 'of at most 78 columns' narrow 78
{ echo "$header,flag"; echo 'x,0,cpu,0,4,512,gib_s,1,all of it'; } >flagged.csv
does --data flagged.csv --format json
check 'where all is flagged there is no mean' python3 -c '
import json; d = json.load(open("out"))
assert set(d["overall"].values()) == {None}
assert d["tables"][0]["mape_pct"] == {"gib_s": None, "first_us": None}'

# --- profiles
does 2b-order9 --format json --profile zen3-ptdma:flush_base_us=10
cp out plain.json
does 2b-order9 --format json --profile zen3-ptdma:flush_base_us=70
check 'a dearer flush makes the first folio wait' python3 -c '
import json
a, b = (json.load(open(f))["tables"][0]["cells"] for f in ("plain.json", "out"))
late = [y["predicted"] - x["predicted"] for x, y in zip(a, b)
        if x["metric"] == "first_us"]
assert len(late) == 30 and all(5 < l < 61 for l in late), late'
refused 'profile' --profile nonsense
refused 'nonsense' --profile zen3-ptdma:nonsense=1

# --- what is refused, and what stays as it was
refused 'does not know the option --nonsense' --nonsense
refused 'does not know the option -x' -x
refused '--format needs a value' --format
refused '--quiet=yes takes no value' --quiet=yes
refused 'table, lkml, csv and json' --format xml
refused 'empty value' --data ''
refused 'between the commas' --data own.csv,,own.csv
refused 'absent.csv cannot be opened' --data absent.csv
refused '\. cannot be read' --data .
refused 'nowhere/x cannot be written' --output nowhere/x
{ echo "$header"; echo 'x,0,gpu,0,4,512,gib_s,1'; } >bad.csv
refused 'bad.csv:2: engine is cpu, dma, memcpy, model or mt, not gpu' \
	--data own.csv,bad.csv
{ echo "$header"; echo 'x,0,dma,1000,4,512,gib_s,1'; } >many.csv
refused 'many.csv:2: .*1000 channels' --data many.csv --output new
check 'no file is left of it' test "$(echo new*)" = 'new*'
{ echo "$header"; echo 'x,0,cpu,0,100000000,100000000,gib_s,1'; } >large.csv
refused 'large.csv:2: .*100000000 folios' --data large.csv
sed -E '/^\[correlation\]/,$d; s/^([a-z_]+_us) = .*/\1 = 0/' \
	"$SRC/lib/model/profiles/zen3-ptdma.profile" >zero.profile
refused '^migsim-bench: published.csv:2: the profile .* no time at all' \
	--profile zero.profile
refused 'published.csv:142: the profile zen3-ptdma predicts no time' \
	--profile zero.profile:copy_us=1 2b-order9
echo old >kept
refused 'bad.csv:2' --data bad.csv --output kept
check 'a refusal leaves the old file' grep -qx old kept
does 1a --output new --format json
check 'the tables are in the file' python3 -m json.tool new /dev/null
check 'not on stdout, and nothing is beside it' \
	test ! -s out -a "$(echo new*)" = new
timeout 60 "$BENCH" reproduce 1a >/dev/full 2>err
check 'a full stdout is a failure' test $? -eq 1

# --- Ctrl-C, while a cell is predicted that takes a while
{ echo "$header"; echo 'x,0,cpu,0,3000000,3000000,gib_s,1'; } >slow.csv
"$BENCH" reproduce --data slow.csv --output late 2>err &
until compgen -G 'late*' >/dev/null || ! kill -0 $! 2>/dev/null; do
	sleep 0.01
done
sleep 0.05
kill -INT $!
wait $!
check 'Ctrl-C ends it' test $? -eq 130
check 'and leaves no file' test "$(echo late*)" = 'late*'

reproduce --help
check 'help is done' done_well
check 'help fits a screen' test "$(wc -l <out)" -le 24
check 'help is no wider than one' narrow 80
check 'help shows an example' grep -qE '^ +migsim-bench reproduce' out

echo "test_reproduce: $checks checks, $failures failed"
[[ $failures -eq 0 ]]
