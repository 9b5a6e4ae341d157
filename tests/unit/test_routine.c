/* SPDX-License-Identifier: MIT */
/*
 * Every routine that this CPU has, between inaccessible pages. What it has is
 * printed, so that a test on a smaller CPU can tell that it was one.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <migsim/engine.h>
#include <migsim/log.h>

#include "memory.h"
#include "../../engines/routine.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define ROOM	(HUGE + 2 * PAGE)	/* the largest copy, and its guards */
#define GUARD	0xa5

/* Both end at an inaccessible page, and one lies before them. */
static char *src, *dst;

static char *map_between(void)
{
	char *p = mmap(NULL, ROOM + 2 * PAGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	assert_int_equal(mprotect(p + PAGE, ROOM, PROT_READ | PROT_WRITE), 0);
	return p + PAGE;
}

static int map_both(void **state)
{
	(void)state;
	src = map_between();
	dst = map_between();
	memory_fill(src, ROOM, 1);
	memset(dst, GUARD, ROOM);
	return 0;
}

static int unmap_both(void **state)
{
	(void)state;
	munmap(src - PAGE, ROOM + 2 * PAGE);
	munmap(dst - PAGE, ROOM + 2 * PAGE);
	return 0;
}

static bool all_guard(const char *p, size_t len)
{
	return !len || (*p == (char)GUARD && !memcmp(p, p + 1, len - 1));
}

/*
 * One copy between places of the two regions: it has the bytes, and nothing
 * else of the target changes within a page around it.
 */
static void check_copy(const struct copier *c, size_t to, size_t from,
		       size_t len, const void *next)
{
	size_t before = to < PAGE ? to : PAGE;
	size_t left = ROOM - to - len, behind = left < PAGE ? left : PAGE;

	copier_copy(c, dst + to, src + from, len, next);
	if (memcmp(dst + to, src + from, len) ||
	    !all_guard(dst + to - before, before) ||
	    !all_guard(dst + to + len, behind))
		fail_msg("%s: %zu bytes from %zu to %zu", c->name, len, from,
			 to);
	memset(dst + to, GUARD, len);
}

/*
 * Runs a check with each routine that the CPU has, with and without a prefetch
 * whose length is none of the usual ones.
 */
static void with_each(void (*check)(const struct copier *c))
{
	static const uint64_t prefetch[] = { 0, ROUTINE_PREFETCH, 100,
					     ROUTINE_BLOCK };
	struct copier c;
	uint64_t i, k;

	for (i = 0; i < ROUTINES; i++)
		for (k = 0; k < 4 && !routine_check(i); k++) {
			assert_int_equal(copier_init(&c, i, prefetch[k]), 0);
			check(&c);
		}
}

static void check_lengths(const struct copier *c)
{
	static const size_t long_ones[] = {
		8 * PAGE, 16 * PAGE - 64, 64 * PAGE, HUGE - 64, HUGE,
		HUGE + 64, HUGE + 100,
	};
	size_t len, i;

	for (len = 0; len <= 3 * PAGE; len += len < 300 ? 1 : 64)
		check_copy(c, PAGE / 2, PAGE / 2, len, src);
	for (i = 0; i < sizeof(long_ones) / sizeof(*long_ones); i++)
		check_copy(c, PAGE / 2, PAGE / 2, long_ones[i], src);
}

static void every_length_is_copied(void **state)
{
	(void)state;
	with_each(check_lengths);
}

static void check_alignments(const struct copier *c)
{
	static const size_t lens[] = { 1, 63, 64, 65, 1024, 1100,
				       2 * PAGE + 64 };
	size_t to, from, i;

	for (to = 0; to < 64; to++)
		for (from = 0; from < 64; from++)
			for (i = 0; i < 7; i++)
				check_copy(c, PAGE + to, PAGE + from, lens[i],
					   src);
}

static void every_alignment_is_copied(void **state)
{
	(void)state;
	with_each(check_alignments);
}

/* A byte read or written too many, before or behind, is a fault. */
static void check_edges(const struct copier *c)
{
	static const size_t lens[] = { 1, 7, 64, 100, 1024, 4096, 5000, 8192,
				       64 * PAGE, HUGE };
	size_t i, len;

	for (i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		len = lens[i];
		check_copy(c, 0, 0, len, NULL);
		check_copy(c, ROOM - len, ROOM - len, len, NULL);
		check_copy(c, 0, ROOM - len, len, NULL);
		check_copy(c, ROOM - len, 0, len, NULL);
	}
}

static void no_byte_beyond_is_touched(void **state)
{
	(void)state;
	with_each(check_edges);
}

/* The next source may be out of reach by then, or no address at all. */
static void check_prefetch(const struct copier *c)
{
	const char *bad[] = { src - PAGE, src + ROOM, src + ROOM - 64,
			      (char *)64, (char *)(UINTPTR_MAX - 2 * PAGE) };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		check_copy(c, PAGE, PAGE, PAGE, bad[i]);
		check_copy(c, PAGE, PAGE, 64, bad[i]);
	}
}

