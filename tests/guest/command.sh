# SPDX-License-Identifier: MIT
# Runs a command in a guest and ends with its status; sourced by run.sh.

# What a command says on stderr, and the kernel of it, comes by the port of the
# tests; an empty line is put before their end.
follow() { # PID-OF-BOOT
	tail -n +1 -F --pid="$1" "$logs/stdout" 2>/dev/null >&3 &
	tail -n +1 -F --pid="$1" "$logs/tests.log" 2>/dev/null |
		sed -un -e '1,/^@@ begin command$/d' -e '/^@@ end /q' \
			-e '/^$/{N;/\n@@ end /q;P;D}' -e p >&2 &
}

ready "${GUEST_LOGS:-$BUILD/guest}/$version-$topologies-command" "$topologies" || {
	status=$?
	tail -n 40 "$logs/prepare.log"
	((status == 77)) && exit 77
	exit 1
}
# stdout has a port of its own. None is a terminal to the command.
cat >"$logs/command.sh" <<-EOF
	stty -F /dev/ttyS2 -opost
	cd '$SRC'
	export PATH='$BUILD/tools':\$PATH
	set -o pipefail
	{ $(printf '%q ' "${command[@]}") 2>&1 >&3 3>&- | cat >&2; } \\
		3>&1 | cat >/dev/ttyS2
EOF
start boot "$topologies" <<<command
booting=$!
follow $booting
wait $booting || exit 1
wait
read -r status seconds < <(end_of command "$logs/tests.log")
last_words 60
((status != 124 || seconds < GUEST_SECONDS)) || echo \
	"guest: the command was ended after $seconds s; GUEST_SECONDS=N gives it longer"
exit "${status:-1}"
