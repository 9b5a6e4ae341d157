/* SPDX-License-Identifier: MIT */
/*
 * What the kernel backend reports of the kernel's own migration, beside what
 * the kernel's trace buffer holds of the same call: its own text, read by other
 * code, on the same clock.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "node.h"

#define BYTES	(16 * MIB)
#define TRACING	"/sys/kernel/tracing/"

static const char *const events[] = {
	"migrate/set_migration_pte", "migrate/remove_migration_pte",
	"thp/set_migration_pmd", "thp/remove_migration_pmd",
};

static void put(const char *file, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), TRACING "%s", file);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void switch_events(const char *on)
{
	char file[128];
	size_t i;

	for (i = 0; i < 4; i++) {
		snprintf(file, sizeof(file), "events/%s/enable", events[i]);
		put(file, on);
	}
}

static void buffer_starts(void)
{
	put("tracing_on", "0");
	put("buffer_size_kb", "8192");
	put("trace_clock", "mono_raw");
	put("trace", "");
	switch_events("1");
	put("tracing_on", "1");
}

/* What the buffer says. A batch begins with the first set after a remove. */
struct counted {
	uint64_t sets, removes, batches;
	double first_us;	/* mean over batches */
	double page_us;		/* sum over pages */
	double unmap_us;	/* first to last set, sum over batches */
};

struct batch {
	double first_set, last_set;
	uint64_t pages, back, folios;
};

/* " prog-1 [000] ..... 12.345678: set_migration_pte: addr=7f…, pte=… order=0" */
static bool parse(const char *line, double *t, bool *set, bool *huge,
		  uint64_t *addr)
{
	const char *name = strstr(line, ": set_migration_p");
	const char *at, *value;

	*set = name;
	if (!name)
		name = strstr(line, ": remove_migration_p");
	if (!name)
		return false;
	*huge = strstr(name, "_pmd: ");
	for (at = name; at > line && at[-1] != ' '; at--)
		;
	*t = strtod(at, NULL) * 1e6;
	value = strstr(name, "addr=");
	assert_non_null(value);
	*addr = strtoull(value + 5, NULL, 16);
	return true;
}

/*
 * Pages of one folio come back one after the other; the folio is back with the
 * last of them, which is the one whose number ends a folio.
 */
static void count(struct counted *c, const char *p, unsigned int order)
{
	uint64_t addr, base = (uint64_t)(uintptr_t)p, in_folio = 0;
	struct batch b = { 0 };
	bool set, huge, first_known = false, was_set = false;
	char line[512];
	double t;
	FILE *f = fopen(TRACING "trace", "re");

	assert_non_null(f);
	*c = (struct counted){ 0 };
	while (fgets(line, sizeof(line), f)) {
		uint64_t pages;

		if (!parse(line, &t, &set, &huge, &addr) ||
		    addr < base || addr >= base + BYTES)
			continue;
		pages = huge ? 512 : 1;
		if (set) {
			if (!was_set) {
				c->batches++;
				b.first_set = t;
				first_known = false;
				in_folio = 0;
			} else {
				c->unmap_us += t - b.last_set;
			}
			b.last_set = t;
			c->sets += pages;
			c->page_us -= t * (double)pages;
		} else {
			in_folio += pages;
			c->removes += pages;
			c->page_us += t * (double)pages;
			if (!first_known && in_folio >= 1u << order) {
				first_known = true;
				c->first_us += t - b.first_set;
			}
		}
		was_set = set;
	}
	fclose(f);
	if (c->batches)
		c->first_us /= (double)c->batches;
}

static void buffer_ends(struct counted *c, const char *p, unsigned int order)
{
	put("tracing_on", "0");
	switch_events("0");
	count(c, p, order);
	put("trace", "");
}

/*
 * Both stamp the same events, one after the other, and a busy machine may keep
 * the guest waiting between the two. What is meant by a time is not that near.
 */
static void assert_alike(const char *what, double ours, double theirs)
{
	print_message("%s: %.1f us, the trace buffer says %.1f\n", what, ours,
		      theirs);
	assert_true(ours - theirs < 2000 + 0.25 * theirs);
	assert_true(theirs - ours < 2000 + 0.25 * theirs);
}

