#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The conformance suite over every engine there is, and over the skeleton.
# Needs BENCH, the path of migsim-bench, and BUILD, the build directory.
. "${SRC:?the path of the sources}/tests/support/bench.sh"

suite=$BUILD/tools/migsim-conformance
skeleton=$BUILD/tests/libskeleton.so

has() { # ENGINE
	"$BENCH" list engines | grep -q "^$1 "
}

# The words of an option, one a line.
choices() { # ENGINE OPTION
	"$BENCH" list engines | sed -n "/^$1 /,/^[^ ]/s/^    $2=\(.*\) (.*/\1/p" |
		tr '|' '\n'
}

passes() { # ARGUMENTS...
	local rc=0

	timeout 200 "$suite" "$@" >out 2>err || rc=$?
	echo "$*: $(tail -n 1 out err | grep -v -e '^==>' -e '^$' | tail -n 1)"
	((rc != 0)) || return 0
	grep '^not ok' out
	# What the machine lacks is no failure, but it is said, above.
	((rc == 77))
}

try() {
	check "$*" passes "$@"
}

# The command line.
ends() { # STATUS WORDS ARGUMENTS...
	local status=$1 words=$2 rc=0

	shift 2
	"$suite" "$@" >out 2>err || rc=$?
	((rc == status)) && grep -q -- "$words" out err
}
check "an engine is missing" ends 2 'engine is missing'
check "one engine only" ends 2 'one engine' null memcpy
check "an unknown engine" ends 2 'there are: memcpy' nobody
check "an unknown option" ends 2 'it has: routine' memcpy:colour=red
check "an unknown check" ends 2 "no check 'x'" --only x null
check "an unknown flag" ends 2 'nonsense' --nonsense null
check "a number that is none" ends 2 'no whole number' --seed x null
check "a model without its space" ends 2 'backend) model' model
check "real memory in the model" ends 2 'has none' --backend model memcpy
check "one check" ends 0 '^1 passed, 0 failed, 0 skipped$' --only caps null
check "the list of checks" ends 0 '^exactly-once ' --list

# As many lines as there are checks, and one that counts.
"$suite" null >out 2>err
"$suite" --list >list
check "a line for each check" test \
	$(($(wc -l <list) + 1)) = "$(grep -c '' out)"

try null
try memcpy
# One thread copies, with whatever routine and fault.
if ! threads_watched; then
	for routine in $(choices memcpy routine | grep -v auto); do
		try "memcpy:routine=$routine"
	done
fi

if has mt; then
	for options in threads=1 threads=2 threads=3 threads=2,caller=no \
		threads=2,split=4 threads=3,caller=no,split=7 \
		threads=2,routine=glibc; do
		try "mt:$options"
	done
fi

if has dma; then
	[[ -e /dev/migsim_dma ]] ||
		check "no bridge" ends 77 'load the module migsim_dma' dma
	try dma
	try dma:channels=1
fi

for channels in 0 1 16; do
	try --backend model "model:channels=$channels"
done

if has error; then
	faults=decline_ppm=20000,busy_ppm=100000,fail_ppm=20000
	if ! threads_watched; then
		try "error:of=memcpy"
		try --faults "error:of=memcpy,corrupt_ppm=50000,short_ppm=50000"
	fi
	try --faults "error:of=memcpy,$faults,reorder=yes"
	try --faults "error:of=memcpy,delay_ppm=20000,delay_us=300"
	try --faults --backend model \
		"error:of=model+channels=16,$faults,reorder=yes"
	! has mt || try --faults "error:of=mt+threads=2,$faults,reorder=yes"
fi

try "$skeleton"
try "$skeleton:depth=1"
try "$skeleton:depth=7"

echo "$checks checks, $failures failures"
((failures == 0))
