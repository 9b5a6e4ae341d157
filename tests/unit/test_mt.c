/* SPDX-License-Identifier: MIT */
/*
 * The engine mt: how copies are dealt out to threads (looked at without
 * threads), and what only threads show. That it keeps the contract of all
 * engines is the conformance suite's affair.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <migsim/migsim.h>

#include "../../engines/mt.h"
#include "memory.h"
#include "said.h"

#define KIB	((uint64_t)1 << 10)

/* --- dealing, with no thread that would take anything away */

static struct {
	struct mt mt;
	struct mt_args args;
	struct migsim_copy copies[MT_DEPTH];
	struct mt_state states[MT_DEPTH];
	struct mt_thread threads[9];
} idle;

static void set_up(uint64_t threads, bool caller, uint64_t split)
{
	uint32_t i, room;

	memset(&idle, 0, sizeof(idle));
	idle.args = (struct mt_args){ .threads = threads, .caller = caller,
				      .split = split };
	idle.mt.args = &idle.args;
	idle.mt.nr_threads = (uint32_t)threads;
	idle.mt.first_thread = !caller;
	idle.mt.copies = idle.copies;
	idle.mt.states = idle.states;
	idle.mt.threads = idle.threads;
	room = mt_queue_room(&idle.args);
	for (i = 0; i < mt_threads(&idle.mt); i++) {
		idle.threads[i].queue.job = calloc(room, sizeof(uint64_t));
		idle.threads[i].queue.mask = room - 1;
	}
}

static int tear_down(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(idle.threads) / sizeof(idle.threads[0]); i++) {
		free(idle.threads[i].queue.job);
		idle.threads[i].queue.job = NULL;
	}
	return 0;
}

/* Copies whose memory lies nowhere in particular; 0 lanes: of any. */
static void submit(uint32_t n, uint64_t len, uint32_t lanes)
{
	struct migsim_copy *c;
	uint32_t i;

	for (i = 0; i < n; i++) {
		c = &idle.copies[(idle.mt.tail + i) % MT_DEPTH];
		*c = (struct migsim_copy){ .len = len,
					   .lane = MIGSIM_LANE_ANY };
		if (lanes)
			c->lane = (uint16_t)(i % lanes);
	}
	idle.mt.tail += n;
}

/* As if all that was dealt out had been copied and reaped. */
static void end_all(void)
{
	idle.mt.head = idle.mt.kicked;
}

static uint32_t nr_jobs(uint32_t thread)
{
	return atomic_load(&idle.threads[thread].queue.tail);
}

static struct mt_job job_of(uint32_t thread, uint32_t i)
{
	struct mt_queue *q = &idle.threads[thread].queue;

	return mt_unpack(atomic_load(&q->job[i & q->mask]));
}

static uint32_t copies_of(uint32_t thread)
{
	uint32_t i, n = 0;

	for (i = 0; i < nr_jobs(thread); i++)
		n += job_of(thread, i).n;
	return n;
}

static void a_job_survives_its_packing(void **state)
{
	const struct mt_job job = { 4095, 4096, 63, 64, true };
	struct mt_job same = mt_unpack(mt_pack(job));

	(void)state;
	assert_int_equal(same.first, 4095);
	assert_int_equal(same.n, 4096);
	assert_int_equal(same.part, 63);
	assert_int_equal(same.parts, 64);
	assert_true(same.bound);
}

/* Each thread has a slice, in order, in jobs of 64K. */
static void many_folios_are_dealt_in_slices(void **state)
{
	uint32_t t, i, at = 0;

	(void)state;
	set_up(4, true, MT_SPLIT_AUTO);
	submit(512, PAGE, 0);
	mt_deal(&idle.mt);
	for (t = 0; t < 4; t++) {
		assert_int_equal(nr_jobs(t), 8);
		for (i = 0; i < 8; i++) {
			assert_int_equal(job_of(t, i).first, at);
			assert_int_equal(job_of(t, i).n, 16);
			assert_int_equal(job_of(t, i).parts, 1);
			assert_false(job_of(t, i).bound);
			at += 16;
		}
	}
}

