#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
set -euo pipefail

usage="usage: SRC=<tree> BUILD=<build directory> tests/install/test_outside_engine.sh
Builds the skeleton away from the tree against an installed libmigsim, and has
the installed tools load it."
[[ ${1-} != -h && ${1-} != --help ]] || { echo "$usage"; exit 0; }
: "${SRC:?$usage}" "${BUILD:?$usage}"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
prefix=$tmp/prefix
bench=$prefix/bin/migsim-bench
conformance=$prefix/bin/migsim-conformance
unset LD_LIBRARY_PATH

fail() {
	echo "FAIL: $*"
	exit 1
}

cmake --install "$BUILD" --prefix "$prefix" >"$tmp/log" ||
	fail "cmake --install: $(cat "$tmp/log")"
mkdir "$tmp/mine"
cp "$SRC"/engines/skeleton/* "$tmp/mine"
cd "$tmp/mine"
{ cmake -S . -B build -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="-Wall \
	-Wextra -Werror" && cmake --build build; } >"$tmp/log" 2>&1 ||
	fail "the skeleton does not build: $(cat "$tmp/log")"
cd build

# It must work in programs that are linked with the static library, too.
! readelf -d libskeleton.so | grep -q 'NEEDED.*libmigsim' ||
	fail "the skeleton needs libmigsim.so"

"$conformance" ./libskeleton.so:depth=64 >"$tmp/out" ||
	fail "the skeleton does not conform: $(cat "$tmp/out")"
tail -n 1 "$tmp/out" | grep -Eq '^[0-9]+ passed, 0 failed, [0-9]+ skipped$' ||
	fail "the last line does not count: $(tail -n 1 "$tmp/out")"
echo "conformance: $(tail -n 1 "$tmp/out")"

refused() { # WORD SENTENCE
	local tool rc

	for tool in "$bench run --total 4M --engine" "$conformance"; do
		rc=0
		# shellcheck disable=SC2086 # several words
		$tool "$1" >"$tmp/out" 2>"$tmp/err" || rc=$?
		[[ $rc == 2 ]] || fail "${tool##*/} $1: ends with $rc, not 2"
		[[ ! -s $tmp/out && $(wc -l <"$tmp/err") == 1 ]] ||
			fail "${tool##*/} $1: not one sentence: $(cat "$tmp/err")"
		grep -q -- "$2" "$tmp/err" ||
			fail "${tool##*/} $1: does not say '$2': $(cat "$tmp/err")"
	done
}

variant() { # NAME C-CODE: an engine made from the skeleton's table
	{ echo '#define migsim_engine skeleton_engine'
		echo "#include \"$SRC/engines/skeleton/skeleton.c\""
		echo '#undef migsim_engine'
		echo "$2"; } >"$1.c"
	cc -shared -fPIC -I"$prefix/include" -o "$1.so" "$1.c" -lpthread
}

made_of() { # C-STATEMENT
	echo "struct migsim_engine_ops migsim_engine;
		__attribute__((constructor)) static void fill(void)
		{ migsim_engine = skeleton_engine; $1 }"
}

variant nameless ''
variant newer "$(made_of 'migsim_engine.abi++;')"
variant partial "$(made_of 'migsim_engine.reap = 0;')"
variant shallow "$(made_of 'migsim_engine.size = 16;')"
variant absent "static int lacks(void **p, const struct migsim_engine_env *env,
	const void *args) { (void)p; (void)env; (void)args; return -ENODEV; }
	$(made_of 'migsim_engine.open = lacks;')"
echo 'not an object' >text.so

refused ./missing.so 'missing.so'
refused ./text.so 'text.so'
refused ./nameless.so 'no symbol migsim_engine'
refused ./newer.so 'version 2 .* this library has 1'
refused ./partial.so 'lacks'
refused ./shallow.so 'lacks'
refused ./libskeleton.so:colour=red "no option 'colour'; it has: depth"
refused ./libskeleton.so:depth=0 'from 1 to 4096'
refused ./libskeleton.so:depth 'depth needs a value'

rc=0
"$conformance" ./absent.so 2>"$tmp/err" || rc=$?
[[ $rc == 77 && $(wc -l <"$tmp/err") == 1 ]] ||
	fail "an engine without its device: ends with $rc: $(cat "$tmp/err")"

rc=0
"$bench" run --engine ./libskeleton.so:depth=64 --verify --total 64M \
	--folio 2M --runs 2 --warmup 0 --format json --output "$tmp/json" \
	2>"$tmp/err" || rc=$?
[[ $rc != 77 ]] || { tail -n 1 "$tmp/err"; exit 77; }
[[ $rc == 0 ]] || fail "run: ends with $rc: $(cat "$tmp/err")"
python3 - "$tmp/json" <<'END'
import json, sys
(r,) = json.load(open(sys.argv[1]))["results"]
counters, config = r["counters"], r["config"]
want = dict(migrated=64, failed=0, declined=0, cpu_fallback=0, verify_errors=0)
got = {key: counters[key] for key in want}
if got != want:
    sys.exit(f"FAIL: counters are {got}, not {want}")
if config["channels"] != 1 or config["driver"] != "one thread that plays a device":
    sys.exit(f"FAIL: not the skeleton's: {config}")
if not r["cpu_s_per_gib"]["helpers"] > 0:
    sys.exit("FAIL: the helper's CPU time is not counted")
END
echo "run: as many folios as there are, no byte wrong"
