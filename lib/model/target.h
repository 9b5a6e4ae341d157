/* SPDX-License-Identifier: MIT */
/*
 * Addresses of targets that do not exist: they carry the order of the folio,
 * and are no address of any process.
 */
#ifndef MIGSIM_MODEL_TARGET_H
#define MIGSIM_MODEL_TARGET_H

#include <migsim/types.h>

#define TARGET_TAG	((uint64_t)0x5a << 56)
#define TARGET_ORDER	52
#define TARGET_MASK	(((uint64_t)1 << TARGET_ORDER) - 1)

static inline uint64_t target_of(uint64_t addr, unsigned int order)
{
	return TARGET_TAG | (uint64_t)order << TARGET_ORDER |
	       (addr & TARGET_MASK);
}

/* The order of the folio; that of the length where the target is real. */
static inline unsigned int target_order(uint64_t dst, uint64_t len)
{
	unsigned int order = 0;

	if (dst >> 56 == TARGET_TAG >> 56)
		return dst >> TARGET_ORDER & 0xf;
	while (order < MIGSIM_MAX_ORDER && MIGSIM_PAGE_SIZE << order < len)
		order++;
	return order;
}

#endif