static void slices_are_even_in_bytes(void **state)
{
	(void)state;
	set_up(2, true, 1);
	submit(1, 2048 * KIB, 0);
	submit(512, PAGE, 0);
	mt_deal(&idle.mt);
	assert_int_equal(copies_of(0), 1);
	assert_int_equal(copies_of(1), 512);
}

/* A few small folios are not worth waking anybody. */
static void a_little_is_left_to_one(void **state)
{
	(void)state;
	set_up(4, true, MT_SPLIT_AUTO);
	submit(8, PAGE, 0);
	mt_deal(&idle.mt);
	assert_int_equal(copies_of(0), 8);
	end_all();
	submit(16, PAGE, 0);
	mt_deal(&idle.mt);
	assert_int_equal(copies_of(0) + copies_of(1), 24);
	assert_int_equal(copies_of(1), 8);
}

/* But beside what is in flight it keeps another one busy. */
static void small_groups_go_round(void **state)
{
	uint32_t i;

	(void)state;
	set_up(3, true, MT_SPLIT_AUTO);
	for (i = 0; i < 7; i++) {
		submit(8, PAGE, 0);
		mt_deal(&idle.mt);
	}
	assert_int_equal(copies_of(0), 24);
	assert_int_equal(copies_of(1), 16);
	assert_int_equal(copies_of(2), 16);
	end_all();
	submit(8, PAGE, 0);
	mt_deal(&idle.mt);
	assert_int_equal(copies_of(0), 32);
}

static void beside_the_caller_it_gets_nothing(void **state)
{
	(void)state;
	set_up(2, false, MT_SPLIT_AUTO);
	submit(512, PAGE, 0);
	mt_deal(&idle.mt);
	assert_int_equal(copies_of(0), 0);
	assert_int_equal(copies_of(1), 256);
	assert_int_equal(copies_of(2), 256);
}

/* As mtcopy: less folios than threads are cut, a part for each. */
static void a_few_large_folios_are_cut(void **state)
{
	uint32_t t;

	(void)state;
	set_up(4, true, MT_SPLIT_AUTO);
	submit(3, 2048 * KIB, 0);
	mt_deal(&idle.mt);
	for (t = 0; t < 4; t++) {
		assert_int_equal(nr_jobs(t), 3);
		assert_int_equal(job_of(t, 2).first, 2);
		assert_int_equal(job_of(t, 2).part, t);
		assert_int_equal(job_of(t, 2).parts, 4);
	}
	submit(4, 2048 * KIB, 0);
	mt_deal(&idle.mt);
	for (t = 0; t < 4; t++)
		assert_int_equal(job_of(t, 3).parts, 1);
}

static void parts_are_at_least_a_line(void **state)
{
	(void)state;
	set_up(2, true, 64);
	submit(1, 128, 0);
	mt_deal(&idle.mt);
	assert_int_equal(nr_jobs(0), 1);
	assert_int_equal(job_of(0, 0).parts, 2);
	end_all();
	submit(1, 64, 0);
	mt_deal(&idle.mt);
	assert_int_equal(job_of(0, 1).parts, 1);
}

/* The queues hold the parts of as many copies as may be submitted. */
static void every_queue_has_room(void **state)
{
	uint32_t t;

	(void)state;
	set_up(3, true, 8);
	submit(MT_DEPTH, PAGE, 0);
	mt_deal(&idle.mt);
	assert_int_equal(nr_jobs(0), 3 * MT_DEPTH);
	assert_int_equal(nr_jobs(1), 3 * MT_DEPTH);
	assert_int_equal(nr_jobs(2), 2 * MT_DEPTH);
	for (t = 0; t < 3; t++)
		assert_true(nr_jobs(t) <= idle.threads[t].queue.mask + 1);
}