static void a_prefetch_never_faults(void **state)
{
	(void)state;
	with_each(check_prefetch);
}

/* What the CPU says of itself, asked for in another way. */
static bool expected(enum routine routine)
{
#if defined(__x86_64__)
	unsigned int a, b = 0, c = 0, d, lo = 0, hi;
	bool ymm, zmm;

	__get_cpuid(1, &a, &b, &c, &d);
	if (c & bit_OSXSAVE)
		__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	ymm = (lo & 0x06) == 0x06;
	zmm = (lo & 0xe6) == 0xe6;
	b = 0;
	__get_cpuid_count(7, 0, &a, &b, &c, &d);
	if (routine == ROUTINE_AVX2)
		return ymm && b & bit_AVX2;
	if (routine == ROUTINE_AVX512)
		return zmm && b & bit_AVX512F;
	return true;
#else
	return routine == ROUTINE_AUTO || routine == ROUTINE_GLIBC ||
	       routine == ROUTINE_STREAM;
#endif
}

static char said[256];
static int sentences;

static void hear(void *arg, enum migsim_log_level level, const char *sentence)
{
	(void)arg;
	if (level != MIGSIM_LOG_ERROR)
		return;
	sentences++;
	snprintf(said, sizeof(said), "%s", sentence);
}

static void says_what_the_cpu_has(void **state)
{
	struct copier c;
	enum routine i;

	(void)state;
	printf("routines:");
	for (i = 0; i < ROUTINES; i++) {
		assert_non_null(routine_names[i]);
		sentences = 0;
		if (expected(i)) {
			printf(" %s", routine_names[i]);
			assert_int_equal(routine_check(i), 0);
			assert_int_equal(sentences, 0);
			continue;
		}
		assert_int_equal(routine_check(i), -EOPNOTSUPP);
		assert_int_equal(copier_init(&c, i, 0), -EOPNOTSUPP);
		assert_int_equal(sentences, 2);
		assert_non_null(strstr(said, routine_names[i]));
		assert_non_null(strstr(said, "auto, glibc"));
	}
	printf("\n");
	assert_null(routine_names[ROUTINES]);
}

static const char *name_of(enum routine routine)
{
	struct copier c;

	assert_int_equal(copier_init(&c, routine, 0), 0);
	return copier_name(&c);
}

#if defined(__x86_64__)
static enum routine widest(void)
{
	if (expected(ROUTINE_AVX512))
		return ROUTINE_AVX512;
	return expected(ROUTINE_AVX2) ? ROUTINE_AVX2 : ROUTINE_SSE2;
}

static void stream_and_auto_take_the_widest(void **state)
{
	const char *name = name_of(widest());
	struct copier of_auto, of_stream;
	char text[64];

	(void)state;
	snprintf(text, sizeof(text), "%s stream", routine_names[widest()]);
	assert_string_equal(name, text);
	assert_string_equal(name_of(ROUTINE_STREAM), text);
	snprintf(text, sizeof(text), "auto (%s; glibc below 1K)", name);
	assert_string_equal(name_of(ROUTINE_AUTO), text);
	assert_string_equal(name_of(ROUTINE_GLIBC), "glibc");
	assert_string_equal(name_of(ROUTINE_MOVSB), "movsb");
	assert_int_equal(copier_init(&of_auto, ROUTINE_AUTO, 0), 0);
	assert_int_equal(copier_init(&of_stream, ROUTINE_STREAM, 0), 0);
	assert_ptr_equal(of_auto.stream, of_stream.stream);
	assert_int_equal(of_auto.stream_from, 1024);
	assert_int_equal(of_stream.stream_from, 0);
}
#endif

/* Stands in for the lines that a routine streams, and counts them. */
static size_t streamed, fetched;
static const char *fetched_from;

