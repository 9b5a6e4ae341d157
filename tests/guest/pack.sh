#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Packs DIR/initramfs: the tests, at the paths that they have here, with all
# they need. Needs BUILD, a build directory, and SRC, the source tree; MODULES
# are the kernel's modules to bring along.
set -euo pipefail

usage='usage: tests/guest/pack.sh DIR TOPOLOGY < NAME [ARGUMENT…]…'
dir=${1:?$usage} topology=${2:?$usage}
: "${BUILD:?a build directory}" "${SRC:?the path of the sources}"
here=$SRC/tests/guest
root=$dir/root

# What scripts use and busybox does not have, or has less of.
programs=(bash busybox cat env flock grep setpriv)
# What tests look for beside themselves.
beside=("$BUILD"/CMakeCache.txt "$BUILD"/tools/migsim-{bench,conformance}
	"$BUILD"/tests/guest_copies "$BUILD"/tests/lib*.so
	"$SRC"/tests/support/*.sh "$SRC"/bench/jobs/*.ini "$here"/topology/*
	"$SRC"/README.md)

put() { # FILE...: into the archive, at its own path
	cp -L --parents "$@" "$root"
}

# The program or script of a test, which has the name that ctest knows it by,
# or of run.sh's command.
file_of() { # NAME
	local folder=${1%%_*} name=${1#*_}

	name=${name%:*}

	if [[ $1 == command ]]; then
		echo "$dir/command.sh"
	elif [[ $name == *_sh ]]; then
		echo "$SRC/tests/$folder/test_${name%_sh}.sh"
	else
		echo "$BUILD/tests/${1%:*}"
	fi
}

rm -rf "$root"
mkdir -p "$root"/{guest,tmp,usr/{bin,sbin,lib,lib64}}
for link in bin sbin lib lib64; do
	[[ ! -L /$link ]] || ln -s "usr/$link" "$root/$link"
done
cp "$here/init" "$root/init"
files=("${beside[@]}")
read -ra modules <<<"${MODULES-}"
files+=("${modules[@]}")
while read -r name arguments; do
	file=$(file_of "$name")
	[[ -e $file ]] || { echo "guest: there is no $file" >&2; exit 1; }
	[[ " ${files[*]} " == *" $file "* ]] || files+=("$file")
	[[ $file != *.sh ]] || file="bash $file"
	echo "$name $file $arguments"
done >"$root/guest/tests"
# The loop was the last of a redirection, not of a pipe: files is whole.
for program in "${programs[@]}"; do
	files+=("$(type -P "$program")")
done
mapfile -t libraries < <(ldd "${files[@]}" 2>/dev/null |
	grep -oE '/[^ ]+\.so[^ ]*' | grep -v ':$' | sort -u)
put "${files[@]}" "${libraries[@]}"
[[ ! -d /usr/lib/locale/C.utf8 ]] || put -r /usr/lib/locale/C.utf8
[[ -e $root/bin/busybox ]] || ln "$root"/usr/bin/busybox "$root"/bin/busybox

[[ ! ${PLUGIN-} ]] || cp "$here/profile/symbols" "$root/guest"

# A RAM disk, to swap to, where the package of the kernel in KERNEL has it.
"$here/module.sh" brd >"$root/guest/brd.ko" || rm "$root/guest/brd.ko"

cat >"$root/guest/environment" <<-EOF
	export BUILD='$BUILD' SRC='$SRC' BENCH='$BUILD/tools/migsim-bench'
	export MIGSIM_STRESS_SECONDS=0.2
	export MODULES='${MODULES-}'
	export TOPOLOGY='$topology' GUEST_SECONDS=${GUEST_SECONDS:-600}
	GUEST_LOOP_SECONDS=${GUEST_LOOP_SECONDS:-0}
	export MIGSIM_FUZZ_SEED='${MIGSIM_FUZZ_SEED-}'
	export MIGSIM_FUZZ_COMMANDS='${MIGSIM_FUZZ_COMMANDS-}'
EOF
find "$root" -type f -size +100k -exec strip -g {} + 2>/dev/null || true
# A user of the guest's reads what lies below somebody's home, too.
chmod -R a+rX "$root"
# Always the same: unpacking takes as many instructions each time.
find "$root" -exec touch -h -d @0 {} +
(cd "$root" && find . | LC_ALL=C sort |
	cpio -o -H newc --quiet --reproducible) >"$dir/initramfs"
rm -rf "$root"
