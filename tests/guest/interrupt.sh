# SPDX-License-Identifier: MIT
# How run.sh ends at once when it is interrupted, with all it has begun; sourced
# before the first process of its own, which bash would wait for, deaf.

# All that a process has begun; timeout(1) leaves the process group.
below() { # PID
	local child

	for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
		echo "$child"
		below "$child"
	done
}

interrupted() { # STATUS
	local pids pid

	trap '' INT TERM HUP
	# bash itself would name who was killed.
	exec 2>/dev/null
	pids=$(below $$)
	kill $pids
	wait
	# Who has ended has no program any more, whether it is waited for or not.
	for pid in $pids; do
		while [[ -e /proc/$pid/exe ]]; do
			sleep 0.1
		done
	done
	echo "guest: interrupted" >&8
	exit "$1"
}

# bash runs a trap when what runs in the foreground has ended: so nothing long
# does here. Who decides that it is over is run.sh alone.
start() { # COMMAND...
	(trap '' INT HUP; "$@") <&0 &
}

step() { # COMMAND...
	start "$@"
	wait $!
}

# Where what fetches and builds says so, whoever reads its stderr.
exec 8>&2
export GUEST_PROGRESS=8
said=$(mktemp) logs=''
trap 'rm -rf "$said" ${logs:+"$logs/initramfs" "$logs/root"}' EXIT
trap 'interrupted 129' HUP
trap 'interrupted 130' INT
trap 'interrupted 143' TERM
