#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The engine error on the command line: what the tool shows of its faults.
# BENCH is the path of migsim-bench, SRC that of the source tree.
source "$(dirname "${BASH_SOURCE[0]}")/../support/bench.sh"

if "$BENCH" sysinfo --format json | tr -d ' \n' |
	grep -q '"uffd_move":false'; then
	echo "userfaultfd or UFFDIO_MOVE is missing, or forbidden"
	exit 77
fi

run() { # ENGINE [ARGS...]: sets rc; leaves the files out and err
	local engine=$1
	shift
	timeout 120 "$BENCH" run --engine "$engine" --total 64M --runs 2 \
		--format json "$@" >out 2>err </dev/null
	rc=$?
}

counter() { # NAME: of the only result
	grep -oP "\"$1\": \K[0-9]+" out
}

all_counters() {
	sed -n '/"counters": {/,/}/p' out
}

# --- what fails is copied by the CPU, and every byte is right
run error:of=memcpy,fail_ppm=10000 --verify
check 'a run over a failing engine succeeds' test $rc -eq 0
check 'the CPU copied some folios' test "$(counter cpu_fallback)" -gt 0
check 'and not all' test "$(counter cpu_fallback)" -lt 3277
check 'no byte is wrong' test "$(counter verify_errors)" -eq 0
check 'the driver is named' grep -q '"driver": "error over ' out
all_counters >first
run error:of=memcpy,fail_ppm=10000 --verify
check 'the same seed, the same counters' cmp -s first <(all_counters)
run error:of=memcpy,fail_ppm=10000,seed=2 --verify
check 'another seed, others' test "$(all_counters)" != "$(<first)"

run error:of=memcpy,decline_ppm=1000 --verify
check 'some copies are declined' test "$(counter declined)" -gt 0
check 'no byte is wrong' test "$(counter verify_errors)" -eq 0

# --- what the CPU or a broken engine had a part in is no figure of the engine
warned() { # WORDS: how many lines of the document say so
	grep -c "$1" out
}

cpu_part='^ *"error:.* of 32768 folios were copied by the CPU instead'
check 'the CPU is named in a warning' test "$(warned "$cpu_part")" -eq 1
check 'with the number of folios' \
	grep -q ": $(counter cpu_fallback) of 32768 folios were" out
check 'this engine is alive' test "$(warned 'hung or died')" -eq 0
check 'and keeps its contract' test "$(warned 'breaks its contract')" -eq 0
run error:twice_ppm=1000
check 'completions come twice' test "$(counter completion_errors)" -gt 0
check 'a broken contract is a warning' grep -q \
	"\"error:.*: $(counter completion_errors) completions came twice" out
check 'which names the way to look' \
	grep -q '(migsim-conformance error:twice_ppm=1000 shows where)' out
run error:die_nth=100
check 'a run over an engine that dies succeeds' test $rc -eq 0
check 'its death is a warning' \
	grep -q '"error:die_nth=100: the engine hung or died' out
run memcpy
check 'a good engine has none' test \
	"$(warned 'memcpy: \|by the CPU instead\|hung or died')" -eq 0
for format in table lkml; do
	run error:decline_ppm=1000 --format $format
	check "a $format says it once" test \
		"$(tr -s ' \n' '  ' <out | grep -o 'by the CPU' | wc -l)" -eq 1
done

# --- what nobody reports is seen by --verify
for fault in corrupt short; do
	run "error:${fault}_ppm=10000,silent=yes" --verify
	check "--verify sees silent ${fault}s" \
		test "$(counter verify_errors)" -gt 0
	check 'and says so' grep -q 'wrong after migration' out err
	check 'which is no success' test $rc -eq 1
	check 'the CPU copied none' test "$(counter cpu_fallback)" -eq 0
done

# --- in virtual time
run error:of=model+channels=4,fail_ppm=10000 --backend model
check 'over the model' test $rc -eq 0
check 'the CPU copied some folios' test "$(counter cpu_fallback)" -gt 0
run error:of=model,delay_ppm=1 --backend model
check 'real delays have no part in it' grep -q 'real time' err

# --- words
run error:of=memcpy+nothing=1
check 'options of the engine inside are checked' test $rc -ne 0
check 'by that engine' grep -q "engine memcpy has no option 'nothing'" err
run error:of=error
check 'it does not wrap itself' grep -q 'cannot wrap itself' err

echo "$checks checks, $failures failed"
[[ $failures -eq 0 ]]
