/* SPDX-License-Identifier: MIT */
/*
 * The memory that a micro-benchmark copies: a region of folios that is larger
 * than any cache, and a pool of targets which is used in turn.
 */
#ifndef BENCH_FIELD_H
#define BENCH_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#define GIB	((size_t)1 << 30)
#define HUGE	((size_t)2 << 20)

/**
 * struct field - what is copied, and where to
 * @src: the first folio
 * @dst: the pool
 * @total: bytes to copy
 * @folio: bytes of a folio
 * @stride: bytes from one folio to the next; more than @folio: scattered
 * @pool: bytes of the pool, a multiple of @folio
 */
struct field {
	char *src, *dst;
	size_t total, folio, stride, pool;
};

/*
 * Makes the region, every word of it another number, and a pool of twice the
 * last-level cache: huge pages for folios of 2M, base pages for others. Ends
 * the program when there is no memory.
 */
void field_make(struct field *f, size_t total, size_t folio, bool scattered);
void field_free(const struct field *f);

/* Part @part of @nr, from 0: of the folios, and of the pool. */
struct field field_part(const struct field *f, unsigned int part,
			unsigned int nr);

static inline char *field_src(const struct field *f, size_t at)
{
	return f->src + at / f->folio * f->stride;
}

static inline char *field_dst(const struct field *f, size_t at)
{
	return f->dst + at % f->pool;
}

/* Does the pool hold the folios that were copied last? */
bool field_is_copied(const struct field *f);

#endif
