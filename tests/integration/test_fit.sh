#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# migsim-bench fit: from measurements to a profile that the other commands
# take. BENCH is the path of migsim-bench, SRC that of the source tree.
source "$(dirname "${BASH_SOURCE[0]}")/../support/bench.sh"

fail() {
	failures=$((failures + 1))
	echo "FAILED: $*"
	sed 's/^/    | /' out err
}

# fits WORD...: it must; keeps out and err
fits() {
	"$BENCH" fit "$@" >out 2>err </dev/null || fail "fit $*: status $?"
	[[ ! -s err ]] || fail "fit $*: something on stderr"
}

shows() { grep -qE -e "$1" out || fail "not shown: $1"; }

# refused PATTERN WORD...: status 2, one sentence that matches, no file left
refused() {
	local pattern=$1 rc
	shift
	"$BENCH" fit "$@" >out 2>err </dev/null
	rc=$?
	[[ $rc -eq 2 ]] || fail "fit $*: status $rc, not 2"
	[[ ! -s out && $(wc -l <err) -eq 1 && $(<err) == "migsim-bench: "* ]] ||
		fail "fit $*: not one sentence"
	grep -qE -e "$pattern" err || fail "fit $*: does not say $pattern"
	[[ -z $(compgen -G 'new.profile*') ]] || fail "fit $*: a file is left"
}

# mean_error TABLE METRIC: of the last list of errors
mean_error() {
	awk -v t="$1" -v m="$2" '$1 == t && $2 == m { e = $4 } END { print e }' out
}

# below VALUE LIMIT WHAT
below() {
	awk -v v="$1" -v l="$2" 'BEGIN { exit !(v != "" && v <= l) }' ||
		fail "$3: $1, above $2"
}

# value_of KEY FILE
value_of() { sed -nE "/^\[correlation\]/q; s/^$1 = ([^ ]+).*/\1/p" "$2"; }

# near VALUE WANTED PERCENT WHAT
near() {
	awk -v v="$1" -v w="$2" -v p="$3" 'BEGIN {
		d = v / w - 1; exit !(d * d <= p * p / 1e4) }' ||
		fail "$4: $1, not within $3 % of $2"
}

if threads_watched; then
	awk -F, 'NR == 1 || $2 == 9' "$SRC/bench/data/published.csv" >huge.csv
	fits huge.csv --quiet -o new.profile
	shows ' values fitted, 0 held out'
	exit $((failures > 0))
fi

# --- the published tables
fits published -o new.profile
shows '^194 values fitted, 0 held out, 6 flagged and left out; [0-9]+ steps, rms 3\.18 %$'
shows '^copy_us +us per page +0\.3'
shows '^new\.profile is written'
[[ $(wc -L <out) -le 100 ]] || fail "the report is wider than 100 columns"
below "$(mean_error all gib_s)" 2.3 "mean error of throughput"
below "$(mean_error all first_us)" 3.0 "mean error of first latency"
grep -q '^description = fitted to published, starting from zen3-ptdma$' \
	new.profile || fail "the profile does not say where it comes from"
[[ $(ls) == $'err\nnew.profile\nout' ]] || fail "more than one file was written"
near "$(value_of stream_us new.profile)" 0.2925 3 "stream_us"
[[ $(value_of measured_channels new.profile) == 16 ]] ||
	fail "measured_channels is not 16"

"$BENCH" reproduce --profile new.profile --format json >out 2>err ||
	fail "reproduce does not take the profile"
python3 - <<'END' || fail "reproduce is further off than the fit"
import json
d = json.load(open("out"))
assert d["profile"].startswith("new"), d["profile"]
assert d["overall"]["mean_abs_pct"] <= 2.5, d["overall"]
END
rm new.profile

# The same optimum from anywhere: fast-engine has a port that holds up nobody
# and so no reason to grow, if nothing gives it one.
starts='fast-engine cxl-far'
# A sanitizer watches the same code once more; it need not see it three times.
grep -q '^MIGSIM_SANITIZE:STRING=.' "$BUILD/CMakeCache.txt" && starts=''
for start in $starts; do
	fits published --start $start --prior 0 --quiet -o from-$start.profile
	shows ' steps, rms 3\.18 %$'
	near "$(value_of port_us from-$start.profile)" 0.2546 0.1 \
		"port_us from $start"
	grep -q 'did not converge' out && fail "no optimum from $start"
done

# --- held out: the fit never sees these
fits published --holdout 'table=2b-order0|2b-order9,channels=4' --quiet \
	-o held.profile
shows '^154 values fitted, 40 held out, 6 flagged'
shows '^Errors of the 40 values that were held out'
below "$(mean_error 2b-order9 gib_s)" 1.0 "2M throughput, held out"
below "$(mean_error 2b-order9 first_us)" 1.2 "2M first latency, held out"
below "$(mean_error 2b-order0 gib_s)" 3.4 "4K throughput, held out"
below "$(mean_error 2b-order0 first_us)" 5.8 "4K first latency, held out"
grep -q 'but for table=2b-order0|2b-order9,channels=4,' held.profile ||
	fail "the profile does not say what was held out"