/* What has a lane goes to the lane's thread, and stays there. */
static void lanes_have_their_threads(void **state)
{
	uint32_t i;

	(void)state;
	set_up(2, true, MT_SPLIT_AUTO);
	submit(6, 2048 * KIB, 3);
	mt_deal(&idle.mt);
	assert_int_equal(nr_jobs(0), 4);	/* lanes 0 and 2 */
	assert_int_equal(nr_jobs(1), 2);
	for (i = 0; i < 4; i++) {
		assert_true(job_of(0, i).bound);
		assert_int_equal(job_of(0, i).first, i / 2 * 3 + i % 2 * 2);
	}
	assert_int_equal(job_of(1, 1).first, 4);
}

/* A thread without work takes over what has no lane, and nothing else. */
static void others_jobs_are_taken_over(void **state)
{
	static char memory[4][2][64];
	uint32_t i;

	(void)state;
	set_up(2, true, 1);
	for (i = 0; i < 4; i++) {
		memset(memory[i][0], 'a' + (int)i, 64);
		idle.copies[i] = (struct migsim_copy){
			.src = memory[i][0], .dst = memory[i][1], .len = 64,
			.lane = i < 2 ? 1 : MIGSIM_LANE_ANY };
	}
	for (i = 0; i < 2; i++) {
		idle.threads[i].mt = &idle.mt;
		idle.threads[i].index = i;
		idle.threads[i].ended.copies = calloc(MT_DEPTH, 4);
	}
	assert_int_equal(copier_init(&idle.mt.copier, 0, 0), 0);
	idle.mt.tail = 2;
	mt_deal(&idle.mt);
	assert_false(mt_work(&idle.threads[0]));
	end_all();
	idle.mt.tail = 4;
	mt_deal(&idle.mt);
	assert_int_equal(nr_jobs(1), 1);
	assert_true(mt_work(&idle.threads[1]));
	assert_int_equal(memory[1][1][63], 'b');
	assert_int_equal(memory[2][1][0], 0);
	assert_true(mt_work(&idle.threads[1]));
	assert_int_equal(memory[3][1][63], 'd');
	assert_false(mt_work(&idle.threads[1]));
	for (i = 0; i < 2; i++)
		free(idle.threads[i].ended.copies);
}

/* A job is cancelled as a whole. */
static void groups_share_no_job(void **state)
{
	uint32_t i;

	(void)state;
	set_up(1, true, MT_SPLIT_AUTO);
	submit(6, PAGE, 0);
	for (i = 0; i < 6; i++)
		idle.copies[i].group = i / 4;
	mt_deal(&idle.mt);
	assert_int_equal(nr_jobs(0), 2);
	assert_int_equal(job_of(0, 0).n, 4);
	assert_int_equal(job_of(0, 1).n, 2);
}

/* --- with threads */

/* Lies on the stack of every thread. */
static _Thread_local char large[3 << 20];

static const struct migsim_engine_env nowhere = { .from = -1, .to = -1 };

static struct migsim_engine *opened(const char *word)
{
	struct migsim_engine *e;

	assert_int_equal(migsim_engine_open(&e, word, &nowhere), 0);
	return e;
}

static int threads_of_nice(int nice)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *d;
	int n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.')
			n += getpriority(PRIO_PROCESS, (id_t)atoi(d->d_name)) ==
			     nice;
	closedir(dir);
	return n;
}

static void threads_run_where_they_were_put(void **state)
{
	struct migsim_engine *e = opened("mt:threads=4,cpus=0+0-0,nice=7");
	const struct mt *mt = e->priv;
	cpu_set_t set;
	uint32_t i;

	(void)state;
	assert_int_equal(e->caps.channels, 4);
	for (i = 1; i < 4; i++) {
		assert_int_equal(pthread_getaffinity_np(
			mt->threads[i].thread.id, sizeof(set), &set), 0);
		assert_int_equal(CPU_COUNT(&set), 1);
		assert_true(CPU_ISSET(0, &set));
	}
	while (threads_of_nice(7) < 3)	/* they have all begun */
		usleep(1000);
	assert_int_equal(getpriority(PRIO_PROCESS, 0), 0);
	large[0] = 1;
	migsim_engine_close(e);
}

