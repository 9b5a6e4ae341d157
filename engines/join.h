/* SPDX-License-Identifier: MIT */
#ifndef MIGSIM_ENGINE_JOIN_H
#define MIGSIM_ENGINE_JOIN_H

#include <migsim/engine.h>

/*
 * How many of the @n copies continue each other on both sides, up to @most
 * bytes (at least one copy): one call of a copy routine. *@len: their bytes.
 */
static inline uint32_t join(const struct migsim_copy *c, uint32_t n,
			    uint64_t most, uint64_t *len)
{
	uint32_t i = 1;

	*len = c[0].len;
	while (i < n && *len + c[i].len <= most &&
	       (char *)c[0].dst + *len == c[i].dst &&
	       (const char *)c[0].src + *len == c[i].src)
		*len += c[i++].len;
	return i;
}

#endif