static void count_lines(char *to, const char *from, size_t len,
			const char *ahead)
{
	assert_int_equal((uintptr_t)to % 64, 0);
	assert_int_equal(len % 64, 0);
	memcpy(to, from, len);
	streamed += len;
	if (ahead) {
		fetched += len;
		fetched_from = ahead;
	}
}

static void the_start_of_each_page_is_prefetched_once(void **state)
{
	struct copier c = { .plain = memcpy, .stream = count_lines,
			    .prefetch = 512, .name = "counted" };

	(void)state;
	streamed = fetched = 0;
	check_copy(&c, PAGE, PAGE, 4 * PAGE, NULL);
	assert_int_equal(streamed, 4 * PAGE);
	assert_int_equal(fetched, 3 * 512);
	assert_ptr_equal(fetched_from, src + PAGE + 3 * PAGE);
	streamed = fetched = 0;
	check_copy(&c, PAGE, PAGE, 4 * PAGE + 256, src + HUGE);
	assert_int_equal(streamed, 4 * PAGE + 256);
	assert_int_equal(fetched, 3 * 512 + 512 + 256);
	assert_ptr_equal(fetched_from, src + HUGE);
	/* Not what is below the length to stream from. */
	c.stream_from = 128;
	streamed = 0;
	check_copy(&c, PAGE, PAGE, 127, src);
	assert_int_equal(streamed, 0);
	check_copy(&c, PAGE, PAGE, 128, src);
	assert_int_equal(streamed, 128);
}

/* Pages that are joined, and one that is not. */
static void submit_some(const struct migsim_engine *e)
{
	struct migsim_copy c[6];
	struct migsim_completion done[6];
	size_t i;

	for (i = 0; i < 6; i++)
		c[i] = (struct migsim_copy){
			.dst = dst + i * PAGE, .src = src + i * PAGE,
			.len = i == 2 ? 192 : PAGE, .cookie = 100 + i,
		};
	c[4].src = src + 9 * PAGE;
	assert_int_equal(e->ops->submit(e->priv, c, 6), 6);
	for (i = 0; i < 6; i++)
		assert_memory_equal(c[i].dst, c[i].src, c[i].len);
	assert_true(all_guard(dst + 2 * PAGE + 192, PAGE - 192));
	assert_true(all_guard(dst + 6 * PAGE, PAGE));
	assert_int_equal(e->ops->reap(e->priv, done, 6, 0), 6);
	for (i = 0; i < 6; i++) {
		assert_int_equal(done[i].cookie, 100 + i);
		assert_int_equal(done[i].status, 0);
	}
	memset(dst, GUARD, 6 * PAGE);
}

static void the_engine_copies_and_tells_with_what(void **state)
{
	const struct migsim_engine_env env = { .from = -1, .to = -1 };
	struct migsim_engine *e;
	char word[64];
	enum routine i;

	(void)state;
	for (i = 0; i < ROUTINES; i++) {
		snprintf(word, sizeof(word), "memcpy:routine=%s,prefetch=1K",
			 routine_names[i]);
		if (!expected(i)) {
			assert_int_equal(migsim_engine_open(&e, word, &env),
					 -EOPNOTSUPP);
			continue;
		}
		assert_int_equal(migsim_engine_open(&e, word, &env), 0);
		assert_string_equal(e->caps.driver, name_of(i));
		submit_some(e);
		migsim_engine_close(e);
	}
	assert_int_equal(migsim_engine_open(&e, "memcpy", &env), 0);
	assert_string_equal(e->caps.driver, name_of(ROUTINE_AUTO));
	printf("memcpy: %s\n", e->caps.driver);
	submit_some(e);
	migsim_engine_close(e);
	assert_int_equal(migsim_engine_check("memcpy:routine=mmx"), -EINVAL);
	assert_int_equal(migsim_engine_check("memcpy:prefetch=4097"), -EINVAL);
}

#define with_regions(test) \
	cmocka_unit_test_setup_teardown(test, map_both, unmap_both)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_regions(every_length_is_copied),
		with_regions(every_alignment_is_copied),
		with_regions(no_byte_beyond_is_touched),
		with_regions(a_prefetch_never_faults),
		cmocka_unit_test(says_what_the_cpu_has),
#if defined(__x86_64__)
		cmocka_unit_test(stream_and_auto_take_the_widest),
#endif
		with_regions(the_start_of_each_page_is_prefetched_once),
		with_regions(the_engine_copies_and_tells_with_what),
	};

	migsim_set_log(hear, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
