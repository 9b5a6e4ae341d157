#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# validate between two nodes: its tables are whole, what was measured is there,
# what was held out is predicted, and no time passes for performance.
. "${SRC:?the path of the sources}/tests/support/bench.sh"
. "$SRC/tests/support/interrupt.sh"

validate() { # ARGUMENT...: sets rc; leaves the files out and err
	timeout 200 "$BENCH" validate --warmup 0 --quiet "$@" >out 2>err
	rc=$?
}

# Where the kernel lacks UFFDIO_MOVE, or the right to it is missing.
if ! "$BENCH" sysinfo --format json | tr -d ' \n' |
	grep -q '"uffd_move":true'; then
	validate
	tail -n 1 err
	check 'without UFFDIO_MOVE it ends with 77' test $rc -eq 77 -a ! -s out
	check 'and says so' grep -q UFFDIO_MOVE err
	((failures == 0)) && exit 77
	exit 1
fi

# --- one value a line, none of it null that both can see
lines_of() { # KEY: of result.json, a line from each of it on
	tr -d ' \n' <result.json | sed "s/{\"$1\":/\n&/g" | grep "^{\"$1\":"
}
cells=0
every_cell() { # SENTENCE PATTERN
	check "$1, at every N" test "$(grep -cE "$2" cells)" -eq $cells
}

whole() {
	validate --folio 4K --folios-per-call 8,64,256 --total 1M --runs 4 \
		--format json --output result.json
	check 'it runs, and says nothing' test $rc -eq 0 -a ! -s out -a ! -s err
	# The tool's own reader of JSON has only to miss the results of a sweep in it.
	"$BENCH" compare result.json result.json >out 2>err
	check 'it is JSON of the tool' grep -q 'holds no results of run or sweep' err
	lines_of pages >cells
	cells=3
	check 'every N is there' test "$(wc -l <cells)" -eq $cells
	check 'in their order' test "8 64 256" = \
		"$(echo $(grep -oP '^{"pages":\K[0-9]+' cells))"
	number='-?[0-9.]+(e[-+]?[0-9]+)?'
	every_cell 'throughput of both' "\"throughput_gib_s\":\{\"uffd\":\{\"median\":$number,.*\"kernel\":\{\"median\":$number,\"ci95\":\[$number,$number\],\"samples\":\[($number,){3}$number\]\},\"ratio\":$number,\"ratio_ci95\":\[$number,$number\],\"predicted\":$number,\"predicted_interval\":\[[^]]*\],\"error_pct\":$number,"
	every_cell 'first-folio latency of userspace' "\"first_folio_us\":\{\"uffd\":\{\"median\":$number,"
	every_cell 'phases of userspace' "\"phases_us\":\{\"uffd\":\{\"unmap\":$number,\"copy\":$number\}"
	check 'the second N is held out, the others are not' test "false true false" = \
		"$(echo $(grep -oP '"held_out":\K[a-z]+' cells))"

	lines_of metric >verdicts
	verdict_of() { # METRIC
		grep -oP "^{\"metric\":\"$1\",\"verdict\":\"\K[a-z_]+" verdicts
	}
	check 'every metric has a verdict' test "$(wc -l <verdicts)" -eq 9
	check 'all pages moved' test "$(verdict_of moved)" = agrees
	check 'levels are not decided by emulated times' \
		test "$(verdict_of gib_s)" = not_decided
	check 'for that reason' grep -q '"metric":"gib_s",.*"note":"emulated,notperf' \
		verdicts
	for metric in gib_s_shape plateau model_gib_s; do
		check "$metric is judged" grep -qE '^(agrees|differs|not_decided)$' \
			<<<"$(verdict_of $metric)"
	done
	# Its throughput is that of other runs than those which were traced.
	check 'it tells that it traced' grep -q '"trace": true' result.json
	every_cell 'what tracing costs' "\"kernel_traced\":\{\"median\":$number,.*\"traced_ratio\":$number\}"
	check 'the two are not the same runs' grep -vqE \
		'"kernel":(\{[^}]*\}),.*"kernel_traced":\1' cells
	check 'nobody is told to measure again' \
		test "$(grep -c 'kernel:trace=off' result.json)" -eq 0
	# What the kernel tells of single folios, it tells of all.
	check 'the kernel told latencies at every N' test $cells -eq \
		"$(grep -c '"first_folio_us":{.*"kernel":{"median"' cells)"
	check 'their growth is judged' \
		test "$(verdict_of first_us_growth)" != not_measured
	check 'it is labelled' grep -q '"note": "emulated, not performance"' result.json
}
whole

