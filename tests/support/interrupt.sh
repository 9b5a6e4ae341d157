# SPDX-License-Identifier: MIT
# Ctrl-C for tests of the tool; sourced. Needs BENCH, the path of migsim-bench.

catches_interrupts() { # PID: it is the tool, and not the shell before it
	local caught

	[[ /proc/$1/exe -ef $BENCH ]] &&
		caught=$(grep -oP 'SigCgt:\s*\K\S+' "/proc/$1/status") &&
		((16#$caught & 2))
}

# A job of a script ignores SIGINT: start it with env --default-signal=INT.
# Until the tool catches the signal, it would end it without a word; a busy
# machine, or a sanitizer, takes its time to get there.
interrupt_when_caught() { # PID
	while kill -0 "$1" && ! catches_interrupts "$1"; do
		sleep 0.01
	done
	kill -INT "$1"
}
