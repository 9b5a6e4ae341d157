#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the ptdma driver and dmatest, once for each kernel, and prints the
# directory of ptdma.ko and dmatest.ko. Debian's kernels come without them: the
# source is that of its 6.1, unmodified, for 6.12 too.
set -euo pipefail

usage='usage: tests/guest/ptdma/driver.sh 6.1|6.12'
guest=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$guest/debian.sh"
case ${1-} in
6.1 | 6.12) ;;
7.3) what='what builds modules for kernel 7.3'; cannot 'gcc-12 does not' ;;
*) echo "$usage" >&2; exit 2 ;;
esac

# Of the source only drivers/dma is kept.
source=$cache/source-6.1
fetch_source() {
	local package=linux-source-6.1

	open_suite "source of kernel 6.1" bookworm deb
	cd "$dir"
	fetch apt-get download $package
	mkdir source
	dpkg-deb --fsys-tarfile ./$package*.deb |
		tar -x -O ./usr/src/$package.tar.xz |
		tar -x -J -C source --strip-components 1 --wildcards \
			"$package/drivers/dma/ptdma/*" \
			"$package/drivers/dma/dmaengine.h" \
			"$package/drivers/dma/dmatest.c" \
			"$package/drivers/dma/virt-dma.h"
	basename ./$package*.deb >source/package
	keep source "$source" drivers/dma/dmatest.c
}

build=$("$guest/headers.sh" "$1")
modules=$cache/ptdma-$1
made_for=${build##*/linux-headers-}
[[ $(cat "$modules/made_for" 2>/dev/null) != "$made_for" ]] ||
	{ echo "$modules"; exit 0; }
[[ -e $source/drivers/dma/dmatest.c ]] || (fetch_source)

mkdir -p "$cache"
dir=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
cp -r "$source/drivers/dma" "$dir"
echo 'obj-m := ptdma/ dmatest.o' >"$dir/dma/Kbuild"
make -C "$build" M="$dir/dma" CONFIG_AMD_PTDMA=m CC=gcc-12 modules \
	>"$dir/log" 2>&1 || {
	cat "$dir/log" >&2
	echo "the ptdma driver does not build for kernel $1" >&2
	exit 1
}
mkdir "$dir/modules"
cp "$dir"/dma/ptdma/ptdma.ko "$dir"/dma/dmatest.ko "$dir/modules"
strip -g "$dir"/modules/*.ko
echo "$made_for" >"$dir/modules/made_for"
rm -rf "$modules"
keep "$dir/modules" "$modules" ptdma.ko
echo "$modules"