static void assert_refused(const char *word, int err, const char *why)
{
	struct migsim_engine *e;

	said_listen(NULL);
	assert_int_equal(migsim_engine_open(&e, word, &nowhere), err);
	assert_int_equal(sentences, 1);
	said_quiet(NULL);
	if (!strstr(said, why))
		fail_msg("%s: %s", word, said);
}

static void odd_cpus_are_refused(void **state)
{
	(void)state;
	assert_refused("mt:cpus=x", -EINVAL, "'x'");
	assert_refused("mt:cpus=1+", -EINVAL, "'1+'");
	assert_refused("mt:cpus=3-1", -EINVAL, "'3-1'");
	assert_refused("mt:cpus=1--3", -EINVAL, "'1--3'");
	assert_refused("mt:cpus=99999", -EINVAL, "'99999'");
	assert_refused("mt:cpus=8191", -ENODEV, "CPU 8191");
	assert_refused("mt:threads=0", -EINVAL, "threads cannot be '0'");
	assert_refused("mt:split=0", -EINVAL, "from 1 to 64, or auto");
	assert_refused("mt:place=moon", -EINVAL, "spread, pack, source");
}

static void helpers_tell_what_they_used(void **state)
{
	struct migsim_engine *e = opened("mt:threads=2,caller=no,spin_us=0");
	static char from[64 << 10], to[64 << 10];
	struct migsim_copy c = { .src = from, .dst = to, .len = sizeof(from),
				 .lane = MIGSIM_LANE_ANY };
	struct migsim_completion done;
	uint64_t before = e->ops->helper_cpu_ns(e->priv);
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		assert_int_equal(e->ops->submit(e->priv, &c, 1), 1);
		e->ops->kick(e->priv);
		assert_int_equal(e->ops->reap(e->priv, &done, 1, UINT64_MAX), 1);
	}
	assert_true(e->ops->helper_cpu_ns(e->priv) > before + 100000);
	migsim_engine_close(e);
}

/* Bytes that this process has mapped. */
static rlim_t address_space(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * PAGE;
}

/* Exit status: 0 when it opened in the end, after it had been refused. */
static int open_within_less_and_less(void)
{
	struct rlimit limit = { .rlim_max = RLIM_INFINITY };
	struct migsim_engine *e;
	size_t more, refused = 0;
	int err = -ENOMEM;

	for (more = 0; err && more < 32 << 20; more += 64 << 10) {
		limit.rlim_cur = address_space() + more;
		setrlimit(RLIMIT_AS, &limit);
		err = migsim_engine_open(&e, "mt:threads=3,split=64", &nowhere);
		if (err && err != -ENOMEM && err != -EAGAIN)
			return 2;
		refused += err != 0;
	}
	if (err || !refused)
		return 1;
	migsim_engine_close(e);
	return 0;
}

static void without_memory_it_does_not_open(void **state)
{
	int status;
	pid_t child;

	(void)state;
	if (SANITIZED)
		skip();
	child = fork();
	if (!child)
		_exit(open_within_less_and_less());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_survives_its_packing),
		cmocka_unit_test_teardown(many_folios_are_dealt_in_slices,
					  tear_down),
		cmocka_unit_test_teardown(slices_are_even_in_bytes, tear_down),
		cmocka_unit_test_teardown(a_little_is_left_to_one, tear_down),
		cmocka_unit_test_teardown(small_groups_go_round, tear_down),
		cmocka_unit_test_teardown(beside_the_caller_it_gets_nothing,
					  tear_down),
		cmocka_unit_test_teardown(a_few_large_folios_are_cut,
					  tear_down),
		cmocka_unit_test_teardown(parts_are_at_least_a_line, tear_down),
		cmocka_unit_test_teardown(every_queue_has_room, tear_down),
		cmocka_unit_test_teardown(lanes_have_their_threads, tear_down),
		cmocka_unit_test_teardown(groups_share_no_job, tear_down),
		cmocka_unit_test_teardown(others_jobs_are_taken_over,
					  tear_down),
		cmocka_unit_test(threads_run_where_they_were_put),
		cmocka_unit_test(odd_cpus_are_refused),
		cmocka_unit_test(helpers_tell_what_they_used),
		cmocka_unit_test(without_memory_it_does_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
