#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the public headers declare, what the symbol map lists and what the
# shared library exports are the same names.
set -euo pipefail

usage="usage: SRC=<tree> BUILD=<build directory> test_symbols.sh"
[[ ${1-} != -h && ${1-} != --help ]] || { echo "$usage"; exit 0; }
: "${SRC:?$usage}" "${BUILD:?$usage}"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

printf '#include <migsim/%s.h>\n' migsim policy-test >"$tmp/all.c"
gcc -fsyntax-only -aux-info "$tmp/aux" -I"$SRC/include" -I"$BUILD/include" \
	"$tmp/all.c"
sed -nE 's/.* extern .*\b(migsim_[a-z0-9_]+) \(.*/\1/p' "$tmp/aux" |
	sort -u >"$tmp/declared"
sed -nE 's/^\t(migsim_[a-z0-9_]+);$/\1/p' "$SRC/lib/libmigsim.map" |
	sort >"$tmp/listed"
nm -D --defined-only --format=just-symbols "$BUILD/lib/libmigsim.so" |
	sed -nE 's/@@.*//; /^LIBMIGSIM_/d; p' | sort >"$tmp/exported"

[[ -s $tmp/declared ]] || { echo "no declaration was found"; exit 1; }
status=0
diff "$tmp/declared" "$tmp/listed" ||
	{ echo "^ declared (<) and listed in the map (>)"; status=1; }
diff "$tmp/declared" "$tmp/exported" ||
	{ echo "^ declared (<) and exported (>)"; status=1; }
exit $status
