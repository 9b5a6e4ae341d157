#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
set -euo pipefail

usage="usage: SRC=<tree> BUILD=<build directory> tests/install/test_install.sh
Installs the build into a temporary prefix and uses it as a stranger would."
[[ ${1-} != -h && ${1-} != --help ]] || { echo "$usage"; exit 0; }
: "${SRC:?$usage}" "${BUILD:?$usage}"

here=$SRC/tests/install
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
prefix=$tmp/prefix

fail() {
	echo "FAIL: $*"
	exit 1
}

# The first C program that the README shows is the program that is tested.
[[ -f $SRC/README.md ]] || fail "there is no README.md"
awk '/^```c$/ && !n++ { c = 1; next } /^```$/ { c = 0 } c' "$SRC/README.md" |
	cmp - "$here/embed.c" || fail "the C block of README.md is not embed.c"

cmake --install "$BUILD" --prefix "$prefix" >"$tmp/log" ||
	fail "cmake --install: $(cat "$tmp/log")"
libdir=$(dirname "$(find "$prefix" -name libmigsim.a)")
export PKG_CONFIG_PATH=$libdir/pkgconfig

# Every header stands alone, in strict C and in C++.
for header in "$prefix"/include/migsim/*.h; do
	for lang in 'c -std=c11' 'c++ -std=c++11'; do
		# shellcheck disable=SC2086 # two words
		cc -x $lang -Wall -Wextra -Werror -fsyntax-only \
			-I"$prefix/include" -include "$header" - </dev/null ||
			fail "${header##*/} does not compile as ${lang% *}"
	done
done

# The tool finds its library, and says here what the machine lacks.
status=0
"$prefix/bin/migsim-bench" run --total 4M --runs 1 --warmup 0 \
	>"$tmp/log" 2>&1 || status=$?
((status == 0 || status == 77)) || fail "migsim-bench: $(cat "$tmp/log")"
lacks=''
((status == 0)) || lacks=$(tail -n 1 "$tmp/log")

check() { # NAME PROGRAM
	local needs

	needs=$(ldd "$2" | grep -c libmigsim || true)
	[[ $1 == *static* && $needs == 0 || $1 != *static* && $needs == 1 ]] ||
		fail "$1: is linked with libmigsim.so $needs times"
	[[ -z $lacks ]] || return 0
	"$2" >"$tmp/out" || fail "$1: exit status $?"
	grep -Eq '^migrated +16384 folios\b' "$tmp/out" ||
		fail "$1 does not tell of 16384 migrated folios: $(cat "$tmp/out")"
	grep -Eq '^CPU +[0-9]{1,2}\.[0-9]{3} s/GiB of the caller' "$tmp/out" ||
		fail "$1 does not tell who pays: $(cat "$tmp/out")"
	echo "ok: $1"
}

# shellcheck disable=SC2046 # flags are words
cc -o "$tmp/shared" "$here/embed.c" \
	$(pkg-config --cflags --libs libmigsim) "-Wl,-rpath,$libdir"
check pkg-config "$tmp/shared"

# Where both stand side by side -lmigsim is the shared one.
static=$(pkg-config --static --libs libmigsim)
# shellcheck disable=SC2046,SC2086
cc -o "$tmp/static" "$here/embed.c" \
	$(pkg-config --cflags libmigsim) ${static/-lmigsim/-l:libmigsim.a}
check "pkg-config --static" "$tmp/static"

{ cmake -S "$here" -B "$tmp/build" -DCMAKE_PREFIX_PATH="$prefix" &&
	cmake --build "$tmp/build"; } >"$tmp/log" 2>&1 ||
	fail "find_package: $(cat "$tmp/log")"
check find_package "$tmp/build/embed"
check "find_package static" "$tmp/build/embed-static"

[[ -z $lacks ]] || { echo "$lacks"; exit 77; }
