/* SPDX-License-Identifier: MIT */
/*
 * fork(2) beside a migration: a child never sees a page that is in flight,
 * and pages that a child shares stay where they are.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flight.h"
#include "memory.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define BYTES (4 * MIB)
#define PAGES (BYTES / PAGE)
#define ROUNDS by_cpu(40, 10)
#define FOLIOS 20	/* that must have moved between the forks */

static uint64_t before[PAGES];

struct forker {
	char *region;
	size_t bytes;
	atomic_int tid;
	atomic_bool forked;
	atomic_uint forks;
	atomic_uint bad;
	atomic_bool quit;
};

/* A child that says whether it sees the pattern. */
static void fork_and_check(struct forker *f)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(memory_check(f->region, f->bytes, 1) != -1);
	atomic_store(&f->forked, true);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		atomic_fetch_add(&f->bad, 1);
	atomic_fetch_add(&f->forks, 1);
}

static void *fork_often(void *arg)
{
	struct forker *f = arg;
	uint64_t random = 1;

	while (!atomic_load(&f->quit)) {
		fork_and_check(f);
		/* At any moment of a migration, and not in each of them. */
		usleep((unsigned int)(next_random(&random) % 8000));
	}
	return NULL;
}

static void *fork_once(void *arg)
{
	struct forker *f = arg;

	atomic_store(&f->tid, gettid());
	fork_and_check(f);
	return NULL;
}

static void fork_in_a_loop(unsigned int order, const char *policy)
{
	struct forker f = { .bytes = BYTES };
	struct migsim_report *r = migsim_report_new();
	struct migsim_summary s = { .size = sizeof(s) };
	struct migsim_migrator *m = open_migrator("memcpy", policy);
	pthread_t thread;

	f.region = memory_map(BYTES, order);
	memory_fill(f.region, BYTES, 1);
	watchdog_start();
	assert_int_equal(pthread_create(&thread, NULL, fork_often, &f), 0);
	while (atomic_load(&f.forks) < ROUNDS || s.migrated < FOLIOS) {
		/* What was shared with a child becomes our own again. */
		madvise(f.region, BYTES, MADV_POPULATE_WRITE);
		assert_true(migsim_migrate_range(m, f.region, BYTES, order,
						 r) >= 0);
		migsim_report_summary(r, &s);
		if (s.migrated)
			watchdog_pat();
	}
	atomic_store(&f.quit, true);
	pthread_join(thread, NULL);
	assert_int_equal(f.bad, 0);
	assert_int_equal(memory_check(f.region, BYTES, 1), -1);
	migsim_report_free(r);
	migsim_migrator_close(m);
	memory_unmap(f.region, BYTES);
}

static void base_pages_and_forks(void **state)
{
	(void)state;
	fork_in_a_loop(0, "batch:pages=1024");
	fork_in_a_loop(0, "batch:pages=1024,copy=inline");
}

static void huge_pages_and_forks(void **state)
{
	(void)state;
	if (!have_thp())
		skip();
	fork_in_a_loop(9, "batch:pages=1024");
}

struct in_flight {
	struct forker f;
	pthread_t thread;
	bool waits;
};

/* A fork that begins now has to wait: the region is in flight. */
static void start_fork(void *arg)
{
	struct in_flight *x = arg;

	assert_int_equal(pthread_create(&x->thread, NULL, fork_once, &x->f), 0);
	while (!atomic_load(&x->f.tid))
		nap_ms(1);
	x->waits = task_sleeps(atomic_load(&x->f.tid)) &&
		   !atomic_load(&x->f.forked);
}

