#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Prints a module of a kernel's own package, which kernel.sh has left in the
# directory KERNEL. Fails where the package has none of that name.
set -euo pipefail

name=${1:?usage: KERNEL=… tests/guest/module.sh NAME}
: "${KERNEL:?the directory of a kernel}"
file=$KERNEL/modules/$name.ko

if [[ ! -e $file ]]; then
	dir=$(mktemp -d "$KERNEL/modules.XXXXXX")
	trap 'rm -rf "$dir"' EXIT
	for package in "$KERNEL"/*.deb; do
		dpkg-deb --fsys-tarfile "$package" |
			tar -x -C "$dir" --wildcards --transform 's:.*/::' \
				"*/$name.ko*" 2>/dev/null || true
	done
	[[ ! -e $dir/$name.ko.xz ]] || xz -d "$dir/$name.ko.xz"
	# An empty file: the package has it not.
	[[ -e $dir/$name.ko ]] || : >"$dir/$name.ko"
	mkdir -p "$KERNEL/modules"
	mv "$dir/$name.ko" "$file"
fi
[[ -s $file ]] && cat "$file"
