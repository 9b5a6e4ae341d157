/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dma_oracle.h"

#define ALIGN		64u
#define CHANNELS	16u
#define PER_PAGE	((uint32_t)(PAGE / sizeof(struct migsim_dma_copy)))

static unsigned int judge_side(uint64_t addr, uint32_t len, bool write)
{
	return (addr % ALIGN ? IS_EINVAL : 0) |
	       (world_has(addr, len, write) ? 0 : IS_EFAULT);
}

static bool overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	unsigned __int128 a_end = (unsigned __int128)a + a_len;
	unsigned __int128 b_end = (unsigned __int128)b + b_len;

	return a < b_end && b < a_end;
}

static unsigned int judge_copy(const struct migsim_dma_copy *c,
			       const struct rules *r)
{
	unsigned int why = judge_side(c->src, c->len, false) |
			   judge_side(c->dst, c->len, true);

	if (!c->len || c->len % ALIGN || c->flags || c->reserved ||
	    c->status != MIGSIM_DMA_PENDING ||
	    overlap(c->dst, c->len, c->src, c->len) ||
	    (c->channel != MIGSIM_DMA_CHANNEL_ANY && c->channel >= r->channels))
		why |= IS_EINVAL;
	return why;
}

struct migsim_dma_copy oracle_copy(const struct command *c, uint32_t i)
{
	struct migsim_dma_copy copy;

	memcpy(&copy, (char *)(uintptr_t)c->addr + i * sizeof(copy),
	       sizeof(copy));
	return copy;
}

/*
 * Behind a command's own page are those of others, which change: there has to be
 * something wrong before.
 */
static unsigned int judge_array(const struct command *c, const struct rules *r)
{
	uint32_t n = c->count < PER_PAGE ? c->count : PER_PAGE, i;
	struct migsim_dma_copy copy;
	unsigned int why = 0;
	uint64_t bytes = 0;

	for (i = 0; i < n; i++) {
		copy = oracle_copy(c, i);
		why |= judge_copy(&copy, r);
		bytes += copy.len;
	}
	if (bytes > r->max_bytes)
		why |= IS_EINVAL;
	return n < c->count ? why | IS_EINVAL | IS_EFAULT : why;
}

static unsigned int judge_group(const struct command *c, const struct rules *r)
{
	uint64_t bytes = (uint64_t)c->count * sizeof(struct migsim_dma_copy);
	unsigned int why = r->channels ? 0 : IS_ENODEV;

	if (c->flags & ~MIGSIM_DMA_SPLIT ||
	    c->addr % _Alignof(struct migsim_dma_copy))
		why |= IS_EINVAL;
	if (!c->count || c->count > r->max_copies)
		return why | IS_EINVAL | IS_EFAULT;
	if (!world_has(c->addr, bytes, true))
		why |= IS_EFAULT;
	if (world_has(c->addr, bytes, false))
		why |= judge_array(c, r);
	return why ? why : SUCCEEDS;
}

static bool is_text(const char *s)
{
	return memchr(s, 0, MIGSIM_DMA_NAME);
}

/* As migsim_swdma names what it has. */
unsigned int oracle_channels(const struct migsim_dma_claim *claim)
{
	unsigned int n, device, channel, all = CHANNELS;
	char more;

	if (claim->node != MIGSIM_DMA_NODE_ANY ||
	    (*claim->driver && strcmp(claim->driver, "migsim_swdma")))
		return 0;
	if (*claim->name && strcmp(claim->name, "migsim_swdma.0")) {
		n = (unsigned int)sscanf(claim->name, "dma%uchan%u%c", &device,
					 &channel, &more);
		all = n == 2 && !device && channel < CHANNELS;
	}
	return claim->channels < all ? claim->channels : all;
}

