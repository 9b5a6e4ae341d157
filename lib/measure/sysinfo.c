/* SPDX-License-Identifier: MIT */
/*
 * The machine as a reader of a result must know it, and what on it spoils a
 * measurement. Whatever cannot be read stays empty.
 */
#define _GNU_SOURCE 1

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include <migsim/sysinfo.h>
#include <migsim/topology.h>

#ifndef UFFD_FEATURE_MOVE
#define UFFD_FEATURE_MOVE	(1 << 16)
#endif

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

static int open_uffd(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	int dev;

	if (fd >= 0)
		return fd;
	/* the system call may be for root only, the device for a group */
	dev = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		return -1;
	fd = ioctl(dev, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
	close(dev);
	return fd;
}

static bool has_uffd_move(void)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_MOVE,
	};
	int fd = open_uffd();
	bool has;

	if (fd < 0)
		return false;
	/* a kernel that lacks a feature which is asked for refuses */
	has = !ioctl(fd, UFFDIO_API, &api) &&
	      (api.features & UFFD_FEATURE_MOVE);
	close(fd);
	return has;
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

static bool warns_emulated(const struct migsim_sysinfo *si, char *buf,
			   size_t len)
{
	snprintf(buf, len, "The CPU is emulated, so every time is emulated, "
		 "not performance: measure on hardware or under KVM.");
	return si->emulated;
}

static bool warns_nodes(const struct migsim_sysinfo *si, char *buf, size_t len)
{
	snprintf(buf, len, "Only one NUMA node has memory, so everything is "
		 "measured within one node: use a machine with two, or a "
		 "guest with an emulated topology.");
	return si->numa_nodes == 1;
}

static bool warns_balancing(const struct migsim_sysinfo *si, char *buf,
			    size_t len)
{
	snprintf(buf, len, "NUMA balancing is on and may migrate pages on its "
		 "own: switch it off with sysctl kernel.numa_balancing=0.");
	return si->numa_balancing > 0;
}

static bool warns_governor(const struct migsim_sysinfo *si, char *buf,
			   size_t len)
{
	snprintf(buf, len, "The CPU frequency governor is \"%s\", so the clock "
		 "rate varies: set it with cpupower frequency-set -g "
		 "performance.", si->governor);
	return si->governor[0] && strcmp(si->governor, "performance");
}

static bool warns_thp(const struct migsim_sysinfo *si, char *buf, size_t len)
{
	bool always = !strcmp(si->thp, "always");

	snprintf(buf, len, "Transparent huge pages are \"%s\", so %s: write "
		 "madvise to " THP_DIR "/enabled.", si->thp, always ?
		 "khugepaged interferes" : "2M folios cannot be had");
	return always || !strcmp(si->thp, "never");
}

static bool warns_swap(const struct migsim_sysinfo *si, char *buf, size_t len)
{
	snprintf(buf, len, "Swap is in use (%" PRIu64 " MiB), so pages may be "
		 "read from disk: free memory, then swapoff -a.",
		 (si->swap_used_bytes + (1 << 20) - 1) >> 20);
	return si->swap_used_bytes > 0;
}

static bool warns_load(const struct migsim_sysinfo *si, char *buf, size_t len)
{
	snprintf(buf, len, "The machine is busy (load %.1f on %u CPUs): stop "
		 "what else is running and measure again.", si->load1,
		 si->cpus);
	return si->load1 > 0.5 * si->cpus;
}

/* Each writes its sentence and says whether it holds; the worst first. */
static bool (*const warnings[])(const struct migsim_sysinfo *si, char *buf,
				size_t len) = {
	warns_emulated, warns_nodes, warns_balancing, warns_governor,
	warns_thp, warns_swap, warns_load,
};

bool migsim_sysinfo_warning(const struct migsim_sysinfo *si, unsigned int i,
			    char *buf, size_t len)
{
	for (size_t w = 0; w < sizeof(warnings) / sizeof(*warnings); w++)
		if (warnings[w](si, buf, len) && !i--)
			return true;
	if (len)
		buf[0] = '\0';
	return false;
}
