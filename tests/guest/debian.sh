# SPDX-License-Identifier: MIT
# Packages of Debian's, fetched and not installed; sourced. apt's own
# configuration and lists are not touched. What is fetched is unpacked in $dir,
# which is removed at the end, and kept in $cache.
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/migsim

cannot() { # REASON
	echo "$what cannot be fetched: $1" >&2
	exit 77
}

# To the descriptor GUEST_PROGRESS, for stderr is often kept as a log.
progress() { # WHAT
	echo "guest: $1" >&"${GUEST_PROGRESS:-2}"
}

suite_of() { # KERNEL-VERSION
	case $1 in
	6.1) echo bookworm ;;
	6.12) echo bookworm-backports ;;
	7.3) echo trixie-backports ;;
	*) return 1 ;;
	esac
}

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

# Makes $dir, and apt know suites; types are deb, deb-src or both.
open_suite() { # WHAT 'SUITE...' [TYPE...]
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg type name

	what=$1 suite=$2
	command -v apt-get dpkg-deb >/dev/null ||
		cannot "this machine has no apt"
	uri=$(mirror) || cannot "apt knows no mirror of Debian here"
	mkdir -p "$cache"
	dir=$(mktemp -d "$cache/fetch.XXXXXX")
	trap 'rm -rf "$dir"' EXIT
	trap 'exit 130' INT TERM
	mkdir -p "$dir"/{lists,cache/archives}/partial
	for type in "${@:3}"; do
		for name in $suite; do
			echo "$type [arch=amd64 signed-by=$keyring] $uri $name main"
		done
	done >"$dir/sources.list"
	progress "fetching $what from $suite"
	fetch apt-get --error-on=any update
}

# Runs apt, and ends with its reason where it fails.
fetch() { # COMMAND...
	apt "$@" >"$dir/log" 2>&1 </dev/null ||
		cannot "$uri $suite: $(grep -m 1 '^[EW]:' "$dir/log")"
}

# Puts what was made into the cache, unless another was faster.
keep() { # MADE KEPT FILE-IN-IT
	mv -T "$1" "$2" 2>/dev/null || [[ -e $2/$3 ]] ||
		cannot "$2 is in the way"
}

# Where packages have their libraries, libc6 among them.
libc=usr/lib/x86_64-linux-gnu

# A program that wants a newer libc than this machine has is run by the loader
# of one that lies in the same directory, wherever that lies.
run_by_loader() { # DIRECTORY PROGRAM-IN-IT
	local libs

	libs=$(realpath --relative-to="$1/${2%/*}" "$1/$libc")
	mv "$1/$2" "$1/$2.real"
	cat >"$1/$2" <<-EOF
		#!/bin/sh
		libs=\${0%/*}/$libs
		exec "\$libs/ld-linux-x86-64.so.2" --library-path "\$libs" \\
			--argv0 "\$0" "\$0.real" "\$@"
	EOF
	chmod +x "$1/$2"
}
