# SPDX-License-Identifier: MIT
# The compiler that kernel 7.3 wants and Debian 12 has not; sourced after
# debian.sh. It lies among the headers, and comes with the libc that it wants,
# as the programs of the headers do.

# gcc-14 as far as C becomes assembler: "as" and "ld" are the machine's.
compiler=(gcc-14-x86-64-linux-gnu cpp-14-x86-64-linux-gnu libc6 libelf1t64
	libgmp10 libisl23 libmpc3 libmpfr6 libzstd1 zlib1g)
compiler_path=usr/bin/x86_64-linux-gnu-gcc-14
compiler_itself=usr/libexec/gcc/x86_64-linux-gnu/14/cc1

add_compiler() { # HEADERS
	local deb program

	mkdir "$dir/compiler"
	cd "$dir/compiler"
	fetch apt-get download "${compiler[@]}"
	for deb in *.deb; do
		dpkg-deb --fsys-tarfile "$deb"
	done | tar -x -i -C "$1" --wildcards "./$compiler_path" \
		"./$compiler_itself" "./$libc"/{ld,lib}*.so*
	cd "$1"
	for program in $compiler_path $compiler_itself \
		usr/lib/linux-kbuild-*/scripts/mod/modpost.real-lsb-64 \
		usr/lib/linux-kbuild-*/tools/objtool/objtool.real-x86; do
		run_by_loader "$1" "$program"
	done
}
