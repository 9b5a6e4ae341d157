#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Boots DIR/initramfs, and leaves what was said in DIR/tests.log (the tests) and
# DIR/console.log (the kernel). Tried again only if the guest never said hello.
# PRELOAD is a shared object which brings a device into qemu; PLUGIN one of
# profile/, which writes into the file GUEST_PROFILE.
set -euo pipefail

usage='usage: tests/guest/boot.sh KERNEL-DIRECTORY TOPOLOGY-FILE DIR'
kernel=${1:?$usage} topology=${2:?$usage} dir=${3:?$usage}
# Wide: on a busy machine a boot took a minute.
hello_seconds=180 all_seconds=$((1200 + ${GUEST_SECONDS:-600} + ${GUEST_LOOP_SECONDS:-0}))
# What a topology may say besides qemu=(). One thread for all CPUs: with one
# for each a kernel that patches itself, as tracing makes it do, has panicked
# (int3) on a breakpoint that another CPU had taken away.
accel=tcg,thread=single append='' cpu=max,-erms,-fsrm,-la57
. "$topology"

machine=(-nodefaults -no-reboot -display none -accel "$accel" -cpu "$cpu"
	-kernel "$kernel/vmlinuz" -initrd "$dir/initramfs"
	-append "console=ttyS0 loglevel=5 panic=-1 oops=panic $append"
	-serial "file:$dir/console.log" -serial "file:$dir/tests.log")

# The command of run.sh's has its stdout for itself.
[[ ! -e $dir/command.sh ]] || machine+=(-serial "file:$dir/stdout")
if [[ ${PLUGIN-} ]]; then
	[[ -e $dir/command.sh ]] || machine+=(-serial null)
	machine+=(-plugin "$PLUGIN,out=$GUEST_PROFILE"
		-serial "file:$GUEST_PROFILE.symbols")
fi

ended() {
	kill $pid 2>/dev/null || true
	wait $pid || true
}

try() {
	local i

	rm -f "$dir"/{console,tests,qemu}.log "$dir/stdout"
	timeout -k 5 "$all_seconds" env ${PRELOAD:+LD_PRELOAD="$PRELOAD"} \
		qemu-system-x86_64 "${machine[@]}" "${qemu[@]}" \
		>"$dir/qemu.log" 2>&1 </dev/null &
	pid=$!
	trap ended EXIT
	trap 'exit 130' INT TERM
	for ((i = 0; i < 2 * hello_seconds; i++)); do
		grep -q '^@@ hello' "$dir/tests.log" 2>/dev/null && break
		kill -0 $pid 2>/dev/null || break
		sleep 0.5 &
		wait $!
	done
	if grep -q '^@@ hello' "$dir/tests.log" 2>/dev/null; then
		wait $pid || true
		return 0
	fi
	ended
	return 1
}

for attempt in 1 2 3; do
	! try || exit 0
	mkdir -p "$dir/attempt-$attempt"
	cp "$dir"/*.log "$dir/attempt-$attempt"
	echo "guest: attempt $attempt did not start, see $dir/attempt-$attempt" >&2
done
exit 1
