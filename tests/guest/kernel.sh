#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fetches a kernel of Debian's, once, and prints the directory of its vmlinuz.
# The packages stay beside it; nothing is installed, and apt's own
# configuration and lists are not touched. To fetch anew, remove the directory.
set -euo pipefail

usage='usage: tests/guest/kernel.sh 6.1|6.12|7.3'
case ${1-} in
6.1) suite=bookworm ;;
6.12) suite=bookworm-backports ;;
7.3) suite=trixie-backports ;;
*) echo "$usage" >&2; exit 2 ;;
esac

version=$1
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/migsim
kernel=$cache/kernel-$version
[[ ! -s $kernel/vmlinuz ]] || { echo "$kernel"; exit 0; }

cannot() { # REASON
	echo "kernel $version cannot be fetched: $1" >&2
	exit 77
}

mkdir -p "$cache"
dir=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

# The mirror that this machine uses; empty where it uses none of Debian's.
mirror() {
	{ cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list ||
		true; } 2>/dev/null |
		awk '/^URIs:/ { print $2 }
		/^deb / { for (i = 2; i <= NF; i++) if ($i ~ ":/") print $i }' |
		grep debian | grep -v security | head -n 1
}

apt() { # COMMAND...
	local with=(-o "Dir::Etc::sourcelist=$dir/sources.list"
		-o Dir::Etc::sourceparts=- -o "Dir::State::lists=$dir/lists"
		-o "Dir::Cache=$dir/cache" -o Dir::State::status=/dev/null
		-o APT::Sandbox::User=root)

	timeout 300 "$1" -q "${with[@]}" "${@:2}"
}

# What a package depends on, of these names.
depends() { # PACKAGE PATTERN
	apt apt-cache depends "$1" | awk -v name="^$2$" '
		$1 ~ /Depends:$/ && $2 ~ name { print $2 }'
}

command -v apt-get dpkg-deb >/dev/null ||
	cannot "this machine has no apt"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
uri=$(mirror) || cannot "apt knows no mirror of Debian here"

mkdir -p "$dir"/{lists,cache/archives}/partial "$dir/kernel"
echo "deb [arch=amd64 signed-by=$keyring] $uri $suite main" >"$dir/sources.list"
echo "guest: fetching kernel $version from $suite" >&2
apt apt-get --error-on=any update >"$dir/log" 2>&1 </dev/null ||
	cannot "$uri $suite: $(grep -m 1 '^[EW]:' "$dir/log")"
image=$(depends linux-image-amd64 'linux-image-[0-9].*')
[[ $image == linux-image-"$version".* ]] ||
	cannot "$suite has '$image' instead"
# Of late the kernel itself lies in a package of its own.
binary=$(depends "$image" 'linux-binary-.*')
(cd "$dir/kernel" && apt apt-get download "${binary:-$image}") \
	>"$dir/log" 2>&1 </dev/null ||
	cannot "$uri $suite: $(grep -m 1 '^E:' "$dir/log")"

# Only what boots is unpacked: the modules would be most of it.
dpkg-deb --fsys-tarfile "$dir"/kernel/*.deb |
	tar -x -C "$dir" --wildcards --transform 's:.*/::' '*/vmlinuz*'
mv "$dir"/vmlinuz* "$dir/kernel/vmlinuz"
mv -T "$dir/kernel" "$kernel" 2>/dev/null || [[ -s $kernel/vmlinuz ]] ||
	cannot "$kernel is in the way"
echo "$kernel"