static void fork_waits_for_the_flight(void **state)
{
	struct in_flight x = { .f.bytes = HUGE };
	struct migsim_migrator *m;

	(void)state;
	watchdog_start();
	flight_set(start_fork, &x);
	m = open_migrator("flight", "batch:pages=512");
	x.f.region = memory_map(HUGE, 0);
	memory_fill(x.f.region, HUGE, 1);
	read_pfns(x.f.region, 512, before);
	assert_int_equal(migsim_migrate_range(m, x.f.region, HUGE, 0, NULL), 0);
	pthread_join(x.thread, NULL);
	assert_true(x.waits);
	assert_int_equal(x.f.bad, 0);
	assert_int_equal(x.f.forks, 1);
	assert_int_equal(pages_unmoved(x.f.region, 512, before), 0);
	assert_int_equal(memory_check(x.f.region, HUGE, 1), -1);
	migsim_migrator_close(m);
	memory_unmap(x.f.region, HUGE);
}

/* A child that lives until the pipe is closed. */
static pid_t sleeping_child(int *hold)
{
	int fds[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(fds[1]);
		_exit(read(fds[0], &c, 1) != 0);
	}
	close(fds[0]);
	*hold = fds[1];
	return pid;
}

static void shared_stay(unsigned int order)
{
	struct migsim_migrator *m = open_migrator("memcpy", NULL);
	size_t n = BYTES / (PAGE << order), i;
	struct migsim_folio *folios;
	char *p = memory_map(BYTES, order);
	int hold;
	pid_t pid;

	folios = folios_of(p, BYTES, order);
	memory_fill(p, BYTES, 3);
	assert_int_equal(migsim_migrate(m, folios, n, NULL), 0);
	read_pfns(p, PAGES, before);
	pid = sleeping_child(&hold);
	assert_int_equal(migsim_migrate(m, folios, n, NULL), n);
	for (i = 0; i < n; i++)
		assert_int_equal(folios[i].status, -EBUSY);
	assert_int_equal(pages_unmoved(p, PAGES, before), PAGES);
	assert_int_equal(memory_check(p, BYTES, 3), -1);
	/* The pages are our own again, and the pool's always were. */
	assert_int_equal(madvise(p, BYTES, MADV_POPULATE_WRITE), 0);
	assert_int_equal(migsim_migrate(m, folios, n, NULL), 0);
	assert_int_equal(memory_check(p, BYTES, 3), -1);
	close(hold);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* Shared again, and nobody is left to share them with. */
	pid = sleeping_child(&hold);
	close(hold);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	read_pfns(p, PAGES, before);
	assert_int_equal(migsim_migrate(m, folios, n, NULL), 0);
	assert_int_equal(pages_unmoved(p, PAGES, before), 0);
	assert_int_equal(memory_check(p, BYTES, 3), -1);
	migsim_migrator_close(m);
	free(folios);
	memory_unmap(p, BYTES);
}

static void pages_of_a_child_stay(void **state)
{
	(void)state;
	shared_stay(0);
	shared_stay(4);
	if (have_thp())
		shared_stay(9);
}

static void migrate_some(void **state)
{
	struct migsim_migrator *m = open_migrator("memcpy", NULL);
	char *p = memory_map(BYTES, 0);

	(void)state;
	memory_fill(p, BYTES, 4);
	read_pfns(p, PAGES, before);
	assert_int_equal(migsim_migrate_range(m, p, BYTES, 0, NULL), 0);
	assert_int_equal(pages_unmoved(p, PAGES, before), 0);
	assert_int_equal(memory_check(p, BYTES, 4), -1);
	migsim_migrator_close(m);
	memory_unmap(p, BYTES);
}

/* A child may migrate with a migrator of its own, whatever its parent has. */
static void child_migrates(void **state)
{
	struct migsim_migrator *m = open_migrator("memcpy", NULL);

	migrate_some(state);
#ifndef __SANITIZE_THREAD__	/* wants no threads in children */
	in_child(migrate_some);
#endif
	migsim_migrator_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(child_migrates),
		cmocka_unit_test(pages_of_a_child_stay),
		cmocka_unit_test(fork_waits_for_the_flight),
		cmocka_unit_test(base_pages_and_forks),
		cmocka_unit_test(huge_pages_and_forks),
	};

	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
