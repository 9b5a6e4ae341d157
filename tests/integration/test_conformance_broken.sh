#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The conformance suite fails where it should: engines with one defect each.
# Needs BENCH, the path of migsim-bench, and BUILD, the build directory.
. "${SRC:?the path of the sources}/tests/support/bench.sh"

# The defects are there to be seen by the suite, not by a sanitizer.
if grep -q '^MIGSIM_SANITIZE:STRING=.' "$BUILD/CMakeCache.txt"; then
	echo "a sanitizer would end these engines before the suite has a say"
	exit 0
fi

suite=$BUILD/tools/migsim-conformance
broken=$BUILD/tests/libbroken.so

# The defect, the check that must see it, and words of its sentence.
defects='
lost            exactly-once    every copy completes
twice           exactly-once    completes once
unknown         exactly-once    which none has
cookie32        cookies         which none has
overfill        exactly-once    it wrote another one
more            exactly-once    answers 0 to 1; came 2
beyond          lengths         outside the targets changes; byte 0 behind
before          lengths         outside the targets
source          lengths         the source stays
half            lengths         is not the source.s content
nothing         lengths         is not the source.s content
early           lengths         is not the source.s content
aligned         alignments      is not the source.s content
join            neighbours      is not the source.s content
piece           pieces          is not the source.s content
lane            lanes           are taken
declines        scattered       are taken
fails           scattered       came status -5
takes           huge            submit of .* answers 1 to
zero            huge            submit of .* came 0
depth           depth           answers -EBUSY for ever
flags           caps            flags are known
sync            sync            all is over when submit returns
late            empty           it took [6-9]... ms
hang            deadline        did not in 3 seconds
hang            groups          did not in 3 seconds
hang_open       first-open      did not in 3 seconds
hang_close      first-close     did not in 3 seconds
crash           handed-on       it crashed
crash_open      first-open      it crashed
spin            idle            still run
cpu             helper-cpu      never goes back
cancel_ignored  cancel          given up is not reaped
cancel_writes   cancel          given up) is as it should be
cancel_error    cancel          came -5
cancel_joined   cancel          is not the source.s content
cancel_all      cancel-unknown  every copy completes
close_writes    close           given up) is as it should be\|it crashed
thread          open-close      close ends threads; 20 run
file            open-close      close closes files; 20 are open
shared          two             complet
owner           threads         are taken
owner           handed-on       are taken
nothing         migrate         memory holds after call 0
declines        migrate         the engine copies all folios
'

# Most of them wait; so all do at once.
i=0
while read -r bug check _; do
	[[ $bug ]] || continue
	i=$((i + 1))
	seconds=100
	[[ $bug != hang* ]] || seconds=3
	# What comes before all checks is no check that could be named.
	only=${check/first-*/caps}
	{ timeout 120 "$suite" --only "$only" --timeout $seconds \
		"$broken:bug=$bug" >out.$i 2>&1; echo $? >rc.$i; } &
done <<<"$defects"
wait

seen() { # OUTPUT CHECK WORDS
	grep -q "^not ok $2: .*$3" "$1" &&
		[[ $(tail -n 1 "$1") == "0 passed, 1 failed, 0 skipped" ]]
}

lacks_uffd() { # OUTPUT CHECK
	[[ $2 == migrate ]] && grep -q '^skip' "$1"
}

i=0
while read -r bug check sentence; do
	[[ $bug ]] || continue
	i=$((i + 1))
	cp out.$i err
	lacks_uffd out.$i "$check" && continue
	check "$bug is seen by $check" seen out.$i "$check" "$sentence"
	check "$bug ends with 1" test "$(<rc.$i)" = 1
done <<<"$defects"

# Without a defect the same engine passes, and with faults one that fails does.
whole() { # ARGUMENTS...
	"$suite" "$@" >err 2>&1 && grep -q ' 0 failed' err
}
check "broken:bug=none is whole" whole "$broken"
check "failures are no faults with --faults" whole --faults "$broken:bug=fails"
check "declines are no faults with --faults" whole --faults "$broken:bug=declines"

# What may still write at the end cannot be looked at, and is no failure.
may_write() {
	whole "$broken:bug=stuck" && grep -q '^skip cancel: .*-EINPROGRESS' err
}
check "a cancel that cannot stop copies is skipped" may_write

# A table that makes no sense is not passed over.
words() {
	"$suite" "$BUILD/tests/libwords.so" >err 2>&1
	[[ $? == 1 ]] && grep -q '^not ok table: ' err &&
		grep -q '^not ok options: depth' err
}
check "a bad table is seen" words

# Nor is a name that the command line could not say.
unnamed() {
	"$suite" "$BUILD/tests/libcolon.so" >err 2>&1
	[[ $? == 2 ]] && grep -q 'libcolon.so .*colon' err
}
check "a name with a colon is refused" unnamed

echo "$checks checks, $failures failures"
((failures == 0))
