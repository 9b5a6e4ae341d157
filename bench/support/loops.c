/* SPDX-License-Identifier: MIT */
#include <stdint.h>

#include "loops.h"

static bool always(void)
{
	return true;
}

/* As the compiler likes it for the plainest CPU of its target. */
static void words(void *dst, const void *src, size_t bytes)
{
	const uint64_t *restrict b = src;
	uint64_t *restrict a = dst;
	size_t i;

	for (i = 0; i < bytes / sizeof(*a); i++)
		a[i] = b[i];
}

#if defined(__x86_64__)
#include <immintrin.h>

/*
 * A loop over vectors: with stores of the usual kind, which need no fence, or
 * with stores past the cache.
 */
#define VECTOR_LOOP(name, isa, type, load, store, fence)		\
__attribute__((target(isa)))						\
static void name(void *dst, const void *src, size_t bytes)		\
{									\
	const type *b = src;						\
	type *a = dst;							\
	size_t i;							\
									\
	for (i = 0; i < bytes / sizeof(*a); i++)			\
		store(a + i, load(b + i));				\
	fence;								\
}

#define NOTHING (void)0

VECTOR_LOOP(avx2, "avx2", __m256i, _mm256_load_si256, _mm256_store_si256,
	    NOTHING)
VECTOR_LOOP(avx512, "avx512f", __m512i, _mm512_load_si512, _mm512_store_si512,
	    NOTHING)
VECTOR_LOOP(nt_sse2, "sse2", __m128i, _mm_load_si128, _mm_stream_si128,
	    _mm_sfence())
VECTOR_LOOP(nt_avx2, "avx2", __m256i, _mm256_load_si256, _mm256_stream_si256,
	    _mm_sfence())
VECTOR_LOOP(nt_avx512, "avx512f", __m512i, _mm512_load_si512,
	    _mm512_stream_si512, _mm_sfence())

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512f");
}
#endif

const struct loop loops[] = {
	{ "words", words, always },
#if defined(__x86_64__)
	{ "avx2", avx2, has_avx2 },
	{ "avx512", avx512, has_avx512 },
	{ "nt-sse2", nt_sse2, always },
	{ "nt-avx2", nt_avx2, has_avx2 },
	{ "nt-avx512", nt_avx512, has_avx512 },
#endif
	{ 0 },
};
