#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
set -euo pipefail

usage() {
	cat <<-EOF
	usage: tests/guest/profile/table.sh [OPTION…] COUNTS

	Instructions by stage and by function, of what a guest left in the file
	COUNTS, which GUEST_PROFILE named, and in COUNTS.symbols.

	  -r RESULT  which one, 0 being the first (0)
	  -n TOP     how many functions, 0 for all (40)
	  -d N       divides all by N, the number of copies for instance (1)
	  -s STAGES  another file than tests/guest/profile/stages
	EOF
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
result=0 top=40 by=1 stages=$here/stages
while getopts r:n:d:s:h option; do
	case $option in
	r) result=$OPTARG ;;
	n) top=$OPTARG ;;
	d) by=$OPTARG ;;
	s) stages=$OPTARG ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[[ $by =~ ^[1-9][0-9]*$ && $top =~ ^[0-9]+$ ]] || { usage >&2; exit 2; }
[[ $# == 1 && -e $1 && -e $1.symbols ]] || { usage >&2; exit 2; }
counts=$1
awk -v r="$result" '$1 == r { n = 1 } END { exit !n }' "$counts" || {
	echo "table: there is no result $result in $counts" >&2
	exit 1
}

# Lines ADDRESS 0 MODULE:NAME, once each. Not of what only delimits.
symbols() {
	zcat "$counts.symbols" | awk '
		$3 ~ /^__pfx_|_text_(start|end)$|^_s?text$|^__entry_text/ { next }
		{ module = NF > 3 ? substr($4, 2, length($4) - 2) ":" : ""
		sub(/\.(isra|constprop|part|cold).*/, "", $3)
		print $1, 0, module $3 }'
}

# Addresses have more digits than awk's numbers: they are compared as words. Of
# several names the last one stays, which begins with the fewest underscores.
{ symbols; awk -v r="$result" '$1 == r { print $2, 1, $3 }' "$counts"; } |
	LC_ALL=C sort -u |
	awk -v top="$top" -v by="$by" '
	function pattern(glob) {
		gsub(/[.+^$()[\]{}|]/, "[&]", glob)
		gsub(/\*/, ".*", glob)
		gsub(/\?/, ".", glob)
		return "^(" glob ")$"
	}
	function stage_of(name,   i) {
		for (i = 0; i < patterns; i++)
			if (name ~ like[i])
				return stage[i]
		return "other"
	}
	function line(count, what) {
		return sprintf("%14." (by != 1) "f %6.2f %%  %s", count / by,
			(all ? 100 * count / all : 0), what)
	}
	function add_stage(name) {
		if (!(name in known)) {
			known[name] = 1
			order[stages++] = name
		}
	}
	BEGIN { patterns = 0 }
	FILENAME != "-" {
		if (/^#/ || !NF)
			next
		add_stage($1)
		for (i = 2; i <= NF; i++) {
			stage[patterns] = $1
			like[patterns++] = pattern($i)
		}
		next
	}
	$1 == "windows" { windows = $3; next }
	$1 == "user" { count["user"] += $3; all += $3; next }
	$2 == 0 { at = $1; symbol = $3; next }
	{
		# Not the last function of the kernel for a module that is gone.
		name = substr(at, 1, 9) == substr($1, 1, 9) ? symbol : "?"
		count[name] += $3
		all += $3
	}
	END {
		add_stage("other")
		for (name in count) {
			of[name] = stage_of(name)
			sum[of[name]] += count[name]
		}
		printf "%d windows, %.0f instructions%s\n", windows, all,
			(by == 1 ? "" : ", divided by " by)
		print "\nby stage"
		for (i = 0; i < stages; i++)
			print line(sum[order[i]], order[i])
		print "\nby function"
		fflush()
		sorted = "sort -k1,1nr -k4,4" (top ? " | head -n " top : "")
		for (name in count)
			if (count[name])
				print line(count[name], sprintf("%-10s %s", of[name], name)) | sorted
		close(sorted)
	}' "$stages" -
