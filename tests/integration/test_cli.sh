#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The command line: what is refused, how, and that help tells everything.
# BENCH is the path of migsim-bench, SRC that of the source tree.
source "$(dirname "${BASH_SOURCE[0]}")/../support/bench.sh"

bench() { # ARGS...: sets rc; leaves the files out and err
	timeout 60 "$BENCH" "$@" >out 2>err </dev/null
	rc=$?
}

one_sentence() {
	[[ ! -s out && $(wc -l <err) -eq 1 && $(<err) == "migsim-bench: "* ]]
}

ends() { # CODE
	[[ $rc -eq $1 ]] && one_sentence
}

refused() { # PATTERN ARGS...: status 2 and one sentence that matches
	local pattern=$1
	shift
	bench "$@"
	check "'$*' ends with 2 and one sentence" ends 2
	check "'$*' says $pattern" grep -qE -e "$pattern" err
}

job_refused() { # PATTERN TEXT: the same for a job file with this text
	printf "$2" >job.ini
	refused "$1" sweep job.ini
}

# --- the first word
refused 'command is missing'
refused "'frob' is no command" frob
refused "'--frob' is no command" --frob

# --- options
refused 'run does not know the option --nonsense;.*run --help' run --nonsense
refused 'mode async has no part' run --backend kernel --mode async
refused 'pool cold has no part' run --backend kernel --pool cold
refused 'reason demotion has no part' run --backend kernel --reason demotion
refused 'option pages is given twice' run --policy batch:pages=1,pages=2
refused 'know the option -x;' run -x
refused 'know the option -x;' run --quiet -xyz
refused 'know the option -x;' run --batch=1 -xh
refused 'know the option --nonsense=1;' sweep --nonsense=1
refused '--fo could be several' run --fo 4K
refused '--batch needs a value' run --batch
refused '--verify=yes takes no value' run --verify=yes
for command in fit reproduce compare; do
	refused "$command does not know the option --nonsense;" \
		$command --nonsense
	refused "$command does not know the option -x;" $command -x
	refused '--help=1 takes no value' $command --help=1
done
refused '--f could be several' fit --f x
refused '--name needs a value' fit --name
refused 'job files are for sweep' run job.ini
refused '--batch: a value is missing' run --batch ''
refused '--output: a value is missing' run --output ''

# --- values
refused '--batch: 0 is no batch size' run --batch 0
refused '--batch: -1 is no batch size' run --batch -1
refused '--batch: 8x is no batch size' run --batch 8x
refused '18446744073709551616' run --batch 18446744073709551616
refused 'policy batch: pages' run --batch 99999999999
refused '--folio: 3K .*4K, 8K' run --folio 3K
refused '--folio: 4M' run --folio 4M
refused 'do not add up to 100' run --folio 4K:80/2M:10
refused 'a folio size twice' run --folio 4K:80/4K:20
refused '--folio: 4K:80/2M:x' run --folio 4K:80/2M:x
refused '--order: 10 .* 0 \(4K\) to 9' run --order 10
refused 'order and folio are two ways' run --order 0 --folio 4K
refused 'policy and batch are two ways' run --policy batch --batch 4
refused "unknown engine 'foo'.*memcpy" run --engine foo
refused "no option 'foo'" run --engine memcpy:foo=1
refused "unknown policy 'foo'.*batch" run --policy foo
refused "no option 'size'.*pages" run --policy batch:size=3
refused 'pages cannot be' run --policy batch:pages=0
refused 'batch, inline' run --policy batch:copy=maybe
refused '--engine: .*is no list of names' run --engine memcpy,
refused '--engine: .*is no list of names' run --engine 5
refused 'no node 99.*are: 0' run --from 99
refused 'no node 99.*are: 0' run --to 99
refused '--from: -1' run --from -1
refused '--total: 0 is not' run --total 0
refused '--total: 99999999999G is not' run --total 99999999999G
refused '--total: 4Kx is not' run --total 4Kx
refused '--total: .*few for a folio of 4K' run --total 2K
refused '--total: .*few for a folio of 2M' run --folio 4K:80/2M:20 --total 1M
refused 'makes a call of 1.004M' run --total 1M --folios-per-call 257
refused '--folios-per-call: 0 is not' run --folios-per-call 0
refused '--runs: 0 is not' run --runs 0
refused '--runs: 9999999999 is not' run --runs 9999999999
refused '--warmup: -1 is not' run --warmup -1
refused '--busy: -1 is not a number of threads' run --busy -1
refused '--busy: 1025 is not a number of threads' run --busy 1025
refused '--busy: x is not a number of threads' sweep --busy 0,x
refused '--read-after=yes takes no value' run --read-after=yes
refused 'async and sync' run --mode x
refused 'syscall_or_cpuset' run --reason x
refused 'x\?y is no reason' run --reason $'x\ny'
refused 'contiguous and scattered' run --layout x
refused 'warm and cold' run --pool x
refused 'table, lkml, csv and json' run --format x
refused '--seed: x is not' run --seed x
refused 'uffd, kernel .or kernel:trace=off. and model' run --backend x
refused 'belongs to backend model, and backend uffd' run --profile x
refused 'belongs to backend model, and backend kernel' \
	run --backend kernel --profile x