static void assert_sane(const struct migsim_summary *s)
{
	const struct migsim_phases *p = &s->phases_us;
	double mean = s->page_seconds / (s->elapsed_us * 1e-6);
	double sum = (p->unmap > 0 ? p->unmap : 0) + p->copy + p->other;

	assert_true(s->space_sees);
	assert_int_equal(s->unseen_calls, 0);
	assert_true(s->mean_pages_in_flight - mean < 1e-6 * mean + 1e-9);
	assert_true(mean - s->mean_pages_in_flight < 1e-6 * mean + 1e-9);
	assert_true(sum - s->elapsed_us < 1e-3 && s->elapsed_us - sum < 1e-3);
	assert_true(p->unmap != 0 && p->copy > 0 && p->other > 0);
	assert_true(p->flush < 0 && p->remap < 0 && p->alloc < 0);
}

static void compare(const struct migsim_summary *s, const struct counted *c,
		    unsigned int order)
{
	uint64_t pages = BYTES / PAGE;

	assert_int_equal(c->sets, pages);
	assert_int_equal(c->removes, pages);
	assert_int_equal(s->groups, c->batches);
	assert_int_equal(s->first_us.n, c->batches);
	assert_int_equal(s->inaccessible_us.n, pages >> order);
	assert_alike("first folio", s->first_us.mean, c->first_us);
	assert_alike("page-us", s->page_seconds * 1e6 / (double)pages,
		     c->page_us / (double)pages);
	/* Batches of one entry tell nothing of it. */
	if (c->unmap_us > 0)
		assert_alike("unmap", s->phases_us.unmap, c->unmap_us);
	else
		assert_true(s->phases_us.unmap < 0);
}

/* Before Linux 6.3 the kernel moved one folio after the other. */
static bool kernel_batches(void)
{
	struct utsname u;
	unsigned int major = 0, minor = 0;

	uname(&u);
	assert_int_equal(sscanf(u.release, "%u.%u", &major, &minor), 2);
	return major > 6 || (major == 6 && minor >= 3);
}

/* A batch is cut at 512 base pages, or is a folio that is that large. */
static uint64_t batches(unsigned int order)
{
	return kernel_batches() ? BYTES / HUGE : BYTES / (PAGE << order);
}

static void traced_call(char *p, unsigned int order, uint64_t groups)
{
	struct migsim_folio *folios = folios_of(p, BYTES, order);
	struct migsim_summary s = { .size = sizeof(s) };
	struct migsim_report *r = migsim_report_new();
	struct migsim_migrator *m;
	int nodes[MAX_NODES], err;
	struct counted c;

	nodes_of("has_memory", nodes);
	node_listen();
	m = open_between("kernel", nodes[0], nodes[1], BYTES, &err);
	assert_non_null(m);
	assert_string_equal(heard, "");
	buffer_starts();
	err = (int)migsim_migrate(m, folios, BYTES / (PAGE << order), r);
	buffer_ends(&c, p, order);
	assert_int_equal(err, 0);
	assert_string_equal(heard, "");
	migsim_report_summary(r, &s);
	print_message("%llu groups, %llu folios, max %llu pages in flight\n",
		      (unsigned long long)s.groups,
		      (unsigned long long)s.inaccessible_us.n,
		      (unsigned long long)s.max_pages_in_flight);
	assert_sane(&s);
	compare(&s, &c, order);
	assert_int_equal(s.groups, groups);
	assert_int_equal(s.max_pages_in_flight, BYTES / PAGE / groups);
	assert_int_equal(pages_on(p, BYTES / PAGE, nodes[1]), BYTES / PAGE);
	migsim_migrator_close(m);
	migsim_report_free(r);
	free(folios);
}

static void of_order(unsigned int order)
{
	int nodes[MAX_NODES];
	char *p;

	nodes_of("has_memory", nodes);
	p = memory_on(BYTES, order, nodes[0]);
	traced_call(p, order, batches(order));
	memory_unmap(p, BYTES);
}

static void base_pages(void **state)
{
	(void)state;
	of_order(0);
}

