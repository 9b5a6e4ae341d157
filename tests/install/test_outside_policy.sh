#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
set -euo pipefail

usage="usage: SRC=<tree> BUILD=<build directory> tests/install/test_outside_policy.sh
Builds the skeleton of a policy away from the tree against an installed
libmigsim, runs its test, and has the installed tool load it."
[[ ${1-} != -h && ${1-} != --help ]] || { echo "$usage"; exit 0; }
: "${SRC:?$usage}" "${BUILD:?$usage}"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
prefix=$tmp/prefix
bench=$prefix/bin/migsim-bench
skeleton=$SRC/engines/skeleton-policy
unset LD_LIBRARY_PATH

fail() {
	echo "FAIL: $*"
	exit 1
}

cmake --install "$BUILD" --prefix "$prefix" >"$tmp/log" ||
	fail "cmake --install: $(cat "$tmp/log")"
mkdir "$tmp/mine"
cp "$skeleton"/* "$tmp/mine"
cd "$tmp/mine"

build() { # FLAGS
	rm -rf build
	{ cmake -S . -B build -DCMAKE_PREFIX_PATH="$prefix" \
		-DCMAKE_C_FLAGS="-Wall -Wextra -Werror $1" &&
		cmake --build build; } >"$tmp/log" 2>&1 ||
		fail "the skeleton does not build: $(cat "$tmp/log")"
}

test_of_it() {
	ctest --test-dir build --output-on-failure >"$tmp/out" 2>&1
}

# --- its own test passes, also under the sanitizer, and can fail
build '-fsanitize=undefined -fno-sanitize-recover=all'
test_of_it || fail "the skeleton's test: $(cat "$tmp/out")"
sed -i 's/flying >= a->window/flying > a->window/;
	s/group > a->window - flying/0/' skeleton_policy.c
build ''
! test_of_it || fail "the test passes a policy that exceeds its window"
grep -q 'exceeds its window' "$tmp/out" ||
	fail "the test does not say what is wrong: $(cat "$tmp/out")"
cp "$skeleton"/* .
build ''
test_of_it || fail "the skeleton's test: $(cat "$tmp/out")"
echo "its own test: passed; failed when it was broken"
cd build

# It must work in programs that are linked with the static library, too.
! readelf -d libskeleton_policy.so | grep -q 'NEEDED.*libmigsim' ||
	fail "the skeleton needs libmigsim.so"
bash "$SRC/tests/integration/test_policy_freestanding.sh" \
	"$skeleton/skeleton_policy.c" >"$tmp/out" ||
	fail "the skeleton is not ready for a kernel: $(cat "$tmp/out")"

# --- the tool takes it by its path
"$bench" list policies ./libskeleton_policy.so >"$tmp/out"
[[ $(sed -n 1p "$tmp/out") == 'skeleton '*'needs an asynchronous migrator'* &&
	$(grep -o '^    [a-z]*=' "$tmp/out" | xargs) == 'window= groups=' ]] ||
	fail "list policies: $(cat "$tmp/out")"

"$bench" run --backend model --engine model:channels=4 --total 64M --folio 64K \
	--policy ./libskeleton_policy.so:window=256,groups=2 --format json \
	--output "$tmp/json" 2>"$tmp/err" || fail "run: $(cat "$tmp/err")"
python3 - "$tmp/json" <<'END'
import json, sys
(r,) = json.load(open(sys.argv[1]))["results"]
config, counters = r["config"], r["counters"]
if counters["migrated"] != 1024 or counters["failed"]:
    sys.exit(f"FAIL: counters are {counters}")
if config["window_pages"] != 256 or "libskeleton_policy.so" not in config["policy"]:
    sys.exit(f"FAIL: not the skeleton's: {config}")
# The window of 256 pages is 16 folios, and pages in flight are fewer.
if not 0 < r["inaccessible_us"]["mean_pages_in_flight"] <= 256:
    sys.exit(f"FAIL: {r['inaccessible_us']}")
END
echo "run: as many folios as there are, within its window"

# --- values of a list, beside one of the library's own
"$bench" sweep --backend model --total 4M --folio 4K --format csv --policy \
	./libskeleton_policy.so:window=64,128,batch:pages=64 >"$tmp/out"
for word in window=64 window=128 batch; do
	grep -q "$word" "$tmp/out" || fail "sweep lacks $word: $(cat "$tmp/out")"
done

refused() { # WORD SENTENCE
	local rc command

	for command in 'run --backend model --total 4M --policy' 'list policies'; do
		rc=0
		# shellcheck disable=SC2086 # several words
		"$bench" $command "$1" >"$tmp/out" 2>"$tmp/err" || rc=$?
		[[ $rc == 2 ]] || fail "$command $1: ends with $rc, not 2"
		[[ ! -s $tmp/out && $(wc -l <"$tmp/err") == 1 ]] ||
			fail "$command $1: not one sentence: $(cat "$tmp/err")"
		grep -q -- "$2" "$tmp/err" ||
			fail "$command $1: does not say '$2': $(cat "$tmp/err")"
	done
}

variant() { # NAME C-CODE: a policy made from the skeleton's table
	{ echo '#define migsim_policy skeleton_policy'
		echo "#include \"$skeleton/skeleton_policy.c\""
		echo '#undef migsim_policy'
		echo "$2"; } >"$1.c"
	cc -shared -fPIC -I"$prefix/include" -o "$1.so" "$1.c"
}

made_of() { # C-STATEMENT
	echo "struct migsim_policy_ops migsim_policy;
		__attribute__((constructor)) static void fill(void)
		{ migsim_policy = skeleton_policy; $1 }"
}

variant nameless ''
variant newer "$(made_of 'migsim_policy.abi++;')"
variant partial "$(made_of 'migsim_policy.decide = 0;')"
variant shallow "$(made_of 'migsim_policy.size = 16;')"
variant unkind "$(made_of 'migsim_policy.kind = "soon";')"
variant colon "$(made_of 'migsim_policy.name = "a:b";')"
echo 'not an object' >text.so

refused ./missing.so 'the policy ./missing.so cannot be read'
refused ./text.so 'text.so'
refused ./nameless.so 'no symbol migsim_policy'
refused ./newer.so 'version 2 of the policies. interface and this library has 1'
refused ./partial.so 'lacks'
refused ./shallow.so 'lacks'
refused ./unkind.so 'its kind (today or async)'
refused ./colon.so 'a name without colon'
refused ./libskeleton_policy.so:colour=red "no option 'colour'; it has: window, groups"
refused ./libskeleton_policy.so:groups=0 'from 1 to 4096'
echo "what is no policy is refused in one sentence"

# An older table, which ends before what is optional, is taken as it is.
variant older "$(made_of 'migsim_policy.size =
	offsetof(struct migsim_policy_ops, window);
	migsim_policy.window = (uint64_t (*)(const void *))1;')"
"$bench" run --backend model --total 4M --policy ./older.so >"$tmp/out" \
	2>"$tmp/err" || fail "an older table: $(cat "$tmp/err")"
