/* SPDX-License-Identifier: MIT */
/*
 * Cancel: the copies of a group end, or some may still write, and will.
 */
#include <errno.h>

#include "error_parts.h"

static bool in_flight(const struct entry *entry, uint32_t group)
{
	return entry->group == group && entry->place >= INNER &&
	       entry->place <= READY;
}

/* How many copies of a group are in this place. */
static uint32_t count_in(const struct error *e, uint32_t group,
			 enum place place)
{
	uint32_t i, n = 0;

	for (i = 0; i < e->high; i++)
		n += e->entry[i].group == group && e->entry[i].place == place;
	return n;
}

static int cancel_inner(struct error *e, uint32_t group)
{
	const struct migsim_engine *inner = e->inner;

	if (!count_in(e, group, INNER))
		return 0;
	return inner->ops->cancel ? inner->ops->cancel(inner->priv, group)
				  : -EINPROGRESS;
}

static void give_up(struct error *e, uint32_t group, bool lost, bool stuck)
{
	struct entry *entry;
	uint32_t i;

	for (i = 0; i < e->high; i++) {
		entry = &e->entry[i];
		if (!in_flight(entry, group))
			continue;
		e->at_inner -= entry->place == INNER;
		e->in_flight--;
		e->counts.cancelled++;
		if (entry->place == INNER && lost)
			entry->place = LOST;
		else if (entry->place == HUNG && stuck)
			entry->place = LATE;
		else
			entry_release(e, i);
	}
}

/* What may still write keeps its entry: such an engine takes nothing more. */
int error_cancel(void *priv, uint32_t group)
{
	struct error *e = priv;
	bool stuck = e->args->cancel == CANCEL_STUCK &&
		     count_in(e, group, HUNG);
	int err = cancel_inner(e, group);

	ring_drop_group(&e->ready, e->entry, group);
	ring_drop_group(&e->delayed, e->entry, group);
	give_up(e, group, err != 0, stuck);
	if (!err && stuck)
		err = -EINPROGRESS;
	e->refuses |= err != 0;
	return err;
}

void error_write_stuck(struct error *e)
{
	uint32_t i;

	while (e->late.n) {
		i = (uint32_t)ring_pop(&e->late);
		error_scribble(e, e->entry[i].dst, e->entry[i].len);
		entry_release(e, i);
	}
}

void error_write_late(struct error *e)
{
	uint32_t i;

	for (i = 0; i < e->high; i++)
		if (e->entry[i].place == LATE)
			error_scribble(e, e->entry[i].dst, e->entry[i].len);
}
