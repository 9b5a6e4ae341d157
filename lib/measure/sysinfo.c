/* SPDX-License-Identifier: MIT */
/*
 * The machine as a reader of a result must know it. Whatever cannot be read
 * stays empty.
 */
#define _GNU_SOURCE

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include <migsim/sysinfo.h>
#include <migsim/topology.h>

#include "sys.h"

#define CPU_DIR		"/sys/devices/system/cpu"
#define THP_DIR		"/sys/kernel/mm/transparent_hugepage"

/* First line of a file without its newline; "" when there is none. */
static void read_line(const char *path, char *buf, size_t len)
{
	FILE *f = fopen(path, "re");

	buf[0] = '\0';
	if (!f)
		return;
	if (fgets(buf, (int)len, f))
		buf[strcspn(buf, "\n")] = '\0';
	fclose(f);
}

static void copy_text(char *dst, size_t len, const char *src)
{
	snprintf(dst, len, "%s", src);
}

/* The word in brackets: "always [madvise] never". */
static void read_choice(const char *path, char *buf, size_t len)
{
	char line[128];
	char *word, *end;

	buf[0] = '\0';
	read_line(path, line, sizeof(line));
	word = strchr(line, '[');
	end = word ? strchr(word, ']') : NULL;
	if (!end)
		return;
	*end = '\0';
	copy_text(buf, len, word + 1);
}

/* Value of "key<blanks>: value" when @line is that, else NULL. */
static const char *value_of(const char *line, const char *key)
{
	size_t n = strlen(key);

	if (strncmp(line, key, n))
		return NULL;
	line += n;
	line += strspn(line, " \t");
	if (*line != ':')
		return NULL;
	return line + 1 + strspn(line + 1, " \t");
}

static void read_cpuinfo(struct migsim_sysinfo *si)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	const char *value;
	char *line = NULL;
	size_t room = 0;

	if (!f)
		return;
	/* all CPUs are taken to be like the first */
	while ((!si->cpu[0] || !si->microcode[0]) &&
	       getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		value = value_of(line, "model name");
		if (value)
			copy_text(si->cpu, sizeof(si->cpu), value);
		value = value_of(line, "microcode");
		if (value)
			copy_text(si->microcode, sizeof(si->microcode), value);
	}
	free(line);
	fclose(f);
}

static void read_meminfo(struct migsim_sysinfo *si)
{
	FILE *f = fopen("/proc/meminfo", "re");
	uint64_t swap_total = 0, swap_free = 0;
	uint64_t kib;
	char line[128], key[64];

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63[^:]: %" SCNu64 " kB", key, &kib) != 2)
			continue;
		if (!strcmp(key, "MemTotal"))
			si->mem_bytes = kib << 10;
		else if (!strcmp(key, "MemAvailable"))
			si->mem_available_bytes = kib << 10;
		else if (!strcmp(key, "SwapTotal"))
			swap_total = kib << 10;
		else if (!strcmp(key, "SwapFree"))
			swap_free = kib << 10;
	}
	fclose(f);
	if (swap_total > swap_free)
		si->swap_used_bytes = swap_total - swap_free;
}

/* Is @cpu the first of those which share a core, or a socket, with it? */
static bool leads(unsigned int cpu, const char *siblings)
{
	char path[128], line[128];
	unsigned int first;

	snprintf(path, sizeof(path), CPU_DIR "/cpu%u/topology/%s", cpu,
		 siblings);
	read_line(path, line, sizeof(line));
	return sscanf(line, "%u", &first) == 1 && first == cpu;
}

static void count_cores(struct migsim_sysinfo *si)
{
	DIR *dir = opendir(CPU_DIR);
	struct dirent *d;
	unsigned int cpu;
	char rest;

	while (dir && (d = readdir(dir))) {
		if (sscanf(d->d_name, "cpu%u%c", &cpu, &rest) != 1)
			continue;
		si->cores += leads(cpu, "thread_siblings_list");
		si->sockets += leads(cpu, "core_siblings_list");
	}
	if (dir)
		closedir(dir);
}