# What was held out cannot have been fitted: a spoilt value changes nothing.
sed 's/^\(2b-order9,9,2097152,dma,4,512,[0-9]*,gib_s\),[^,]*/\1,1/' \
	"$SRC/bench/data/published.csv" >spoilt.csv
cmp -s spoilt.csv "$SRC/bench/data/published.csv" && fail "nothing was spoilt"
fits spoilt.csv --holdout 'table=2b-order0|2b-order9,channels=4' \
	-o spoilt.profile
for key in copy_us stream_us port_us link_us; do
	[[ $(value_of $key spoilt.profile) == "$(value_of $key held.profile)" ]] ||
		fail "held out values were fitted: $key differs"
done

# --- an own sweep over a machine whose costs are known
machine=zen3-ptdma:copy_us=0.5,unmap_us=0.4,remap_us=0.4,stream_us=0.4
machine+=,link_us=0.06,translate_us=0.2,flush_base_us=12,channel_us=3
"$BENCH" sweep --backend model --profile "$machine" --quiet --total 256M \
	--engine model:channels=1,2,4,16 --folio 4K,64K,1M,2M \
	--batch 512,4096,65536 --format csv --output dma.csv
"$BENCH" sweep --backend model --profile "$machine" --quiet --total 1G \
	--engine model:channels=0 --policy batch:copy=inline,pages=512 \
	--folio 4K,64K,1M,2M --folios-per-call 32,128,512 --format csv \
	--output cpu.csv
