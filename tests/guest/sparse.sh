#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the modules of kmod/ with W=1 and has sparse look at them. It is that of
# Debian's testing, fetched once: the one of Debian 12 does not understand the
# headers of 7.3.
set -euo pipefail

usage='usage: tests/guest/sparse.sh [6.1|6.12|7.3]…'
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
src=$(cd "$here/../.." && pwd)
. "$here/debian.sh"
for version; do
	suite_of "$version" >/dev/null || { echo "$usage" >&2; exit 2; }
done
sparse=$cache/sparse

fetch_sparse() {
	local deb

	open_suite sparse testing deb
	cd "$dir"
	fetch apt-get download sparse libc6
	for deb in *.deb; do
		dpkg-deb -x "$deb" made
	done
	run_by_loader "$dir/made" usr/bin/sparse
	keep made "$sparse" usr/bin/sparse
}

[[ -e $sparse/usr/bin/sparse ]] || (fetch_sparse)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
trap 'exit 130' INT TERM
(($#)) || set -- 6.1 6.12 7.3
# Not C=1: the headers of 7.3 lack the script that looks for sparse then, and
# nothing would be checked.
for version; do
	"$here/modules.sh" "$version" "$src/kmod" "$out/$version" W=1 \
		KBUILD_CHECKSRC=1 CHECK="$sparse/usr/bin/sparse" \
		MIGSIM_INCLUDE="$src/include" >"$out/modules"
	echo "kernel $version: clean ($("$sparse/usr/bin/sparse" --version))"
done
