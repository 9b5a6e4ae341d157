# SPDX-License-Identifier: MIT
# The emulated PTDMA, from within the guest; sourced. Needs MODULES.

# The order of guest/ptdma/settings.h, after four bytes of a header.
ptdma_settings=(bandwidth latency_ns error-every error-code hang-every
	corrupt-every descriptors errors)
read -ra functions < <(grep -lx 0x1498 /sys/bus/pci/devices/*/device |
	sed 's:.*/\([^/]*\)/device:\1:' | tr '\n' ' ')

module() { # NAME [PARAMETER=VALUE…]: loads it
	local path

	for path in $MODULES; do
		[[ $path != */$1.ko ]] || break
	done
	busybox insmod "$path" "${@:2}"
}

# A profile wants to know where their functions were.
unload() { # NAME…
	local name

	[[ ! -e /guest/symbols ]] || /guest/symbols '\['
	for name; do
		busybox rmmod "$name"
	done
}

# Starting a program is slow in an emulated guest: few of them.
config_of() { # FUNCTION
	echo "/sys/bus/pci/devices/$1/config"
}

# Where the settings lie, which is the same in all functions: the capability of
# the vendor's has number 9.
find_settings() {
	local bytes at

	mapfile -t bytes < <(od -An -v -tu1 -w1 "$(config_of "${functions[0]}")")
	at=$((bytes[0x34]))
	while ((at && bytes[at] != 9)); do
		at=$((bytes[at + 1]))
	done
	settings_at=$((at + 4))
}
find_settings

offset_of() { # SETTING: in $offset
	local i

	for i in "${!ptdma_settings[@]}"; do
		[[ ${ptdma_settings[i]} != "$1" ]] ||
			offset=$((settings_at + 8 * i))
	done
}

setting() { # FUNCTION SETTING
	offset_of "$2"
	echo $(($(od -An -tu8 -j $offset -N 8 "$(config_of "$1")")))
}

write_at() { # FUNCTION OFFSET NUMBER…: as 64 bits each
	local number i bytes=''

	for number in "${@:3}"; do
		for ((i = 0; i < 64; i += 8)); do
			printf -v bytes '%s\\x%02x' "$bytes" \
				$((number >> i & 255))
		done
	done
	printf "$bytes" | dd bs=1 seek="$2" conv=notrunc \
		of="$(config_of "$1")" 2>dd.err
}

set_to() { # FUNCTION SETTING=VALUE…
	local word

	for word in "${@:2}"; do
		offset_of "${word%=*}"
		write_at "$1" "$offset" "${word#*=}"
	done
}

# Nothing goes wrong any more, and counting begins anew.
well() { # FUNCTION…
	local function

	offset_of error-every
	for function; do
		write_at "$function" "$offset" 0 19 0 0 0 0
	done
}

channel_of() { # FUNCTION
	local channel=(/sys/bus/pci/devices/"$1"/dma/*)

	echo "${channel[0]##*/}"
}

# What the kernel says from here on, of some kind.
mark() {
	marks=$((${marks-0} + 1))
	echo "ptdma mark $marks" >/dev/kmsg
}

said() { # PATTERN
	dmesg | awk -v from="ptdma mark $marks\$" -v pattern="$1" '
		on && $0 ~ pattern { print; n++ } $0 ~ from { on = 1 }
		END { exit !n }'
}

# Runs dmatest to its end; its summaries are in the file "summaries". Its own
# wait=1 does not wait for a thread that has not begun yet.
dmatest() { # PARAMETER=VALUE…
	local i threads

	mark
	module dmatest wait=1 timeout=10000 "$@" run=1 || return
	threads=$(said 'dmatest: Started 1 threads' | wc -l)
	for ((i = 0; i < 100; i++)); do
		said 'dmatest: .*summary' >summaries
		((threads == $(wc -l <summaries))) && break
		sleep 0.5
	done
	busybox rmmod dmatest
}

# Runs client/dma_client.c; its results become variables.
client() { # PARAMETER=VALUE…
	local result

	mark
	module dma_client "$@" || return
	for result in noerror errors late good bad elapsed_ns; do
		read -r "${result?}" \
			<"/sys/module/dma_client/parameters/$result"
	done
	unload dma_client
}
