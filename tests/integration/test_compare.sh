#!/bin/bash
# SPDX-License-Identifier: MIT
# migsim-bench compare, on files made here. BENCH: the program.
set -u
: "${BENCH:?path of migsim-bench}"
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failed=0

fail() {
	echo "FAILED: $*"
	sed 's/^/    | /' out err
	failed=1
}

# run STATUS WORD...: keeps out and err
run() {
	local want=$1 status
	shift
	"$BENCH" compare "$@" >out 2>err
	status=$?
	[ "$status" -eq "$want" ] || fail "$*: status $status, not $want"
}

shows() { grep -qE -- "$1" out || fail "not shown: $1"; }
hides() { ! grep -qE -- "$1" out || fail "shown: $1"; }

# refused SENTENCE WORD...: one sentence with these words, and status 2
refused() {
	local sentence=$1
	shift
	run 2 "$@"
	[ ! -s out ] || fail "$*: something on stdout"
	[ "$(wc -l <err)" -eq 1 ] || fail "$*: not one sentence"
	grep -qF -- "$sentence" err || fail "$*: does not say: $sentence"
}

# result BACKEND BATCH RUNS FIRST GIB_S...: one result
result() {
	local backend=$1 batch=$2 runs=$3 first=$4 i=0 comma=
	shift 4
	printf '{ "config": { "backend": "%s", "driver": "d%s", ' \
		"$backend" "$RANDOM"
	printf '"batch_pages": %s, "runs": %s }, "samples": [' "$batch" "$runs"
	for gib_s; do
		printf '%s{ "run": %s, "gib_s": %s, "first_us": %s, ' \
			"$comma" $i "$gib_s" "$first"
		printf '"inaccessible_us": %s.5 }' "$((100 + i))"
		comma=, i=$((i + 1))
	done
	printf '] }'
}

# document RESULT...: with these results
document() {
	local IFS=,
	printf '{ "schema": "migsim/1", "sysinfo": { "emulated": %s, ' \
		"${emulated:-false}"
	printf '"kernel": "6.1" }, "warnings": [], "results": [%s] }' "$*"
}

slow=(8.01 8.02 8.03 8.04 8.05 8.06)
fast=(9.01 9.02 9.03 9.04 9.05 9.06)
mixed=(8.011 8.022 8.029 8.041 8.049 8.062)

document "$(result uffd 512 6 200 "${slow[@]}")" >slow.json
document "$(result uffd 512 6 300 "${fast[@]}")" >fast.json
document "$(result uffd 512 6 200 "${mixed[@]}")" >mixed.json

# Higher throughput is better, a higher latency is worse.
run 0 slow.json fast.json
shows 'GiB/s +8.0. +9.0. +\+1\.00 .* \+1\.00 .* 6/6 +B is better'
shows 'first folio us .* 6/6 +B is worse'
shows 'inaccessible us .*no difference shown'
run 0 fast.json slow.json
shows 'GiB/s .* -1\.00 .* B is worse'
shows 'first folio us .* B is better'
run 0 slow.json mixed.json
shows 'GiB/s .*no difference shown'
hides 'differs:'

# The ranks alone tell them apart, the interval of the medians does not.
document "$(result uffd 512 8 200 4 16 5 5 5 10 10 11)" >ranks_a.json
document "$(result uffd 512 8 200 16 20 7 22 7 21 10 16)" >ranks_b.json
run 0 --metric gib_s ranks_a.json ranks_b.json
shows '\[-[0-9.]+, \+[0-9.]+\] +0\.039 .*no difference shown'

# The same words every time: the bootstrap has a fixed seed.
run 0 slow.json mixed.json
cp out first
run 0 slow.json mixed.json
cmp -s out first || fail "two comparisons of the same files differ"

# Only the metrics that were asked for.
run 0 --metric gib_s slow.json fast.json
shows 'GiB/s'
hides 'first folio us '
run 0 slow.json --metric=first_us --metric inaccessible_us fast.json
hides 'GiB/s  '
shows 'inaccessible us'

# JSON
run 0 --format json slow.json fast.json
python3 - out <<'EOF' || fail "the JSON is not as it should be"
import json, sys
d = json.load(open(sys.argv[1]))
assert d["schema"] == "migsim/1" and len(d["pairs"]) == 1
m = {x["metric"]: x for x in d["pairs"][0]["metrics"]}
assert m["gib_s"]["verdict"] == "B is better"
assert abs(m["gib_s"]["difference"] - 1) < 1e-6
assert m["gib_s"]["ci95"][0] > 0 and m["gib_s"]["p"] < 0.05
assert m["gib_s"]["runs"] == [6, 6] and m["gib_s"]["effect"] == 1
assert m["first_us"]["verdict"] == "B is worse"
EOF

# Too few runs: no test can tell, and it is said.
document "$(result uffd 512 3 200 8.1 8.2 8.3)" >a3.json
document "$(result uffd 512 3 200 9.1 9.2 9.3)" >b3.json
run 0 a3.json b3.json
shows 'GiB/s .*too few runs to tell'
document "$(result uffd 512 1 200 8.1)" >a1.json
document "$(result uffd 512 1 200 9.1)" >b1.json
run 0 a1.json b1.json
shows 'GiB/s .*\+1\.00 +- +- +- .*one run each: not tested'
# Four against four can tell.
document "$(result uffd 512 4 200 "${slow[@]:0:4}")" >a4.json
document "$(result uffd 512 4 200 "${fast[@]:0:4}")" >b4.json
run 0 --metric gib_s a4.json b4.json
shows 'B is better'
# The number of runs does not keep two results apart in sweeps either.
run 0 --metric gib_s slow.json b4.json
shows '6/4 +B is better'
hides 'differs:'

