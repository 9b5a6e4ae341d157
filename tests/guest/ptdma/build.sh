#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the emulated PTDMA for the qemu that is installed, and prints the path
# of the shared object to preload into it. Needs BUILD, a build directory. The
# headers are those of qemu's Debian source and of glib's package, fetched once.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${BUILD:?a build directory}"
. "$here/../debian.sh"

what="the headers of qemu"
version=$(dpkg-query -W -f '${source:Version}' qemu-system-x86 2>/dev/null) ||
	cannot "qemu-system-x86 is not a package here"
[[ $version == 1:7.2* ]] ||
	cannot "the emulated PTDMA is written for qemu 7.2, not for $version"
headers=$cache/qemu-${version#*:}

fetch_headers() {
	local python=python3

	command -v $python dpkg-source >/dev/null ||
		cannot "python3 or dpkg-dev is missing: install them"
	open_suite "the headers of qemu $version" bookworm deb deb-src
	cd "$dir"
	fetch apt-get --download-only --only-source source "qemu=$version"
	fetch apt-get download libglib2.0-dev
	# With Debian's patches: stable updates are among them.
	dpkg-source --no-check -x qemu_*.dsc qemu >log 2>&1 ||
		cannot "$(tail -n 1 log)"
	dpkg-deb -x libglib2.0-dev*.deb glib
	mkdir -p made/config made/lib
	$python qemu/scripts/qapi-gen.py -b -o made/config/qapi \
		qemu/qapi/qapi-schema.json
	# What ./configure would have found out, as far as headers ask.
	printf '#define CONFIG_%s 1\n' INT128 IOVEC LINUX POSIX \
		>made/config/config-host.h
	>made/config/config-poison.h
	mv qemu/include glib/usr/include/glib-2.0 made
	mv glib/usr/lib/*/glib-2.0/include/glibconfig.h made/glib-2.0
	find made/config -name '*.c' -delete
	keep made "$headers" config/config-host.h
}

[[ -e $headers/config/config-host.h ]] || (fetch_headers)
mkdir -p "$BUILD/guest"
object=$BUILD/guest/migsim-ptdma.so
# Symbols of qemu's are found when it is loaded.
"${CC:-gcc}" -std=gnu11 -O2 -g -fPIC -shared -o "$object.$$" \
	-D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	-Wconversion -Wno-sign-conversion -Wno-unused-parameter -Werror \
	-isystem "$headers/config" -isystem "$headers/include" \
	-isystem "$headers/glib-2.0" "$here"/*.c
mv "$object.$$" "$object"
echo "$object"
