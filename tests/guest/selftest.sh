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
GUEST_TABLE=$dir/table GUEST_LOGS=$dir/logs GUEST_SECONDS=15 bash "$guest/run.sh" --topology 2n \
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
check 'where all that was said lies' says "^all that was said: $dir/logs/6.12-2n$"
check 'it tells that it boots' grep -qx 'guest: booting 2n with kernel 6.12' err
((failures == 0)) || sed 's/^/    | /' out

# --- round after round
printf 'guest_misbehave_sh:%s 2n %s\n' passes passes \
	fails_then_panics fails_then_panics >table
status=0
GUEST_TABLE=$dir/table GUEST_LOGS=$dir/logs GUEST_LOOP_SECONDS=100000 \
	bash "$guest/run.sh" --topology 2n >out 2>err || status=$?
check 'a round with failures fails' test $status -eq 1
check 'each round is told' diff - <(grep -E '^(--|passed: g|FAILED)' out |
	sed 's/ ([0-9]* s)$//') <<-EOF
	-- round 1
	passed: guest_misbehave_sh:passes
	passed: guest_misbehave_sh:fails_then_panics
	-- round 2
	passed: guest_misbehave_sh:passes
	FAILED: guest_misbehave_sh:fails_then_panics: status 1
	-- round 3
	passed: guest_misbehave_sh:passes
	FAILED: guest_misbehave_sh:fails_then_panics: the guest ended in it
EOF
check 'as many as came to be' says '^4 passed, 2 failed, 0 skipped$'

# --- a command
status=0
GUEST_LOGS=$dir/logs bash "$guest/run.sh" -- bash -c \
	'printf "a  \$b\n\nc"; echo oh >&2; migsim-bench list engines >&2; exit 5' \
	>out 2>err || status=$?
check 'its status is that of the script' test $status -eq 5
check 'its stdout is all of it' diff <(printf 'a  $b\n\nc') out
check 'its stderr comes, too' grep -qx oh err
check 'the tool is found' grep -q '^ *memcpy' err

# --- interrupted: Ctrl-C goes to all in the terminal, and TERM to one process
begin() { # ARGUMENT...
	rm -rf logs
	setsid env --default-signal=INT,TERM GUEST_LOGS="$dir/logs" \
		GUEST_SECONDS=60 bash "$guest/run.sh" "$@" >out 2>err &
	pid=$!
}
comes() { # PATTERN FILE
	local i

	for ((i = 0; i < 600; i++)); do
		! grep -qs "$1" "$2" || return 0
		kill -0 $pid || return 1
		sleep 0.2
	done
	return 1
}
ends_with() { # STATUS
	local status=0

	wait $pid || status=$?
	check "it ends with $1" test $status -eq "$1"
	check 'one line says why' test 1 -eq "$(grep -cx 'guest: interrupted' err)"
	check 'and none that something failed' test 0 -eq \
		"$(cat out err | grep -cE 'FAILED|failed|Terminated')"
	check 'no process is left' test -z "$(grep -lsFf <(echo "$dir/logs") \
		/proc/[0-9]*/cmdline)"
	check 'nor what was packed' test -z "$(ls -d logs/*/{initramfs,root} 2>/dev/null)"
}
begin -- bash -c 'echo here; sleep 1000'
check 'what a command says comes at once' comes '^here$' out
kill -INT -- -$pid
ends_with 130
echo 'guest_misbehave_sh:hangs 2n,4n hangs' >table
export GUEST_TABLE=$dir/table
for signal in INT:130 TERM:143; do
	begin
	check 'a guest is booted' comes . logs/6.12-2n/console.log
	kill -${signal%:*} $pid
	ends_with ${signal#*:}
	check 'no other guest is booted' test 1 -eq "$(grep -c booting err)"
done
unset GUEST_TABLE

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
for words in '--kernel 5.0' '--topology 9n' '--topology 2n/' --nonsense \
	'--kernel' no_such_test -- '--list -- true' 'guest_node_mt -- true'; do
	status=0
	bash "$guest/run.sh" $words >out 2>err || status=$?
	check "'$words' is refused" test $status -eq 2 -a "$(wc -l <err)" -eq 1
done
status=0
bash "$guest/run.sh" --topology '' >out 2>err || status=$?
check 'a topology without a name is refused' test $status -eq 2
bash "$guest/run.sh" --list >out 2>err
check '--list has every test once' diff <(sort out) \
	<(awk '/^[a-z]/ { print $1 }' "$guest/tests" | sort -u)

echo "$checks checks, $failures failures"
((failures == 0))
