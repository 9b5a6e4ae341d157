#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The event loop of the model computes with integers only, so that it comes to
# the same on every machine: no floating-point instruction in what it consists
# of. (Vector registers may move data about.)
set -euo pipefail

command -v objdump >/dev/null || { echo "there is no objdump"; exit 77; }
[[ $(uname -m) == x86_64 ]] || { echo "knows the instructions of x86-64"; exit 77; }

float='[[:space:]]v?((add|sub|mul|div|sqrt|max|min|round|u?comi)[sp][sd]|cvt[a-z0-9]+|fild|fld|fmul)[[:space:]]'
objects=$BUILD/lib/CMakeFiles/migsim-objects.dir
failed=0

for file in migrate group copy hang account space/model model/channels \
	model/clock model/deal model/entries ../engines/model; do
	object=$objects/${file/..\//__/}.c.o
	[[ -f $object ]] || { echo "no object of $file"; failed=1; continue; }
	if objdump -d --no-show-raw-insn "$object" | grep -E "$float"; then
		echo "lib/$file.c computes in floating point"
		failed=1
	fi
done

# The pattern does find it where it is. (Not with grep -q: it would end before
# objdump has written all, which then fails.)
objdump -d --no-show-raw-insn "$objects/model/costs.c.o" |
	grep -E "$float" >/dev/null ||
	{ echo "costs.c has none: the pattern is wrong"; failed=1; }
exit $failed