# --- both folio sizes, as a table; the nodes are the first two with memory
validate --runs 1 --total 4M --folio 64K,2M --format lkml --folios-per-call 1,2
cat out
check 'a table' test $rc -eq 0 -a ! -s err
read -r near far _ < <(grep -l 'MemTotal: *[1-9]' \
	/sys/devices/system/node/node*/meminfo |
	sed 's:.*/node\([0-9]*\)/.*:\1:' | tr '\n' ' ')
check 'it names its nodes' grep -q "nodes $near->$far" out
titles=$(grep -cE '^(64K|2M): .* \(emulated, not performance\)$' out)
check 'every table is labelled' test "$titles" -eq 8
check 'the ratio stands there' \
	test "$(grep -cE '^ *(512|1024) +[0-9.]+ +[0-9.]+ +[0-9.]+ ' out)" -ge 2
check 'it fits a mail' test "$(LC_ALL=C grep -cE '^.{79}' out)" -eq 0

# --- the other way round, as CSV
validate --runs 1 --total 64K --folio 64K --folios-per-call 1 --from "$far" \
	--to "$near" --format csv
check 'CSV' test $rc -eq 0
check 'every row is labelled' test "$(grep -c 'emulated, not performance' out)" \
	-ge "$(($(wc -l <out) - 1))"
check 'with both backends' test "$(grep -cE ',gib_s,.*,(uffd|kernel),' out)" -eq 3
check 'the kernel untraced and traced' test off,on = \
	"$(grep -E ',gib_s,.*,kernel,' out | sed 's/.*,//' | paste -sd,)"

# --- without the right to trace: one measurement, and the true reason
if [[ $TOPOLOGY == 2n ]]; then
	umount /sys/kernel/tracing
	validate --runs 1 --total 64K --folio 64K --folios-per-call 1 --format csv
	mount -t tracefs tracefs /sys/kernel/tracing
	check 'it runs without tracefs' test $rc -eq 0
	check 'once' test off = "$(grep -E ',gib_s,.*,kernel,' out | sed 's/.*,//')"
	check 'and says why it knows no latency' grep -qE \
		'^validate,4,.*,first_us_error_.*,not_measured,"[^"]*tracefs is not mounted' out

	# --- nothing is copied, and that is said
	validate --runs 1 --total 64K --folio 64K --folios-per-call 1 --engine null
	check 'engine null runs' test $rc -eq 0
	check 'and copies nothing' grep -q 'Engine null copies nothing' out
	check 'nothing is marked' test "$(grep -c 'marked \*' out)" -eq 0

	# --- no room on the target for a pool of userspace: the kernel's runs,
	# which come first by this seed, are printed all the same. (The library
	# leaves 128M of a node to others, the kernel does not.)
	pages=/sys/devices/system/node/node1/hugepages/hugepages-2048kB
	free=$(awk '/MemFree/ { print int($4 / 2048) }' \
		/sys/devices/system/node/node1/meminfo)
	echo $((free - 32)) >$pages/nr_hugepages
	for seed in 1 2 3 4 5 6; do
		validate --runs 1 --total 4M --folio 64K --folios-per-call 1,2 \
			--from 0 --to 1 --seed $seed --format csv
		[[ ! -s out ]] || break
	done
	echo 0 >$pages/nr_hugepages
	cat err
	check 'a full node is no success' test $rc -eq 1
	check 'backend and node are named' grep -qE \
		'backend (uffd|kernel).* node 0 to 1.*allocate memory' err
	check 'it says that there are figures' grep -q 'measured until then' err
	check 'and prints them' grep -qE '^validate,4,.*,gib_s,' out
fi

# --- Ctrl-C: what was measured is printed, and it is no success
env --default-signal=INT "$BENCH" validate --quiet --folio 4K --warmup 0 \
	--total 64K --folios-per-call 8 --runs 100000 >out 2>err &
tool=$!
interrupt_when_caught $tool
wait $tool
rc=$?
check 'Ctrl-C is no success' test $rc -eq 1
check 'it says so' grep -q interrupted err

validate --from "$near" --to "$near"
check 'one node: 77' test $rc -eq 77 -a ! -s out
check 'and why' grep -q 'must differ' err

echo "$checks checks, $failures failures"
((failures == 0))
