/* SPDX-License-Identifier: MIT */
/*
 * The instructions of x86-64. Each function is compiled for what it uses, so
 * that the rest runs on any CPU.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#include "routine.h"

bool x86_has(enum routine routine)
{
	__builtin_cpu_init();
	switch (routine) {
	case ROUTINE_AVX512:
		return __builtin_cpu_supports("avx512f");
	case ROUTINE_AVX2:
		return __builtin_cpu_supports("avx2");
	default:
		return true;
	}
}

void *x86_movsb(void *dst, const void *src, size_t len)
{
	void *to = dst;

	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(src), "+c"(len)
			 :
			 : "memory");
	return dst;
}

void x86_stream_sse2(char *dst, const char *src, size_t len, const char *ahead)
{
	size_t i;

	for (i = 0; i < len; i += 64) {
		const __m128i *from = (const __m128i *)(src + i);
		__m128i *to = (__m128i *)(dst + i);
		__m128i a = _mm_loadu_si128(from);
		__m128i b = _mm_loadu_si128(from + 1);
		__m128i c = _mm_loadu_si128(from + 2);
		__m128i d = _mm_loadu_si128(from + 3);

		if (ahead)
			_mm_prefetch(ahead + i, _MM_HINT_T0);
		_mm_stream_si128(to, a);
		_mm_stream_si128(to + 1, b);
		_mm_stream_si128(to + 2, c);
		_mm_stream_si128(to + 3, d);
	}
}

__attribute__((target("avx2")))
void x86_stream_avx2(char *dst, const char *src, size_t len, const char *ahead)
{
	size_t i;

	for (i = 0; i < len; i += 64) {
		const __m256i *from = (const __m256i *)(src + i);
		__m256i *to = (__m256i *)(dst + i);
		__m256i a = _mm256_loadu_si256(from);
		__m256i b = _mm256_loadu_si256(from + 1);

		if (ahead)
			_mm_prefetch(ahead + i, _MM_HINT_T0);
		_mm256_stream_si256(to, a);
		_mm256_stream_si256(to + 1, b);
	}
}

__attribute__((target("avx512f")))
void x86_stream_avx512(char *dst, const char *src, size_t len,
		       const char *ahead)
{
	size_t i;

	for (i = 0; i < len; i += 64) {
		__m512i line = _mm512_loadu_si512(src + i);

		if (ahead)
			_mm_prefetch(ahead + i, _MM_HINT_T0);
		_mm512_stream_si512((__m512i *)(dst + i), line);
	}
}
#endif
