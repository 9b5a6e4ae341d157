/* SPDX-License-Identifier: MIT */
/*
 * What move_pages(2) does with pages of every kind, and what this library does:
 * as the table of README.md has it, which is read here. move_pages(2) is called
 * by itself and as the backend `kernel`, which must agree.
 *
 * Whatever the outcome: a page is on the target or it is where it was, its
 * content is the same, so are its VMA and who may read and write it.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <numaif.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "node.h"
#include "odd.h"
#include "odd_table.h"

#define MAX_PAGES (HUGE / PAGE)

enum way { RAW, KERNEL, UFFD, WAYS };

static const char *const way_name[] = { "move_pages(2)", "kernel", "uffd" };
/* The second ones go back: for a page that lies where others are to go. */
static struct migsim_migrator *migrator[WAYS][2];
static int nodes[MAX_NODES];

/* What is compared: before and after. */
struct look {
	int node[MAX_PAGES];
	uint64_t pfn[MAX_PAGES];
	char vmas[1024];
	long huge_kb;
};

static struct look before, after;
static char content[HUGE];

/* Permissions and flags of all VMAs of the range. */
static void read_vmas(const struct odd *o, char *text, size_t room)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long lo, hi, p = (unsigned long)o->p;
	bool inside = false;
	char line[512];
	size_t n = 0;

	assert_non_null(f);
	text[0] = '\0';
	while (fgets(line, sizeof(line), f) && n < room) {
		if (sscanf(line, "%lx-%lx ", &lo, &hi) == 2)
			inside = lo < p + o->bytes && p < hi;
		else if (strncmp(line, "VmFlags:", 8))
			continue;
		if (inside)
			n += (size_t)snprintf(text + n, room - n, "%s", line);
	}
	fclose(f);
	assert_true(n < room);
}

static void look_at(const struct odd *o, struct look *look)
{
	read_nodes(o->p, o->bytes / PAGE, look->node);
	read_pfns(o->p, o->bytes / PAGE, look->pfn);
	read_vmas(o, look->vmas, sizeof(look->vmas));
	look->huge_kb = smaps_kb(o->p, "AnonHugePages:");
}

/* At last: nobody is asked any more who may read it. */
static void check_content(const struct odd *o)
{
	size_t i;

	if (o->content == ODD_NONE) {
		for (i = 0; i < o->bytes / PAGE; i++)
			assert_int_equal(after.pfn[i], 0);
		return;
	}
	if (o->not_readable)
		assert_int_equal(mprotect(o->p, o->bytes, PROT_READ), 0);
	if (o->content == ODD_PATTERN)
		assert_int_equal(memory_check(o->p, o->bytes, ODD_SEED), -1);
	else if (o->content == ODD_ZERO)
		assert_true(memory_is_zero(o->p, o->bytes));
	else
		assert_memory_equal(content, o->p, o->bytes);
}

/* By system calls, which say EFAULT where a thread would get a signal. */
static void check_access(const struct odd *o)
{
	int fd[2];
	char c = 0;

	assert_int_equal(pipe(fd), 0);
	if (o->not_readable)
		assert_int_equal(write(fd[1], o->p, 1), -1);
	else
		assert_int_equal(write(fd[1], o->p, 1), 1);
	if (o->not_readable)
		assert_int_equal(write(fd[1], &c, 1), 1);
	if (!o->writes_block)
		assert_int_equal(read(fd[0], o->p, 1), o->not_writable ? -1 : 1);
	close(fd[0]);
	close(fd[1]);
}

/* What all of them say; the same, or the test fails. */
static int common(const int *status, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		assert_int_equal(status[i], status[0]);
	return status[0];
}

/* Not written to by the system call: it gave the page up after its retries. */
#define UNWRITTEN 12345

