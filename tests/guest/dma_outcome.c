/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "dma_outcome.h"

#define CHANNELS	16u
#define PER_PAGE	(PAGE / sizeof(struct migsim_dma_copy))

static void *at(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

/* Of copies that may be given up. */
static const char *group(const struct command *c, int result)
{
	struct migsim_dma_copy *expected = world_expected(at(c->addr)), copy;
	int failed = 0;
	uint32_t i;

	for (i = 0; i < c->count; i++) {
		copy = oracle_copy(c, i);
		if (!c->races)
			expected[i].status = copy.status;
		if (copy.status == -ECANCELED && c->cancelled)
			failed++;
		else if (copy.status && !c->races)
			return "a status is wrong";
		else
			memcpy(world_expected(at(copy.dst)),
			       world_expected(at(copy.src)), copy.len);
	}
	/* Its statuses were written over, perhaps. */
	if (c->races)
		world_learn(c->slot->array, PAGE);
	return result == failed ? NULL : "its statuses say another number";
}

/* What its copies do to each other is not told; where they do it is. */
static const char *ambiguous_group(const struct command *c, int result)
{
	struct migsim_dma_copy copies[PER_PAGE];
	uint32_t i;

	/* They may have gone where the array is. */
	memcpy(copies, world_expected(at(c->addr)),
	       c->count * sizeof(*copies));
	for (i = 0; i < c->count; i++)
		world_learn(at(copies[i].dst), copies[i].len);
	world_learn(c->slot->array, PAGE);
	world_learn(c->slot->victim, PAGE);
	return result <= (int)c->count ? NULL : "so many copies it has not";
}

static const char *info(const struct command *c, int result,
			const struct rules *r)
{
	const struct migsim_dma_info in = {
		.abi = MIGSIM_DMA_ABI, .align = 64, .channels = r->channels,
		.max_channels = 64, .max_copies = r->max_copies,
		.max_bytes = r->max_bytes, .max_in_flight = 1024 * MIB,
		.timeout_ms = 60000, .check = r->check,
	};
	const size_t known = offsetof(struct migsim_dma_info, cpu_ns);
	size_t n = c->count < sizeof(in) ? c->count : sizeof(in);

	if (n)
		memcpy(world_expected(at(c->addr)), &in, n < known ? n : known);
	if (n > known)
		world_learn(at(c->addr + known), n - known);
	return result == (int)n ? NULL : "its size is another";
}

static const char *channels(const struct command *c, int result,
			    const struct rules *r)
{
	uint32_t n = c->count < CHANNELS ? c->count : CHANNELS, i;
	struct migsim_dma_channel channel;
	const char *from = at(c->addr);

	for (i = 0; i < n; i++, from += sizeof(channel)) {
		memcpy(&channel, from, sizeof(channel));
		if (!oracle_is_channel(&channel, r))
			return "what is told is no channel";
		world_learn(from, sizeof(channel));
	}
	return result == CHANNELS ? NULL : "there are not so many channels";
}

static const char *claim(const struct command *c, int result, struct rules *r)
{
	struct migsim_dma_claim cl;

	memcpy(&cl, at(c->addr), sizeof(cl));
	r->channels = (unsigned int)result;
	return r->channels == oracle_channels(&cl) ?
		NULL : "it is to have another number of channels";
}

static const char *success(const struct command *c, int result, struct rules *r)
{
	switch (c->op) {
	case MIGSIM_DMA_OP_COPY:
		return c->ambiguous ? ambiguous_group(c, result) :
				      group(c, result);
	case MIGSIM_DMA_OP_INFO:
		return info(c, result, r);
	case MIGSIM_DMA_OP_CHANNELS:
		return channels(c, result, r);
	case MIGSIM_DMA_OP_CLAIM:
		return claim(c, result, r);
	case MIGSIM_DMA_OP_RELEASE:
		r->channels = 0;
	}
	return result ? "there is nothing to count" : NULL;
}

const char *outcome(const struct command *c, int result, struct rules *r)
{
	if (result >= 0)
		return success(c, result, r);
	/* A part may have been written before the rest was not there. */
	if (result == -EFAULT && (c->op == MIGSIM_DMA_OP_INFO ||
				  c->op == MIGSIM_DMA_OP_CHANNELS))
		world_learn(c->slot->victim, PAGE);
	return NULL;
}