# The model knows no chance: the plain difference decides, without a test.
document "$(result model 512 1 200 8.1)" >am.json
document "$(result model 512 1 150 8.1)" >bm.json
run 0 am.json bm.json
shows 'first folio us +200 +150 +-50\.0 +- +- +- .*B is better'
shows 'GiB/s .*equal'

# What was not measured has no verdict.
document "$(result kernel 512 6 null "${slow[@]}")" >ka.json
document "$(result kernel 512 6 null "${fast[@]}")" >kb.json
run 0 ka.json kb.json
shows 'first folio us +- +- .* not measured'
shows 'GiB/s .*B is better'

# Two lone results are compared whatever they are, and how they differ is said.
document "$(result uffd 1024 6 200 "${fast[@]}")" >other.json
run 0 slow.json other.json
shows 'differs: batch_pages: A 512, B 1024'
shows 'GiB/s .*B is better'

# Sweeps: pairs by configuration, in any order; what has no twin is counted.
document "$(result uffd 512 6 200 "${slow[@]}")" \
	"$(result uffd 1024 6 200 "${slow[@]}")" \
	"$(result uffd 4096 6 200 "${slow[@]}")" >sa.json
document "$(result uffd 1024 6 200 "${fast[@]}")" \
	"$(result uffd 512 6 200 "${slow[@]}")" >sb.json
run 0 --metric gib_s sa.json sb.json
shows '3 results, 1 of them without a twin'
shows '2 results, 0 of them without a twin'
[ "$(grep -E 'batch_pages|GiB/s' out | tr -s ' \n' ' ' |
	grep -cE 'batch_pages 512 .*no difference.*batch_pages 1024 .*better')" \
	-eq 1 ] || fail "the pairs are not those of equal batch_pages"

# The same configuration twice: the first with the first, and so on.
document "$(result uffd 512 6 200 "${slow[@]}")" \
	"$(result uffd 512 6 200 "${fast[@]}")" >twice.json
run 0 --metric gib_s twice.json twice.json
[ "$(grep -c 'no difference shown' out)" -eq 2 ] ||
	fail "results of one configuration are not paired in their order"

# Many tests find something by chance; that is said.
many=()
for n in {1..20}; do
	many+=("$(result uffd "$n" 6 200 "${slow[@]}")")
done
document "${many[@]}" >many.json
run 0 many.json many.json
shows '60 tests at p < 0.05: about 3 would'

emulated=true document "$(result uffd 512 6 300 "${fast[@]}")" >emulated.json
run 0 slow.json emulated.json
[ "$(grep -c 'emulated, not performance' out)" -eq 2 ] ||
	fail "emulated times are not labelled"

# What cannot be compared gets one sentence that names the file.
refused "cannot read gone.json: No such file" slow.json gone.json
refused "cannot read .: Is a directory" . slow.json
: >empty.json
refused "empty.json is not JSON: line 1" empty.json slow.json
printf '{\n "schema": "migsim/1",\n oops }\n' >broken.json
refused "broken.json is not JSON: line 3" slow.json broken.json
head -c 200 slow.json >half.json
refused "half.json is not JSON" slow.json half.json
echo '{ "schema": "other/1", "results": [] }' >other_schema.json
refused "other_schema.json is not a result of migsim-bench" \
	other_schema.json slow.json
echo '[ 1, 2 ]' >array.json
refused "array.json is not a result of migsim-bench" array.json slow.json
echo '{ "schema": "migsim/1", "tables": [] }' >tables.json
refused "tables.json holds no results" tables.json slow.json
echo '{ "schema": "migsim/1", "results": [ { "config": 3 } ] }' >bad.json
refused "result 1 of bad.json is broken" bad.json slow.json
document "$(result uffd 512 6 '"fast"' "${slow[@]}")" >words.json
refused "result 1 of words.json is broken" slow.json words.json
document >none.json
refused "nothing to compare" none.json slow.json
document "$(result uffd 7 6 200 "${slow[@]}")" \
	"$(result uffd 8 6 200 "${slow[@]}")" >apart.json
refused "nothing to compare" apart.json sa.json

# The command line
refused "compare needs two files" slow.json
refused "compare needs two files"
refused "compare needs two files" slow.json fast.json mixed.json
refused "does not know the option --colour" --colour slow.json fast.json
refused "does not know the option -x" -x slow.json fast.json
refused "--metric needs a value" slow.json fast.json --metric
refused "not speed" --metric speed slow.json fast.json
refused "not csv" --format csv slow.json fast.json

run 0 --help
shows 'Example:'
[ "$(wc -l <out)" -le 24 ] || fail "the help is longer than a screen"
[ "$(wc -L <out)" -le 80 ] || fail "the help is wider than a screen"

"$BENCH" compare slow.json fast.json >/dev/full 2>err
[ $? -eq 1 ] || fail "a full disk is not noticed"

exit $failed
