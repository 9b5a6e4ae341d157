#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
set -uo pipefail

usage() {
	cat <<-EOF
	usage: tests/guest/run.sh [--kernel VERSION] [--topology NAME] [--list] [TEST…]

	Boots guests with several NUMA nodes under qemu (emulated: no time in them
	means anything) and runs the tests of tests/guest/tests in them.

	  --kernel VERSION  6.12 (the default), 6.1 or 7.3, as Debian has them
	  --topology NAME   one of: $(echo $(ls "$here/topology"))
	                    all of them without it
	  --list            only print the names of the tests, one a line

	Kernels are kept in \${XDG_CACHE_HOME:-~/.cache}/migsim, logs in guest/ of
	the build directory: BUILD, or build/release, which is then built.
	EOF
}

refuse() { # SENTENCE
	echo "guest: $1" >&2
	exit 2
}

lacks() { # SENTENCE
	echo "$1"
	exit 77
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=6.12 topologies=$(ls "$here/topology") list='' wanted=()
while (($#)); do
	case $1 in
	--kernel | --topology)
		(($# > 1)) || refuse "$1 needs a value" ;;&
	--kernel) version=$2; shift ;;
	--topology) topologies=$2; shift ;;
	--list) list=1 ;;
	-h | --help) usage; exit 0 ;;
	-*) refuse "there is no option $1; see tests/guest/run.sh --help" ;;
	*) wanted+=("$1") ;;
	esac
	shift
done
for topology in $topologies; do
	[[ -f $here/topology/$topology ]] ||
		refuse "there is no topology $topology; there are: $(echo $(ls "$here/topology"))"
done
[[ $version == 6.12 || $version == 6.1 || $version == 7.3 ]] ||
	refuse "there is no kernel $version; there are: 6.12 6.1 7.3"

# The lines of the table for a topology, without it: NAME ARGUMENT…
table=${GUEST_TABLE:-$here/tests}
tests_of() { # TOPOLOGY
	awk -v at="$1" -v wanted=" ${wanted[*]-} " '
		/^#/ || !NF || (wanted != "  " && !index(wanted, " " $1 " ")) {
			next }
		{ split($2, t, ","); for (i in t) if (t[i] == at) {
			$2 = ""; print; next } }' "$table"
}

names_of() { # TOPOLOGY
	tests_of "$1" | awk '{ print $1 }'
}

all=$(for topology in $topologies; do names_of "$topology"; done | awk '!n[$0]++')
for name in "${wanted[@]}"; do
	grep -qxF -e "$name" <<<"$all" ||
		refuse "there is no test $name here; --list prints their names"
done
[[ ! $list ]] || { echo "$all"; exit 0; }

for program in qemu-system-x86_64 cpio busybox; do
	[[ $(type -P $program) ]] ||
		lacks "$program is missing: install qemu-system-x86 cpio busybox-static"
done
[[ $(uname -m) == x86_64 ]] || lacks "the guests are x86-64, this machine is not"

export SRC=${SRC:-$(cd "$here/../.." && pwd)}
if [[ ! ${BUILD-} ]]; then
	BUILD=$SRC/build/release
	mkdir -p "$SRC/build"
	(cd "$SRC" && cmake --preset release -DMIGSIM_TESTS=ON &&
		cmake --build --preset release) >"$SRC/build/guest.log" 2>&1 || {
		echo "guest: build/release does not build, see $SRC/build/guest.log" >&2
		exit 1
	}
fi
BUILD=$(realpath "$BUILD") && export BUILD