refused "no profile 'x'.*zen3-ptdma" run --backend model --profile x
refused 'absent.profile.*: No such file' \
	run --backend model --profile ./absent.profile
refused "no key 'x'" run --backend model --profile zen3-ptdma:x=1
refused 'copy_us cannot be .-1' run --backend model --profile zen3-ptdma:copy_us=-1
refused 'available; lower --folios-per-call' \
	run --folio 2M --total 1048576G --folios-per-call 536870912
refused 'available; set --folios-per-call' run --total 1048576G

# --- what does not go together
refused 'engine null copies nothing' run --engine null --verify
refused 'no part in backend kernel' run --backend kernel --engine null
refused 'no option .rings.' run --backend kernel --engine dma:rings=2
refused 'not a backend' run --backend kernel:trace=maybe
refused 'no part in backend kernel' run --backend kernel --batch 8
refused 'no memory in backend model' run --backend model --verify
refused 'no memory .* read; .*--read-after' run --backend model --read-after
refused 'busy threads have no part in backend model' \
	sweep --backend uffd,model --busy 0,2
refused 'no part in backend model' run --backend model --pool cold
refused 'no part in backend model' run --backend model --layout scattered
refused 'engine memcpy' run --backend model --engine memcpy
refused 'engine model' run --engine model
refused 'channels' run --backend model --engine model:channels=65
refused 'of memory and .* lower --folios-per-call' run --backend model \
	--folio 2M --total 1048576000G --folios-per-call 536870912000
bench run --backend kernel --from 0 --to 0
check 'the same node with backend kernel is 77' ends 77
bench sweep "$SRC/bench/jobs/1a.ini" --backend kernel --from 0 --to 0
check 'a job of what the kernel does is one for backend kernel' ends 77

# --- lists and ranges
refused "these are 2; 'migsim-bench sweep'" run --batch 1,2
for range in 1:10:x1 1:10:x0 1:10:+0 10:1:x2 0:10:x2 1:10:x1.5; do
	refused 'range that leads nowhere' sweep --batch $range
done
refused '1:10:2 is no batch size' sweep --batch 1:10:2
refused 'between the commas' sweep --batch 1,,2
refused 'between the commas' sweep --batch 1,
refused 'more than 10000 values' sweep --batch 1:100000:+1
refused 'more than 10000 configurations' \
	sweep --batch 1:200:+1 --runs 1:100:+1

# --- job files
refused 'absent.ini cannot be opened' sweep absent.ini
refused 'cannot be read' sweep .
job_refused 'neither a key nor a section' ''
job_refused 'neither a key nor a section' '# nothing\n\n'
job_refused 'job.ini:1: this is neither' 'folio\n'
job_refused 'job.ini:3: this is neither' 'folio = 4K\n\n[a\nbatch = 1\n'
job_refused 'job.ini:2: folio: 3K' '# one\nfolio = 3K\n'
job_refused 'job.ini:3: batch: 0' 'folio = 4K\n[a]\nbatch = 0\n'
job_refused 'job.ini:1: there is no option nonsense' 'nonsense = 4\n'
job_refused 'job.ini:2: .*twice.*folio' 'folio = 4K\nfolio = 8K\n'
job_refused 'job.ini:2: .*twice.*folio' 'folio = 4K\n  runs = 3\n'
job_refused 'job.ini:2: .*above the first: format' '[a]\nformat = csv\n'
job_refused 'job.ini:2: policy: .*two ways' 'batch = 4\npolicy = batch\n'
job_refused 'job.ini:1: engine: unknown engine' 'engine = foo\n'
job_refused 'job.ini:1: from: there is no node' 'from = 99\n'
job_refused 'job.ini:1: verify: maybe' 'verify = maybe\n'
job_refused 'job.ini:1: quiet: maybe' 'quiet = maybe\n'
job_refused 'job.ini:1: read-after: maybe' 'read-after = maybe\n'
job_refused 'job.ini:2: busy: many' '[a]\nbusy = many\n'
job_refused "job.ini:2: profile: .*no profile 'x'" \
	'backend = model\nprofile = x\n'