static int move_raw(const struct odd *o, int to)
{
	size_t n = o->order ? 1 : o->bytes / PAGE, i;
	int node[MAX_PAGES] = { 0 }, status[MAX_PAGES] = { 0 }, err;
	void *page[MAX_PAGES];
	long rc;

	for (i = 0; i < n; i++) {
		page[i] = o->p + i * PAGE;
		node[i] = to;
		status[i] = UNWRITTEN;
	}
	rc = move_pages(0, n, page, node, status, MPOL_MF_MOVE);
	assert_true(rc >= 0);
	/* Of a folio's pages the second one is refused: the first took it. */
	assert_int_equal(move_pages(0, n, page, NULL, node, 0), 0);
	for (i = 0; i < n; i++)
		status[i] = node[i] == to ? 0 : status[i];
	err = common(status, n);
	assert_int_equal(err == UNWRITTEN, rc > 0);
	return err == UNWRITTEN ? -EAGAIN : err;
}

static int move_by(struct migsim_migrator *m, const struct odd *o)
{
	struct migsim_folio *folios = folios_of(o->p, o->bytes, o->order);
	size_t n = o->bytes / (PAGE << o->order), i;
	int status[MAX_PAGES] = { 0 }, err;
	long rc = migsim_migrate(m, folios, n, NULL);

	for (i = 0; i < n; i++)
		status[i] = folios[i].status;
	free(folios);
	if (rc < 0)
		return (int)rc;
	err = common(status, n);
	assert_int_equal(rc, err ? n : 0);
	return err;
}

static void check_places(const struct odd *o, int err, int to)
{
	size_t i;

	for (i = 0; i < o->bytes / PAGE; i++) {
		if (!err) {
			assert_int_equal(after.node[i], to);
			assert_int_not_equal(after.pfn[i], before.pfn[i]);
			continue;
		}
		assert_int_equal(after.node[i], before.node[i]);
		assert_int_equal(after.pfn[i], before.pfn[i]);
	}
	assert_string_equal(after.vmas, before.vmas);
	if (before.huge_kb > 0)
		assert_int_equal(after.huge_kb, before.huge_kb);
}

/* NULL, or what is missing. */
static const char *try(const struct odd_kind *kind, unsigned int order,
		       enum way way, char text[32])
{
	struct odd o = { .order = order, .fd = -1,
			 .bytes = order ? HUGE : 8 * PAGE };
	unsigned long mask = 1ul << nodes[0];
	const char *lacks;
	int err, back;

	assert_int_equal(set_mempolicy(MPOL_BIND, &mask, 64), 0);
	lacks = kind->make(&o);
	assert_int_equal(set_mempolicy(MPOL_DEFAULT, NULL, 0), 0);
	if (lacks)
		return lacks;
	look_at(&o, &before);
	if (o.content == ODD_AS_IT_WAS)
		memcpy(content, o.p, o.bytes);
	back = before.node[0] == nodes[1];
	err = way == RAW ? move_raw(&o, nodes[!back])
			 : move_by(migrator[way][back], &o);
	snprintf(text, 32, "%s", err ? strerrorname_np(-err) : "moves");
	print_message("%s, %s, %s: %s\n", kind->name, order ? "2M" : "4K",
		      way_name[way], text);
	look_at(&o, &after);
	check_places(&o, err, nodes[!back]);
	check_access(&o);
	check_content(&o);
	kind->undo(&o);
	return NULL;
}

/* The table is that of kernels with UFFDIO_MOVE. */
static unsigned int wrong(const struct odd_kind *kind, unsigned int order,
			  enum way way, const char *text, const char *raw)
{
	char want[32];

	if (migrator[UFFD][0])
		odd_table_cell(kind->name, way == UFFD, order, want,
			       sizeof(want));
	else
		snprintf(want, sizeof(want), "%s", raw);
	if (!strcmp(text, want))
		return 0;
	print_message("it should be: %s\n", want);
	return 1;
}

