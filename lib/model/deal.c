/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <migsim/engine.h>

#include "deal.h"

_Static_assert(MODEL_MAX_CHANNELS <= 64, "a bit for each channel");

/* Is channel @a a better one for a lane than @b? */
static bool better(const struct channels *c, uint64_t used, uint32_t a,
		   uint32_t b)
{
	bool a_used = used >> a & 1, b_used = used >> b & 1;

	if (a_used != b_used)
		return b_used;
	if (c->ch[a].queued != c->ch[b].queued)
		return c->ch[a].queued < c->ch[b].queued;
	return c->pick_ports && !channels_port_is_busy(c, a) &&
	       channels_port_is_busy(c, b);
}

/*
 * The channel with least to do that no other lane of this submission has; of
 * several one whose port was idle before this submission, which may fill it.
 */
static uint32_t pick(const struct channels *c, uint64_t used)
{
	uint32_t i, best = 0;

	for (i = 1; i < c->n; i++)
		if (better(c, used, i, best))
			best = i;
	return best;
}

/* Returns how many copies have no lane. */
static uint32_t prepare_lanes(struct deal *d, const struct channels *c,
			      uint32_t at)
{
	const struct entry *e;
	uint32_t n = 0, *channel;

	for (; at != NO_ENTRY; at = e->next) {
		e = &c->entries.entry[at];
		if (e->lane == MIGSIM_LANE_ANY) {
			n += e->count;
			continue;
		}
		channel = &d->lane[e->lane % c->n];
		if (*channel == NO_ENTRY)
			*channel = pick(c, d->used);
		d->used |= (uint64_t)1 << *channel;
	}
	return n;
}

void deal_prepare(struct deal *d, const struct channels *c,
		  const struct entry_list *submission)
{
	uint32_t n, channels;

	*d = (struct deal){ .used = 0 };
	memset(d->lane, 0xff, sizeof(d->lane));
	n = prepare_lanes(d, c, submission->head);
	channels = n < c->n ? n : c->n;
	d->slice = n / c->n;
	d->longer = n % c->n;
	d->left = d->slice + (d->longer > 0);
	if (channels)
		d->used |= ~(uint64_t)0 >> (64 - channels);
}

static void deal_slice(struct deal *d, struct channels *c,
		       struct entry_list *submission)
{
	struct entry copies;

	list_take(&c->entries, submission, d->left, &copies);
	channels_queue(c, d->channel, &copies);
	d->left -= copies.count;
	if (!d->left) {
		d->channel++;
		d->left = d->slice + (d->channel < d->longer);
	}
}

static void deal_lane(struct deal *d, struct channels *c,
		      struct entry_list *submission)
{
	struct entry copies;

	list_take(&c->entries, submission, UINT32_MAX, &copies);
	channels_queue(c, d->lane[copies.lane % c->n], &copies);
}

void deal_out(struct deal *d, struct channels *c,
	      struct entry_list *submission)
{
	uint32_t i;

	while (submission->head != NO_ENTRY) {
		if (c->entries.entry[submission->head].lane == MIGSIM_LANE_ANY)
			deal_slice(d, c, submission);
		else
			deal_lane(d, c, submission);
	}
	for (i = 0; i < c->n; i++)
		if (d->used >> i & 1)
			c->entries.entry[c->ch[i].queue.tail].flags |=
				ENTRY_LAST;
}
