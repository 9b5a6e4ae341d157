/* SPDX-License-Identifier: MIT */
/*
 * Memory that comes late: who touches it waits until it is there.
 */
#ifndef GUEST_DMA_LATE_H
#define GUEST_DMA_LATE_H

#include "memory.h"

#define LATE	(4 * PAGE)

extern char *late;

void late_begin(void);
void late_end(void);
/* Waits until somebody waits for it. */
void late_wanted(void);
/* This part of it becomes what lies there in @from. */
void late_comes(const void *from, size_t at, size_t bytes);

#endif