job_refused 'job.ini:1: batch: a value is missing' 'batch =\n'
job_refused 'job.ini:1: this is not a text file' 'folio\0 = 4K\n'
job_refused 'job.ini:1: the line is too long' "folio = $(printf %0300d 0)\n"
printf 'folio = 4K\n' >good.ini
refused "unknown engine 'foo'" sweep good.ini --engine foo
refused 'absent.ini' sweep good.ini absent.ini
for job in "$SRC"/bench/jobs/*.ini; do
	# Understood up to the last thing that is looked at.
	refused 'makes a call of 2M, more than the 4K' sweep "$job" --total 4K --folio 2M \
		--folios-per-call 1 --runs 1
done

# --- where results go: refused before anything is measured
refused 'nowhere/x cannot be written' run --output nowhere/x
refused 'is a directory|Is a directory' run --output .
echo old >kept
bench run --output kept --batch 0
check 'a refused run leaves the old file' grep -qx old kept
check 'and nothing beside it' test "$(echo kept*)" = kept
bench run --total 2M --runs 1 --warmup 0 --quiet --format csv --output new
if [[ $rc -eq 0 ]]; then
	check 'the results are in the file' grep -q gib_s new
	check 'and not on stdout' test ! -s out
	check 'and nothing is beside it' test "$(echo new*)" = new
	bench run --total 2M --runs 1 --warmup 0 --quiet --output /dev/full
	check 'a full device is a failure' ends 1
	timeout 60 "$BENCH" run --total 2M --runs 1 --warmup 0 --quiet \
		>/dev/full 2>err
	check 'and so is a full stdout' test $? -eq 1
else
	check 'a run that cannot be done is 77' test $rc -eq 77
	check 'and no file is left' test "$(echo new*)" = 'new*'
fi

# --- list and sysinfo
for what in engines:model engines:memcpy policies:batch profiles:zen3-ptdma \
	tables:2b-order9 topology:node; do
	bench list "${what%%:*}"
	check "list ${what%%:*} is done" test $rc -eq 0 -a ! -s err
	check "list ${what%%:*} shows ${what#*:}" grep -q "${what#*:}" out
done
refused "not 'x'" list x
refused "not 'x'" list profiles x

# --- policies: only these, and of which kind they are
refused "unknown policy 'x'; there are: .*, or ./FILE.so$" list policies x
refused "no option 'nonsense'" list policies batch:nonsense=1
bench list policies batch:split=2 batch
check 'only these policies are listed' \
	test "$(grep -o '^[^ ]*' out | xargs)" = 'batch batch'
check 'split= makes it one that today has no place for' \
	test "$(grep -c 'needs an asynchronous migrator' out)" -eq 1

# --- engines: each has its options, names them, and no others
refused "unknown engine 'x'" list engines x
refused "unknown engine 'x'" list engines memcpy x
refused "no option 'nonsense'" list engines memcpy:nonsense=1
refused './absent.so' list engines ./absent.so
bench list engines null model:channels=4
check 'only these engines are listed' \
	test "$(grep -o '^[^ ]*' out | xargs)" = 'null model'
bench list engines
fits_in() { # COLUMNS
	! grep -qE ".{$(($1 + 1))}" out
}
check 'the engines are no wider than 100 columns' fits_in 100
mapfile -t engines < <(grep -o '^[^ ]*' out)
check 'there are engines' test ${#engines[@]} -ge 3
for engine in "${engines[@]}"; do
	bench list engines "$engine"
	check "list engines $engine shows it alone" \
		test $rc -eq 0 -a "$(grep -c '^[^ ]' out)" -eq 1
	has=$(sed -n 's/^    \([a-z_]*\)=.*/\1/p' out | paste -sd, |
		sed 's/,/, /g')
	refused "engine $engine has no option 'nonsense'; it has: ${has:-none}\$" \
		run --engine "$engine:nonsense=1"
