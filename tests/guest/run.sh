#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
set -uo pipefail

usage() {
	cat <<-EOF
	usage: tests/guest/run.sh [--kernel VERSION] [--topology NAME] [--list] [TEST…]
	       tests/guest/run.sh [--kernel VERSION] [--topology NAME] -- COMMAND…

	Boots guests with several NUMA nodes under qemu (emulated: no time in them
	means anything) and runs the tests of tests/guest/tests in them, or a command.

	  --kernel VERSION  6.12 (the default), 6.1 or 7.3, as Debian has them;
	                    6.12-debug, which is built and looks for mistakes
	  --topology NAME   one of: $(echo $(ls "$here/topology"))
	                    without it all of them, for a command 2n
	  --list            only print the names of the tests, one a line
	  -- COMMAND…       runs it, with the built tools in PATH, where the sources
	                    lie: they are not there, but bench/jobs, bash and busybox
	                    are. What it prints comes as it does, what is said of the
	                    guest goes to stderr; the exit status is the command's

	Kernels are kept in \${XDG_CACHE_HOME:-~/.cache}/migsim, logs in guest/ of
	the build directory: BUILD, or build/release, which is then built. The
	topologies dma and ptdma* fetch and build more: tests/guest/ptdma/README.md.

	  tests/guest/run.sh --topology 2n -- migsim-bench validate --folio 4K --total 16M
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
. "$here/interrupt.sh"
version=6.12 topologies='' list='' wanted=() command=()
while (($#)); do
	case $1 in
	--kernel | --topology)
		(($# > 1)) || refuse "$1 needs a value" ;;&
	--kernel) version=$2; shift ;;
	--topology)
		[[ $2 && $2 != */* && -f $here/topology/$2 ]] ||
			refuse "there is no topology '$2'; there are: $(echo $(ls "$here/topology"))"
		topologies=$2; shift ;;
	--list) list=1 ;;
	-h | --help) usage; exit 0 ;;
	--)	shift
		(($#)) || refuse '-- needs a command behind it'
		command=("$@"); break ;;
	-*) refuse "there is no option $1; see tests/guest/run.sh --help" ;;
	*) wanted+=("$1") ;;
	esac
	shift
done
if ((${#command[@]})); then
	[[ ! $list && ! ${wanted[*]} ]] ||
		refuse 'it is tests or a command: leave --list and TEST, or -- COMMAND'
	topologies=${topologies:-2n}
	# What it prints is all that goes to stdout, the descriptor 3.
	exec 3>&1 >&2
fi
topologies=${topologies:-$(ls "$here/topology")}
kernels='6.12 6.1 7.3 6.12-debug'
[[ $version && " $kernels " == *" $version "* ]] ||
	refuse "there is no kernel '$version'; there are: $kernels"
((!${#command[@]})) || : "${GUEST_SECONDS:=3600}"
[[ ${GUEST_SECONDS:=600} =~ ^[1-9][0-9]*$ ]] ||
	refuse "GUEST_SECONDS is '$GUEST_SECONDS': a number of seconds is wanted"
[[ ${GUEST_LOOP_SECONDS:=0} =~ ^(0|[1-9][0-9]*)$ ]] ||
	refuse "GUEST_LOOP_SECONDS is '$GUEST_LOOP_SECONDS': a number of seconds is wanted"
((!${#command[@]})) || GUEST_LOOP_SECONDS=0
export GUEST_SECONDS GUEST_LOOP_SECONDS

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
build() {
	cd "$SRC" && cmake --preset release -DMIGSIM_TESTS=ON &&
		cmake --build --preset release
}
if [[ ! ${BUILD-} ]]; then
	BUILD=$SRC/build/release
	mkdir -p "$SRC/build"
	echo "guest: building build/release, see $SRC/build/guest.log" >&2
	step build >"$SRC/build/guest.log" 2>&1 || {
		echo "guest: build/release does not build, see $SRC/build/guest.log" >&2
		exit 1
	}
fi
if [[ ${GUEST_PROFILE-} ]]; then
	: 2>/dev/null >"$GUEST_PROFILE" ||
		refuse "GUEST_PROFILE is '$GUEST_PROFILE', which cannot be written"
fi
[[ -e $BUILD/CMakeCache.txt ]] || refuse "BUILD is '$BUILD': nothing was built there"
BUILD=$(realpath "$BUILD") && export BUILD

step "$here/kernel.sh" "$version" >"$said" 2>&1
status=$?
kernel=$(tail -n 1 "$said")
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

# Prints what a topology needs beyond qemu and a kernel, as words of bash's;
# otherwise a reason on stderr.
prepare() { # TOPOLOGY
	local device='' kmod='' more PRELOAD='' MODULES='' PLUGIN=''

	. "$here/topology/$1"
	if [[ $device ]]; then
		PRELOAD=$("$here/$device/build.sh") &&
			MODULES=$("$here/$device/driver.sh" "$version") &&
			more=$("$here/modules.sh" "$version" "$here/client" \
				"$BUILD/guest/client-$version" W=1 \
				MIGSIM_INCLUDE="$SRC/include") || return
		MODULES="$MODULES $more"
	fi
	if [[ $kmod ]]; then
		more=$("$here/modules.sh" "$version" "$SRC/kmod" \
			"$BUILD/guest/kmod-$version" W=1 \
			MIGSIM_INCLUDE="$SRC/include") || return
		MODULES="$MODULES $more"
	fi
	if [[ ${GUEST_PROFILE-} ]]; then
		PLUGIN=$("$here/profile/build.sh") || return
	fi
	printf 'export PRELOAD=%q MODULES=%q PLUGIN=%q\n' "$PRELOAD" "$MODULES" \
		"$PLUGIN"
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

# Makes the directory for a guest, and what the guest needs. Two guests in one
# would each tell what the other has said; a guest whose run.sh was killed holds
# the lock until it ends.
ready() { # DIRECTORY TOPOLOGY
	mkdir -p "${1%/*}"
	exec 7>"$1.lock"
	flock -n 7 || {
		echo "guest: another guest runs in $1: wait for it, or set GUEST_LOGS" >&2
		exit 1
	}
	logs=$1
	rm -rf "$logs"
	mkdir -p "$logs"
	step prepare "$2" >"$said" 2>"$logs/prepare.log" || return
	. "$said"
}

boot() { # TOPOLOGY < LIST-OF-TESTS
	"$here/pack.sh" "$logs" "$1" || return
	echo "guest: booting $1 with kernel $version" >&2
	"$here/boot.sh" "$kernel" "$here/topology/$1" "$logs" || {
		echo "FAILED: the guest never said hello"
		cat "$logs"/{qemu,console}.log | tail -n 40
		echo "all that was said: $logs"
		return 1
	}
}

last_words() { # LINES
	grep -qx '@@ bye' "$logs/tests.log" || {
		echo "the guest did not end by itself; its kernel's last words:"
		tail -n "$1" "$logs/console.log" | sed 's/^/    /'
	}
}

# A guest may run its tests again and again.
round_of() { # NUMBER LOG
	awk -v number="$1" '$1 == "@@" && $2 == "round" {
		on = $3 == number; next } on' "$2"
}

judge_all() { # TOPOLOGY LOG
	local name round rounds

	judge boot "$2"
	rounds=$(grep -c '^@@ round ' "$2")
	for ((round = 1; round <= rounds || round == 1; round++)); do
		((rounds < 2)) || echo "-- round $round"
		round_of $round "$2" >"$said"
		for name in $(names_of "$1"); do
			judge "$name" "$said"
		done
	done
}

guest() { # TOPOLOGY
	echo "== $1, kernel $version"
	ready "${GUEST_LOGS:-$BUILD/guest}/$version-$1" "$1" || {
		unprepared $? "$logs/prepare.log" $(names_of "$1")
		return
	}
	tests_of "$1" >"$said"
	step boot "$1" <"$said" || { failed=$((failed + 1)); return; }
	judge_all "$1" "$logs/tests.log"
	last_words 60
	rm -f "$logs/initramfs"
	echo "all that was said: $logs"
}

((!${#command[@]})) || . "$here/command.sh"
for topology in $topologies; do
	[[ ! $(names_of "$topology") ]] || guest "$topology"
done
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0)) || exit 1
((passed > 0)) || lacks "no test could run"
