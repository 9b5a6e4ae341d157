/* SPDX-License-Identifier: MIT */
/*
 * sysinfo: what a reader of a result must know of the machine.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "options.h"
#include "render.h"

static void print_text(const char *name, const char *text)
{
	printf("%-18s%s\n", name, *text ? text : "unknown");
}

static void print_gib(const char *name, uint64_t bytes)
{
	printf("%-18s%.1f GiB\n", name, (double)bytes / (1 << 30));
}

static void print_switches(const struct migsim_sysinfo *si)
{
	print_text("governor", si->governor);
	print_text("THP", si->thp);
	print_text("THP defrag", si->thp_defrag);
	if (si->numa_balancing < 0)
		print_text("NUMA balancing", "");
	else
		print_text("NUMA balancing", si->numa_balancing ? "on" : "off");
	print_text("mitigations", *si->mitigations ? si->mitigations : "on");
	print_text("UFFDIO_MOVE", si->uffd_move ? "yes" : "not for this process");
}

static void print_table(const struct migsim_sysinfo *si)
{
	print_text("kernel", si->kernel);
	print_text("CPU", si->cpu);
	print_text("microcode", si->microcode);
	print_text("hypervisor", *si->hypervisor ? si->hypervisor : "none");
	if (si->emulated)
		print_text("emulated", "yes: no time means performance");
	printf("%-18s%u of %u cores on %u sockets\n", "CPUs", si->cpus,
	       si->cores, si->sockets);
	printf("%-18s%u\n", "nodes with memory", si->numa_nodes);
	printf("%-18s%.1f MiB\n", "last-level cache",
	       (double)si->llc_bytes / (1 << 20));
	print_gib("memory", si->mem_bytes);
	print_gib("available", si->mem_available_bytes);
	print_gib("swap in use", si->swap_used_bytes);
	printf("%-18s%.2f\n", "load", si->load1);
	print_switches(si);
}

/* The library's sentences about the machine become the results' warnings. */
static int add_warnings(struct results *rs)
{
	char sentence[512];
	unsigned int i;

	for (i = 0; migsim_sysinfo_warning(&rs->sysinfo, i, sentence,
					   sizeof(sentence)); i++) {
		char **grown = realloc(rs->warnings, (rs->nr_warnings + 1) *
				       sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		rs->warnings = grown;
		grown[rs->nr_warnings] = strdup(sentence);
		if (!grown[rs->nr_warnings])
			return -ENOMEM;
		rs->nr_warnings++;
	}
	return 0;
}

/* The JSON is that of a measurement without results: one form to read. */
static int show(bool json)
{
	struct results rs = { 0 };
	int err;

	migsim_sysinfo_read(&rs.sysinfo);
	err = add_warnings(&rs);
	if (!err && json)
		err = render_json(stdout, &rs);
	if (!err && !json) {
		print_table(&rs.sysinfo);
		print_warnings(stdout, &rs, 78);
	}
	results_free(&rs);
	if (err == -ENOMEM)
		return out_of_memory();
	return err ? EXIT_FAILED : EXIT_DONE;
}

static int help(void)
{
	puts("migsim-bench sysinfo [--format table|json]    show the machine\n\n"
	     "What a reader of a result must know, and what spoils a measurement here.\n"
	     "The JSON is that of a measurement without results. Example:\n"
	     "  migsim-bench sysinfo --format json");
	return EXIT_DONE;
}

/* --format json and --format=json */
static const char *format_word(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--format"))
		return argv[2];
	if (argc == 2 && !strncmp(argv[1], "--format=", 9))
		return argv[1] + 9;
	return NULL;
}

int cmd_sysinfo(int argc, char **argv)
{
	const char *format = format_word(argc, argv);

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return help();
	if (argc == 1 || (format && !strcmp(format, "table")))
		return show(false);
	if (format && !strcmp(format, "json"))
		return show(true);
	say("sysinfo takes --format table or --format json and nothing else");
	return EXIT_USAGE;
}
