#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fetches the headers of the kernel that kernel.sh keeps, once, and prints the
# directory in which modules are built (make -C). Nothing is installed. To fetch
# anew, remove the directory headers-VERSION.
set -euo pipefail

usage='usage: tests/guest/headers.sh 6.1|6.12|7.3|6.12-debug'
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${1-} == *-debug ]]; then
	kernel=$("$here/debug.sh" "$1")
	echo "$kernel"/linux-headers-*
	exit
fi
. "$here/debian.sh"
. "$here/compiler.sh"
from=$(suite_of "${1-}") || { echo "$usage" >&2; exit 2; }

version=$1
kernel=$("$here/kernel.sh" "$version")
package=$(ls "$kernel" | grep -m 1 '^linux-.*\.deb$')
# linux-image-6.1.0-50-amd64_6.1.176-1_amd64.deb: the name is the ABI's.
name=${package%%_*} release=${package#*_}
name=linux-headers-${name#linux-*-} release=${release%_*}
headers=$cache/headers-$version
build=usr/src/$name
# Guests are prepared beside each other.
exec 9>"$headers.lock"
flock 9
[[ ! -e $headers/$build/Makefile ]] || { echo "$headers/$build"; exit 0; }

# The compiler comes from the suite that the kernel was made for.
[[ $version != 7.3 ]] || from="$from ${from%-backports}"
open_suite "headers of kernel $version" "$from" deb
mkdir "$dir/deb" "$dir/headers"
cd "$dir/deb"
packages=("$name=$release")
for pattern in 'linux-headers-.*-common' 'linux-kbuild-.*'; do
	packages+=("$(depends "$name" "$pattern")=$release")
done
fetch apt-get download "${packages[@]}"

# Without vmlinux no BTF is made, which would need pahole.
for deb in *.deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir/headers" \
		--exclude ./usr/share --exclude ./lib --exclude vmlinux
done
[[ $version != 7.3 ]] || add_compiler "$dir/headers"
sed -i 's:/usr/src:..:' "$dir/headers/$build/Makefile"
rm -rf "$headers"
keep "$dir/headers" "$headers" "$build/Makefile"
echo "$headers/$build"
