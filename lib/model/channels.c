/* SPDX-License-Identifier: MIT */
#include "channels.h"

static const struct entry_list empty = { NO_ENTRY, NO_ENTRY };

int channels_open(struct channels *c, const struct costs *costs, uint32_t n,
		  uint32_t depth)
{
	uint32_t i;

	*c = (struct channels){ .costs = costs, .n = n, .next = UINT64_MAX,
				.percent = 100, .done = empty };
	for (i = 0; i < n; i++)
		c->ch[i] = (struct channel){ .queue = empty, .held = empty,
					     .end = UINT64_MAX };
	return entries_open(&c->entries, depth);
}

void channels_close(struct channels *c)
{
	entries_close(&c->entries);
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

bool channels_port_is_busy(const struct channels *c, uint32_t i)
{
	switch (c->costs->ports) {
	case PORTS_PAIR:
		return (i ^ 1) < c->n && c->ch[i ^ 1].queued;
	case PORTS_FIRST:
		return i > 0;
	default:
		return false;
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
		e = &c->entries.entry[ch->queue.head];
		page_ps = costs->ps[costs_wait(costs->level[e->order],
					       c->active, shared(c, i))] *
			  100 / c->percent;
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
	bool active = at != NO_ENTRY && !(c->entries.entry[at].flags & ENTRY_HANGS);

	c->active += active;
	c->active -= ch->active;
	ch->active = active;
	ch->started = active;
}

static void end_copy(struct channels *c, struct channel *ch)
{
	struct entry copy, held;

	list_take(&c->entries, &ch->queue, 1, &copy);
	ch->queued -= copy.len;
	if (c->costs->per_group && !(copy.flags & ENTRY_LAST)) {
		list_add(&c->entries, &ch->held, &copy);
		return;
	}
	while (list_take(&c->entries, &ch->held, UINT32_MAX, &held))
		list_add(&c->entries, &c->done, &held);
	if (!c->costs->per_group)
		copy.flags &= (uint8_t)~ENTRY_LAST;
	list_add(&c->entries, &c->done, &copy);
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

void channels_queue(struct channels *c, uint32_t channel,
		    const struct entry *copies)
{
	list_add(&c->entries, &c->ch[channel].queue, copies);
	c->ch[channel].queued += copies->count * copies->len;
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
	const struct entry *e = &c->entries.entry[ch->queue.head];

	return costs_wait(c->costs->level[e->order], c->active,
			  shared(c, c->first));
}

static uint64_t queued_bytes(const struct channels *c, uint32_t at)
{
	uint64_t bytes = 0;

	for (; at != NO_ENTRY; at = c->entries.entry[at].next)
		bytes += c->entries.entry[at].count * c->entries.entry[at].len;
	return bytes;
}

static bool head_is_of(const struct channels *c, const struct channel *ch,
		       uint32_t group)
{
	return ch->queue.head != NO_ENTRY &&
	       c->entries.entry[ch->queue.head].group == group;
}

void channels_cancel(struct channels *c, uint32_t group, uint64_t t)
{
	bool stops;
	uint32_t i;

	channels_run(c, t);
	list_drop_group(&c->entries, &c->done, group);
	for (i = 0; i < c->n; i++) {
		struct channel *ch = &c->ch[i];

		stops = head_is_of(c, ch, group);
		list_drop_group(&c->entries, &ch->held, group);
		list_drop_group(&c->entries, &ch->queue, group);
		ch->queued = queued_bytes(c, ch->queue.head);
		if (stops)
			begin(c, ch);
	}
	set_rates(c, t);
	find_next(c);
}
