/* SPDX-License-Identifier: MIT */
/*
 * Instances: made and ended, several of them, several threads.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"

#define PAGE	(4 * KIB)
#define COPIES	48
#define BYTES	(COPIES * PAGE)
/* A thread that does not sleep after so long without work never does. */
#define SPINS_NS	(10000 * MS)

static unsigned int count_entries(const char *path)
{
	unsigned int n = 0;
	DIR *dir = opendir(path);

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/*
 * A thread that has been joined may be listed a little longer, and the kernel
 * keeps the workers of an io_uring for 5 s.
 */
static bool comes_down_to(const char *path, unsigned int n)
{
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (count_entries(path) <= n)
			return true;
		nap_ms(10);
	}
	return false;
}

static void add_pages(struct rig *r, uint32_t n)
{
	while (r->n < n)
		rig_add(r, r->n * PAGE, r->n * PAGE, PAGE);
}

static bool use_once(struct suite *s)
{
	struct rig r;
	bool well = rig_open(&r, s, 4 * PAGE, 4);

	if (well) {
		add_pages(&r, 4);
		well = rig_run(&r);
	}
	rig_close(&r);
	return well;
}

static void open_close(struct suite *s)
{
	unsigned int fds, threads, i;

	/* What is made once and kept for all instances is no leak. */
	if (!use_once(s))
		return;
	fds = count_entries("/proc/self/fd");
	threads = count_entries("/proc/self/task");
	for (i = 0; i < 20; i++)
		if (!use_once(s))
			return;
	if (!comes_down_to("/proc/self/fd", fds))
		fail(s, "close closes files; %u are open after 20 instances more",
		     count_entries("/proc/self/fd") - fds);
	else if (!comes_down_to("/proc/self/task", threads))
		fail(s, "close ends threads; %u run after 20 instances more",
		     count_entries("/proc/self/task") - threads);
}

static bool start(struct rig *r, uint32_t n)
{
	rig_begin(r);
	add_pages(r, n);
	if (!rig_submit(r))
		return false;
	rig_kick(r);
	return true;
}

/* Both have copies of the same cookies in flight. */
static bool interleave(struct rig *a, struct rig *b)
{
	while (a->in_flight || b->in_flight) {
		if (a->in_flight && !rig_reap(a, MS))
			return false;
		if (b->in_flight && !rig_reap(b, MS))
			return false;
	}
	return rig_run(b) && rig_run(a);
}

/* What is given up in one goes on in the other. */
static bool cancel_in_one(struct rig *a, struct rig *b)
{
	if (!a->engine->ops->cancel)
		return true;
	if (!start(a, COPIES) || !start(b, COPIES))
		return false;
	if (a->engine->ops->cancel(a->engine->priv, 0)) {
		a->stuck = true;
		return rig_run(b);
	}
	rig_give_up(a, 0, true);
	return rig_run(b) && rig_run(a);
}

static void two(struct suite *s)
{
	struct rig a, b;
	bool well = rig_open(&a, s, BYTES, COPIES);

	if (rig_open(&b, s, BYTES, COPIES) && well && start(&a, COPIES) &&
	    start(&b, COPIES / 2) && interleave(&a, &b))
		cancel_in_one(&a, &b);
	rig_close(&a);
	rig_close(&b);
}

static void *work(void *arg)
{
	struct rig *r = arg;
	unsigned int round;

	for (round = 0; round < 12; round++) {
		rig_begin(r);
		add_pages(r, COPIES);
		if (!rig_run(r))
			break;
	}
	return NULL;
}

static bool run_in_thread(struct rig *r, void *(*body)(void *),
			  pthread_t *thread)
{
	if (!pthread_create(thread, NULL, body, r))
		return true;
	return fail(r->suite, "there is no thread for the check");
}

static void both_at_once(struct rig *a, struct rig *b)
{
	pthread_t one, other;

	if (!run_in_thread(a, work, &one))
		return;
	if (run_in_thread(b, work, &other))
		pthread_join(other, NULL);
	pthread_join(one, NULL);
}

static void threads(struct suite *s)
{
	struct rig a, b;
	bool well = rig_open(&a, s, BYTES, COPIES);

	if (rig_open(&b, s, BYTES, COPIES) && well)
		both_at_once(&a, &b);
	rig_close(&a);
	rig_close(&b);
}

static void *submit_and_kick(void *arg)
{
	if (rig_submit(arg))
		rig_kick(arg);
	return NULL;
}

static void *reap(void *arg)
{
	rig_reap(arg, 10 * MS);
	return NULL;
}

static bool in_another_thread(struct rig *r, void *(*step)(void *))
{
	pthread_t thread;

	if (!run_in_thread(r, step, &thread))
		return false;
	pthread_join(thread, NULL);
	return r->suite->verdict == PASSED;
}

static bool hand_on(struct rig *r)
{
	rig_begin(r);
	add_pages(r, COPIES);
	while (r->offered < r->n || r->in_flight) {
		if (!in_another_thread(r, submit_and_kick))
			return false;
		if (r->in_flight && !in_another_thread(r, reap))
			return false;
	}
	return rig_over(r);
}

static void handed_on(struct suite *s)
{
	unsigned int round;
	struct rig r;

	if (rig_open(&r, s, BYTES, COPIES))
		for (round = 0; round < 8 && hand_on(&r); round++)
			;
	rig_close(&r);
}

/* On a CPU, or waiting for one? */
static bool thread_runs(const char *tid)
{
	char path[64], line[256], *state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%.20s/stat", tid);
	f = fopen(path, "r");
	if (!f)
		return false;
	/* The name, in brackets, may hold anything. */
	state = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	return state && !strncmp(state, ") R", 3);
}

static unsigned int count_running_beside_me(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	unsigned int n = 0;

	while (dir && (e = readdir(dir)))
		n += *e->d_name != '.' && atoi(e->d_name) != gettid() &&
		     thread_runs(e->d_name);
	if (dir)
		closedir(dir);
	return n;
}

/* Its state tells, not its CPU time: that is short on a busy machine. */
static bool falls_asleep(struct rig *r)
{
	uint64_t since = now_ns();
	unsigned int n;

	while ((n = count_running_beside_me())) {
		if (now_ns() - since > SPINS_NS)
			return fail(r->suite,
				    "threads sleep when no copy is in flight; %u still %s after %" PRIu64 " s",
				    n, n == 1 ? "runs" : "run",
				    SPINS_NS / (1000 * MS));
		nap_ms(10);
	}
	return true;
}

static void idle(struct suite *s)
{
	struct rig r;

	if (rig_open(&r, s, BYTES, COPIES) && falls_asleep(&r)) {
		add_pages(&r, COPIES);
		if (rig_run(&r))
			falls_asleep(&r);
	}
	rig_close(&r);
}

const struct check instance_checks[] = {
	{ "open-close", "many times: no file and no thread is left",
	  open_close },
	{ "two", "instances do not know of each other", two },
	{ "threads", "two instances, each in a thread of its own", threads },
	{ "handed-on", "one instance, one thread after the other", handed_on },
	{ "idle", "threads sleep when no copy is in flight", idle },
	{ 0 },
};
