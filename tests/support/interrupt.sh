# SPDX-License-Identifier: MIT
# Ctrl-C for tests of the tool; sourced.

# A job of a script ignores SIGINT: start it with env --default-signal=INT.
# Until the tool catches the signal, it would end it without a word; a busy
# machine, or a sanitizer, takes its time to get there.
interrupt_when_caught() { # PID
	local caught

	while caught=$(grep -oP 'SigCgt:\s*\K\S+' "/proc/$1/status") &&
		((!(16#$caught & 2))); do
		sleep 0.01
	done
	kill -INT "$1"
}
