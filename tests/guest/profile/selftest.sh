#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Of a program that does nothing but a known number of system calls a profile
# knows each one, and as many instructions as emulated time has gone by.
. "${SRC:?the path of the sources}/tests/support/bench.sh"
export BUILD

calls=10000
echo "guest_profile ptdma-icount $calls" >table
status=0
GUEST_TABLE=$dir/table GUEST_LOGS=$dir/logs GUEST_PROFILE=$dir/counts \
	bash "$SRC/tests/guest/run.sh" --topology ptdma-icount >out 2>err ||
	status=$?
if ((status == 77)); then
	cat out
	exit 77
fi
check 'the guest passes' test $status -eq 0
((status == 0)) || cat out
check 'there is a result for each' test 3 -eq "$(grep -c ' windows ' counts)"

function=__x64_sys_getppid
for result in 0 1 2; do
	bash "$SRC/tests/guest/profile/table.sh" -r $result -n 0 counts \
		>"table-$result" 2>err || check 'there is a table' false
	read -r windows all < <(awk 'NR == 1 { print $1, $3 }' "table-$result")
	instructions[result]=$all
	seen[result]=$windows
	of_call[result]=$(awk -v name=$function '$NF == name { print $1 }' \
		"table-$result")
	echo "$windows windows, $all instructions, ${of_call[result]} of $function"
	check 'the stages are all there is' test "$all" -eq "$(awk '
		/^by / { on = $2 == "stage"; next } on { n += $1 } END {
		printf "%.0f", n }' "table-$result")"
	check 'the functions, too' test "$all" -eq "$(awk '
		/^by / { on = $2 == "function"; next } on { n += $1 } END {
		printf "%.0f", n }' "table-$result")"
done
check 'a window is one' test "${seen[*]}" = '1 1 2'
check 'a call is counted' test "${of_call[0]}" -ge $calls
check 'each time' test $((of_call[0] % calls)) -eq 0
check 'twice the calls, twice the count' test \
	"${of_call[1]}" -eq $((2 * of_call[0]))
check 'in one window as in two' test "${of_call[2]}" -eq "${of_call[1]}"
near() { # A B: they differ by one in a hundred at most
	(($1 * 100 >= $2 * 99 && $1 * 99 <= $2 * 100))
}
check 'and so for all' near "${instructions[1]}" $((2 * instructions[0]))

# With -icount shift=0 an instruction takes 1 ns, as a tick of the counter does.
mapfile -t ticks < <(awk '/ ticks$/ { print $(NF - 1) }' logs/*/tests.log)
check 'they took some time' test ${#ticks[@]} -eq 3
for result in "${!ticks[@]}"; do
	check 'each instruction took its time' near "${ticks[result]}" \
		"${instructions[result]}"
done
echo "$checks checks, $failures failures"
((failures == 0))
