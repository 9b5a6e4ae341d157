#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Pulling the plug: the tool is killed at random moments of a migration, and
# nothing of it stays: no process, no page, no pin, no userfaultfd. What a hung
# task or a broken page count makes the kernel say, the harness looks for.
#
# usage: test_plug.sh [KILLS [SEED]]    (20; 6 where the kernel is all there is)
. "${SRC:?the path of the sources}/tests/support/bench.sh"
. "$SRC/tests/support/interrupt.sh"

kills=6 seed=${2:-$(($(date +%s) % 32768))}
RANDOM=$seed
echo "seed $seed"

# A region is of 8 MiB, and so much more may be in use afterwards: four times
# as much of a node's free memory, in which are also the kernel's own.
region_kb=$((8 << 10)) slack_kb=1024
ways=('--backend kernel')
if "$BENCH" sysinfo --format json | tr -d ' \n' |
	grep -q '"uffd_move":true'; then
	kills=20
	ways+=('--engine memcpy --batch 2048' '--pool cold --engine mt:threads=2'
		'--pool cold --engine error:fail_ppm=20000,twice_ppm=20000,reorder=yes'
		'--pool cold --policy sliding:window=256,group=32 --engine mt:threads=1,caller=no')
fi
kills=${1:-$kills}
signals=(INT TERM KILL)

# --- what must come back

# Counts that are kept by CPU are added up, caches are dropped.
settle() {
	echo 3 >/proc/sys/vm/drop_caches
	echo 1 >/proc/sys/vm/stat_refresh
}

# NAME NUMBER in kB, for each node. On an LRU is also a page that nobody maps
# any more and that somebody still holds. Free are also those that a CPU keeps
# for itself, some MiB, which MemFree leaves out.
node_counts() {
	awk '$1 == "Node" { n = $2 + 0 }
		$1 == "pages" && $2 == "free" { free[n] += 4 * $3 }
		$1 == "count:" { free[n] += 4 * $2 }
		END { for (n in free) print "node" n ":free:", free[n] }' \
		/proc/zoneinfo
	cat /sys/devices/system/node/node*/meminfo | awk '
		$3 ~ /^(AnonPages|Unevictable|PageTables):/ {
			print "node" $2 ":" $3, $4 }
		$3 ~ /^(Active|Inactive)\(anon\):/ { lru[$2] += $4 }
		END { for (n in lru) print "node" n ":lru:", lru[n] }'
}

# Numbers that must be as they were, to the last one.
exact_counts() {
	local slab=/sys/kernel/slab/userfaultfd_ctx_cache

	awk '/^nr_foll_pin_acquired/ { n += $2 }
		/^nr_foll_pin_released/ { n -= $2 }
		/^nr_isolated_anon/ { i = $2 }
		END { print "pinned:", n + 0; print "isolated:", i + 0 }' \
		/proc/vmstat
	if [[ -e $slab/objects ]]; then
		echo 1 >$slab/shrink
		echo "userfaultfds: $(cut -d ' ' -f 1 $slab/objects)"
	fi
}

# What is worse than it was, in one line each.
worse() { # BEFORE AFTER EXACT-BEFORE EXACT-AFTER
	awk -v slack=$slack_kb '
		NR == FNR { was[$1] = $2; next }
		{ free = $1 ~ /free/; d = free ? was[$1] - $2 : $2 - was[$1] }
		d > (free ? 4 : 1) * slack {
			print $1, was[$1] " kB, now " $2 " kB" }' "$1" "$2"
	diff "$3" "$4" | grep '^[<>]'
}

# The tool, and whatever is dead or cannot die. Kernel threads may sleep so for
# a moment.
left_over() {
	awk 'FNR == 1 && match($0, /\(.*\) [A-Za-z]/) {
		name = substr($0, RSTART + 1, RLENGTH - 4)
		state = substr($0, RSTART + RLENGTH - 1, 1)
		if (name ~ /^migsim/ || state ~ /[DZ]/) print $1, name, state
	}' /proc/[0-9]*/stat 2>/dev/null
}

comes_back() { # COMMAND...: says nothing any more, within a while
	local i

	for ((i = 0; i < 100; i++)); do
		[[ ! $("$@") ]] && return
		sleep 0.2
	done
	"$@" | sed 's/^/    /'
	return 1
}

now_worse() {
	settle
	node_counts >nodes
	exact_counts >exact
	worse nodes.before nodes exact.before exact
}

# --- a moment at which the plug is pulled

