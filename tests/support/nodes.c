/* SPDX-License-Identifier: MIT */
/* Between which nodes the tests of real memory migrate. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <linux/mempolicy.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

static int node_named(const char *variable)
{
	const char *text = getenv(variable);

	return text ? atoi(text) : -1;
}

int node_from(void)
{
	return node_named("MIGSIM_FROM");
}

int node_to(void)
{
	return node_named("MIGSIM_TO");
}

struct migsim_options options_init(void)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;

	o.space = "uffd";
	o.from = node_from();
	o.to = node_to();
	return o;
}

/*
 * By the policy of the thread, not of the mapping: that leaves the VMA alone,
 * and counts for what the kernel populates by itself, too.
 */
void allocate_on(int node)
{
	unsigned long mask = node < 0 ? 0 : 1ul << node;

	assert_int_equal(syscall(SYS_set_mempolicy,
				 node < 0 ? MPOL_DEFAULT : MPOL_BIND,
				 node < 0 ? NULL : &mask,
				 node < 0 ? 0 : 8 * sizeof(mask)), 0);
}

void read_status(const void *p, size_t pages, int *status)
{
	void **page = calloc(pages, sizeof(*page));
	size_t i;

	assert_non_null(page);
	for (i = 0; i < pages; i++)
		page[i] = (char *)(uintptr_t)p + i * PAGE;
	assert_int_equal(syscall(SYS_move_pages, 0, pages, page, NULL, status,
				 0), 0);
	free(page);
}

size_t pages_astray(const void *p, size_t pages)
{
	int *status = calloc(pages, sizeof(*status));
	size_t i, astray = 0;
	int to = node_to();

	assert_non_null(status);
	read_status(p, pages, status);
	for (i = 0; i < pages; i++)
		astray += status[i] < 0 ||
			  (to >= 0 && status[i] != to);
	free(status);
	return astray;
}

size_t pages_unmoved(const void *p, size_t pages, const uint64_t *before)
{
	uint64_t *now = calloc(pages, sizeof(*now));
	int *node = calloc(pages, sizeof(*node)), to = node_to();
	size_t i, unmoved = 0;

	assert_true(now && node);
	read_pfns(p, pages, now);
	read_status(p, pages, node);
	for (i = 0; i < pages; i++)
		unmoved += !now[i] || now[i] == before[i] ||
			   (to >= 0 && node[i] != to);
	free(node);
	free(now);
	return unmoved;
}

static bool emulated;

/* Before there are threads, which ask. */
__attribute__((constructor)) static void look_at_cpu(void)
{
	struct migsim_sysinfo si;

	migsim_sysinfo_read(&si);
	emulated = si.emulated;
}

size_t by_cpu(size_t real, size_t slow)
{
	return emulated ? slow : real;
}
