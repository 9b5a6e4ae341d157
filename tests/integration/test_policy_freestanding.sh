#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every policy compiles as a kernel would compile it, needs nothing from
# outside, keeps no state but what the core gives it, and does not recurse.
# 64 bits only, where u64 / u64 is one instruction: the series itself marks
# copied folios on 64 bits only.
set -euo pipefail
export LC_ALL=C

usage="usage: SRC=<tree> test_policy_freestanding.sh [POLICY.c...]"
[[ ${1-} != -h && ${1-} != --help ]] || { echo "$usage"; exit 0; }
: "${SRC:?$usage}"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# As the kernel's Makefile has them, and arch/x86's.
flags=(-std=gnu11 -O2 -ffreestanding -nostdinc -I "$SRC/include"
	-fno-strict-aliasing -fno-common -fno-pic -fno-pie -fno-stack-protector
	-Wall -Wextra -Wundef -Wvla -Wframe-larger-than=1024
	-Wstrict-prototypes -Wmissing-prototypes -Wdeclaration-after-statement
	-Wimplicit-fallthrough -Werror)
if [[ $(uname -m) == x86_64 ]]; then
	flags+=(-m64 -mno-sse -mno-mmx -mno-sse2 -mno-avx -mno-80387
		-msoft-float -mno-red-zone -mcmodel=kernel)
fi

# Where a compiler has the headers that need no libc.
own_headers() { # COMPILER
	case $1 in
	clang) echo "$(clang -print-resource-dir)/include" ;;
	*) "$1" -print-file-name=include ;;
	esac
}

# The functions of a file that lie on a circle of calls.
circles() { # POLICY.c
	gcc "${flags[@]}" -O0 -fno-inline -w -isystem "$(own_headers gcc)" \
		-fcallgraph-info -c -o "$tmp/calls.o" "$1" 2>/dev/null ||
		return 0
	# tsort takes "a a" for a node alone.
	sed -n 's/^edge: { sourcename: "\([^"]*\)" targetname: "\([^"]*\)".*/\1 \2/p' \
		"$tmp/calls.ci" >"$tmp/edges"
	awk '$1 == $2 { print $1 } $2 == "__indirect_call" { print $1, $2 }' \
		"$tmp/edges"
	tsort <"$tmp/edges" 2>&1 >/dev/null | grep -v 'contains a loop' || true
}

# What keeps a file out of a kernel, a line each.
problems() { # POLICY.c
	local cc

	grep -n '^[[:space:]]*#[[:space:]]*include' "$1" |
		grep -v '#include <migsim/policy.h>$' |
		sed 's/^/includes something else: /' || true
	for cc in "${compilers[@]}"; do
		"$cc" "${flags[@]}" -isystem "$(own_headers "$cc")" -c \
			-o "$tmp/policy.o" "$1" 2>"$tmp/err" || {
			sed "s/^/does not compile with $cc: /" "$tmp/err"
			continue
		}
		nm -u "$tmp/policy.o" | sed "s/^ *U/$cc: needs/"
		nm "$tmp/policy.o" |
			sed -n "s/.* [bBcCdDsSgG] /$cc: keeps a variable of its own: /p"
	done
	circles "$1" | sed 's/^/recurses, or calls through a pointer: /'
}

# Does its header say what the kernel would have to do for its kind?
silences() { # POLICY.c
	local head kind

	head=$(sed '/\*\//q' <(tail -n +2 "$1"))
	kind=$(sed -n 's/^\t\.kind = "\(.*\)",$/\1/p' "$1")
	case $kind in
	today) grep -q "Fits today's series" <<<"$head" ||
		echo "is of kind today and does not say why it fits" ;;
	async) grep -q 'Needs an asynchronous migrator' <<<"$head" ||
		echo "is of kind async and does not say what it needs" ;;
	*) echo "has no kind" ;;
	esac
	grep -q 'migrate_pages\|which see\|batch sees' <<<"$head" ||
		echo "does not say what its fields are in migrate_pages()"
}

compilers=()
for cc in gcc clang; do
	command -v $cc >/dev/null && compilers+=("$cc")
done
[[ ${compilers[*]} == *gcc* ]] || { echo "needs gcc"; exit 77; }

failures=0
fail() {
	failures=$((failures + 1))
	echo "FAILED: $*"
}

# --- what must be found is found
bad() { # PROBLEM C-CODE
	{ echo '#include <migsim/policy.h>'; echo "$2"; } >"$tmp/bad.c"
	problems "$tmp/bad.c" >"$tmp/found"
	grep -q -- "$1" "$tmp/found" ||
		fail "'$1' is not found in: $2; but: $(cat "$tmp/found")"
}

bad 'includes something else: .*<string.h>' '#include <string.h>'
bad 'does not compile with gcc' '#include <errno.h>'
bad 'needs malloc' 'void *malloc(size_t); void *f(void);
	void *f(void) { return malloc(8); }'
bad 'gcc: needs __\|does not compile with gcc' 'int f(int x);
	int f(int x) { return (int)(x * 1.5); }'
bad 'gcc: needs __udivti3' 'uint64_t f(unsigned __int128 x, uint64_t y);
	uint64_t f(unsigned __int128 x, uint64_t y) { return (uint64_t)(x / y); }'
bad 'does not compile with gcc: .*frame size' 'void g(char *); int f(void);
	int f(void) { char a[2000]; g(a); return a[7]; }'
bad 'does not compile with gcc: .*variable length' 'int f(unsigned n);
	int f(unsigned n) { volatile char a[n]; a[0] = 1; return a[0]; }'
bad 'gcc: keeps a variable of its own: n' 'int f(void);
	int f(void) { static int n; return n++; }'
bad 'gcc: keeps a variable of its own: n' 'int f(void);
	int f(void) { static int n = 7; return n++; }'
bad 'recurses.*f' 'int f(int n); int f(int n) { return n ? n * f(n - 1) : 1; }'
bad 'recurses.*g' 'static int g(int n); int f(int n);
	int f(int n) { return n ? g(n - 1) + 1 : 0; }
	static int g(int n) { return f(n - 2) * 2; }'
bad 'recurses.*__indirect_call' 'int f(int (*g)(int));
	int f(int (*g)(int)) { return g(1); }'
[[ ${#compilers[@]} == 1 ]] ||
	bad 'clang: needs malloc' 'void *malloc(size_t); void *f(void);
		void *f(void) { return malloc(8); }'
# And a good one is not.
echo '#include <migsim/policy.h>
uint64_t f(uint64_t x, uint64_t y);
uint64_t f(uint64_t x, uint64_t y) { return y ? x / y : 0; }' >"$tmp/good.c"
problems "$tmp/good.c" >"$tmp/found"
[[ ! -s $tmp/found ]] || fail "a good file has problems: $(cat "$tmp/found")"

# --- the policies
policies=("$@")
(($#)) || policies=("$SRC"/lib/policy/*.c)
for policy in "${policies[@]}"; do
	{ problems "$policy"; silences "$policy"; } >"$tmp/found"
	while read -r line; do
		fail "${policy##*/} $line"
	done <"$tmp/found"
done
echo "${#policies[@]} policies with ${compilers[*]}, $failures failures"
((failures == 0 && ${#policies[@]} > 0))
