#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The copy routines on CPUs that lack AVX-512 and AVX: emulated, so that every
# instruction that such a CPU does not know ends the program.
set -uo pipefail

usage="usage: BUILD=<build directory> test_routine_cpus.sh"
[[ ${1-} != -h && ${1-} != --help ]] || { echo "$usage"; exit 0; }
: "${BUILD:?$usage}"

if [[ $(uname -m) != x86_64 ]]; then
	echo "only x86-64 has routines that depend on the CPU"
	exit 0
fi
if grep -q '^MIGSIM_SANITIZE:STRING=.' "$BUILD/CMakeCache.txt"; then
	echo "sanitized programs do not run on an emulated CPU: release does this"
	exit 0
fi
if ! command -v qemu-x86_64 >/dev/null; then
	echo "no qemu-x86_64: install qemu-user"
	exit 77
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
status=0

on_cpu() { # CPU ROUTINES DRIVER: what unit_routine must have found there
	if ! qemu-x86_64 -cpu "$1" "$BUILD/tests/unit_routine" \
		>"$tmp/out" 2>&1 ||
		! grep -qx "routines: $2" "$tmp/out" ||
		! grep -qx "memcpy: $3" "$tmp/out"; then
		echo "FAILED on $1; expected were '$2' and '$3':"
		cat "$tmp/out"
		status=1
		return
	fi
	echo "$1: $2"
}

# That the program tells what it found shows that the CPU was a smaller one.
on_cpu Nehalem 'auto glibc movsb stream sse2' \
	'auto (sse2 stream; glibc below 1K)'
on_cpu Haswell 'auto glibc movsb stream sse2 avx2' \
	'auto (avx2 stream; glibc below 1K)'

exit $status
