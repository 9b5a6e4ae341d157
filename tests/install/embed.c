/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <migsim/migsim.h>

int main(void)
{
	const size_t len = 64 << 20;
	struct migsim_options options = MIGSIM_OPTIONS_INIT;
	struct migsim_report *report = migsim_report_new();
	struct migsim_migrator *migrator;
	char text[4096];
	void *buf = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (buf == MAP_FAILED || !report)
		return 1;
	memset(buf, 42, len);
	if (migsim_migrator_open(&migrator, &options) ||
	    migsim_migrate_range(migrator, buf, len, 0, report))
		return 1;
	migsim_report_format(report, text, sizeof(text));
	fputs(text, stdout);
	migsim_migrator_close(migrator);
	migsim_report_free(report);
	return 0;
}
