/* SPDX-License-Identifier: MIT */
/* What of a machine spoils a measurement, and how to cure it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <migsim/sysinfo.h>

#define THP_DIR "/sys/kernel/mm/transparent_hugepage"

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
