#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the plugin that counts instructions, for the qemu that is installed,
# and prints its path. Needs BUILD, a build directory.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${BUILD:?a build directory}"
. "$here/../debian.sh"
# The headers are those that the emulated PTDMA is built with.
"$here/../ptdma/build.sh" >/dev/null
version=$(dpkg-query -W -f '${source:Version}' qemu-system-x86)
headers=$cache/qemu-${version#*:}
object=$BUILD/guest/migsim-insns.so
"${CC:-gcc}" -std=gnu11 -O2 -g -fPIC -shared -o "$object.$$" \
	-Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	-Wconversion -Wno-sign-conversion -Wno-unused-parameter -Werror \
	-isystem "$headers/include" -isystem "$headers/glib-2.0" "$here"/insns.c
mv "$object.$$" "$object"
echo "$object"
