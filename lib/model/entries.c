/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "entries.h"
#include "sys.h"

int entries_open(struct entries *all, uint32_t depth)
{
	*all = (struct entries){ .depth = depth, .unused = NO_ENTRY };
	all->entry = sys_map(depth * sizeof(*all->entry));
	return all->entry ? 0 : -ENOMEM;
}

void entries_close(struct entries *all)
{
	sys_unmap(all->entry, all->depth * sizeof(*all->entry));
	all->entry = NULL;
}

/* As long as all are free again between batches, they are used in order. */
static uint32_t entry_new(struct entries *all)
{
	uint32_t at;

	if (!all->in_use++) {
		all->fresh = 0;
		all->unused = NO_ENTRY;
	}
	if (all->unused == NO_ENTRY)
		return all->fresh++;
	at = all->unused;
	all->unused = all->entry[at].next;
	return at;
}

static void entry_free(struct entries *all, uint32_t at)
{
	all->in_use--;
	all->entry[at].next = all->unused;
	all->unused = at;
}

static uint64_t step_to(const struct entry *e, const struct entry *copies)
{
	return copies->cookie - (e->cookie + (e->count - 1) * e->step);
}

static void append(struct entry *e, const struct entry *copies)
{
	e->step = step_to(e, copies);
	e->count += copies->count;
}

/* Do the copies go on where the entry ends? */
static bool goes_on(const struct entry *e, const struct entry *copies)
{
	uint64_t step = step_to(e, copies);

	return e->len == copies->len && e->group == copies->group &&
	       e->lane == copies->lane && e->order == copies->order &&
	       !e->flags && !copies->flags &&
	       (e->count == 1 || e->step == step) &&
	       (copies->count == 1 || copies->step == step);
}

void list_add(struct entries *all, struct entry_list *list,
	      const struct entry *copies)
{
	bool first = list->head == NO_ENTRY;
	uint32_t at;

	all->copies += copies->count;
	if (!first && goes_on(&all->entry[list->tail], copies)) {
		append(&all->entry[list->tail], copies);
		return;
	}
	at = entry_new(all);
	all->entry[at] = *copies;
	all->entry[at].next = NO_ENTRY;
	if (first)
		list->head = at;
	else
		all->entry[list->tail].next = at;
	list->tail = at;
}

bool list_take(struct entries *all, struct entry_list *list, uint32_t most,
	       struct entry *copies)
{
	uint32_t at = list->head;
	struct entry *e;

	if (at == NO_ENTRY)
		return false;
	e = &all->entry[at];
	*copies = *e;
	if (e->count > most) {
		copies->count = most;
		copies->flags &= (uint8_t)~ENTRY_LAST;
		e->cookie += most * e->step;
		e->count -= most;
	} else {
		list->head = e->next;
		entry_free(all, at);
	}
	all->copies -= copies->count;
	return true;
}

void list_drop_group(struct entries *all, struct entry_list *list,
		     uint32_t group)
{
	struct entry_list old = *list;
	struct entry copies;

	*list = (struct entry_list){ NO_ENTRY, NO_ENTRY };
	while (list_take(all, &old, UINT32_MAX, &copies))
		if (copies.group != group)
			list_add(all, list, &copies);
}
