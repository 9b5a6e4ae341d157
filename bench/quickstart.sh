#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
set -euo pipefail

# What building takes, as Debian names it. Tests add their own.
packages=(build-essential cmake ninja-build pkg-config libcminpack-dev
	libcsv-dev libhwloc-dev libinih-dev libjansson-dev libnuma-dev
	liburing-dev libxxhash-dev)

usage() {
	cat <<-END
	usage: bench/quickstart.sh [--deps-only [PACKAGE...]]

	Installs what building needs and this machine lacks (with apt), builds
	the release preset, and measures bench/jobs/quickstart.ini.

	  --deps-only  only install, together with the PACKAGEs given
	END
}

fail() {
	echo "quickstart: $*" >&2
	exit 1
}

missing_packages() {
	local p

	for p in "${packages[@]}"; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) \
			== installed ]] || echo "$p"
	done
}

as_root() {
	if ((EUID == 0)); then
		env DEBIAN_FRONTEND=noninteractive "$@"
	else
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	fi
}

install_missing() {
	local missing log

	command -v dpkg-query apt-get >/dev/null ||
		fail "no apt here: install the like of ${packages[*]} by hand," \
			"then build with cmake --preset release"
	mapfile -t missing < <(missing_packages)
	((${#missing[@]})) || return 0
	((EUID == 0)) || command -v sudo >/dev/null ||
		fail "as root, run: apt-get install ${missing[*]}"

	echo "quickstart: installing ${missing[*]}" >&2
	log=$(mktemp)
	if ! { as_root apt-get -q update &&
		as_root apt-get -qy --no-install-recommends install \
			"${missing[@]}"; } >"$log" 2>&1 </dev/null; then
		cat "$log" >&2
		fail "apt could not install ${missing[*]}; its words are above"
	fi
	rm -f "$log"
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
case ${1-} in
'') install_missing ;;
--deps-only)
	packages+=("${@:2}")
	install_missing
	exit 0 ;;
-h | --help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "quickstart: building build/release" >&2
{ cmake --preset release -DMIGSIM_TESTS=OFF &&
	cmake --build --preset release -j "$(nproc)"; } >"$log" 2>&1 || {
	cat "$log" >&2
	fail "the build failed; its words are above"
}
build/release/tools/migsim-bench sweep bench/jobs/quickstart.ini
