/* SPDX-License-Identifier: MIT */
/*
 * Memory for commands that are made up: what may be read and written of it is
 * known, and what it has to hold. No page may be named that is not of it, or of
 * nobody.
 */
#ifndef GUEST_DMA_WORLD_H
#define GUEST_DMA_WORLD_H

#include "memory.h"

#define WORLD_SLOTS	16u
#define SOURCE_BYTES	(16 * PAGE)
#define TARGET_BYTES	(4 * PAGE)

/* A command's own: where its array is, and what it may write to. */
struct world_slot {
	char *array;	/* a page */
	char *target;	/* TARGET_BYTES */
	char *victim;	/* a page; behind it is one that nobody may touch */
};

struct world {
	char *base;
	size_t bytes;
	char *forbidden; /* a page that nobody may touch */
	char *source;	 /* SOURCE_BYTES, that are read only */
	char *readonly;	 /* a page */
	struct world_slot slots[WORLD_SLOTS];
};

extern struct world world;

void world_begin(void);
void world_end(void);

/* Of any address: may all of this be read, or written? */
bool world_has(uint64_t addr, uint64_t len, bool write);
/* What has to be there; may be written to. */
void *world_expected(const void *p);
/* What is there is right. */
void world_learn(const void *p, size_t len);
/* A word that is not what it has to be; NULL: all are. */
const char *world_wrong(void);

#endif
