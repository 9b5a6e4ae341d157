/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>
#include <sys/mman.h>

#include "dma_world.h"

#define MAX_PAGES 256u

struct world world;

static int prot_of[MAX_PAGES];
static char *expected;

static char *part(size_t bytes, int prot)
{
	char *p = world.base + world.bytes;
	size_t i;

	for (i = 0; i < bytes / PAGE; i++)
		prot_of[world.bytes / PAGE + i] = prot;
	world.bytes += bytes;
	assert_true(world.bytes <= MAX_PAGES * PAGE);
	return p;
}

static void lay_out(void)
{
	struct world_slot *s;

	world.bytes = 0;
	world.forbidden = part(PAGE, PROT_NONE);
	world.source = part(SOURCE_BYTES, PROT_READ | PROT_WRITE);
	world.readonly = part(PAGE, PROT_READ);
	part(PAGE, PROT_NONE);
	for (s = world.slots; s < world.slots + WORLD_SLOTS; s++) {
		s->array = part(PAGE, PROT_READ | PROT_WRITE);
		s->target = part(TARGET_BYTES, PROT_READ | PROT_WRITE);
		s->victim = part(PAGE, PROT_READ | PROT_WRITE);
		part(PAGE, PROT_NONE);
	}
}

void world_begin(void)
{
	size_t i;

	world.base = memory_map(MAX_PAGES * PAGE, 0);
	expected = memory_map(MAX_PAGES * PAGE, 0);
	memory_fill(world.base, MAX_PAGES * PAGE, 7);
	memory_fill(expected, MAX_PAGES * PAGE, 7);
	lay_out();
	for (i = 0; i < world.bytes / PAGE; i++)
		assert_int_equal(mprotect(world.base + i * PAGE, PAGE,
					  prot_of[i]), 0);
}

void world_end(void)
{
	memory_unmap(world.base, MAX_PAGES * PAGE);
	memory_unmap(expected, MAX_PAGES * PAGE);
}

/* In numbers that cannot overflow. */
bool world_has(uint64_t addr, uint64_t len, bool write)
{
	unsigned __int128 first = addr, end = first + len, page;
	uintptr_t base = (uintptr_t)world.base;

	if (!len)
		return true;
	if (first < base || end > base + world.bytes)
		return false;
	for (page = (first - base) / PAGE; page * PAGE < end - base; page++) {
		if (!(prot_of[page] & (write ? PROT_WRITE : PROT_READ)))
			return false;
	}
	return true;
}

void *world_expected(const void *p)
{
	return expected + ((const char *)p - world.base);
}

void world_learn(const void *p, size_t len)
{
	memcpy(world_expected(p), p, len);
}

/* By words: the vectors of memcmp() are slow where they are emulated. */
static const char *wrong_word(const char *p, size_t len)
{
	const uint64_t *is = (const uint64_t *)p, *e = world_expected(p);
	size_t i;

	for (i = 0; i < len / sizeof(*is); i++) {
		if (is[i] != e[i])
			return (const char *)&is[i];
	}
	return NULL;
}

const char *world_wrong(void)
{
	size_t i, n = world.bytes / PAGE, run;
	const char *wrong = NULL;

	for (i = 0; i < n && !wrong; i += run) {
		for (run = 0; i + run < n && prot_of[i + run] & PROT_READ;
		     run++)
			;
		if (run)
			wrong = wrong_word(world.base + i * PAGE, run * PAGE);
		else
			run = 1;
	}
	return wrong;
}
