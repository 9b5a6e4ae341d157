/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <migsim/types.h>

/* As MIGRATE_REASON of include/trace/events/migrate.h. */
static const char *const reason_names[MIGSIM_REASONS] = {
	[MIGSIM_REASON_COMPACTION] = "compaction",
	[MIGSIM_REASON_MEMORY_FAILURE] = "memory_failure",
	[MIGSIM_REASON_MEMORY_HOTPLUG] = "memory_hotplug",
	[MIGSIM_REASON_SYSCALL] = "syscall_or_cpuset",
	[MIGSIM_REASON_MEMPOLICY_MBIND] = "mempolicy_mbind",
	[MIGSIM_REASON_NUMA_MISPLACED] = "numa_misplaced",
	[MIGSIM_REASON_CONTIG_RANGE] = "contig_range",
	[MIGSIM_REASON_LONGTERM_PIN] = "longterm_pin",
	[MIGSIM_REASON_DEMOTION] = "demotion",
};

const char *migsim_reason_name(enum migsim_reason reason)
{
	return (unsigned int)reason < MIGSIM_REASONS ? reason_names[reason]
						     : NULL;
}

int migsim_reason_parse(const char *name)
{
	int i;

	for (i = 0; i < MIGSIM_REASONS; i++)
		if (!strcmp(name, reason_names[i]))
			return i;
	return -EINVAL;
}
