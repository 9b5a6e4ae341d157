/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "dma_words.h"

#define PER_PAGE	((uint32_t)(PAGE / sizeof(struct migsim_dma_copy)))
#define MAX_COPIES	24u

static uint64_t state;

void words_seed(uint64_t seed)
{
	state = seed;
}

static uint64_t random64(void)
{
	return next_random(&state);
}

uint32_t words_random(uint32_t n)
{
	return (uint32_t)(random64() % n);
}

static bool one_in(uint32_t n)
{
	return !words_random(n);
}

static uint64_t odd_number(void)
{
	static const uint64_t odd[] = {
		0, 1, 2, 7, 8, 63, 64, 65, 127, 128, 4095, 4096, 65535, 65536,
		1ull << 30, (1ull << 31) - 1, 1ull << 31, 0xffffffc0,
		0xffffffff, 1ull << 32, 1ull << 47, 1ull << 63, -1ull, -64ull,
	};

	return one_in(4) ? random64() :
			   odd[words_random(sizeof(odd) / sizeof(*odd))];
}

/* Nobody's, the kernel's, or at an edge of what may be touched. */
static uint64_t odd_address(const struct world_slot *s)
{
	const uint64_t odd[] = {
		0, 64, 1ull << 46, (1ull << 47) - 4096, (1ull << 47) - 64,
		1ull << 47, 1ull << 56, 1ull << 63, -64ull, -4096ull, -1ull,
		0xffff888000000000, 0xffffffff81000000, 0xffffffffff600000,
		(uintptr_t)world.forbidden,
		(uintptr_t)world.source - 64,
		(uintptr_t)world.readonly + PAGE - 64,
		(uintptr_t)world.readonly + PAGE,
		(uintptr_t)s->victim + PAGE - 64,
		(uintptr_t)s->victim + PAGE,
	};

	return odd[words_random(sizeof(odd) / sizeof(*odd))];
}

static uint32_t length(void)
{
	static const uint32_t usual[] = { 64, 128, 4032, 4096, 4160 };

	return one_in(3) ? 64 * (1 + words_random(100)) :
			   usual[words_random(5)];
}

/* Of what is right: no two targets overlap, sources lie where they like. */
static uint32_t right_copies(struct world_slot *s, const struct rules *r)
{
	struct migsim_dma_copy *c = (struct migsim_dma_copy *)s->array;
	uint32_t most = 1 + words_random(MAX_COPIES), n;
	size_t at = 64 * words_random(3), left;
	uint32_t len;

	memset(s->array, 0, PAGE);
	for (n = 0; n < most; n++) {
		len = length();
		if (at + len > TARGET_BYTES)
			break;
		left = SOURCE_BYTES - len;
		c[n] = (struct migsim_dma_copy){
			.dst = (uintptr_t)s->target + at, .len = len,
			.src = (uintptr_t)world.source +
			       64 * words_random((uint32_t)(left / 64) + 1),
			.channel = MIGSIM_DMA_CHANNEL_ANY,
			.status = MIGSIM_DMA_PENDING,
		};
		if (r->channels && one_in(2))
			c[n].channel = (uint16_t)words_random(r->channels);
		at += len + 64 * words_random(3);
	}
	return n;
}

static void spoil_number(struct migsim_dma_copy *c)
{
	switch (words_random(5)) {
	case 0: c->len = (uint32_t)odd_number(); break;
	case 1: c->channel = (uint16_t)odd_number(); break;
	case 2: c->flags = (uint16_t)odd_number(); break;
	case 3: c->status = (int32_t)odd_number(); break;
	default: c->reserved = (uint32_t)odd_number(); break;
	}
}

/* Some of these are right, after all. */
static void spoil_place(struct migsim_dma_copy *c, const struct world_slot *s,
			uint32_t n)
{
	const struct migsim_dma_copy *all = (void *)s->array;
	uint64_t victim = (uintptr_t)s->victim, shift = 8 * words_random(512);

	switch (words_random(11)) {
	case 0: c->src = odd_address(s); break;
	case 1: c->dst = odd_address(s); break;
	case 2: c->src += 8 * words_random(8); break;
	case 3: c->dst = victim + shift; break;
	case 4: c->dst = victim + (shift & ~63ull); break;
	case 5: c->src = (uintptr_t)world.readonly + (shift & ~63ull); break;
	case 6: c->dst = (uintptr_t)world.readonly + (shift & ~63ull); break;
	case 7: c->src = c->dst + c->len - 64; break;
	case 8: c->src = c->dst - c->len + 64; break;
	case 9: c->dst = all[words_random(n)].dst; break;
	default: c->dst = (uintptr_t)s->array + (shift & ~63ull); break;
	}
}

static void spoil(struct migsim_dma_copy *c, const struct world_slot *s,
		  uint32_t n)
{
	if (one_in(2))
		spoil_number(c);
	else
		spoil_place(c, s, n);
}