static void huge_pages(void **state)
{
	(void)state;
	of_order(MIGSIM_MAX_ORDER);
}

#define HUGE_KNOB "/sys/kernel/mm/transparent_hugepage/hugepages-%ukB/enabled"

static bool allow_folios(unsigned int kb, const char *word)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), HUGE_KNOB, kb);
	f = fopen(path, "we");
	if (!f)
		return false;
	assert_true(fputs(word, f) >= 0);
	assert_int_equal(fclose(f), 0);
	return true;
}

/* By the flags of its frame: the head of a folio of several pages? */
static bool is_head(const void *p)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	uint64_t at = (uint64_t)(uintptr_t)p / PAGE, entry = 0, flag = 0;

	assert_int_equal(pread(pagemap, &entry, 8, (off_t)(at * 8)), 8);
	entry &= (UINT64_C(1) << 55) - 1;
	assert_int_equal(pread(flags, &flag, 8, (off_t)(entry * 8)), 8);
	close(pagemap);
	close(flags);
	return flag & 1u << 15;
}

/* Folios of 64K, as the kernel makes them where it is asked to (6.8). */
static void large_folios(void **state)
{
	int nodes[MAX_NODES];
	char *p;

	(void)state;
	if (!allow_folios(64, "always")) {
		print_message("this kernel makes no folios of 64K\n");
		skip();
	}
	assert_true(allow_folios(2048, "never"));
	nodes_of("has_memory", nodes);
	p = memory_reserve(BYTES, 4);
	memory_bind(p, BYTES, nodes[0]);
	assert_int_equal(madvise(p, BYTES, MADV_HUGEPAGE), 0);
	assert_int_equal(madvise(p, BYTES, MADV_POPULATE_WRITE), 0);
	memory_bind(p, BYTES, -1);
	allow_folios(64, "never");
	allow_folios(2048, "inherit");
	assert_true(is_head(p) && is_head(p + 16 * PAGE));
	traced_call(p, 4, batches(4));
	memory_unmap(p, BYTES);
}

/* What all perf events of this process have counted. */
static uint64_t events_seen(void)
{
	char path[64], what[64];
	uint64_t count, seen = 0;
	int fd;

	for (fd = 0; fd < 256; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		memset(what, 0, sizeof(what));
		if (readlink(path, what, sizeof(what) - 1) > 0 &&
		    strstr(what, "perf_event") &&
		    read(fd, &count, sizeof(count)) == sizeof(count))
			seen += count;
	}
	return seen;
}

/* The tool has two open, there and back: one must not pay for the other. */
static void an_idle_migrator_records_nothing(void **state)
{
	struct migsim_migrator *there, *back;
	int nodes[MAX_NODES], err;
	char *p;

	(void)state;
	nodes_of("has_memory", nodes);
	p = memory_on(BYTES, 0, nodes[0]);
	there = open_between("kernel", nodes[0], nodes[1], BYTES, &err);
	assert_non_null(there);
	back = open_between("kernel", nodes[1], nodes[0], BYTES, &err);
	assert_non_null(back);
	assert_int_equal(migsim_migrate_range(there, p, BYTES, 0, NULL), 0);
	assert_int_equal(events_seen(), 2 * BYTES / PAGE);
	assert_int_equal(migsim_migrate_range(back, p, BYTES, 0, NULL), 0);
	assert_int_equal(events_seen(), 4 * BYTES / PAGE);
	migsim_migrator_close(back);
	migsim_migrator_close(there);
	memory_unmap(p, BYTES);
}

struct errand {
	struct migsim_migrator *m;
	char *p;
	struct migsim_report *r;
};

static void *run_errand(void *arg)
{
	struct errand *e = arg;

	return (void *)migsim_migrate_range(e->m, e->p, BYTES, 0, e->r);
}