kernel=$("$here/kernel.sh" "$version" 2>&1)
status=$?
kernel=${kernel##*$'\n'}
((status != 77)) || lacks "$kernel"
((status == 0)) || { echo "$kernel"; exit 1; }
export KERNEL=$kernel

passed=0 failed=0 skipped=0

# Of the log of a guest: how a test ended, and what it said.
end_of() { # NAME LOG
	awk -v name="$1" '$1 != "@@" { next } $2 == "begin" { n = $3 }
		$2 == "end" && n == name { print $3, $4 }' "$2"
}

said_by() { # NAME LOG
	awk -v name="$1" '$1 == "@@" { on = $2 == "begin" && $3 == name; next }
		on' "$2"
}

fails() { # NAME WHY LOG
	failed=$((failed + 1))
	echo "FAILED: $1: $2"
	said_by "$1" "$3" | tail -n 80 | sed 's/^/    /'
}

# Skips are told in cmocka's words, those of a test as those within one.
judge() { # NAME LOG
	local status seconds

	read -r status seconds < <(end_of "$1" "$2")
	case $status in
	0)	[[ $1 == boot ]] || passed=$((passed + 1))
		echo "passed: $1 ($seconds s)"
		said_by "$1" "$2" | awk '
			/SKIPPED \] [^0-9]/ && !seen[$0]++ { print text; print }
			{ text = $0 }' ;;
	77)	skipped=$((skipped + 1))
		said_by "$1" "$2" | grep . | tail -n 1
		echo "[  SKIPPED ] $1" ;;
	124 | 137 | 143) fails "$1" "it was ended, after $seconds s" "$2" ;;
	'')	if grep -qx "@@ begin $1" "$2"; then
			fails "$1" 'the guest ended in it' "$2"
		else
			fails "$1" 'it never ran' "$2"
		fi ;;
	*)	fails "$1" "status $status" "$2" ;;
	esac
}

# What a topology needs beyond qemu and a kernel; otherwise a reason on stderr.
prepare() { # TOPOLOGY
	local device='' kmod='' more

	export PRELOAD='' MODULES=''
	. "$here/topology/$1"
	if [[ $device ]]; then
		PRELOAD=$("$here/$device/build.sh") &&
			MODULES=$("$here/$device/driver.sh" "$version") &&
			more=$("$here/modules.sh" "$version" "$here/client" \
				"$BUILD/guest/client-$version" W=1) || return
		MODULES="$MODULES $more"
	fi
	if [[ $kmod ]]; then
		more=$("$here/modules.sh" "$version" "$SRC/kmod" \
			"$BUILD/guest/kmod-$version" W=1 \
			MIGSIM_INCLUDE="$SRC/include") || return
		MODULES="$MODULES $more"
	fi
}

unprepared() { # STATUS LOG NAME...
	if (($1 == 77)); then
		skipped=$((skipped + $# - 2))
		tail -n 1 "$2"
		printf '[  SKIPPED ] %s\n' "${@:3}"
	else
		failed=$((failed + 1))
		echo "FAILED: what the guest needs is not there"
		tail -n 40 "$2"
	fi
}

guest() { # TOPOLOGY
	local dir=${GUEST_LOGS:-$BUILD/guest}/$version-$1 before=$failed name

	echo "== $1, kernel $version"
	rm -rf "$dir"
	mkdir -p "$dir"
	prepare "$1" 2>"$dir/prepare.log" || {
		unprepared $? "$dir/prepare.log" $(names_of "$1")
		return
	}
	tests_of "$1" | "$here/pack.sh" "$dir" "$1" || exit 1
	"$here/boot.sh" "$kernel" "$here/topology/$1" "$dir" || {
		failed=$((failed + 1))
		echo "FAILED: the guest never said hello"
		cat "$dir"/{qemu,console}.log | tail -n 40
		return
	}
	for name in boot $(names_of "$1"); do
		judge "$name" "$dir/tests.log"
	done
	grep -qx '@@ bye' "$dir/tests.log" || {
		echo "the guest did not end by itself; its kernel's last words:"
		tail -n 60 "$dir/console.log" | sed 's/^/    /'
	}
	rm -f "$dir/initramfs"
	((failed == before)) || echo "all that was said: $dir"
}

for topology in $topologies; do
	[[ ! $(names_of "$topology") ]] || guest "$topology"
done
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0)) || exit 1
((passed > 0)) || lacks "no test could run"
