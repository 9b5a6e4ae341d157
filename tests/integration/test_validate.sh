#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# migsim-bench validate: its words, and what it says of a machine with one node.
# What it measures between two, tests/guest/test_validate.sh looks at.
# BENCH is the path of migsim-bench, SRC that of the source tree.
source "$(dirname "${BASH_SOURCE[0]}")/../support/bench.sh"

validate() { # ARGS...: sets rc; leaves the files out and err
	timeout 100 "$BENCH" validate "$@" >out 2>err </dev/null
	rc=$?
}

one_sentence() {
	[[ ! -s out && $(wc -l <err) -eq 1 && $(<err) == "migsim-bench: "* ]]
}

ended() { # CODE PATTERN ARGS...: that status and one sentence that matches
	validate "${@:3}"
	check "'validate ${*:3}' ends with $1" test $rc -eq "$1"
	check "'validate ${*:3}' says one sentence" one_sentence
	check "'validate ${*:3}' says $2" grep -qE -e "$2" err
}

fits_a_screen() {
	local line n=0

	while IFS= read -r line; do
		n=$((n + 1))
		[[ ${#line} -le 80 ]] || { echo "too wide: $line"; return 1; }
	done <out
	[[ $n -gt 3 && $n -le 24 ]]
}

validate --help
check '--help is done' test $rc -eq 0 -a ! -s err
check '--help fits a screen' fits_a_screen
check '--help shows an example' grep -qE '^ +migsim-bench validate ' out
check '--help tells what is traced' grep -q 'kernel:trace=off' out
check '--help tells the exit status' grep -q 'exit status is 0' out
# What it names is taken, as far as its word.
for option in $(grep -oE -e '--[a-z-]+' out | sort -u); do
	validate "$option"
	check "$option of --help is an option" \
		test "$(grep -c 'does not know' err)" -eq 0
done

ended 2 "know the option --backend" --backend kernel
ended 2 "know the option --policy" --policy batch
ended 2 'know the option --batch' --batch 512
ended 2 "'x' is no option" x
ended 2 '--tolerance: x is no number' --tolerance x
ended 2 '--tolerance: -1 is no number' --tolerance -1
ended 2 '--tolerance: 5% is no number' --tolerance 5%
ended 2 'give one value, not 2' --runs 5,6
ended 2 'give one value, not 2' --engine memcpy,null
ended 2 '4K:80/2M:20 is a mix' --folio 4K:80/2M:20
ended 2 '5K is not a folio size' --folio 4K,5K
ended 2 '0 is not a number of folios' --folios-per-call 0
ended 2 'more than the 1M' --total 1M --folios-per-call 1024 --folio 4K
ended 2 'too few for a folio of 2M|more than the 1M' --total 1M --folio 2M \
	--folios-per-call 1
# The usual calls are nobody's words: --total is.
ended 2 '--total: 1 bytes are less than .*, 8 folios of 4K \(32K\); raise it' --total 1
ended 2 '--total: 1M are less than .*, 1 folio of 2M' --total 1M --folio 2M
ended 2 'not a number of bytes' --total 0
ended 2 'x is not a number of runs' --runs x
ended 2 'x is not a number of bytes' --total x
ended 2 'x is not a format' --format x
ended 2 'no node 63' --from 63
ended 2 'no node 63' --to 63
ended 2 'nosuch' --profile nosuch
ended 2 'nosuch' --engine nosuch
ended 2 'cannot be written' --output /nowhere/x

nodes=$(grep -l 'MemTotal: *[1-9]' /sys/devices/system/node/node*/meminfo |
	wc -l)
if [[ $nodes -eq 1 ]]; then
	ended 77 'no other node with memory'
	ended 77 'no other node with memory' --output file --format json
	check 'no file is left behind' test "$(ls)" = $'err\nout'
fi

echo "test_validate: $checks checks, $failures failed"
[[ $failures -eq 0 ]]
