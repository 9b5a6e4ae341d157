/* SPDX-License-Identifier: MIT */
/*
 * Copy routines: how a CPU copies, for the engines whose threads copy.
 */
#ifndef MIGSIM_ENGINE_ROUTINE_H
#define MIGSIM_ENGINE_ROUTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <migsim/param.h>

enum routine {
	ROUTINE_AUTO,	/* streams, but for short copies */
	ROUTINE_GLIBC,	/* the C library's memcpy */
	ROUTINE_MOVSB,	/* rep movsb */
	ROUTINE_STREAM,	/* the widest of the streaming stores that follow */
	ROUTINE_SSE2,
	ROUTINE_AVX2,
	ROUTINE_AVX512,
	ROUTINES
};

/* The words for them; ends with NULL. */
extern const char *const routine_names[];

#define ROUTINE_BLOCK		4096	/* one page ahead, and no more */
#define ROUTINE_PREFETCH	2048	/* by measurement: routine.c */

/*
 * The two options that every engine of CPU copies has; members routine and
 * prefetch of its argument structure.
 */
#define ROUTINE_PARAMS(args_type)					\
	{ .name = "routine",						\
	  .help = "what copies: the C library, rep movsb, or stores past the cache of the widest or of one kind; auto: such stores, but for short copies", \
	  .type = MIGSIM_PARAM_CHOICE, .choices = routine_names,	\
	  .offset = offsetof(args_type, routine), .def = ROUTINE_AUTO },\
	{ .name = "prefetch",						\
	  .help = "bytes of the next page that are prefetched while stores past the cache copy one; glibc and movsb prefetch none", \
	  .offset = offsetof(args_type, prefetch),			\
	  .def = ROUTINE_PREFETCH, .max = ROUTINE_BLOCK }

/*
 * Copies @len bytes, a multiple of 64, with stores past the cache to @dst,
 * which is aligned to 64. As many bytes from @ahead on are prefetched
 * meanwhile; NULL: none.
 */
typedef void stream_lines(char *dst, const char *src, size_t len,
			  const char *ahead);

/* As memcpy(). */
typedef void *plain_copy(void *dst, const void *src, size_t len);

/**
 * struct copier - a routine that was chosen; read only, so threads share it
 * @plain: copies what is shorter than @stream_from
 * @stream: copies the rest; NULL: nothing does
 * @stream_from: bytes
 * @prefetch: bytes, a multiple of 64
 * @name: what copies, in a few words for the report; lives for ever
 */
struct copier {
	plain_copy *plain;
	stream_lines *stream;
	size_t stream_from;
	size_t prefetch;
	const char *name;
};

/**
 * routine_check - can this CPU do that
 * @routine: enum routine
 * Return: 0; -EOPNOTSUPP and a sentence that names what it can do.
 */
int routine_check(uint64_t routine);

/**
 * copier_init - choose a routine
 * @c: filled; holds nothing that would have to be freed
 * @routine: enum routine
 * @prefetch: bytes, at most ROUTINE_BLOCK, rounded up to lines of 64; plain
 *            routines prefetch none
 * Return: as routine_check()
 */
int copier_init(struct copier *c, uint64_t routine, uint64_t prefetch);

/* What copies: "glibc", "avx512 stream"; for the driver of the report. */
static inline const char *copier_name(const struct copier *c)
{
	return c->name;
}

/**
 * copier_add - one copy of several
 * @c: the routine
 * @dst: any alignment; does not overlap @src
 * @src: any alignment
 * @len: any number of bytes, also 0
 * @next: source of the copy that comes next, which need not be mapped; NULL:
 *        none
 *
 * Other threads may see the copy only after copier_finish(): one fence for
 * every 4K copy costs a tenth.
 */
void copier_add(const struct copier *c, void *dst, const void *src, size_t len,
		const void *next);

/* All copies that this thread added are seen before what it writes now. */
void copier_finish(void);

/* One copy, and finished. */
static inline void copier_copy(const struct copier *c, void *dst,
			       const void *src, size_t len, const void *next)
{
	copier_add(c, dst, src, len, next);
	copier_finish();
}

/* routine_x86.c */
#if defined(__x86_64__)
bool x86_has(enum routine routine);
void *x86_movsb(void *dst, const void *src, size_t len);
stream_lines x86_stream_sse2, x86_stream_avx2, x86_stream_avx512;
#endif

#endif