/* Events are a thread's: those of who calls, not of who has opened. */
static void called_by_another_thread(void **state)
{
	struct migsim_summary s = { .size = sizeof(s) };
	struct errand e = { .r = migsim_report_new() };
	int nodes[MAX_NODES], err;
	pthread_t thread;
	void *rc;

	(void)state;
	nodes_of("has_memory", nodes);
	e.p = memory_on(BYTES, 0, nodes[0]);
	e.m = open_between("kernel", nodes[0], nodes[1], BYTES, &err);
	assert_non_null(e.m);
	assert_int_equal(pthread_create(&thread, NULL, run_errand, &e), 0);
	assert_int_equal(pthread_join(thread, &rc), 0);
	assert_null(rc);
	migsim_report_summary(e.r, &s);
	assert_sane(&s);
	assert_int_equal(s.groups, batches(0));
	assert_int_equal(s.inaccessible_us.n, BYTES / PAGE);
	migsim_migrator_close(e.m);
	migsim_report_free(e.r);
	memory_unmap(e.p, BYTES);
}

/* Without the rights it moves as ever, and says what is missing. */
static void without_rights(void **state)
{
	struct migsim_summary s = { .size = sizeof(s) };
	struct migsim_report *r = migsim_report_new();
	struct migsim_migrator *m;
	int nodes[MAX_NODES], err;
	char *p;

	(void)state;
	nodes_of("has_memory", nodes);
	p = memory_on(BYTES, 0, nodes[0]);
	assert_int_equal(setuid(65534), 0);
	node_listen();
	m = open_between("kernel", nodes[0], nodes[1], BYTES, &err);
	assert_non_null(m);
	print_message("%s\n", heard);
	assert_non_null(strstr(heard, "no latencies"));
	assert_non_null(strstr(heard, "run as root"));
	assert_int_equal(migsim_migrate_range(m, p, BYTES, 0, r), 0);
	migsim_report_summary(r, &s);
	assert_false(s.space_sees);
	assert_int_equal(s.unseen_calls, 1);
	assert_int_equal(s.migrated, BYTES / PAGE);
	assert_true(s.gib_s > 0);
	migsim_migrator_close(m);
	migsim_report_free(r);
}

static void without_rights_in_a_child(void **state)
{
	(void)state;
	in_child(without_rights);
}

/*
 * A THP that the kernel has split is named page by page: a call that returns 0
 * has moved all of it.
 */
static void split_before(void **state)
{
	struct migsim_folio *folios;
	struct migsim_migrator *m;
	int nodes[MAX_NODES], err;
	char *p;
	long rc;

	(void)state;
	nodes_of("has_memory", nodes);
	p = memory_on(2 * HUGE, MIGSIM_MAX_ORDER, nodes[0]);
	memory_fill(p, 2 * HUGE, 5);
	/* Its first half is unmapped and refilled by base pages. */
	assert_int_equal(madvise(p + HUGE / 2, HUGE / 2, MADV_DONTNEED), 0);
	assert_int_equal(madvise(p, HUGE, MADV_NOHUGEPAGE), 0);
	memory_bind(p, 2 * HUGE, nodes[0]);
	memory_fill(p, 2 * HUGE, 5);
	memory_bind(p, 2 * HUGE, -1);
	assert_int_equal(pages_on(p, 2 * HUGE / PAGE, nodes[0]),
			 2 * HUGE / PAGE);
	folios = folios_of(p, 2 * HUGE, MIGSIM_MAX_ORDER);
	m = open_between("kernel", nodes[0], nodes[1], 2 * HUGE, &err);
	assert_non_null(m);
	rc = migsim_migrate(m, folios, 2, NULL);
	print_message("%ld of 2 folios are left\n", rc);
	assert_int_equal(rc, 0);
	assert_int_equal(folios[0].status, 0);
	assert_int_equal(pages_on(p, 2 * HUGE / PAGE, nodes[1]),
			 2 * HUGE / PAGE);
	assert_int_equal(memory_check(p, 2 * HUGE, 5), -1);
	migsim_migrator_close(m);
	free(folios);
	memory_unmap(p, 2 * HUGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base_pages),
		cmocka_unit_test(large_folios),
		cmocka_unit_test(huge_pages),
		cmocka_unit_test(an_idle_migrator_records_nothing),
		cmocka_unit_test(called_by_another_thread),
		cmocka_unit_test(split_before),
		cmocka_unit_test(without_rights_in_a_child),
	};

	need_nodes();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
