/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "channels.h"
#include "sys.h"

static const struct entry_list empty = { NO_ENTRY, NO_ENTRY };

int channels_open(struct channels *c, const struct costs *costs, uint32_t n,
		  uint32_t depth)
{
	uint32_t i;

	*c = (struct channels){ .costs = costs, .n = n, .depth = depth,
				.next = UINT64_MAX, .done = empty,
				.unused = NO_ENTRY };
	for (i = 0; i < n; i++)
		c->ch[i] = (struct channel){ .queue = empty, .held = empty,
					     .end = UINT64_MAX };
	c->entry = sys_map(depth * sizeof(*c->entry));
	return c->entry ? 0 : -ENOMEM;
}

void channels_close(struct channels *c)
{
	sys_unmap(c->entry, c->depth * sizeof(*c->entry));
	c->entry = NULL;
}

/* As long as all are free again between batches, they are used in order. */
uint32_t entry_new(struct channels *c)
{
	uint32_t at;

	if (!c->in_use++) {
		c->fresh = 0;
		c->unused = NO_ENTRY;
	}
	if (c->unused == NO_ENTRY)
		return c->fresh++;
	at = c->unused;
	c->unused = c->entry[at].next;
	return at;
}

void entry_free(struct channels *c, uint32_t at)
{
	c->in_use--;
	c->entry[at].next = c->unused;
	c->unused = at;
}

void list_add(struct channels *c, struct entry_list *list, uint32_t at)
{
	c->entry[at].next = NO_ENTRY;
	if (list->head == NO_ENTRY)
		list->head = at;
	else
		c->entry[list->tail].next = at;
	list->tail = at;
}

uint32_t list_take(struct channels *c, struct entry_list *list)
{
	uint32_t at = list->head;

	if (at != NO_ENTRY)
		list->head = c->entry[at].next;
	return at;
}

/* Is the port of this active channel shared, as the profile reads it? */
static bool shared(const struct channels *c, uint32_t i)
{
	switch (c->costs->ports) {
	case PORTS_PAIR:
		return (i ^ 1) < c->n && c->ch[i ^ 1].active;
	case PORTS_ANY:
		return c->active > 1;
	default:
		return i > 0;
	}
}

static uint64_t ceil_div(unsigned __int128 a, uint64_t b)
{
	return (uint64_t)((a + b - 1) / b);
}

/*
 * The set of active channels has changed, or a copy begins: rates anew, and
 * what is left of each copy takes so much longer or shorter.
 */
static void set_rates(struct channels *c, uint64_t t)
{
	const struct costs *costs = c->costs;
	uint64_t page_ps;
	uint32_t i;

	for (i = 0; i < c->n; i++) {
		struct channel *ch = &c->ch[i];
		const struct entry *e;

		if (!ch->active)
			continue;
		e = &c->entry[ch->queue.head];
		page_ps = costs->ps[costs_wait(costs->level[e->order],
					       c->active, shared(c, i))];
		if (ch->started)
			ch->end = t + ceil_div((unsigned __int128)e->len *
					       page_ps, MIGSIM_PAGE_SIZE);
		else if (page_ps != ch->page_ps)
			ch->end = t + (ch->page_ps ?
				ceil_div((unsigned __int128)(ch->end - t) *
					 page_ps, ch->page_ps) : 0);
		ch->page_ps = page_ps;
		ch->started = false;
	}
}

static void find_next(struct channels *c)
{
	uint32_t i;

	c->next = UINT64_MAX;
	for (i = 0; i < c->n; i++) {
		if (c->ch[i].active && c->ch[i].end < c->next) {
			c->next = c->ch[i].end;
			c->first = i;
		}
	}
}

/* The next copy of the queue, if there is one. */
static void begin(struct channels *c, struct channel *ch)
{
	uint32_t at = ch->queue.head;
	bool active = at != NO_ENTRY && !(c->entry[at].flags & ENTRY_HANGS);

	c->active += active;
	c->active -= ch->active;
	ch->active = active;
	ch->started = active;
}

static void end_copy(struct channels *c, struct channel *ch)
{
	uint32_t at = list_take(c, &ch->queue);
	struct entry *e = &c->entry[at];

	ch->queued -= e->len;
	if (c->costs->per_group && !(e->flags & ENTRY_LAST)) {
		list_add(c, &ch->held, at);
		return;
	}
	while (ch->held.head != NO_ENTRY)
		list_add(c, &c->done, list_take(c, &ch->held));
	list_add(c, &c->done, at);
	c->completions++;
}

/* All copies that end at c->next. */
static void step(struct channels *c)
{
	uint64_t t = c->next;
	uint32_t i;

	for (i = c->first; i < c->n; i++) {
		struct channel *ch = &c->ch[i];

		if (!ch->active || ch->end != t)
			continue;
		end_copy(c, ch);
		begin(c, ch);
	}
	set_rates(c, t);
	find_next(c);
}

void channels_run(struct channels *c, uint64_t t)
{
	while (c->next <= t)
		step(c);
}

void channels_queue(struct channels *c, uint32_t channel, uint32_t at)
{
	list_add(c, &c->ch[channel].queue, at);
	c->ch[channel].queued += c->entry[at].len;
}

void channels_start(struct channels *c, uint64_t t)
{
	uint32_t i;

	for (i = 0; i < c->n; i++)
		if (!c->ch[i].active)
			begin(c, &c->ch[i]);
	set_rates(c, t);
	find_next(c);
}

unsigned int channels_wait_cost(const struct channels *c)
{
	const struct channel *ch = &c->ch[c->first];
	const struct entry *e = &c->entry[ch->queue.head];

	return costs_wait(c->costs->level[e->order], c->active,
			  shared(c, c->first));
}

static void drop_group(struct channels *c, struct entry_list *list,
		       uint32_t group)
{
	struct entry_list all = *list;
	uint32_t at;

	*list = empty;
	while ((at = list_take(c, &all)) != NO_ENTRY) {
		if (c->entry[at].group == group)
			entry_free(c, at);
		else
			list_add(c, list, at);
	}
}

void channels_cancel(struct channels *c, uint32_t group, uint64_t t)
{
	uint32_t i, head;

	channels_run(c, t);
	drop_group(c, &c->done, group);
	for (i = 0; i < c->n; i++) {
		struct channel *ch = &c->ch[i];

		head = ch->queue.head;
		drop_group(c, &ch->held, group);
		drop_group(c, &ch->queue, group);
		if (ch->queue.head != head)
			begin(c, ch);
		ch->queued = 0;
		for (head = ch->queue.head; head != NO_ENTRY;
		     head = c->entry[head].next)
			ch->queued += c->entry[head].len;
	}
	set_rates(c, t);
	find_next(c);
}
