/* SPDX-License-Identifier: MIT */
/*
 * sysinfo against what the system tells by other ways; and, as root, against
 * files of our own, mounted over /proc and /sys where this process alone
 * sees them.
 */
#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

#include <migsim/sysinfo.h>
#include <migsim/topology.h>

#define CPU_DIR		"/sys/devices/system/cpu"
#define THP_DIR		"/sys/kernel/mm/transparent_hugepage"

static struct migsim_sysinfo si;

static int look(void **state)
{
	(void)state;
	memset(&si, 0xff, sizeof(si));
	migsim_sysinfo_read(&si);
	return 0;
}

static void knows_kernel_and_memory(void **state)
{
	struct utsname uts;
	struct sysinfo s;

	(void)state;
	assert_int_equal(uname(&uts), 0);
	assert_int_equal(sysinfo(&s), 0);
	assert_string_equal(si.kernel, uts.release);
	assert_int_equal(si.mem_bytes, (uint64_t)s.totalram * s.mem_unit);
	assert_true(si.mem_available_bytes > 0);
	assert_true(si.mem_available_bytes <= si.mem_bytes);
	assert_true(s.totalswap || !si.swap_used_bytes);
}

static void knows_the_load(void **state)
{
	unsigned long before;
	struct sysinfo s;

	/* it changes every few seconds */
	do {
		assert_int_equal(sysinfo(&s), 0);
		before = s.loads[0];
		look(state);
		assert_int_equal(sysinfo(&s), 0);
	} while (s.loads[0] != before);
	assert_true(fabs(si.load1 - (double)before / 65536) < 0.011);
}

