/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <migsim/topology.h>

#include "field.h"

/* Written already, aligned to 2M: huge pages, or base pages for sure. */
static char *memory(size_t bytes, bool huge)
{
	char *p = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		fprintf(stderr, "%s: no memory\n",
			program_invocation_short_name);
		exit(1);
	}
	/* What lies before and behind is never touched. */
	p += -(uintptr_t)p & (HUGE - 1);
	madvise(p, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	memset(p, 1, bytes);
	return p;
}

/*
 * Twice the last-level cache, in whole huge pages, so that a page has left it
 * before it is used again; and never less than two large groups.
 */
static size_t pool_bytes(void)
{
	size_t bytes = 2 * migsim_topology_llc_bytes();

	if (bytes < 16 * HUGE)
		bytes = 16 * HUGE;
	return (bytes + HUGE - 1) / HUGE * HUGE;
}

void field_make(struct field *f, size_t total, size_t folio, bool scattered)
{
	size_t bytes = total << scattered, i;

	*f = (struct field){
		.src = memory(bytes, folio == HUGE),
		.total = total, .folio = folio, .stride = folio << scattered,
		.pool = pool_bytes(),
	};
	f->dst = memory(f->pool, folio == HUGE);
	for (i = 0; i < bytes / sizeof(uint64_t); i++)
		((uint64_t *)f->src)[i] = i;
}

void field_free(const struct field *f)
{
	munmap(f->src, f->total / f->folio * f->stride);
	munmap(f->dst, f->pool);
}

struct field field_part(const struct field *f, unsigned int part,
			unsigned int nr)
{
	struct field half = *f;

	half.total = f->total / nr / f->folio * f->folio;
	half.pool = f->pool / nr / f->folio * f->folio;
	half.src = field_src(f, part * half.total);
	half.dst = f->dst + part * half.pool;
	return half;
}

bool field_is_copied(const struct field *f)
{
	size_t at = f->total > f->pool ? f->total - f->pool : 0;

	for (; at < f->total; at += f->folio)
		if (memcmp(field_dst(f, at), field_src(f, at), f->folio))
			return false;
	return true;
}
