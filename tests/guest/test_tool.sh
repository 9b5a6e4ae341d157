#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The tool between two nodes: both backends, both ways, by folio size; and what
# it refuses. Times mean nothing here and are not looked at.
. "${SRC:?the path of the sources}/tests/support/bench.sh"

# The nodes with memory: the first two of them.
read -r near far _ < <(grep -l 'MemTotal: *[1-9]' \
	/sys/devices/system/node/node*/meminfo |
	sed 's:.*/node\([0-9]*\)/.*:\1:' | tr '\n' ' ')
backends=kernel
if "$BENCH" sysinfo --format json | tr -d ' \n' |
	grep -q '"uffd_move":true'; then
	backends='uffd kernel'
fi
every='--total 16M --runs 1 --warmup 0 --quiet'

# Batches are kept small so that pools are.
crosses() { # FROM TO BACKEND OPTION...
	timeout 200 "$BENCH" sweep --backend "$3" --folio 4K,64K,2M \
		--from "$1" --to "$2" $every "${@:4}" --format json >out 2>err
	check "$3 from $1 to $2" test $? -eq 0
	tr -d ' \n' <out | sed 's/"config":/\n&/g' | grep '^"config"' >lines
	check 'every configuration has a result' test "$(wc -l <lines)" -eq 3
	check 'from one node to the other' test 3 -eq \
		"$(grep -c "\"from\":$1,\"to\":$2," lines)"
	check 'nothing failed' test "$(grep -c '"failed":0[,}]' lines)" -eq 3
	check 'everything was migrated' test 3 -eq \
		"$(grep -cE '"migrated":(4096|256|8)[,}]' lines)"
	check 'it is said that this is no performance' \
		grep -q 'emulated, not performance' out
	check 'and not that there is one node only' \
		test "$(grep -c 'Only one NUMA node' out)" -eq 0
}
for backend in $backends; do
	small=''
	[[ $backend == kernel ]] || small='--batch 512'
	crosses "$near" "$far" $backend $small
	crosses "$far" "$near" $backend $small
done

timeout 100 "$BENCH" run --backend kernel --from "$near" --to "$far" --folio 4K \
	$every --verify --format json >out 2>err
check 'the kernel backend, verified' test $? -eq 0
check 'every byte was right' grep -qE '"verify_errors": 0\b' out

refused() { # CODE PATTERN ARGUMENT...
	timeout 60 "$BENCH" run $every "${@:3}" >out 2>err
	check "'${*:3}' ends with $1" test $? -eq "$1"
	check "'${*:3}' says $2" grep -qE -e "$2" err
}
refused 77 'moves nothing from node' --backend kernel --from "$far" --to "$far"
for node in /sys/devices/system/node/node[0-9]*; do
	! grep -q 'MemTotal: *0 kB' "$node/meminfo" ||
		refused 2 'has no memory' --from "$near" --to "${node##*node}"
done
refused 2 'there is no node 99' --from "$near" --to 99
refused 2 'there is no node 99' --from 99 --to "$near"

# On a CPU beside no memory it takes the nearest node that has some.
for node in /sys/devices/system/node/node[0-9]*; do
	cpu=$(ls -d "$node"/cpu[0-9]* 2>/dev/null | head -n 1)
	[[ $cpu && $backends == uffd* ]] &&
		grep -q 'MemTotal: *0 kB' "$node/meminfo" || continue
	timeout 100 taskset -c "${cpu##*cpu}" "$BENCH" run --backend uffd \
		--folio 4K $every --format json >out 2>err
	check "a run on CPU ${cpu##*cpu}" test $? -eq 0
	check 'from the nearest node to the other one' test 1 -eq \
		"$(tr -d ' \n' <out | grep -c "\"from\":$near,\"to\":$far,")"
done

# Where it has no node to go to, nothing is measured.
cgroup=/sys/fs/cgroup/tool
echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
mkdir $cgroup
echo "$near" >$cgroup/cpuset.mems
echo $$ >$cgroup/cgroup.procs
for backend in $backends; do
	refused 77 "cpuset of this process forbids node $far" \
		--backend $backend --from "$near" --to "$far"
	refused 77 "cpuset of this process forbids node $far" \
		--backend $backend --from "$far" --to "$near"
	check 'nothing is measured' test ! -s out
	check 'and only one sentence said' test "$(wc -l <err)" -eq 1
done
echo $$ >/sys/fs/cgroup/cgroup.procs

echo "$checks checks, $failures failures"
((failures == 0))