fits dma.csv cpu.csv -o own.profile --name my-machine
for word in ${machine#*:}; do
	IFS=, read -ra pairs <<<"$word"
done
for pair in "${pairs[@]}"; do
	near "$(value_of "${pair%=*}" own.profile)" "${pair#*=}" 2 "${pair%=*}"
done
near "$(value_of port_us own.profile)" \
	"$(value_of port_us "$SRC/lib/model/profiles/zen3-ptdma.profile")" 2 \
	"port_us, as at the start"
shows '^spill_us .* \?$'
shows '^\? not identifiable'
grep -q '^name = my-machine$' own.profile || fail "the name is not --name"
grep -q '^measured_batch_max = 65536 ' own.profile ||
	fail "the profile does not know what was measured"

cp own.profile again
fits dma.csv cpu.csv -o own.profile --name my-machine
cmp -s own.profile again || fail "the same data give another profile"

# --- what is free
start=${machine/copy_us=0.5/copy_us=0.3}
fits dma.csv cpu.csv -o some.profile --free copy_us,stream_us --free port_us \
	--start "${start/stream_us=0.4/stream_us=0.35}"
near "$(value_of copy_us some.profile)" 0.5 1 "copy_us, one of three free"
near "$(value_of stream_us some.profile)" 0.4 1 "stream_us, one of three free"
[[ $(value_of unmap_us some.profile) == 0.4 ]] || fail "unmap_us was not fixed"
shows '^unmap_us .* 0\.4 +fixed$'
[[ $(grep -c ' us per .* [+-][0-9.]*$' out) -eq 3 ]] ||
	fail "not all but three are fixed"
fits dma.csv -o some.profile --fix call_us,unmap_us
[[ $(grep -c ' fixed$' out) -eq 2 ]] || fail "not two are fixed"

# --- conditions: all of one option, any of several options
fits cpu.csv -o plain --holdout 'order=0|9,metric=gib_s' \
	--holdout 'folios_per_call>=512,order!=0' --fix call_us
shows '^13 values fitted, 11 held out'
shows '^plain is written; use it with --profile \./plain$'
fits cpu.csv -o plain --holdout 'folios_per_call>128' --fix call_us
shows '^16 values fitted, 8 held out'
fits cpu.csv -o plain --holdout 'order<4' --fix call_us
shows '^18 values fitted, 6 held out'
fits cpu.csv -o plain --holdout 'order<=4,engine=cpu,table=own' --fix call_us
shows '^12 values fitted, 12 held out'

# --- refusals
csv=cpu.csv
refused 'needs measurements' -o new.profile
refused 'needs -o FILE' $csv
refused '^migsim-bench: -o needs a value' $csv -o
refused '--free needs a value' $csv -o new.profile --free
refused '--output is given twice' $csv -o new.profile --output new.profile
refused 'option --nonsense' $csv -o new.profile --nonsense
refused 'option -x;' $csv -o new.profile -x
refused "--free: 'nix' is no key; .*: call_us, .*, link_us$" \
	$csv -o new.profile --free nix
refused "--fix: 'ports' is no cost" $csv -o new.profile --fix ports
refused "--fix: '' is no key" $csv -o new.profile --fix call_us,
refused 'both name copy_us' $csv -o new.profile --free call_us,copy_us \
	--fix copy_us
refused 'copy_us is 0 at the start' $csv -o new.profile \
	--start zen3-ptdma:copy_us=0 --free copy_us
refused "no profile 'nix'" $csv -o new.profile --start nix
refused '--prior: x is no number' $csv -o new.profile --prior x
refused '--prior: -1 is no number' $csv -o new.profile --prior -1
refused '6 values cannot fit .* without a prior' $csv -o new.profile \
	--prior 0 --holdout 'order>0'
refused 'absent.csv cannot be opened' absent.csv -o new.profile
refused 'cpu.csv holds the measurements' $csv -o ./cpu.csv
refused '--output: /nowhere/new.profile cannot be written' $csv \
	-o /nowhere/new.profile
refused '--output: . cannot be written' $csv -o .
while read -r expr why; do
	refused "--holdout.*$why" $csv -o new.profile --holdout "$expr"
done <<'END'
nix=1 is no column; there are table, .* batch_pages$
channels is no condition
channels~4 is no condition
=4 is no column
order==9 more than one of
order!9 has none of
order=x 'x' is no number
order= '' is no number
order=0, '' is no condition
order<0|9 several values
table<own compares words
table=nix no row has table nix
order=0|3 no row has order 3
metric=inaccessible_us no row has metric
order>9 matches no row
order=0,order=9 matches no row
order>=0 holds out everything
END
refused '--prior: 0x1p0 is no number' $csv -o new.profile --prior 0x1p0
refused '--prior: inf is no number' $csv -o new.profile --prior inf
refused '--quiet takes no value|--quiet=1 takes no value' $csv -o new.profile \
	--quiet=1

# What the model does not take, fitted or held out, is named by its row.
{ head -1 "$SRC/bench/data/published.csv"
	echo 'x,0,4096,cpu,0,8,512,gib_s,1,,,'
	echo 'y,0,4096,cpu,0,100000000,100000000,gib_s,1,,,'; } >large.csv
refused '^migsim-bench: large.csv:3: .*100000000 folios.*remove the row$' \
	large.csv -o new.profile
refused '^migsim-bench: large.csv:3: .*100000000 folios.*remove the row$' \
	large.csv -o new.profile --holdout table=y
sed 's/^y,.*/y,0,4096,dma,100,8,512,gib_s,1,,,/' large.csv >many.csv
refused '^migsim-bench: many.csv:3: .*100 channels' many.csv -o new.profile \
	--holdout table=y

# A profile without costs is no start.
sed -E '/^\[correlation\]/,$d; s/^([a-z_]+_us) = .*/\1 = 0/' \
	"$SRC/lib/model/profiles/zen3-ptdma.profile" >zero.profile
refused '^migsim-bench: --start: all coefficients of zero.profile are 0' $csv \
	-o new.profile --start zero.profile
refused '--fix leaves no coefficient' $csv -o new.profile --fix copy_us \
	--start zero.profile:copy_us=1
refused '^migsim-bench: cpu.csv:[0-9]+: the profile .* no time at all' $csv \
	-o new.profile --start zero.profile:port_us=1
head -1 cpu.csv >none.csv
refused 'none.csv' none.csv -o new.profile
awk -F, -v OFS=, 'NR > 1 { $11 = "noise" } 1' cpu.csv >flagged.csv
refused "nothing to fit: .* are flagged, the first as 'noise', and no option" \
	flagged.csv -o new.profile
sed 's/,noise,/,"emulated, not performance",/' flagged.csv >emulated.csv
refused "flagged, the first as 'emulated, not performance': .* no option takes" \
	emulated.csv -o new.profile
sed '2s/,gib_s,[^,]*/,gib_s,-1/' cpu.csv >negative.csv
refused 'negative.csv:2: ' negative.csv -o new.profile
echo precious >kept.profile
"$BENCH" fit $csv --start nix -o kept.profile >out 2>err
[[ $(<kept.profile) == precious ]] || fail "a failed fit spoils a file"

# --- Ctrl-C: nothing is written
"$BENCH" fit published -o new.profile >out 2>err </dev/null &
pid=$!
until compgen -G 'new.profile*' >temporary; do
	sleep 0.01
	kill -0 $pid 2>/dev/null || break
done
kill -INT $pid
wait $pid
[[ $? -eq 1 && ! -s out && $(wc -l <err) -eq 1 ]] ||
	fail "Ctrl-C does not end it with 1 and one sentence"
grep -q 'interrupted; no profile is written' err || fail "Ctrl-C is not told"
[[ -z $(compgen -G 'new.profile*') ]] || fail "Ctrl-C leaves a file"

# --- help
"$BENCH" fit --help >out 2>err || fail "--help fails"
shows 'Example:'
[[ $(wc -l <out) -le 24 && $(wc -L <out) -le 80 ]] ||
	fail "the help is larger than a screen"
"$BENCH" fit $csv -o full.profile >/dev/full 2>err
[[ $? -eq 1 ]] || fail "a full disk is not noticed"

[[ $failures -eq 0 ]]