static void make_copy(struct command *c, const struct rules *r)
{
	struct migsim_dma_copy *all = (void *)c->slot->array;
	uint32_t n = right_copies(c->slot, r), times;

	c->count = n;
	c->flags = one_in(4) ? MIGSIM_DMA_SPLIT : 0;
	for (times = words_random(4); times > 1; times--)
		spoil(&all[words_random(n)], c->slot, n);
	if (one_in(16)) {
		c->count = one_in(2) ? PER_PAGE + 1 + words_random(4096) :
				       (uint32_t)odd_number();
	} else if (one_in(16)) {
		/* The last entries lie on the victim, or where nobody is. */
		c->count = 1 + words_random(8);
		memmove(c->slot->victim + PAGE - 128, all, 128);
		c->addr = (uintptr_t)c->slot->victim + PAGE - 128;
	}
}

static void make_claim(struct command *c)
{
	static const char *const names[] = {
		"migsim_swdma", "migsim_swdma.0", "dma0chan3", "dma0chan99",
		"nobody", "",
	};
	struct migsim_dma_claim *claim = (void *)c->slot->array;

	memset(c->slot->array, 0, PAGE);
	c->count = 1;
	claim->channels = 1 + words_random(20);
	claim->node = MIGSIM_DMA_NODE_ANY;
	if (one_in(4))
		strcpy(claim->driver, names[words_random(6)]);
	if (one_in(4))
		strcpy(claim->name, names[words_random(6)]);
	switch (words_random(10)) {
	case 0: claim->channels = (uint32_t)odd_number(); break;
	case 1: claim->node = (int32_t)odd_number(); break;
	case 2: claim->flags = (uint32_t)odd_number(); break;
	case 3: claim->reserved = (uint32_t)odd_number(); break;
	case 4: memset(claim->driver, 'd', sizeof(claim->driver)); break;
	case 5: memset(claim->name, 'n', sizeof(claim->name)); break;
	}
}

static uint32_t some_op(void)
{
	static const uint32_t odd[] = {
		0, 1, MIGSIM_DMA_OP_INFO - 1, MIGSIM_DMA_OP_CANCEL + 1,
		0x80000000, 0xffffffff,
	};

	if (words_random(5) < 3)
		return MIGSIM_DMA_OP_COPY;
	return one_in(6) ? odd[words_random(6)] :
			   MIGSIM_DMA_OP_INFO + words_random(6);
}

static void make(struct command *c, const struct rules *r)
{
	c->addr = (uintptr_t)c->slot->array;
	switch (c->op) {
	case MIGSIM_DMA_OP_COPY:
		make_copy(c, r);
		break;
	case MIGSIM_DMA_OP_CLAIM:
		make_claim(c);
		break;
	case MIGSIM_DMA_OP_RELEASE:
		c->addr = one_in(3) ? 64 : 0;
		c->count = one_in(3);
		break;
	case MIGSIM_DMA_OP_CANCEL:
		c->count = one_in(4);
		break;
	default:
		/* INFO and CHANNELS write there. */
		c->addr = (uintptr_t)c->slot->target + words_random(64);
		c->count = words_random(40);
	}
	if (one_in(12))
		c->addr = odd_address(c->slot);
	if (one_in(12))
		c->count = (uint32_t)odd_number();
	if (one_in(12))
		c->flags = (uint32_t)odd_number();
	if (one_in(24))
		c->addr += words_random(8);
}

/* Would it change the channels of the file, on which the others count? */
static bool is_for_one(const struct command *c, const struct rules *r)
{
	return (c->op == MIGSIM_DMA_OP_CLAIM ||
		c->op == MIGSIM_DMA_OP_RELEASE) &&
	       oracle_allows(c, r) & SUCCEEDS;
}

void words_command(struct command *c, unsigned int i, bool alone,
		   const struct rules *r)
{
	do {
		memset(c, 0, sizeof(*c));
		c->slot = &world.slots[i];
		c->op = some_op();
		make(c, r);
	} while (!alone && is_for_one(c, r));
	world_learn(c->slot->array, PAGE);
	world_learn(c->slot->victim, PAGE);
}

static struct flip flip(struct migsim_dma_copy *c, const struct world_slot *s)
{
	uint64_t *words = (uint64_t *)c;
	unsigned int i = words_random(2) * words_random(4);
	const uint64_t wrong[] = {
		/* A target that nothing but its place is wrong with. */
		(uintptr_t)s->victim + 8,
		(uintptr_t)world.forbidden,
		words[2] | 1ull << 48,
		words[3] | 1ull << 32,
	};

	return (struct flip){ &words[i], words[i], wrong[i] };
}

unsigned int words_race(struct command *c, unsigned int i,
			const struct rules *r, struct flip *flips,
			unsigned int most)
{
	struct migsim_dma_copy *all;
	unsigned int n = 1 + words_random(most), k;

	memset(c, 0, sizeof(*c));
	c->slot = &world.slots[i];
	c->op = MIGSIM_DMA_OP_COPY;
	c->addr = (uintptr_t)c->slot->array;
	c->races = true;
	c->count = right_copies(c->slot, r);
	world_learn(c->slot->array, PAGE);
	all = (struct migsim_dma_copy *)c->slot->array;
	for (k = 0; k < n; k++)
		flips[k] = flip(&all[words_random(c->count)], c->slot);
	return n;
}