done

# One of our own, by its path.
cat >own.c <<'END'
#include <migsim/engine.h>
struct args { uint64_t lanes; };
static int own_open(void **priv, const struct migsim_engine_env *env,
		    const void *args)
{ (void)priv; (void)env; (void)args; return -19; }
static void own_close(void *priv) { (void)priv; }
static void own_caps(void *priv, struct migsim_engine_caps *caps)
{ (void)priv; caps->depth = 1; }
static int own_submit(void *priv, const struct migsim_copy *c, uint32_t n)
{ (void)priv; (void)c; return (int)n; }
static int own_reap(void *priv, struct migsim_completion *done, uint32_t max,
		    uint64_t timeout_ns)
{ (void)priv; (void)done; (void)max; (void)timeout_ns; return 0; }
static const struct migsim_param params[] = {
	{ .name = "lanes", .help = "how many lanes it has",
	  .offset = offsetof(struct args, lanes), .def = 2, .min = 1, .max = 8 },
	{ .name = NULL }
};
const struct migsim_engine_ops migsim_engine = {
	.size = sizeof(migsim_engine), .abi = MIGSIM_ENGINE_ABI, .name = "own",
	.help = "an engine from outside", .needs = "a card with lanes",
	.params = params, .args_size = sizeof(struct args), .open = own_open,
	.close = own_close, .caps = own_caps, .submit = own_submit,
	.reap = own_reap,
};
END
mkdir -p a=b
if cc -shared -fPIC -I"$SRC/include" -o a=b/libown.so own.c; then
	bench list engines ./a=b/libown.so memcpy
	check 'list engines shows an outside engine' grep -q '^own  *an engine' out
	check 'with what it needs' grep -qx '    needs a card with lanes' out
	check 'and its options' grep -qx '    lanes=1…8 (2)' out
	refused "no option 'size'; it has: lanes" \
		run --engine memcpy,./a=b/libown.so:size=1
	refused 'lanes cannot be .9' sweep --engine ./a=b/libown.so:lanes=1,9
else
	check 'an outside engine can be built' false
fi

bench sysinfo
check 'sysinfo shows the kernel' grep -q "^kernel *$(uname -r)$" out
bench sysinfo --format json
check 'sysinfo shows it in JSON' grep -q "\"kernel\": \"$(uname -r)\"" out
refused '--format table or' sysinfo --format csv
refused '--format table or' sysinfo x

# --- help: all options, on one screen, with an example
fits_a_screen() {
	local line n=0

	while IFS= read -r line; do
		n=$((n + 1))
		[[ ${#line} -le 80 ]] || { echo "too wide: $line"; return 1; }
	done <out
	[[ $n -gt 3 && $n -le 24 ]]
}

mapfile -t options < <(sed -n 's/^\t{ "\([a-z-]*\)", OPT_.*/\1/p' \
	"$SRC/tools/migsim-bench/options.c")
check 'the table of options was found' test ${#options[@]} -ge 20
for command in '' run sweep fit reproduce compare list sysinfo; do
	bench $command --help
	check "'$command --help' is done" test $rc -eq 0 -a ! -s err
	check "'$command --help' fits a screen" fits_a_screen
	check "'$command --help' shows an example" \
		grep -qE '^ +migsim-bench [a-z]' out
	[[ $command == run || $command == sweep ]] || continue
	for option in "${options[@]}"; do
		check "'$command --help' names --$option" \
			grep -qE -e "--$option( |$|\))" out
	done
	# And the other way round: what it names is an option.
	for word in $(grep -oE -e '--[a-z-]+' out | sort -u); do
		check "$word of '$command --help' is an option" \
			grep -q "{ \"${word#--}\", OPT_" \
			"$SRC/tools/migsim-bench/options.c"
	done
done
bench --version
check '--version prints a version' grep -qE '^migsim-bench [0-9]+\.' out

echo "test_cli: $checks checks, $failures failed"
[[ $failures -eq 0 ]]
