#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The harness itself: what misbehaves in a guest is told, and nothing else; who
# does not start is tried again; without a kernel there is a reason.
. "${SRC:?the path of the sources}/tests/support/bench.sh"

guest=$SRC/tests/guest
export BUILD

says() { # PATTERN
	grep -qE -e "$1" out
}

# --- one boot, with everything that can go wrong in it
for how in passes skips fails crashes hangs warns panics comes_later; do
	echo "guest_misbehave_sh:$how 2n $how"
done >table
status=0
GUEST_TABLE=$dir/table GUEST_LOGS=$dir/logs GUEST_SECONDS=5 bash "$guest/run.sh" --topology 2n \
	>out 2>err || status=$?
if ((status == 77)); then
	cat out
	exit 77
fi
check 'a guest with failures fails' test $status -eq 1
check 'one passes' says '^passed: guest_misbehave_sh:passes'
check 'a skip keeps its reason' grep -qzP \
	'there is no such thing here\n\[  SKIPPED \] guest_misbehave_sh:skips' out
check 'a status is told' says '^FAILED: guest_misbehave_sh:fails: status 3'
check 'with what was said' says '^    what it said'
check 'a signal is told' says '^FAILED: guest_misbehave_sh:crashes: status 139'
check 'a hang is ended' says '^FAILED: guest_misbehave_sh:hangs: it was ended'
check 'a warning of the kernel counts' says \
	'^FAILED: guest_misbehave_sh:warns: status 1'
check 'a panic counts' says \
	'^FAILED: guest_misbehave_sh:panics: the guest ended in it'
check 'the panic is shown' says 'Kernel panic - not syncing'
check 'what comes later has not passed' says \
	'^FAILED: guest_misbehave_sh:comes_later: it never ran'
check 'all are counted' says '^1 passed, 6 failed, 1 skipped$'
((failures == 0)) || sed 's/^/    | /' out

# --- who never said hello is booted again, who did is not
mkdir bin d
cat >bin/qemu-system-x86_64 <<'EOF'
#!/bin/bash
echo boot >>boots
[[ $SAYS == nothing ]] || echo "@@ hello" >d/tests.log
EOF
chmod +x bin/*
boot() { # WHAT-IT-SAYS
	rm -f boots
	SAYS=$1 PATH=$dir/bin:$PATH bash "$guest/boot.sh" kernel \
		"$guest/topology/2n" d >out 2>err
}
boot hello
check 'one boot is enough' test "$(wc -l <boots)" -eq 1
! boot nothing
check 'a guest that never starts fails' test $? -eq 0
check 'after three boots' test "$(wc -l <boots)" -eq 3
check 'whose logs are kept' test -e d/attempt-3/qemu.log

# --- no kernel
printf '#!/bin/sh\necho "E: no way to the mirror"\nexit 100\n' >bin/apt-get
chmod +x bin/apt-get
status=0
XDG_CACHE_HOME=$dir/cache PATH=$dir/bin:$PATH bash "$guest/run.sh" \
	--topology 2n >out 2>err || status=$?
check 'without a kernel it is 77' test $status -eq 77
check 'and the reason stands last' says 'kernel 6.12 cannot be fetched: .'
check 'nothing is left in the cache' test -z "$(ls cache/migsim)"

# --- the command line
for words in '--kernel 5.0' '--topology 9n' --nonsense '--kernel' no_such_test; do
	status=0
	bash "$guest/run.sh" $words >out 2>err || status=$?
	check "'$words' is refused" test $status -eq 2 -a "$(wc -l <err)" -eq 1
done
bash "$guest/run.sh" --list >out 2>err
check '--list has every test once' diff <(sort out) \
	<(awk '/^[a-z]/ { print $1 }' "$guest/tests" | sort -u)

echo "$checks checks, $failures failures"
((failures == 0))
