#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the ptdma driver and dmatest for a kernel and prints their paths.
# Debian's kernels come without them: the source is that of its 6.1, unmodified,
# for 6.12 and 7.3 too.
set -euo pipefail

usage='usage: tests/guest/ptdma/driver.sh 6.1|6.12|7.3|6.12-debug'
guest=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$guest/debian.sh"
version=${1-}
suite_of "${version%-debug}" >/dev/null || { echo "$usage" >&2; exit 2; }

# Of the source only what is built is kept.
source=$cache/source-6.1
fetch_source() {
	local package=linux-source-6.1

	open_suite "source of kernel 6.1" bookworm deb
	cd "$dir"
	fetch apt-get download $package
	mkdir source
	dpkg-deb --fsys-tarfile ./$package*.deb |
		tar -x -O ./usr/src/$package.tar.xz |
		tar -x -J -C source --strip-components 3 --wildcards \
			"$package/drivers/dma/ptdma/*" \
			"$package/drivers/dma/dmaengine.h" \
			"$package/drivers/dma/dmatest.c" \
			"$package/drivers/dma/virt-dma.h"
	echo 'obj-m := ptdma/ dmatest.o' >source/Kbuild
	keep source "$source" dmatest.c
}

[[ -e $source/dmatest.c ]] || (fetch_source)
"$guest/modules.sh" "$1" "$source" "$cache/ptdma-$1" CONFIG_AMD_PTDMA=m