static void as_the_table_says(void **state)
{
	const struct odd_kind *kind = *state;
	unsigned int order, bad = 0;
	char text[WAYS][32];
	const char *lacks;
	enum way way;

	for (order = 0; order <= MIGSIM_MAX_ORDER; order += MIGSIM_MAX_ORDER) {
		for (way = RAW; way < WAYS; way++) {
			if (!(kind->orders & 1u << order) ||
			    (way != RAW && !migrator[way][0]))
				continue;
			lacks = try(kind, order, way, text[way]);
			if (lacks) {
				print_message("%s: %s\n", kind->name, lacks);
				skip();
			}
			bad += wrong(kind, order, way, text[way], text[RAW]);
		}
	}
	assert_int_equal(bad, 0);
}

/*
 * One page of many stays: the others move, and the statuses tell which. What
 * move_pages(2) itself writes would not.
 */
static void one_that_stays(void **state)
{
	const size_t n = 16, odd = 5;
	struct iovec iov = { .iov_len = PAGE };
	struct migsim_folio *folios;
	struct io_uring ring;
	enum way way;
	size_t i;
	char *p;

	(void)state;
	for (way = KERNEL; way < WAYS && migrator[way][0]; way++) {
		if (io_uring_queue_init(4, &ring, 0))
			skip();
		p = memory_on(n * PAGE, 0, nodes[0]);
		memory_fill(p, n * PAGE, ODD_SEED);
		iov.iov_base = p + odd * PAGE;
		assert_int_equal(io_uring_register_buffers(&ring, &iov, 1), 0);
		folios = folios_of(p, n * PAGE, 0);
		assert_int_equal(migsim_migrate(migrator[way][0], folios, n,
						NULL), 1);
		for (i = 0; i < n; i++)
			assert_int_equal(folios[i].status, i != odd ? 0 :
					 way == UFFD ? -EBUSY : -EAGAIN);
		assert_int_equal(pages_on(p, n, nodes[1]), n - 1);
		assert_int_equal(pages_on(iov.iov_base, 1, nodes[0]), 1);
		assert_int_equal(memory_check(p, n * PAGE, ODD_SEED), -1);
		io_uring_queue_exit(&ring);
		free(folios);
		memory_unmap(p, n * PAGE);
	}
}

#define MAX_TESTS 64

static struct CMUnitTest tests[MAX_TESTS];
static size_t nr_tests;

static void the_table_has_no_other(void **state)
{
	(void)state;
	assert_int_equal(odd_table_rows(), nr_tests - 2);
}

static void add_tests(const struct odd_kind *kind)
{
	for (; kind->name; kind++)
		tests[nr_tests++] = (struct CMUnitTest){
			kind->name, as_the_table_says, NULL, NULL,
			(void *)(uintptr_t)kind,
		};
}

int main(void)
{
	size_t i;
	int err;

	need_nodes();
	nodes_of("has_memory", nodes);
	node_listen();
	for (i = 0; i < 4; i++)
		migrator[KERNEL + i / 2][i % 2] =
			open_between(way_name[KERNEL + i / 2], nodes[i % 2],
				     nodes[!(i % 2)], 8 * MIB, &err);
	assert_true(migrator[KERNEL][0] && migrator[KERNEL][1]);
	assert_int_equal(!migrator[UFFD][0], !migrator[UFFD][1]);
	if (!migrator[UFFD][0])
		print_message("only move_pages(2): %s\n", heard);
	add_tests(odd_private);
	add_tests(odd_held);
	add_tests(odd_mapped);
	tests[nr_tests++] = (struct CMUnitTest){
		"the_table_has_no_other", the_table_has_no_other, NULL, NULL,
		NULL };
	tests[nr_tests++] = (struct CMUnitTest){
		"one_that_stays", one_that_stays, NULL, NULL, NULL };
	return _cmocka_run_group_tests("odd pages", tests, nr_tests, NULL,
				       NULL);
}
