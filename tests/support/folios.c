/* SPDX-License-Identifier: MIT */
/* Lists of folios, a random order, a migrator, a child, and a watchdog. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"

struct migsim_folio *folios_of(const void *p, size_t bytes, unsigned int order)
{
	size_t i, n = bytes / (PAGE << order);
	struct migsim_folio *f = calloc(n, sizeof(*f));

	assert_non_null(f);
	for (i = 0; i < n; i++) {
		f[i].addr = (uint64_t)(uintptr_t)p + i * (PAGE << order);
		f[i].order = (uint8_t)order;
	}
	return f;
}

uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

void shuffle(struct migsim_folio *folios, size_t n, uint64_t seed)
{
	struct migsim_folio tmp;
	size_t i, j;

	for (i = n; i > 1; i--) {
		j = next_random(&seed) % i;
		tmp = folios[i - 1];
		folios[i - 1] = folios[j];
		folios[j] = tmp;
	}
}

struct migsim_migrator *open_migrator(const char *engine, const char *policy)
{
	struct migsim_options o = options_init();
	struct migsim_migrator *m = NULL;

	o.engine = engine;
	o.policy = policy;
	assert_int_equal(migsim_migrator_open(&m, &o), 0);
	return m;
}

void in_child(void (*test)(void **state))
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test) };
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		alarm((unsigned int)by_cpu(120, 500));
		_exit(cmocka_run_group_tests(tests, NULL, NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static atomic_uint pats;

static void *watch(void *arg)
{
	unsigned int quiet = 0, last = atomic_load(&pats), now;

	(void)arg;
	for (;;) {
		nap_ms(100);
		now = atomic_load(&pats);
		quiet = now == last ? quiet + 1 : 0;
		last = now;
		if (quiet > by_cpu(300, 3000)) {
			fprintf(stderr, "stuck: no progress for %u s\n", quiet / 10);
			_exit(1);
		}
	}
	return NULL;
}

void watchdog_start(void)
{
	static bool running;
	pthread_t thread;

	watchdog_pat();
	if (running)
		return;
	running = true;
	assert_int_equal(pthread_create(&thread, NULL, watch, NULL), 0);
	pthread_detach(thread);
}

void watchdog_pat(void)
{
	atomic_fetch_add(&pats, 1);
}
