/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dma_view.h"
#include "dma_words.h"

size_t side_in_file(const struct side *s, size_t at)
{
	return s->of[at / s->unit] + at % s->unit;
}

/* So many units from one of the view's on are those of the file from at on. */
static void map_units(struct side *s, int fd, size_t first, size_t n, size_t at)
{
	void *p = mmap(s->view + first * s->unit, n * s->unit,
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		       (off_t)at);
	size_t i;

	assert_ptr_not_equal(p, MAP_FAILED);
	for (i = 0; i < n; i++)
		s->of[first + i] = at + i * s->unit;
}

/* Stretches of the file, from one unit to 64. */
static void make_view(struct side *s, int fd)
{
	size_t units = SIDE_VIEW / s->unit, all = SIDE_FILE / s->unit, i, n;

	s->of = calloc(units, sizeof(*s->of));
	s->view = mmap(NULL, SIDE_VIEW + HUGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(s->view, MAP_FAILED);
	s->view = (char *)(((uintptr_t)s->view + HUGE - 1) & ~(HUGE - 1));
	for (i = 0; i < units; i += n) {
		n = 1 + words_random(words_random(2) ? 3 : 64);
		n = n < units - i ? n : units - i;
		n = n < all ? n : all;
		map_units(s, fd, i, n,
			  words_random((uint32_t)(all - n + 1)) * s->unit);
	}
}

void side_make(struct side *s, uint64_t seed, bool huge)
{
	int fd = memfd_create("side", huge ? MFD_HUGETLB : 0);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, SIDE_FILE), 0);
	s->unit = huge ? HUGE : PAGE;
	s->file = mmap(NULL, SIDE_FILE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       0);
	assert_ptr_not_equal(s->file, MAP_FAILED);
	memory_fill(s->file, SIDE_FILE, seed);
	make_view(s, fd);
	close(fd);
}

void side_drop(struct side *s)
{
	munmap(s->view, SIDE_VIEW);
	munmap(s->file, SIDE_FILE);
	free(s->of);
}
