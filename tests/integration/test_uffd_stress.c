/* SPDX-License-Identifier: MIT */
/*
 * No write is lost, no byte is wrong, no thread is stuck: four threads write
 * to a region, read it, and let the kernel write to it and read it (read(2),
 * write(2)), while it migrates back and forth.
 *
 * The region is cut into blocks of 64K. In the first twelve pages of a block
 * every cache line belongs to one thread, which adds to its words and keeps
 * the sums in a mirror outside. The last four pages are for system calls; the
 * whole of them belongs to one thread.
 *
 * MIGSIM_STRESS_SECONDS: how long under each policy; 3 without it, and 1 under a
 * sanitizer.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"

#define WORKERS		4
#define BLOCK		(16 * PAGE)
#define COUNTED		(12 * PAGE)	/* of a block */
#define CALLED		(4 * PAGE)
#define LINE		64
#define REGION		by_cpu(8 * MIB, 4 * MIB)
#define BLOCKS		(REGION / BLOCK)
#define CHUNK		(3 * PAGE)	/* most bytes of one system call */

struct stress {
	char *region;
	char *mirror;
	int file;		/* random bytes */
	char *file_bytes;	/* the same */
	atomic_bool quit;
	atomic_ullong steps[WORKERS];
	atomic_uint wrong;
};

struct worker {
	struct stress *s;
	unsigned int id;
	int pipe[2];
	uint64_t random;
	char *bounce;
};

static void wrong(struct worker *w, const char *what, size_t at)
{
	if (!atomic_fetch_add(&w->s->wrong, 1))
		fprintf(stderr, "thread %u: %s at offset %#zx\n", w->id, what,
			at);
}

static size_t random_below(struct worker *w, size_t n)
{
	return next_random(&w->random) % n;
}

/* Offset of a word that this thread counts in. */
static size_t own_word(struct worker *w)
{
	size_t line = random_below(w, COUNTED / LINE / WORKERS);

	return random_below(w, BLOCKS) * BLOCK +
	       (line * WORKERS + w->id) * LINE + random_below(w, 8) * 8;
}

static size_t own_chunk(struct worker *w, size_t *len)
{
	size_t block = random_below(w, BLOCKS / WORKERS) * WORKERS + w->id;

	*len = 1 + random_below(w, CHUNK);
	return block * BLOCK + COUNTED + random_below(w, CALLED - *len);
}

static void add(struct worker *w)
{
	size_t at = own_word(w);
	_Atomic uint64_t *word = (_Atomic uint64_t *)(w->s->region + at);
	uint64_t *mine = (uint64_t *)(w->s->mirror + at);

	if (atomic_fetch_add(word, 1) != *mine)
		wrong(w, "a write was lost", at);
	++*mine;
}

static void look(struct worker *w)
{
	size_t at = own_word(w);
	_Atomic uint64_t *word = (_Atomic uint64_t *)(w->s->region + at);

	if (atomic_load(word) != *(uint64_t *)(w->s->mirror + at))
		wrong(w, "a read found something else", at);
}

/* Words of the other threads only grow. */
static void watch_other(struct worker *w)
{
	size_t at = own_word(w) & ~(size_t)(LINE - 1);
	_Atomic uint64_t *word;
	uint64_t was, is;

	at = (at & ~(size_t)(WORKERS * LINE - 1)) +
	     random_below(w, WORKERS) * LINE;
	word = (_Atomic uint64_t *)(w->s->region + at);
	was = atomic_load(word);
	is = atomic_load(word);
	if (is < was)
		wrong(w, "a word went back", at);
}

static void check_chunk(struct worker *w, size_t at, size_t len)
{
	if (memcmp(w->s->region + at, w->s->mirror + at, len))
		wrong(w, "wrong bytes after a system call", at);
}

/* The kernel writes to the region: read(2) from a file. */
static void read_file(struct worker *w)
{
	size_t len, at = own_chunk(w, &len);
	off_t from = (off_t)random_below(w, MIB - len);

	if (pread(w->s->file, w->s->region + at, len, from) != (ssize_t)len)
		wrong(w, "pread failed", at);
	memcpy(w->s->mirror + at, w->s->file_bytes + from, len);
	check_chunk(w, at, len);
}

/* The kernel reads the region: write(2) to a pipe. */
static void write_pipe(struct worker *w)
{
	size_t len, at = own_chunk(w, &len);

	if (write(w->pipe[1], w->s->region + at, len) != (ssize_t)len ||
	    read(w->pipe[0], w->bounce, len) != (ssize_t)len)
		wrong(w, "write to a pipe failed", at);
	if (memcmp(w->bounce, w->s->mirror + at, len))
		wrong(w, "write(2) saw something else", at);
}

