#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# --busy and --read-after over real memory: what stands in the result, and
# which threads run when.
# BENCH is the path of migsim-bench, SRC that of the source tree.
source "$(dirname "${BASH_SOURCE[0]}")/../support/bench.sh"
source "$SRC/tests/support/interrupt.sh"

if "$BENCH" sysinfo --format json | tr -d ' \n' |
	grep -q '"uffd_move":false'; then
	echo "userfaultfd or UFFDIO_MOVE is missing, or forbidden"
	exit 77
fi

holds() { # FILE PYTHON...: true of d, the document; rs, its results
	python3 - "$@" <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
rs = d["results"]
for words in sys.argv[2:]:
    if not eval(words):
        sys.exit(f"not true: {words}")
END
}

measure() { # FILE ARGS...
	local file=$1
	shift
	timeout 120 "$BENCH" sweep --total 32M --runs 2 --warmup 1 --quiet \
		--format json "$@" >"$file" 2>err
}

# --- the document
check 'a busy machine is measured' measure both --busy 0,2 --read-after \
	--verify --folio 2M --folios-per-call 4
check 'busy is a dimension of the sweep' holds both \
	'[r["config"]["busy"] for r in rs] == [0, 2]' \
	'all(r["config"]["read_after"] for r in rs)' \
	'all(r["counters"]["verify_errors"] == 0 for r in rs)' \
	'all(r["cpu_s_per_gib"]["helpers"] == 0 for r in rs)'
check 'reading is a value of the result, and of every run' holds both \
	'all(r["read_after_gib_s"]["ci95"][0] > 0 for r in rs)' \
	'all(len(r["samples"]) == 2 for r in rs)' \
	'all(min(s["read_after_gib_s"] for s in r["samples"]) <=
		r["read_after_gib_s"]["mean"] <=
		max(s["read_after_gib_s"] for s in r["samples"]) for r in rs)'
check 'it can be left out' measure without --busy 1
check 'and is null then' holds without \
	'rs[0]["read_after_gib_s"] is None' \
	'rs[0]["samples"][0]["read_after_gib_s"] is None' \
	'rs[0]["config"]["read_after"] is False'

# --- results from before these options are of an idle machine
python3 - both old <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
d["results"] = d["results"][:1]
for key in "busy", "read_after":
    del d["results"][0]["config"][key]
json.dump(d, open(sys.argv[2], "w"))
END
check 'an idle run is measured' measure idle --verify --folio 2M \
	--folios-per-call 4 --busy 0,2
timeout 60 "$BENCH" compare --format json old idle >compared 2>err
check 'an old result is compared with the idle one' \
	grep -qE '"pairs": \[' compared
check 'and not with the busy one' python3 -c '
import json
d = json.load(open("compared"))
assert len(d["pairs"]) == 1 and d["pairs"][0]["config"]["busy"] == 0
assert d["a"]["without_twin"] == 0 and d["b"]["without_twin"] == 1'

# --- a hypervisor that takes half of the CPU time, as /proc/stat has it
cat >stolen.sh <<'END'
mount --bind stat /proc/stat || exit 77
while sleep 0.01; do
	ticks=$((ticks + 1))
	# In place: who reads meanwhile sees no empty file.
	printf 'cpu  %10d 0 0 0 0 0 0 %10d 0 0\n' $ticks $ticks 1<>stat
done &
"$@"
status=$?
kill %1
exit $status
END
printf 'cpu  %10d 0 0 0 0 0 0 %10d 0 0\n' 0 0 >stat
if unshare -m bash -c 'mount --bind stat /proc/stat' 2>/dev/null; then
	timeout 120 unshare -m bash stolen.sh "$BENCH" run --total 32M \
		--runs 60 --quiet --format json >stolen 2>err
	check 'half of the CPU time is stolen' holds stolen \
		'rs[0]["stolen_percent"] == 50' \
		'sum("kept back up to 50 %" in w for w in d["warnings"]) == 1'
fi
check 'what was stolen is told' holds without \
	'0 <= rs[0]["stolen_percent"] <= 100' \
	'(rs[0]["stolen_percent"] > 2) == any("steal" in w for w in d["warnings"])'

# --- the threads run beside their configuration only
threads_of() { # PID
	grep -oP '^Threads:\s*\K\d+' "/proc/$1/status"
}

env --default-signal=INT "$BENCH" sweep --busy 0,3 --total 16M --folio 2M \
	--runs 1000000 --warmup 0 --quiet --format json >int 2>err &
pid=$!
idle=$(threads_of $pid) changes=0 last=$idle
while kill -0 $pid && ((changes < 5)); do
	n=$(threads_of $pid)
	((n >= idle)) || idle=$n
	if ((n != last && (n == idle + 3 || last == idle + 3))); then
		changes=$((changes + 1))
	fi
	last=$n
	sleep 0.01
done
# After the second of the busy runs the first round is over.
check 'three threads come and go' test $changes -eq 5
interrupt_when_caught $pid
wait $pid
check 'Ctrl-C ends them' test $? -eq 1
check 'and shows both configurations' holds int 'len(rs) == 2'

# --- hundreds of threads do not keep Ctrl-C waiting, not even half started
for n in 64 1024; do
	env --default-signal=INT "$BENCH" run --busy $n --total 16M \
		--runs 1000000 --quiet >int 2>err &
	pid=$!
	interrupt_when_caught $pid
	check "Ctrl-C ends $n busy threads" \
		timeout 30 tail --pid=$pid -f /dev/null
	kill -KILL $pid 2>/dev/null
	wait $pid
	check 'with a sentence' grep -q interrupted err
done

echo "test_busy: $checks checks, $failures failed"
[[ $failures -eq 0 ]]
