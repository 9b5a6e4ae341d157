#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the modules of a directory for a kernel of kernel.sh's, in a copy of
# it, and prints their paths. They are put into OUT together or not at all, and
# built anew when a source or the kernel is another. A warning is an error.
set -euo pipefail

# Not of what is no fault here: that no BTF is made, and what dmatest of 6.1 lacks.
warns() { # LOG
	grep -iE '(^|: )warning: ' "$1" |
		grep -qvE '^warning: pahole|: missing MODULE_DESCRIPTION'
}

usage='usage: tests/guest/modules.sh 6.1|6.12|7.3|6.12-debug DIRECTORY OUT [MAKE-ARGUMENT…]'
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=${1:?$usage} source=${2:?$usage} out=${3:?$usage}
build=$("$here/headers.sh" "$version")
kernel=${build##*/linux-headers-}
. "$here/compiler.sh"
cc=${build%/usr/src/*}/$compiler_path
[[ -e $cc ]] || cc=gcc-12
mkdir -p "${out%/*}"
# Guests are prepared beside each other.
exec 9>"$out.lock"
flock 9

if [[ $(cat "$out/kernel" 2>/dev/null) != "$kernel" ||
	$(find "$source" -newer "$out/kernel") ]]; then
	dir=$(mktemp -d "$out.XXXXXX")
	trap 'rm -rf "$dir"' EXIT
	trap 'exit 130' INT TERM
	mkdir "$dir/out"
	echo "$kernel" >"$dir/out/kernel"
	cp -r "$source" "$dir/source"
	echo "guest: building ${source#"$here/"} for kernel $version" \
		>&"${GUEST_PROGRESS:-2}"
	if ! make -C "$build" M="$dir/source" CC="$cc" "${@:4}" modules \
		>"$dir/log" 2>&1 || warns "$dir/log"; then
		cat "$dir/log" >&2
		echo "$source does not build for kernel $version" >&2
		exit 1
	fi
	find "$dir/source" -name '*.ko' -exec mv -t "$dir/out" {} +
	strip -g "$dir"/out/*.ko
	rm -rf "$out"
	mv -T "$dir/out" "$out"
fi
echo "$out"/*.ko