static unsigned int judge_claim(const struct command *c, const struct rules *r)
{
	unsigned int why = c->count == 1 ? 0 : IS_EINVAL;
	struct migsim_dma_claim claim;

	if (!world_has(c->addr, sizeof(claim), false))
		return why | IS_EFAULT;
	memcpy(&claim, (void *)(uintptr_t)c->addr, sizeof(claim));
	if (claim.flags || claim.reserved || !claim.channels ||
	    claim.node < MIGSIM_DMA_NODE_ANY || !is_text(claim.driver) ||
	    !is_text(claim.name))
		why |= IS_EINVAL;
	if (r->channels)
		why |= IS_EBUSY;
	else if (!why && !oracle_channels(&claim))
		why = IS_ENODEV;
	return why ? why : SUCCEEDS;
}

static unsigned int judge_output(const struct command *c, uint64_t size,
				 uint32_t most)
{
	uint64_t n = c->count < most ? c->count : most;

	return world_has(c->addr, n * size, true) ? SUCCEEDS : IS_EFAULT;
}

static unsigned int judge_op(const struct command *c, const struct rules *r)
{
	switch (c->op) {
	case MIGSIM_DMA_OP_INFO:
		return judge_output(c, 1, sizeof(struct migsim_dma_info));
	case MIGSIM_DMA_OP_CHANNELS:
		return judge_output(c, sizeof(struct migsim_dma_channel),
				    CHANNELS);
	case MIGSIM_DMA_OP_CLAIM:
		return judge_claim(c, r);
	case MIGSIM_DMA_OP_RELEASE:
		return c->addr || c->count ? IS_EINVAL : SUCCEEDS;
	case MIGSIM_DMA_OP_CANCEL:
		/* Is the other one still in flight? Nobody knows. */
		return c->count ? IS_EINVAL :
				  IS_ENOENT | (c->hits ? SUCCEEDS : 0);
	}
	return IS_EOPNOTSUPP;
}

unsigned int oracle_allows(const struct command *c, const struct rules *r)
{
	unsigned int why;

	if (c->op == MIGSIM_DMA_OP_COPY)
		return judge_group(c, r);
	why = judge_op(c, r);
	return c->flags ? (why & ~SUCCEEDS) | IS_EINVAL : why;
}

bool oracle_agrees(unsigned int allowed, int result)
{
	static const int errors[] = {
		0, EINVAL, EFAULT, ENODEV, EBUSY, ENOENT, EOPNOTSUPP,
	};
	unsigned int i;

	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		if (allowed & 1u << i &&
		    (i ? result == -errors[i] : result >= 0))
			return true;
	}
	return false;
}

bool oracle_is_ambiguous(const struct command *c)
{
	struct migsim_dma_copy a, b;
	uint32_t i, j;

	for (i = 0; i < c->count; i++) {
		a = oracle_copy(c, i);
		if (overlap(a.dst, a.len, c->addr, c->count * sizeof(a)))
			return true;
		for (j = 0; j < c->count; j++) {
			b = oracle_copy(c, j);
			if (i != j && (overlap(a.dst, a.len, b.dst, b.len) ||
				       overlap(a.dst, a.len, b.src, b.len)))
				return true;
		}
	}
	return false;
}

static bool is_padded(const char *s, const char *begin)
{
	size_t len = strnlen(s, MIGSIM_DMA_NAME), i;

	for (i = len; i < MIGSIM_DMA_NAME; i++)
		if (s[i])
			return false;
	return len < MIGSIM_DMA_NAME && !strncmp(s, begin, strlen(begin));
}

bool oracle_is_channel(const struct migsim_dma_channel *c,
		       const struct rules *r)
{
	return is_padded(c->name, "dma0chan") &&
	       is_padded(c->device, "migsim_swdma.0") &&
	       is_padded(c->driver, "migsim_swdma") &&
	       c->node == MIGSIM_DMA_NODE_ANY && c->index >= -1 &&
	       c->index < (int)r->channels && !c->reserved &&
	       c->state == (c->index < 0 ? MIGSIM_DMA_FREE :
					   MIGSIM_DMA_TAKEN);
}
