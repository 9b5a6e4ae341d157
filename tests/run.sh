#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
set -euo pipefail

usage() {
	cat <<-END
	usage: tests/run.sh [--quick] [--sanitize]

	Installs what is missing, builds with gcc and with clang, runs the tests.

	  --quick     leave out the tests that boot a guest
	  --sanitize  instead: the address, undefined and thread sanitizers over
	              all tests but those of a guest and of the installation; the
	              thread sanitizer not over what has one thread
	END
}

quick='' sanitize=''
for arg; do
	case $arg in
	--quick) quick=1 ;;
	--sanitize) sanitize=1 ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
passed=0 failed=0 skipped=0

build() { # PRESET
	local log=build/$1.log

	echo "run.sh: building build/$1"
	mkdir -p build
	{ cmake --preset "$1" -DMIGSIM_TESTS=ON &&
		cmake --build --preset "$1" -j "$(nproc)"; } >"$log" 2>&1 || {
		cat "$log"
		echo "run.sh: preset $1 does not build" >&2
		failed=$((failed + 1))
		return 1
	}
}

# The last attribute of that name in ctest's own <testsuite>.
count() { # ATTRIBUTE JUNIT
	grep -oPm1 "^\s+$1=\"\K[0-9]+" "$2"
}

# What a test says when it skips itself, or one of its cases.
skip_reasons() { # JUNIT
	awk '
	/<testcase / { match($0, /name="[^"]*"/)
		name = substr($0, RSTART + 6, RLENGTH - 7)
		skips = /status="notrun"/; text = "" }
	/<\/testcase>/ && skips { print "skipped: " name ": " text }
	{ gsub(/<[^>]*>/, ""); gsub(/&lt;/, "<"); gsub(/&gt;/, ">")
		gsub(/&quot;/, "\""); gsub(/&apos;/, "\x27"); gsub(/&amp;/, "\\&")
		if (!skips && /SKIPPED \] [^0-9]/ && !seen[name, $0]++)
			print "in part: " name ": " $NF ": " text
		if (NF) text = $0 }
	' "$1"
}

# Fewer address bits are random under setarch -R: gcc's thread sanitizer does
# not start on machines that use more than it knows of.
run_tests() { # PRESET JOBS [CTEST-OPTION...]
	local junit=$PWD/build/$1/junit.xml wrap=()

	if [[ $1 == tsan ]] && setarch -R true 2>/dev/null; then
		wrap=(setarch -R)
	fi
	rm -f "$junit"
	"${wrap[@]}" ctest --test-dir "build/$1" --output-on-failure \
		--output-junit "$junit" -j "$2" "${@:3}" || true
}

tally() { # PRESET
	local junit=$PWD/build/$1/junit.xml

	if [[ ! -s $junit ]]; then
		failed=$((failed + 1))
		return
	fi
	skip_reasons "$junit"

	local all bad skip
	all=$(count tests "$junit") bad=$(count failures "$junit")
	skip=$(count skipped "$junit")
	passed=$((passed + all - bad - skip))
	failed=$((failed + bad)) skipped=$((skipped + skip))
}

# Side by side: most tests keep one CPU busy. Where there is one thread, the
# thread sanitizer has nothing to find.
run_sanitizers() {
	local jobs=$((($(nproc) + 1) / 2)) not='guest|install' asan='' tsan=''

	build asan && asan=1
	if build tsan; then
		run_tests tsan $jobs -LE "$not|one-thread" >build/tsan/ctest.log 2>&1 &
		tsan=$!
		# It outlives the function, and its variables.
		trap "kill $tsan 2>/dev/null || true" EXIT
	fi
	if [[ $asan ]]; then
		run_tests asan $jobs -LE "$not"
		tally asan
	fi
	if [[ $tsan ]]; then
		echo "run.sh: waiting for the thread sanitizer"
		wait $tsan
		cat build/tsan/ctest.log
		tally tsan
	fi
}

# What boots a guest, where one is booted.
guest=()
[[ $quick || $sanitize ]] ||
	guest=(qemu-system-x86 busybox-static cpio binutils libelf1)
bench/quickstart.sh --deps-only clang libclang-rt-dev libcmocka-dev \
	python3 qemu-user valgrind "${guest[@]}"

if [[ $sanitize ]]; then
	export ASAN_OPTIONS=detect_leaks=1
	export UBSAN_OPTIONS=print_stacktrace=1
	export TSAN_OPTIONS=halt_on_error=1
	run_sanitizers
else
	build clang || true
	if build release; then
		run_tests release "$(nproc)" ${quick:+-LE guest}
		tally release
	fi
fi

echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0 && passed > 0))
