#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fetches a kernel of Debian's, once, and prints the directory of its vmlinuz.
# The packages stay beside it; nothing is installed, and apt's own
# configuration and lists are not touched. To fetch anew, remove the directory.
set -euo pipefail

usage='usage: tests/guest/kernel.sh 6.1|6.12|7.3|6.12-debug'
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ ${1-} != *-debug ]] || exec "$here/debug.sh" "$1"
. "$here/debian.sh"
from=$(suite_of "${1-}") || { echo "$usage" >&2; exit 2; }

version=$1
kernel=$cache/kernel-$version
[[ ! -s $kernel/vmlinuz ]] || { echo "$kernel"; exit 0; }

open_suite "kernel $version" "$from" deb
mkdir "$dir/kernel"
image=$(depends linux-image-amd64 'linux-image-[0-9].*')
[[ $image == linux-image-"$version".* ]] ||
	cannot "$suite has '$image' instead"
# Of late the kernel itself lies in a package of its own.
binary=$(depends "$image" 'linux-binary-.*')
cd "$dir/kernel"
fetch apt-get download "${binary:-$image}"

# Only what boots is unpacked: the modules would be most of it.
dpkg-deb --fsys-tarfile "$dir"/kernel/*.deb |
	tar -x -C "$dir" --wildcards --transform 's:.*/::' '*/vmlinuz*'
mv "$dir"/vmlinuz* "$dir/kernel/vmlinuz"
keep "$dir/kernel" "$kernel" vmlinuz
echo "$kernel"
