#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Policies, compiled without a libc, ask for no symbol from outside.
set -euo pipefail

usage="usage: BUILD=<build directory> test_policy_freestanding.sh"
[[ ${1-} != -h && ${1-} != --help ]] || { echo "$usage"; exit 0; }
: "${BUILD:?$usage}"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
find "$BUILD/lib/CMakeFiles/policy-freestanding.dir" -name '*.o' >"$tmp/objects"
[[ -s $tmp/objects ]] || { echo "no policy was compiled"; exit 1; }

ld -r -o "$tmp/all.o" "@$tmp/objects"
nm -u "$tmp/all.o" >"$tmp/undefined"
if [[ -s $tmp/undefined ]]; then
	echo "a policy needs what a kernel may not have:"
	cat "$tmp/undefined"
	exit 1
fi
echo "$(wc -l <"$tmp/objects") policies, no undefined symbol"