static void knows_the_cpus(void **state)
{
	cpu_set_t all, one;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(si.cpus, CPU_COUNT(&all));
	assert_true(si.sockets >= 1 && si.sockets <= si.cores);
	assert_true(si.cores <= (unsigned int)sysconf(_SC_NPROCESSORS_CONF));
	assert_int_equal(si.llc_bytes, migsim_topology_llc_bytes());
	assert_true(si.numa_nodes >= 1);
	assert_true((int)si.numa_nodes <= migsim_topology_nodes(NULL, 0));

	/* only those that this process may use */
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	look(state);
	assert_int_equal(si.cpus, 1);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

/* The kernel's flag for a guest, of x86 only. */
static bool in_a_guest(void)
{
	char line[8192];
	FILE *f = fopen("/proc/cpuinfo", "r");
	bool guest = false;

	assert_non_null(f);
	while (!guest && fgets(line, sizeof(line), f))
		guest = !strncmp(line, "flags", 5) &&
			strstr(line, " hypervisor ");
	fclose(f);
	return guest;
}

static void knows_a_guest(void **state)
{
	(void)state;
	assert_int_equal(si.emulated, !strcmp(si.hypervisor, "tcg"));
#if defined(__x86_64__) || defined(__i386__)
	assert_int_equal(si.hypervisor[0] != '\0', in_a_guest());
	assert_true(si.cpu[0]);
#else
	(void)in_a_guest;
#endif
}

/* Here all features are asked for by none, and the kernel lists what it has. */
static bool lists_move(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	int dev = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
	bool has;

	if (fd < 0 && dev >= 0)
		fd = ioctl(dev, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
	has = fd >= 0 && !ioctl(fd, UFFDIO_API, &api) &&
	      (api.features >> 16 & 1);
	if (fd >= 0)
		close(fd);
	if (dev >= 0)
		close(dev);
	return has;
}

static void knows_userfaultfd(void **state)
{
	int before, after;

	before = dup(0);
	look(state);
	after = dup(0);
	assert_int_equal(si.uffd_move, lists_move());
	assert_int_equal(before + 1, after); /* nothing is left open */
	close(before);
	close(after);
}

static void need_own_mounts(void)
{
	if (!unshare(CLONE_NEWNS) &&
	    !mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return;
	print_message("cannot have mounts of its own (needs root): %s\n",
		      strerror(errno));
	skip();
}

static void cover(const char *dir)
{
	assert_int_equal(mount("tmpfs", dir, "tmpfs", 0, "mode=755"), 0);
}

static void uncover(const char *path)
{
	assert_int_equal(umount2(path, MNT_DETACH), 0);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* A file of /proc reads as @text from now on. */
static void pretend(const char *path, const char *text)
{
	static unsigned int n;
	char staged[64];

	snprintf(staged, sizeof(staged), THP_DIR "/staged%u", n++);
	put(staged, text);
	assert_int_equal(mount(staged, path, NULL, MS_BIND, NULL), 0);
}

static void put_cpu(int cpu, const char *core, const char *socket)
{
	char path[128];

	snprintf(path, sizeof(path), CPU_DIR "/cpu%d", cpu);
	assert_int_equal(mkdir(path, 0755), 0);
	if (!core)
		return;
	snprintf(path, sizeof(path), CPU_DIR "/cpu%d/topology", cpu);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path),
		 CPU_DIR "/cpu%d/topology/thread_siblings_list", cpu);
	put(path, core);
	snprintf(path, sizeof(path),
		 CPU_DIR "/cpu%d/topology/core_siblings_list", cpu);
	put(path, socket);
}

/* Three cores in two sockets; one core has two threads, one CPU is off. */
static void put_cpus(void)
{
	cover(CPU_DIR);
	put_cpu(0, "0,3\n", "0-1,3\n");
	put_cpu(1, "1\n", "0-1,3\n");
	put_cpu(2, "2\n", "2\n");
	put_cpu(3, "0,3\n", "0-1,3\n");
	put_cpu(10, NULL, NULL);
	assert_int_equal(mkdir(CPU_DIR "/cpufreq", 0755), 0);
	assert_int_equal(mkdir(CPU_DIR "/cpu2.old", 0755), 0);
	assert_int_equal(mkdir(CPU_DIR "/cpu0/cpufreq", 0755), 0);
	put(CPU_DIR "/cpu0/cpufreq/scaling_governor", "powersave\n");
}

static void reads_another_machine(void **state)
{
	need_own_mounts();
	cover(THP_DIR);
	put(THP_DIR "/enabled", "always [madvise] never\n");
	put(THP_DIR "/defrag", "always defer [defer+madvise] madvise never\n");
	pretend("/proc/meminfo", "MemTotal:       1000 kB\n"
		"MemFree:         100 kB\nMemAvailable:    400 kB\n"
		"SwapCached:       77 kB\nSwapTotal:       300 kB\n"
		"SwapFree:        250 kB\n");
	pretend("/proc/cpuinfo", "processor\t: 0\nmodel\t\t: 17\n"
		"model name\t: Some CPU @ 3: GHz\nmicrocode\t: 0xa1\n\n"
		"processor\t: 1\nmodel name\t: Other\nmicrocode\t: 0xa2\n");
	pretend("/proc/cmdline", "root=/dev/x mitigations=off quiet\n");
	put_cpus();
	look(state);
	uncover(CPU_DIR);
	for (const char *const *f = (const char *const []) {
		"/proc/meminfo", "/proc/cpuinfo", "/proc/cmdline",
		THP_DIR, NULL }; *f; f++)
		uncover(*f);

	assert_string_equal(si.thp, "madvise");
	assert_string_equal(si.thp_defrag, "defer+madvise");
	assert_string_equal(si.governor, "powersave");
	assert_string_equal(si.cpu, "Some CPU @ 3: GHz");
	assert_string_equal(si.microcode, "0xa1");
	assert_string_equal(si.mitigations, "off");
	assert_int_equal(si.mem_bytes, 1000 << 10);
	assert_int_equal(si.mem_available_bytes, 400 << 10);
	assert_int_equal(si.swap_used_bytes, 50 << 10);
	assert_int_equal(si.cores, 3);
	assert_int_equal(si.sockets, 2);
}

/* What cannot be read is empty, not a leftover and not a guess. */
static void survives_a_silent_machine(void **state)
{
	need_own_mounts();
	cover(THP_DIR);
	pretend("/proc/meminfo", "");
	pretend("/proc/cpuinfo", "model name");
	pretend("/proc/cmdline", "");
	cover(CPU_DIR);
	look(state);
	uncover(CPU_DIR);
	uncover("/proc/meminfo");
	uncover("/proc/cpuinfo");
	uncover("/proc/cmdline");
	uncover(THP_DIR);

	assert_string_equal(si.thp, "");
	assert_string_equal(si.thp_defrag, "");
	assert_string_equal(si.governor, "");
	assert_string_equal(si.cpu, "");
	assert_string_equal(si.microcode, "");
	assert_string_equal(si.mitigations, "");
	assert_int_equal(si.mem_bytes, 0);
	assert_int_equal(si.swap_used_bytes, 0);
	assert_int_equal(si.cores, 0);
	assert_int_equal(si.sockets, 0);
	assert_true(si.cpus >= 1);
}

static void reads_the_last_word_on_mitigations(void **state)
{
	static const struct {
		const char *cmdline, *want;
	} lines[] = {
		{ "mitigations=off", "off" },
		{ "mitigations=auto,nosmt\n", "" },
		{ "mitigations=off mitigations=auto\n", "" },
		{ "mitigations=auto a mitigations=off\n", "off" },
		{ "xmitigations=off nomitigations=off\n", "" },
		{ "mitigations=offline\n", "" },
		{ "quiet -- mitigations=off\n", "" },
	};

	need_own_mounts();
	cover(THP_DIR);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		pretend("/proc/cmdline", lines[i].cmdline);
		look(state);
		uncover("/proc/cmdline");
		assert_string_equal(si.mitigations, lines[i].want);
	}
	uncover(THP_DIR);
}

static void reads_numa_balancing(void **state)
{
	static const char path[] = "/proc/sys/kernel/numa_balancing";

	if (access(path, F_OK)) {
		assert_int_equal(si.numa_balancing, -1);
		return;
	}
	need_own_mounts();
	cover(THP_DIR);
	for (int i = 0; i <= 2; i++) {
		pretend(path, (const char *const []) { "0\n", "1\n", "2\n" }[i]);
		look(state);
		uncover(path);
		assert_int_equal(si.numa_balancing, i);
	}
	pretend(path, "");
	look(state);
	uncover(path);
	assert_int_equal(si.numa_balancing, -1);
	uncover(THP_DIR);
}

static struct migsim_cpu_time cpu_time_of(const char *stat)
{
	struct migsim_cpu_time t;

	pretend("/proc/stat", stat);
	migsim_cpu_time_read(&t);
	uncover("/proc/stat");
	return t;
}

/* Idle and waiting for disks is not asked for; guests are users already. */
static void knows_what_was_stolen(void **state)
{
	const double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
	struct migsim_cpu_time a, b;

	(void)state;
	need_own_mounts();
	cover(THP_DIR);
	a = cpu_time_of("cpu  100 20 3 4000 500 6 7 80 9 10\ncpu0 1 1 1\n");
	assert_true(fabs(a.busy / tick - 136) < 1e-6);
	assert_true(fabs(a.stolen / tick - 80) < 1e-6);
	b = cpu_time_of("cpu  160 20 3 9000 600 6 7 100 99 99\n");
	assert_true(fabs(migsim_cpu_time_stolen(&a, &b) - 0.25) < 1e-9);
	assert_true(migsim_cpu_time_stolen(&b, &a) == 0);
	assert_true(migsim_cpu_time_stolen(&a, &a) == 0);
	b = cpu_time_of("cpu  100 20 3 4000\n");
	assert_true(b.busy == 0 && b.stolen == 0);
	b = cpu_time_of("");
	assert_true(b.busy == 0 && b.stolen == 0);
	uncover(THP_DIR);
}

/* A machine with nothing to warn of. */
static int quiet(void **state)
{
	(void)state;
	memset(&si, 0, sizeof(si));
	si.cpus = 8;
	si.load1 = 4;
	si.numa_nodes = 2;
	strcpy(si.governor, "performance");
	strcpy(si.thp, "madvise");
	return 0;
}

/* The one warning there is has @words in it and is one sentence. */
static void assert_warns(const char *words)
{
	char buf[256];

	assert_true(migsim_sysinfo_warning(&si, 0, buf, sizeof(buf)));
	assert_non_null(strstr(buf, words));
	assert_true(strlen(buf) < sizeof(buf) - 1);
	assert_int_equal(buf[strlen(buf) - 1], '.');
	assert_null(strstr(buf, ". "));
	assert_false(migsim_sysinfo_warning(&si, 1, buf, sizeof(buf)));
	assert_string_equal(buf, "");
	quiet(NULL);
	assert_false(migsim_sysinfo_warning(&si, 0, buf, sizeof(buf)));
}

static void warns_of_each(void **state)
{
	(void)state;
	si.emulated = true;
	assert_warns("emulated, not performance");
	si.numa_nodes = 1;
	assert_warns("within one node");
	si.numa_balancing = 1;
	assert_warns("kernel.numa_balancing=0");
	si.numa_balancing = 2;
	assert_warns("NUMA balancing is on");
	strcpy(si.governor, "schedutil");
	assert_warns("\"schedutil\"");
	strcpy(si.thp, "always");
	assert_warns("khugepaged");
	strcpy(si.thp, "never");
	assert_warns("2M folios cannot be had");
	si.swap_used_bytes = 3 << 20;
	assert_warns("3 MiB");
	si.swap_used_bytes = 1;
	assert_warns("1 MiB");
	si.load1 = 4.01;
	assert_warns("busy");
}

static void is_silent_of_what_is_unknown(void **state)
{
	char buf[256];

	(void)state;
	si.numa_balancing = -1;
	si.governor[0] = '\0';
	si.thp[0] = '\0';
	assert_false(migsim_sysinfo_warning(&si, 0, buf, sizeof(buf)));
}

static void warns_of_all_once(void **state)
{
	char buf[16][256], cut[8];
	unsigned int n = 0;

	(void)state;
	si.emulated = true;
	si.numa_nodes = 1;
	si.numa_balancing = 1;
	strcpy(si.governor, "powersave");
	strcpy(si.thp, "always");
	si.swap_used_bytes = 1 << 20;
	si.load1 = 100;
	while (n < 16 && migsim_sysinfo_warning(&si, n, buf[n], 256))
		n++;
	assert_int_equal(n, 7);
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(buf[i], buf[j]);

	/* a small buffer gets what fits */
	assert_true(migsim_sysinfo_warning(&si, 0, cut, sizeof(cut)));
	assert_int_equal(strlen(cut), sizeof(cut) - 1);
	assert_memory_equal(cut, buf[0], sizeof(cut) - 1);
	assert_true(migsim_sysinfo_warning(&si, 6, NULL, 0));
	assert_false(migsim_sysinfo_warning(&si, 7, NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(knows_kernel_and_memory, look),
		cmocka_unit_test(knows_the_load),
		cmocka_unit_test_setup(knows_the_cpus, look),
		cmocka_unit_test_setup(knows_a_guest, look),
		cmocka_unit_test(knows_userfaultfd),
		cmocka_unit_test(reads_another_machine),
		cmocka_unit_test(survives_a_silent_machine),
		cmocka_unit_test(reads_the_last_word_on_mitigations),
		cmocka_unit_test_setup(reads_numa_balancing, look),
		cmocka_unit_test(knows_what_was_stolen),
		cmocka_unit_test_setup(warns_of_each, quiet),
		cmocka_unit_test_setup(is_silent_of_what_is_unknown, quiet),
		cmocka_unit_test_setup(warns_of_all_once, quiet),
	};

	/* hwloc complains of the machines that are made up here */
	setenv("HWLOC_HIDE_ERRORS", "2", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
