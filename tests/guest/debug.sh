#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the kernel of debug.config from Debian's source, once, and prints the
# directory of its vmlinuz; linux-headers-RELEASE, where modules are built, lies
# beside it. Nothing is installed. Another debug.config makes another kernel.
set -euo pipefail

usage='usage: tests/guest/debug.sh 6.12-debug'
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/debian.sh"
name=${1:?$usage} version=${1%-debug}
[[ $name != "$version" ]] && from=$(suite_of "$version") ||
	{ echo "$usage" >&2; exit 2; }

config=$here/debug.config
mark=-debug-$(sha256sum <"$config" | cut -c 1-8)
kernel=$cache/kernel-$version$mark
# Who comes meanwhile waits until it is built.
mkdir -p "$cache"
exec 9>"$kernel.lock"
flock 9
[[ ! -s $kernel/vmlinuz ]] || { echo "$kernel"; exit 0; }

what="kernel $name"
for program in gcc-12 make flex bison bc xz; do
	command -v $program >/dev/null || cannot "$program is missing: install it"
done
gcc-12 -E -x c - <<<'#include <gelf.h>' >/dev/null 2>&1 ||
	cannot 'the headers of libelf are missing: install libelf-dev'

fetch_source() {
	local package=linux-source-$version

	open_suite "source of kernel $version" "$from" deb
	cd "$dir"
	fetch apt-get download "$package"
	mkdir source kernel kernel/modules
	dpkg-deb --fsys-tarfile ./"$package"*.deb |
		tar -x -O "./usr/src/$package.tar.xz" |
		tar -x -J -C source --strip-components 1
}

made() { # MAKE-ARGUMENT…
	make -C source -j "$(nproc)" CC=gcc-12 HOSTCC=gcc-12 \
		LOCALVERSION="$mark" "$@" >made.log 2>&1 && return
	tail -n 40 made.log >&2
	echo "kernel $name does not build" >&2
	exit 1
}

# What depends on something that is not said is left out without a word.
configure() {
	made KCONFIG_ALLCONFIG="$config" allnoconfig
	if grep '^CONFIG_' "$config" | grep -vxFf source/.config >lacks; then
		echo "debug.config is not all taken: $(tr '\n' ' ' <lacks)" >&2
		exit 1
	fi
}

fetch_source
progress "building kernel $name, which takes a while"
configure
made bzImage modules
made run-command KBUILD_RUN_COMMAND='$(srctree)/scripts/package/install-extmod-build ../headers'
release=$(<source/include/config/kernel.release)
mv headers "kernel/linux-headers-$release"
cp source/arch/x86/boot/bzImage kernel/vmlinuz
# Where module.sh looks first: there is no package.
cp source/drivers/block/brd.ko kernel/modules
keep kernel "$kernel" vmlinuz
echo "$kernel"
