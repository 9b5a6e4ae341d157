/* SPDX-License-Identifier: MIT */
/*
 * The copies in flight, and queues of them. An entry's place in the table is
 * the cookie that the inner engine sees.
 */
#include "error_parts.h"

size_t error_table_bytes(uint32_t depth)
{
	const struct error *e = NULL;

	return depth * (sizeof(*e->entry) + sizeof(*e->unused) +
			4 * sizeof(*e->ready.at));
}

void error_table_init(struct error *e, void *memory)
{
	struct ring *const rings[] = { &e->ready, &e->delayed, &e->again,
					&e->late };
	uint32_t depth = e->caps.depth, i;
	uint64_t *words;

	e->entry = memory;
	words = (uint64_t *)(e->entry + depth);
	for (i = 0; i < 4; i++, words += depth)
		*rings[i] = (struct ring){ .at = words, .size = depth };
	e->unused = (uint32_t *)words;
}

/* The caller knows that there is room. */
uint32_t entry_take(struct error *e)
{
	return e->nr_unused ? e->unused[--e->nr_unused] : e->high++;
}

void entry_release(struct error *e, uint32_t i)
{
	e->entry[i].place = UNUSED;
	e->unused[e->nr_unused++] = i;
}

static uint64_t *slot(const struct ring *r, uint32_t i)
{
	return &r->at[((uint64_t)r->head + i) % r->size];
}

void ring_push(struct ring *r, uint64_t what)
{
	*slot(r, r->n++) = what;
}

uint64_t ring_pop(struct ring *r)
{
	uint64_t what = *slot(r, 0);

	r->head = (r->head + 1) % r->size;
	r->n--;
	return what;
}

void ring_drop_group(struct ring *r, const struct entry *entry, uint32_t group)
{
	uint32_t i, n = r->n;

	r->n = 0;
	for (i = 0; i < n; i++)
		if (entry[*slot(r, i)].group != group)
			ring_push(r, *slot(r, i));
}
