/* SPDX-License-Identifier: MIT */
/* Open and close leave nothing; migrators live side by side; who may open. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"

#define BYTES	(8 * MIB)
#define PAGES	(BYTES / PAGE)
#define NOBODY	65534

static void live_once(char *p)
{
	struct migsim_migrator *m = open_migrator("memcpy", NULL);

	memory_fill(p, BYTES, 1);
	assert_int_equal(migsim_migrate_range(m, p, BYTES, 0, NULL), 0);
	assert_int_equal(migsim_migrate_range(m, p, BYTES, 9, NULL), 0);
	migsim_migrator_close(m);
	assert_int_equal(pages_astray(p, PAGES), 0);
	assert_int_equal(memory_check(p, BYTES, 1), -1);
}

static void close_leaves_nothing(void **state)
{
	size_t maps, fds, tasks;
	char *p = memory_map(BYTES, 0);
	long size;
	int i;

	(void)state;
	/* Once before, for what the C library keeps: a stack, an arena. */
	live_once(p);
	maps = count_maps();
	fds = count_fds();
	tasks = count_tasks();
	size = status_kb("VmSize:");
	for (i = 0; i < 8; i++)
		live_once(p);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(count_tasks(), tasks);
	if (!SANITIZED) {
		assert_int_equal(count_maps(), maps);
		assert_in_range(status_kb("VmSize:"), 0, size + 1024);
	}
	assert_false(smaps_flag(p, "um"));
	memory_unmap(p, BYTES);
}

static void opened_and_never_used(void **state)
{
	size_t fds = count_fds(), tasks = count_tasks();
	int i;

	(void)state;
	for (i = 0; i < 8; i++)
		migsim_migrator_close(open_migrator("memcpy", NULL));
	assert_int_equal(count_fds(), fds);
	assert_int_equal(count_tasks(), tasks);
}

/* A bad option: whatever was open by then is closed again. */
static void failed_open_leaves_nothing(void **state)
{
	struct migsim_options o = options_init();
	size_t fds = count_fds(), tasks = count_tasks();
	struct migsim_migrator *m;

	(void)state;
	o.engine = "no-such-engine";
	assert_int_equal(migsim_migrator_open(&m, &o), -EINVAL);
	o.engine = "memcpy:no=1";
	assert_int_equal(migsim_migrator_open(&m, &o), -EINVAL);
	o.engine = "memcpy";
	o.policy = "batch:pages=0";
	assert_int_equal(migsim_migrator_open(&m, &o), -EINVAL);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(count_tasks(), tasks);
}

struct side {
	pthread_t thread;
	char *p;
	uint64_t seed;
	unsigned int order;
	long bad;
};

static void *migrate_often(void *arg)
{
	struct side *s = arg;
	struct migsim_migrator *m = open_migrator("memcpy", NULL);
	static _Thread_local uint64_t before[PAGES], now[PAGES];
	size_t i, rounds = by_cpu(40, 4), round;

	for (round = 0; round < rounds; round++) {
		read_pfns(s->p, PAGES, before);
		s->bad += migsim_migrate_range(m, s->p, BYTES, s->order, NULL);
		read_pfns(s->p, PAGES, now);
		for (i = 0; i < PAGES; i++)
			s->bad += now[i] == before[i];
		s->bad += (long)pages_astray(s->p, PAGES);
		s->bad += memory_check(s->p, BYTES, s->seed) != -1;
		watchdog_pat();
	}
	migsim_migrator_close(m);
	return NULL;
}

/* In two mappings, and in two halves of one. */
static void two_at_once(bool one_mapping, unsigned int order)
{
	struct side side[2] = { { .seed = 1 }, { .seed = 2 } };
	char *p = memory_map((one_mapping ? 2 : 1) * BYTES, order);
	int i;

	watchdog_start();
	side[0].p = p;
	side[1].p = one_mapping ? p + BYTES : memory_map(BYTES, order);
	for (i = 0; i < 2; i++) {
		side[i].order = order;
		memory_fill(side[i].p, BYTES, side[i].seed);
		assert_int_equal(pthread_create(&side[i].thread, NULL,
						migrate_often, &side[i]), 0);
	}
	for (i = 0; i < 2; i++)
		pthread_join(side[i].thread, NULL);
	for (i = 0; i < 2; i++)
		assert_int_equal(side[i].bad, 0);
	if (!one_mapping)
		memory_unmap(side[1].p, BYTES);
	memory_unmap(p, (one_mapping ? 2 : 1) * BYTES);
}

static void two_migrators(void **state)
{
	(void)state;
	two_at_once(false, 0);
	if (have_thp())
		two_at_once(false, 9);
}

/* Halves of one VMA: registering one half cuts it, for as long as it takes. */
static void two_migrators_in_one_mapping(void **state)
{
	(void)state;
	two_at_once(true, 0);
}

static void keep_sentence(void *arg, enum migsim_log_level level,
			  const char *sentence)
{
	(void)level;
	snprintf(arg, 512, "%s", sentence);
}

static bool become_nobody(void)
{
	return !setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) &&
	       !setresuid(NOBODY, NOBODY, NOBODY);
}

static void open_as_nobody(void **state)
{
	struct migsim_options o = options_init();
	struct migsim_migrator *m = NULL;
	size_t fds, tasks;
	char said[512] = "";

	(void)state;
	assert_true(become_nobody());
	fds = count_fds();
	tasks = count_tasks();
	migsim_set_log(keep_sentence, said);
	assert_int_equal(migsim_migrator_open(&m, &o), -EPERM);
	assert_non_null(strstr(said, "vm.unprivileged_userfaultfd"));
	assert_int_equal(count_fds(), fds);
	assert_int_equal(count_tasks(), tasks);
}

static void need_forbidden(void)
{
	FILE *f = fopen("/proc/sys/vm/unprivileged_userfaultfd", "re");
	bool allowed = f && fgetc(f) == '1';

	if (f)
		fclose(f);
	if (!allowed && !geteuid())
		return;
	print_message("not root, or everybody may use userfaultfd\n");
	skip();
}

static void forbidden(void **state)
{
	(void)state;
	need_forbidden();
	in_child(open_as_nobody);
}

/* The tool says it in one sentence on stderr and ends with 77. */
static void tool_is_forbidden(void **state)
{
	const char *bench = getenv("BENCH");
	int status = -1, fds[2];
	char said[1024] = "";
	pid_t pid;

	(void)state;
	need_forbidden();
	if (!bench) {
		print_message("BENCH is not set\n");
		skip();
	}
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		dup2(fds[1], 2);
		if (become_nobody())
			execl(bench, bench, "run", "--backend", "uffd",
			      "--total", "16M", "--runs", "1", (char *)NULL);
		_exit(126);
	}
	close(fds[1]);
	while (read(fds[0], said + strlen(said), 100) > 0 &&
	       strlen(said) < 900)
		;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127) {
		print_message("nobody may not run %s\n", bench);
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 77);
	assert_non_null(strstr(said, "vm.unprivileged_userfaultfd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(close_leaves_nothing),
		cmocka_unit_test(opened_and_never_used),
		cmocka_unit_test(failed_open_leaves_nothing),
		cmocka_unit_test(two_migrators),
		cmocka_unit_test(two_migrators_in_one_mapping),
		cmocka_unit_test(forbidden),
		cmocka_unit_test(tool_is_forbidden),
	};

	need_uffd();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