/* And read(2) from a pipe. */
static void read_pipe(struct worker *w)
{
	size_t len, at = own_chunk(w, &len);

	memset(w->bounce, (int)random_below(w, 256), len);
	if (write(w->pipe[1], w->bounce, len) != (ssize_t)len ||
	    read(w->pipe[0], w->s->region + at, len) != (ssize_t)len)
		wrong(w, "read from a pipe failed", at);
	memcpy(w->s->mirror + at, w->bounce, len);
	check_chunk(w, at, len);
}

static void *work(void *arg)
{
	static void (*const step[])(struct worker *) = {
		add, add, add, add, look, watch_other, read_file, write_pipe,
		read_pipe,
	};
	struct worker *w = arg;
	struct stress *s = w->s;

	while (!atomic_load_explicit(&s->quit, memory_order_relaxed)) {
		step[random_below(w, sizeof(step) / sizeof(step[0]))](w);
		atomic_fetch_add_explicit(&s->steps[w->id], 1,
					  memory_order_relaxed);
	}
	return NULL;
}

/* Ends the process when one of the threads stands still for 30 s. */
static void *guard(void *arg)
{
	struct stress *s = arg;
	unsigned long long last[WORKERS] = { 0 }, now;
	unsigned int quiet[WORKERS] = { 0 }, i;

	while (!atomic_load(&s->quit)) {
		nap_ms(100);
		for (i = 0; i < WORKERS; i++) {
			now = atomic_load(&s->steps[i]);
			quiet[i] = now == last[i] ? quiet[i] + 1 : 0;
			last[i] = now;
			if (quiet[i] < by_cpu(300, 3000))
				continue;
			fprintf(stderr, "thread %u is stuck\n", i);
			_exit(1);
		}
	}
	return NULL;
}

