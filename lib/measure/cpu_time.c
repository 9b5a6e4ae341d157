/* SPDX-License-Identifier: MIT */
/* What the CPUs did, and what the hypervisor kept from them. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <migsim/sysinfo.h>

/* Columns of the line "cpu", proc(5); guests count as user already. */
enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, COLUMNS };

void migsim_cpu_time_read(struct migsim_cpu_time *t)
{
	const double per_s = (double)sysconf(_SC_CLK_TCK);
	FILE *f = fopen("/proc/stat", "re");
	uint64_t x[COLUMNS] = { 0 };

	*t = (struct migsim_cpu_time){ 0 };
	if (!f)
		return;
	if (fscanf(f, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &x[USER],
		   &x[NICE], &x[SYSTEM], &x[IDLE], &x[IOWAIT], &x[IRQ],
		   &x[SOFTIRQ], &x[STEAL]) == COLUMNS) {
		t->busy = (double)(x[USER] + x[NICE] + x[SYSTEM] + x[IRQ] +
				   x[SOFTIRQ]) / per_s;
		t->stolen = (double)x[STEAL] / per_s;
	}
	fclose(f);
}

double migsim_cpu_time_stolen(const struct migsim_cpu_time *begin,
			      const struct migsim_cpu_time *end)
{
	double busy = end->busy - begin->busy;
	double stolen = end->stolen - begin->stolen;

	/* The kernel says of neither that it never goes back. */
	if (busy < 0 || stolen <= 0)
		return 0;
	return stolen / (busy + stolen);
}
