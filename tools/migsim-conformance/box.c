/* SPDX-License-Identifier: MIT */
/*
 * Memory to copy in. No two words of it are alike, so that a copy from the
 * wrong place is seen as well as one that is missing.
 */
#include <string.h>
#include <sys/mman.h>

#include "rig.h"

uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static void fill(unsigned char *p, size_t bytes, uint64_t seed)
{
	size_t i;

	for (i = 0; i < bytes; i += sizeof(seed)) {
		seed += 0x9e3779b97f4a7c15;
		memcpy(p + i, &seed, sizeof(seed));
	}
}

bool box_open(struct box *b, size_t bytes, uint64_t seed)
{
	unsigned char *p = mmap(NULL, 5 * bytes, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return false;
	*b = (struct box){ p, p + bytes, p + 2 * bytes, p + 3 * bytes,
			   p + 4 * bytes, bytes };
	fill(b->src, bytes, next_random(&seed));
	memcpy(b->was, b->src, bytes);
	fill(b->blank, bytes, next_random(&seed));
	box_clear(b);
	return true;
}

void box_close(struct box *b)
{
	if (b->src)
		munmap(b->src, 5 * b->bytes);
	b->src = NULL;
}

void box_clear(struct box *b)
{
	memcpy(b->dst, b->blank, b->bytes);
	memcpy(b->expected, b->blank, b->bytes);
}

static bool differs(const unsigned char *a, const unsigned char *b,
		    size_t bytes, size_t *at)
{
	if (!memcmp(a, b, bytes))
		return false;
	for (*at = 0; a[*at] == b[*at]; ++*at)
		;
	return true;
}

bool box_dst_differs(const struct box *b, size_t *at)
{
	return differs(b->dst, b->expected, b->bytes, at);
}

bool box_src_differs(const struct box *b, size_t *at)
{
	return differs(b->src, b->was, b->bytes, at);
}
