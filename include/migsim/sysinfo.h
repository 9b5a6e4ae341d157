/* SPDX-License-Identifier: MIT */
/*
 * What a reader of a result must know of the machine, and what on it spoils a
 * measurement.
 */
#ifndef MIGSIM_SYSINFO_H
#define MIGSIM_SYSINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct migsim_sysinfo - the machine; a text that is unknown is ""
 * @kernel: release
 * @cpu: model name
 * @hypervisor: "" on bare metal; "tcg" where the machine is emulated
 * @microcode: revision
 * @cpus: logical CPUs that this process may use
 * @cores: cores of the machine
 * @sockets: of the machine
 * @numa_nodes: nodes with memory
 * @llc_bytes: last-level cache that one CPU sees
 * @mem_bytes: memory of the machine
 * @mem_available_bytes: as MemAvailable
 * @swap_used_bytes: swap in use
 * @load1: load average of a minute
 * @governor: of CPU 0; "" without cpufreq
 * @thp: the word in brackets of transparent_hugepage/enabled
 * @thp_defrag: the word in brackets of transparent_hugepage/defrag
 * @numa_balancing: -1 unknown, else the sysctl
 * @mitigations: "off" when switched off on the kernel's command line, else ""
 * @uffd_move: userfaultfd can be opened by this process and has UFFDIO_MOVE
 * @emulated: the CPU is emulated: no time means anything as performance
 */
struct migsim_sysinfo {
	char kernel[128];
	char cpu[128];
	char hypervisor[32];
	char microcode[32];
	unsigned int cpus;
	unsigned int cores;
	unsigned int sockets;
	unsigned int numa_nodes;
	uint64_t llc_bytes;
	uint64_t mem_bytes;
	uint64_t mem_available_bytes;
	uint64_t swap_used_bytes;
	double load1;
	char governor[32];
	char thp[32];
	char thp_defrag[32];
	int numa_balancing;
	char mitigations[16];
	bool uffd_move;
	bool emulated;
};

/**
 * migsim_sysinfo_read - look at the machine
 * @si: filled as far as the machine tells
 */
void migsim_sysinfo_read(struct migsim_sysinfo *si);

/**
 * migsim_sysinfo_warning - what of it spoils a measurement
 * @si: as read
 * @i: from 0
 * @buf: filled with a sentence
 * @len: bytes of @buf
 * Return: true, or false when there is no i-th warning.
 */
bool migsim_sysinfo_warning(const struct migsim_sysinfo *si, unsigned int i,
			    char *buf, size_t len);

/**
 * struct migsim_cpu_time - of all CPUs together since boot, s
 * @busy: spent on processes, the kernel and interrupts
 * @stolen: asked for meanwhile, and not given by the hypervisor
 */
struct migsim_cpu_time {
	double busy;
	double stolen;
};

/**
 * migsim_cpu_time_read - what the CPUs did, to 1/100 s (/proc/stat)
 * @t: filled; 0 where the kernel does not tell
 */
void migsim_cpu_time_read(struct migsim_cpu_time *t);

/**
 * migsim_cpu_time_stolen - share of the CPU time asked for that was not given
 * @begin: read before
 * @end: read afterwards
 * Return: 0 to 1. A thread that waits for one whose CPU was taken away waits
 * until it comes back, so that engines of several threads suffer most.
 */
double migsim_cpu_time_stolen(const struct migsim_cpu_time *begin,
			      const struct migsim_cpu_time *end);

#ifdef __cplusplus
}
#endif
#endif
