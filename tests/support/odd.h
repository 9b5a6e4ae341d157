/* SPDX-License-Identifier: MIT */
/*
 * Pages of every kind that migration meets, each as README.md names it. They
 * come from where the thread's memory policy says. Nothing of the library is
 * asked here.
 */
#ifndef TEST_ODD_H
#define TEST_ODD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <liburing.h>

#include "memory.h"

#define ODD_SEED 7

enum odd_content {
	ODD_PATTERN,		/* memory_fill() with ODD_SEED */
	ODD_ZERO,
	ODD_AS_IT_WAS,		/* may be read beforehand */
	ODD_NONE,		/* no page, and there must be none afterwards */
};

/* One range of such pages. What is not set by make() stays 0. */
struct odd {
	unsigned int order;
	size_t bytes;		/* make() may lower it */
	char *p;
	enum odd_content content;
	bool not_readable;
	bool not_writable;
	bool writes_block;	/* so that none is tried */

	char *other;		/* what belongs to it */
	pid_t child;
	int fd, pipe[2];
	struct io_uring ring;
};

struct odd_kind {
	const char *name;
	/* 0; or what is missing, when nothing was made */
	const char *(*make)(struct odd *o);
	void (*undo)(struct odd *o);
	unsigned int orders;	/* a bit each */
};

#define ODD_4K	1u
#define ODD_2M	(1u << 9)

extern const struct odd_kind odd_private[], odd_held[], odd_mapped[];

/* Private memory with the pattern; and its end. */
void odd_fill(struct odd *o);
void odd_unmap(struct odd *o);
/* A child that has this memory, too, once it has read it. */
void odd_fork(struct odd *o);
void odd_end_child(struct odd *o);

#endif
