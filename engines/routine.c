/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <migsim/log.h>

#include "routine.h"

#define LINE	((size_t)64)

/*
 * Cold memory, one thread of an Ice Lake server (2 shared CPUs), GiB per second
 * of CPU time, medians of 61 interleaved rounds over 1 GiB; AVX-512 streams,
 * with one fence behind 512 copies:
 *
 *			glibc	movsb	prefetch=0	1K	2K	4K
 *	2M		4.8	4.8	7.3		7.7	7.7	7.9
 *	4K contiguous	4.7	4.7	7.2		7.5	7.9	7.6
 *	4K scattered	3.6	3.6	4.3		5.1	5.0	4.5
 *
 * Prefetching for glibc or movsb won nothing (0.99). Short contiguous copies
 * without prefetch, medians of 3 rounds, "fences": one behind each copy:
 *
 *			glibc	one fence	fences
 *	1K		3.7	6.8		3.8
 *	512		3.8	5.6		2.1
 *	64		3.9	4.8		0.3
 *
 * From 1K on streaming wins whoever calls, with fences or without.
 */
#define AUTO_STREAM_FROM	1024
#define AUTO_NAME(stream)	"auto (" stream "; glibc below 1K)"

const char *const routine_names[] = {
	[ROUTINE_AUTO] = "auto",
	[ROUTINE_GLIBC] = "glibc",
	[ROUTINE_MOVSB] = "movsb",
	[ROUTINE_STREAM] = "stream",
	[ROUTINE_SSE2] = "sse2",
	[ROUTINE_AVX2] = "avx2",
	[ROUTINE_AVX512] = "avx512",
	[ROUTINES] = NULL,
};

struct stream {
	enum routine routine;
	stream_lines *lines;
	const char *name;
	const char *auto_name;
};

#define STREAM(of, fn, words) \
	{ .routine = of, .lines = fn, .name = words " stream", \
	  .auto_name = AUTO_NAME(words " stream") }

#if defined(__x86_64__)

/* The widest first. */
static const struct stream streams[] = {
	STREAM(ROUTINE_AVX512, x86_stream_avx512, "avx512"),
	STREAM(ROUTINE_AVX2, x86_stream_avx2, "avx2"),
	STREAM(ROUTINE_SSE2, x86_stream_sse2, "sse2"),
	{ 0 },
};

static bool cpu_has(enum routine routine)
{
	return x86_has(routine);
}

static plain_copy *plain_of(enum routine routine)
{
	return routine == ROUTINE_MOVSB ? x86_movsb : memcpy;
}

#else

static bool cpu_has(enum routine routine)
{
	return routine <= ROUTINE_STREAM && routine != ROUTINE_MOVSB;
}

static plain_copy *plain_of(enum routine routine)
{
	(void)routine;
	return memcpy;
}

#if defined(__has_builtin)
#if __has_builtin(__builtin_nontemporal_store)
#define HAVE_NONTEMPORAL
#endif
#endif

#ifdef HAVE_NONTEMPORAL

typedef uint64_t vector __attribute__((vector_size(16)));

static void stream_generic(char *dst, const char *src, size_t len,
			   const char *ahead)
{
	vector v[4];
	size_t i, k;

	for (i = 0; i < len; i += LINE) {
		memcpy(v, src + i, sizeof(v));
		if (ahead)
			__builtin_prefetch(ahead + i);
		for (k = 0; k < 4; k++)
			__builtin_nontemporal_store(v[k],
						    (vector *)(dst + i) + k);
	}
}
#endif

/* Where the compiler has no such stores, nothing streams; the name says so. */
static const struct stream streams[] = {
#ifdef HAVE_NONTEMPORAL
	STREAM(ROUTINE_STREAM, stream_generic, "generic"),
#endif
	{ 0 },
};

#endif

int routine_check(uint64_t routine)
{
	char can[128] = "";
	size_t len = 0;
	enum routine i;

	if (cpu_has((enum routine)routine))
		return 0;
	for (i = 0; i < ROUTINES; i++)
		if (cpu_has(i))
			len += (size_t)snprintf(can + len, sizeof(can) - len,
						"%s%s", len ? ", " : "",
						routine_names[i]);
	migsim_log(MIGSIM_LOG_ERROR,
		   "this CPU cannot copy with routine=%s; it can with: %s",
		   routine_names[routine], can);
	return -EOPNOTSUPP;
}

/* The one of that name, or the widest that the CPU has. */
static const struct stream *find_stream(enum routine routine)
{
	const struct stream *s = streams;
	bool any = routine == ROUTINE_AUTO || routine == ROUTINE_STREAM;

	while (s->lines && (any ? !cpu_has(s->routine) : s->routine != routine))
		s++;
	return s->lines ? s : NULL;
}

int copier_init(struct copier *c, uint64_t routine, uint64_t prefetch)
{
	const struct stream *s = find_stream((enum routine)routine);
	int err = routine_check(routine);

	if (err)
		return err;
	*c = (struct copier){
		.plain = plain_of((enum routine)routine),
		.prefetch = (prefetch + LINE - 1) & ~(LINE - 1),
		.name = routine == ROUTINE_MOVSB ? "movsb" : "glibc",
	};
	if (s) {
		c->stream = s->lines;
		c->name = routine == ROUTINE_AUTO ? s->auto_name : s->name;
		if (routine == ROUTINE_AUTO)
			c->stream_from = AUTO_STREAM_FROM;
	}
	return 0;
}

/*
 * The hardware's prefetcher stops at the end of a page and needs some lines of
 * the next to start again. The lines that it misses are fetched while the last
 * ones of the page before are copied. To begin with the first line of the page
 * before was slower for 4K; a fixed distance in lines, and two to eight pages
 * copied at once, won less or nothing.
 */
static void stream_block(const struct copier *c, char *dst, const char *src,
			 size_t len, const char *next)
{
	size_t ahead = c->prefetch < len ? c->prefetch : len;

	if (!next)
		ahead = 0;
	c->stream(dst, src, len - ahead, NULL);
	if (ahead)
		c->stream(dst + len - ahead, src + len - ahead, ahead, next);
}

static void stream(const struct copier *c, char *dst, const char *src,
		   size_t len, const char *next)
{
	size_t head = -(uintptr_t)dst % LINE, end, at, n;

	if (head > len)
		head = len;
	memcpy(dst, src, head);
	end = head + (len - head) / LINE * LINE;
	for (at = head; at < end; at += n) {
		n = end - at < ROUTINE_BLOCK ? end - at : ROUTINE_BLOCK;
		stream_block(c, dst + at, src + at, n,
			     at + n < end ? src + at + n : next);
	}
	memcpy(dst + end, src + end, len - end);
}

void copier_add(const struct copier *c, void *dst, const void *src, size_t len,
		const void *next)
{
	if (c->stream && len >= c->stream_from)
		stream(c, dst, src, len, next);
	else
		c->plain(dst, src, len);
}

void copier_finish(void)
{
#if defined(__x86_64__)
	__builtin_ia32_sfence();
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}
