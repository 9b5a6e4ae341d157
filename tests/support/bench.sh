# SPDX-License-Identifier: MIT
# What the tests of the tool begin with; sourced. Needs BENCH, the path of
# migsim-bench, and SRC, that of the sources; goes to a directory of its own.
set -u
export LC_ALL=C.UTF-8

: "${BENCH:?the path of migsim-bench}" "${SRC:?the path of the sources}"
BUILD=$(realpath "${BUILD:-$(dirname "$BENCH")/..}")
BENCH=$(realpath "$BENCH") SRC=$(realpath "$SRC")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
checks=0 failures=0

# Where every access of every thread is watched, all published cells take
# minutes; a part of them goes through the same code.
threads_watched() {
	grep -q '^MIGSIM_SANITIZE:STRING=thread' "$BUILD/CMakeCache.txt"
}

check() { # SENTENCE COMMAND...: the command must succeed
	local what=$1
	shift
	checks=$((checks + 1))
	"$@" && return
	failures=$((failures + 1))
	echo "FAILED: $what"
	[[ ! -s err ]] || sed 's/^/    stderr: /' err
}
