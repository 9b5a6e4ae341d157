/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <time.h>

#include "read_after.h"

/* Four sums, so that the memory sets the pace and no addition waits. */
static uint64_t sum_words(const uint64_t *word, uint64_t bytes)
{
	const uint64_t *end = word + bytes / sizeof(*word);
	uint64_t a = 0, b = 0, c = 0, d = 0;

	for (; word < end; word += 4) {
		a += word[0];
		b += word[1];
		c += word[2];
		d += word[3];
	}
	return a + b + c + d;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int read_after(const struct migsim_folio *list, uint64_t n,
	       const atomic_int *stop, struct read_after *r)
{
	uint64_t begin = now_ns(), i;

	for (i = 0; i < n && !*stop; i++) {
		r->sum += sum_words((const void *)(uintptr_t)list[i].addr,
				    migsim_folio_bytes(&list[i]));
		r->bytes += migsim_folio_bytes(&list[i]);
	}
	r->ns += now_ns() - begin;
	return i < n ? -EINTR : 0;
}

double read_after_gib_s(const struct read_after *r)
{
	if (!r->ns)
		return NAN;
	return (double)r->bytes / (double)(1 << 30) / ((double)r->ns * 1e-9);
}