static char *plain_map(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

static void stress_open(struct stress *s, unsigned int order)
{
	memset(s, 0, sizeof(*s));
	s->region = memory_map(REGION, order);
	s->mirror = plain_map(REGION);
	s->file_bytes = plain_map(MIB);
	s->file = memfd_create("stress", MFD_CLOEXEC);
	assert_true(s->file >= 0);
	memory_fill(s->file_bytes, MIB, 1);
	assert_int_equal(write(s->file, s->file_bytes, MIB), MIB);
	memory_fill(s->mirror, REGION, 2);
	memcpy(s->region, s->mirror, REGION);
}

static void stress_close(struct stress *s)
{
	memory_unmap(s->region, REGION);
	munmap(s->mirror, REGION);
	munmap(s->file_bytes, MIB);
	close(s->file);
}

static void workers_start(struct stress *s, struct worker *w, pthread_t *t)
{
	unsigned int i;

	for (i = 0; i < WORKERS; i++) {
		w[i] = (struct worker){ .s = s, .id = i, .random = i };
		w[i].bounce = plain_map(CHUNK);
		assert_int_equal(pipe(w[i].pipe), 0);
		assert_int_equal(pthread_create(&t[i], NULL, work, &w[i]), 0);
	}
	assert_int_equal(pthread_create(&t[WORKERS], NULL, guard, s), 0);
}

static void workers_stop(struct stress *s, struct worker *w, pthread_t *t)
{
	unsigned int i;

	/* Every thread has come this far, and so is not stuck. */
	for (i = 0; i < WORKERS; i++)
		while (!atomic_load(&s->steps[i]))
			nap_ms(1);
	atomic_store(&s->quit, true);
	for (i = 0; i <= WORKERS; i++)
		pthread_join(t[i], NULL);
	for (i = 0; i < WORKERS; i++) {
		close(w[i].pipe[0]);
		close(w[i].pipe[1]);
		munmap(w[i].bounce, CHUNK);
	}
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SECONDS		1
#else
#define SECONDS		3
#endif

/* A policy, and how many variants share its time. */
struct variant {
	const char *policy;
	const char *engine;
	unsigned int order, share;
};

static double duration(const struct variant *v)
{
	const char *text = getenv("MIGSIM_STRESS_SECONDS");
	double total = text ? atof(text) : SECONDS;

	return (total > 0 ? total : SECONDS) / v->share;
}

/* Folios may fail while a system call holds their pages; most must not. */
static void migrate_for(struct migsim_migrator *m, struct stress *s,
			const struct variant *v, struct migsim_summary *sum)
{
	struct migsim_folio *folios = folios_of(s->region, REGION, v->order);
	struct migsim_report *r = migsim_report_new();
	size_t n = REGION / (PAGE << v->order), call;
	double end = seconds() + duration(v);

	for (call = 0; call < 2 || (seconds() < end && !s->wrong); call++) {
		if (call % 2)
			shuffle(folios, n, call);
		assert_true(migsim_migrate(m, folios, n, r) >= 0);
	}
	sum->size = sizeof(*sum);
	migsim_report_summary(r, sum);
	migsim_report_free(r);
	free(folios);
}

static void stress(void **state)
{
	const struct variant *v = *state;
	struct migsim_summary sum = { 0 };
	struct worker w[WORKERS];
	pthread_t t[WORKERS + 1];
	struct migsim_migrator *m;
	struct stress s;

	if (v->order == MIGSIM_MAX_ORDER && !have_thp()) {
		print_message("transparent huge pages are switched off\n");
		skip();
	}
	stress_open(&s, v->order);
	m = open_migrator(v->engine, v->policy);
	workers_start(&s, w, t);
	migrate_for(m, &s, v, &sum);
	workers_stop(&s, w, t);
	/* Now that nobody holds a page, all of them move. */
	assert_int_equal(migsim_migrate_range(m, s.region, REGION, v->order,
					      NULL), 0);
	assert_int_equal(pages_astray(s.region, REGION / PAGE), 0);
	migsim_migrator_close(m);
	assert_int_equal(s.wrong, 0);
	assert_memory_equal(s.region, s.mirror, REGION);
	assert_true(sum.migrated > sum.failed);
	print_message("order %u, %s, %s: %llu folios moved, %llu failed, "
		      "%llu steps\n", v->order, v->engine, v->policy,
		      (unsigned long long)sum.migrated,
		      (unsigned long long)sum.failed,
		      s.steps[0] + s.steps[1] + s.steps[2] + s.steps[3]);
	stress_close(&s);
}

#define BESIDE		"mt:threads=1,caller=no"

static const struct variant variants[] = {
	{ "batch:pages=512,copy=batch", "memcpy", 0, 6 },
	{ "batch:pages=64,copy=inline", "memcpy", 0, 6 },
	{ "batch:pages=512,copy=batch", "memcpy", 4, 6 },
	{ "batch:pages=256,copy=inline", "memcpy", 4, 6 },
	{ "batch:pages=1024,copy=batch", "memcpy", 9, 6 },
	{ "batch:pages=1024,copy=inline", "memcpy", 9, 6 },
	{ "bytes:bytes=1M", BESIDE, 0, 2 },
	{ "bytes:bytes=4M,split=4", "mt:threads=2", 9, 2 },
	{ "folios:folios=7", BESIDE, 4, 2 },
	{ "folios:per_channel=2,split=2", "mt:threads=2", 9, 2 },
	{ "time:us=300", "mt:threads=2", 0, 2 },
	{ "time:us=2000", BESIDE, 9, 2 },
	{ "ramp:first=8,pages=512", BESIDE, 0, 2 },
	{ "ramp:first=1,pages=2048", "mt:threads=2", 9, 2 },
	{ "double:pages=512", BESIDE, 0, 3 },
	{ "double:pages=256", "mt:threads=2", 4, 3 },
	{ "double:pages=2048,split=2", "mt:threads=2", 9, 3 },
	{ "folio:pages=512", BESIDE, 0, 2 },
	{ "folio:pages=2048", "mt:threads=2", 9, 2 },
	{ "sliding:window=256,group=32,flush=2", BESIDE, 0, 3 },
	{ "sliding:window=192,fan=2", "mt:threads=2", 4, 3 },
	{ "sliding:window=2048,split=4", "mt:threads=2", 9, 3 },
	{ "adaptive:us=300", BESIDE, 0, 3 },
	{ "adaptive:us=300", "mt:threads=2", 4, 3 },
	{ "adaptive:us=2000", "mt:threads=2", 9, 3 },
};

#define VARIANTS	(sizeof(variants) / sizeof(variants[0]))
/* Of so many one is tried: with 3 that is still every order and engine. */
#define STEP		by_cpu(1, 3)

/* A policy that the library has and that is missing here. */
static void every_policy_is_here(void **state)
{
	const struct migsim_policy_ops *ops;
	unsigned int i;
	size_t k;

	(void)state;
	for (i = 0; (ops = migsim_policy_get(i)); i++) {
		for (k = 0; k < VARIANTS; k++)
			if (!strncmp(variants[k].policy, ops->name,
				     strcspn(variants[k].policy, ":")))
				break;
		if (k == VARIANTS)
			fail_msg("policy %s is not under stress", ops->name);
	}
}

int main(void)
{
	struct CMUnitTest tests[VARIANTS + 1] = {
		cmocka_unit_test(every_policy_is_here),
	};
	size_t i, n = 1;

	for (i = 0; i < VARIANTS; i += STEP)
		tests[n++] = (struct CMUnitTest){
			.name = variants[i].policy, .test_func = stress,
			.initial_state = (void *)(uintptr_t)&variants[i],
		};
	need_uffd();
	return _cmocka_run_group_tests("tests", tests, n, NULL, NULL);
}
