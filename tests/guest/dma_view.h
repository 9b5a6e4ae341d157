/* SPDX-License-Identifier: MIT */
/*
 * Memory that is seen twice: a file, and a mapping in which its pages stand in
 * another order, or several times.
 */
#ifndef GUEST_DMA_VIEW_H
#define GUEST_DMA_VIEW_H

#include "memory.h"

#define SIDE_FILE	(8 * MIB)
#define SIDE_VIEW	(2 * SIDE_FILE)

struct side {
	char *file;
	char *view;
	size_t unit;		/* pages are mapped by so many bytes */
	size_t *of;		/* the view's units: which byte of the file */
};

/* By words_random(), filled by this seed; of huge pages of hugetlbfs. */
void side_make(struct side *s, uint64_t seed, bool huge);
void side_drop(struct side *s);

/* What the byte of the view is in the file. */
size_t side_in_file(const struct side *s, size_t at);

#endif