static unsigned int count_cpus(void)
{
	cpu_set_t sets[16];	/* 16384 CPUs, twice what the kernel can have */
	long n;

	if (!sched_getaffinity(0, sizeof(sets), sets))
		return (unsigned int)CPU_COUNT_S(sizeof(sets), sets);
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (unsigned int)n : 1;
}

static unsigned int count_nodes(void)
{
	struct migsim_node nodes[MIGSIM_MAX_NODES];
	int n = migsim_topology_nodes(nodes, MIGSIM_MAX_NODES);
	unsigned int with_memory = 0;

	for (int i = 0; i < n; i++)
		with_memory += nodes[i].mem_bytes > 0;
	return with_memory;
}

#if defined(__x86_64__) || defined(__i386__)
static const struct {
	const char *signature;
	const char *name;
} hypervisors[] = {
	{ "TCGTCGTCGTCG", "tcg" },
	{ "KVMKVMKVM", "kvm" },
	{ "Microsoft Hv", "hyperv" },
	{ "VMwareVMware", "vmware" },
	{ "XenVMMXenVMM", "xen" },
};

static void read_hypervisor(char *buf, size_t len)
{
	char signature[13] = "";
	unsigned int eax, regs[3];

	if (!__get_cpuid(1, &eax, &regs[0], &regs[1], &regs[2]) ||
	    !(regs[1] & (1u << 31)))
		return;
	__cpuid(0x40000000, eax, regs[0], regs[1], regs[2]);
	memcpy(signature, regs, sizeof(regs));
	for (size_t i = 0; i < sizeof(hypervisors) / sizeof(*hypervisors); i++)
		if (!strcmp(signature, hypervisors[i].signature)) {
			copy_text(buf, len, hypervisors[i].name);
			return;
		}
	for (char *c = signature; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	copy_text(buf, len, signature[0] ? signature : "unknown");
}
#else
/* Without cpuid nothing tells QEMU's emulation from QEMU with KVM. */
static void read_hypervisor(char *buf, size_t len)
{
	char line[64];

	read_line("/sys/hypervisor/type", buf, len);
	read_line("/sys/class/dmi/id/sys_vendor", line, sizeof(line));
	if (!buf[0] && !strcmp(line, "QEMU"))
		copy_text(buf, len, "qemu");
}
#endif

/* The kernel takes the last word, and none behind "--". */
static void read_mitigations(char *buf, size_t len)
{
	static const char key[] = "mitigations=";
	char line[4096];
	char *rest = line;
	char *word;

	read_line("/proc/cmdline", line, sizeof(line));
	while ((word = strsep(&rest, " ")) && strcmp(word, "--"))
		if (!strncmp(word, key, sizeof(key) - 1))
			copy_text(buf, len, strcmp(word + sizeof(key) - 1,
						   "off") ? "" : "off");
}

static int read_numa_balancing(void)
{
	char line[32];
	int value;

	read_line("/proc/sys/kernel/numa_balancing", line, sizeof(line));
	return sscanf(line, "%d", &value) == 1 ? value : -1;
}

static bool has_uffd_move(void)
{
	int fd = sys_uffd_open();

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

void migsim_sysinfo_read(struct migsim_sysinfo *si)
{
	struct utsname uts;

	memset(si, 0, sizeof(*si));
	if (!uname(&uts))
		copy_text(si->kernel, sizeof(si->kernel), uts.release);
	read_cpuinfo(si);
	read_meminfo(si);
	count_cores(si);
	si->cpus = count_cpus();
	si->numa_nodes = count_nodes();
	si->llc_bytes = migsim_topology_llc_bytes();
	if (getloadavg(&si->load1, 1) != 1)
		si->load1 = 0;
	read_line(CPU_DIR "/cpu0/cpufreq/scaling_governor", si->governor,
		  sizeof(si->governor));
	read_choice(THP_DIR "/enabled", si->thp, sizeof(si->thp));
	read_choice(THP_DIR "/defrag", si->thp_defrag, sizeof(si->thp_defrag));
	si->numa_balancing = read_numa_balancing();
	read_mitigations(si->mitigations, sizeof(si->mitigations));
	read_hypervisor(si->hypervisor, sizeof(si->hypervisor));
	si->emulated = !strcmp(si->hypervisor, "tcg");
	si->uffd_move = has_uffd_move();
}