# kB of the region that are unmapped and in flight. It is registered with a
# userfaultfd for as long as a call takes; without one, nothing is said.
in_flight_kb() { # PID
	awk -v region=$region_kb '
		$1 == "Size:" { size = $2 } $1 == "Rss:" { rss = $2 }
		$1 == "VmFlags:" && / um / && size == region {
			print size - rss; exit }' "/proc/$1/smaps" 2>/dev/null
}

moved_pages() {
	awk '$1 == "pgmigrate_success" { print $2 }' /proc/vmstat
}

# Not in a subshell, which would have a chance of its own.
doze() { # up to so many ms
	local ms=$((1000 + RANDOM % $1))

	sleep 0.${ms:1}
}

flies() { # PID: sets kb
	kb=$(in_flight_kb "$1")
	((${kb:-0} > 0))
}

# Stops it with folios in flight, which makes sure that they still are when it
# is killed. That of the kernel cannot be stopped within a call: whether there
# was one is seen afterwards.
stop_in_flight() { # PID: sets said
	local kb i

	for ((i = 0; i < 1000; i++)); do
		flies "$1" || continue
		kill -STOP "$1" || return
		flies "$1" && { said="$kb kB in flight"; return; }
		kill -CONT "$1"
	done
	return 1
}

starts() { # OPTION...: sets pid, when the tool has begun to migrate
	local i before

	before=$(moved_pages)
	env --default-signal=INT "$BENCH" run --folio 4K --total ${region_kb}K \
		--from 0 --to "$far" --runs 100000 --warmup 0 --seed 1 \
		--format json --quiet "$@" >out 2>err &
	pid=$!
	for ((i = 0; i < 1000; i++)); do
		kill -0 $pid || return
		sleep 0.05
		catches_interrupts $pid || continue
		[[ $1 == --backend && $(moved_pages) -gt $before ]] && return
		[[ $1 != --backend && $(in_flight_kb $pid) ]] && return
	done
	ends KILL
	return 1
}

ends() { # SIGNAL: sets status, and in_time
	local i

	kill -"$1" $pid
	kill -CONT $pid 2>/dev/null
	in_time=''
	for ((i = 0; i < 600; i++)); do
		kill -0 $pid 2>/dev/null || { in_time=1; break; }
		sleep 0.1
	done 2>/dev/null	# bash says there who was killed
	[[ $in_time ]] || kill -KILL $pid
	wait $pid 2>/dev/null
	status=$?
}

pull() { # SIGNAL OPTION...: false where it hit no migration
	local hit

	starts "${@:2}" || return
	doze 999
	if [[ $2 == --backend ]]; then
		hit=$(moved_pages)
		ends "$1"
		hit=$(($(moved_pages) - hit))
		((hit > 0)) || return
		said="$hit pages moved since"
	else
		stop_in_flight $pid || { ends KILL; return 1; }
		ends "$1"
	fi
}

interrupted_well() {
	check "$1 ends in a minute" test "$in_time"
	if [[ -s out ]]; then
		samples=$((samples + 1))
		check "$1 ends with 1" test $status -eq 1
		check "$1 is said" grep -q '"interrupted": true' out
		# Reads all of it, or refuses.
		check "$1 leaves valid JSON" "$BENCH" compare out out \
			>/dev/null 2>err
	else
		check "$1 says that there was nothing yet" grep -q \
			'interrupted before anything was measured' err
	fi
}

far=$(sed 's/.*[-,]//' /sys/devices/system/node/has_memory)
samples=0 pulled=0

# Once before, for all that the kernel keeps from the first time.
for way in "${ways[@]:0:2}"; do
	pull KILL $way
	settle
done
comes_back left_over
settle
node_counts >nodes.before
exact_counts >exact.before

for ((i = 0; i < kills; i++)); do
	signal=${signals[i % 3]} way=${ways[i % ${#ways[@]}]} hit=''
	for ((try = 0; try < 20; try++)); do
		pull $signal $way && { hit=1; break; }
	done
	what="kill $((i + 1)), SIG$signal, $way"
	check "$what: a migration is hit" test "$hit"
	[[ $hit ]] || continue
	pulled=$((pulled + 1))
	echo "$what: $said, status $status"
	if [[ $signal == KILL ]]; then
		check "$what: it is dead" test $status -eq 137
	else
		interrupted_well "$what:"
	fi
	check "$what: no process stays" comes_back left_over
	check "$what: no page stays" comes_back now_worse
done
check 'something had been measured before' test $samples -gt 0
echo 'before and now:'
paste -d ' ' nodes.before nodes | awk '{ print "   ", $1, $2, $4 }'
echo "$pulled kills, $checks checks, $failures failures"
((failures == 0))
