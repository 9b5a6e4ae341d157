/* SPDX-License-Identifier: MIT */
/*
 * From copies to commands, and on their way to the bridge. Channels are dealt
 * out here rather than by the bridge, which sees one command at a time, several
 * of them at once.
 */
#include <errno.h>

#include "dma.h"

/* Less is not worth a channel. */
#define LEAST_SHARE	(64u << 10)

/* Of those with the least load the next one in turn. */
static uint32_t least_loaded(struct dma *dma)
{
	uint32_t nr = dma->info.channels, best = dma->next % nr, i, c;

	for (i = 1; i < nr; i++) {
		c = (dma->next + i) % nr;
		if (dma->load[c] < dma->load[best])
			best = c;
	}
	dma->next = best + 1;
	return best;
}

/* Lanes are channels of their own, each time anew the least loaded ones. */
static void choose_lanes(struct dma *dma, uint16_t *channel)
{
	uint32_t nr = dma->info.channels, i, j;
	uint16_t c;

	for (i = 0; i < nr; i++) {
		c = (uint16_t)((dma->next + i) % nr);
		for (j = i; j && dma->load[channel[j - 1]] > dma->load[c]; j--)
			channel[j] = channel[j - 1];
		channel[j] = c;
	}
	dma->next = channel[0] + 1u;
}

/* Of copies for any channel: each channel gets as much, neighbours together. */
static uint64_t share(const struct dma *dma)
{
	uint64_t bytes = 0;
	uint32_t i;

	for (i = dma->made; i != dma->tail; i++)
		if (dma->slots[i % DMA_ROOM].lane == MIGSIM_LANE_ANY)
			bytes += dma->copies[i % DMA_ROOM].len;
	bytes = (bytes + dma->info.channels - 1) / dma->info.channels;
	return bytes > LEAST_SHARE ? bytes : LEAST_SHARE;
}

static void deal(struct dma *dma)
{
	uint64_t most = share(dma), given = most;
	uint16_t lanes[DMA_MAX_CHANNELS];
	uint32_t nr = dma->info.channels, any = 0, i;
	struct migsim_dma_copy *c;
	const struct dma_slot *s;

	choose_lanes(dma, lanes);
	for (i = dma->made; i != dma->tail; i++) {
		c = &dma->copies[i % DMA_ROOM];
		s = &dma->slots[i % DMA_ROOM];
		if (s->lane != MIGSIM_LANE_ANY) {
			c->channel = lanes[s->lane % nr];
		} else if (dma->args->split) {
			c->channel = MIGSIM_DMA_CHANNEL_ANY;
			continue;
		} else {
			if (given >= most) {
				any = least_loaded(dma);
				given = 0;
			}
			given += c->len;
			c->channel = (uint16_t)any;
		}
		dma->load[c->channel] += c->len;
	}
}

/*
 * Copies of a lane go to their channel in order, which holds within a command
 * only: those are cut where the bridge's limits are.
 */
static bool belongs(const struct dma *dma, const struct dma_command *c,
		    uint32_t i, bool laned)
{
	uint64_t most = laned ? dma->info.max_bytes : dma->args->command;

	if (most > dma->info.max_bytes)
		most = dma->info.max_bytes;
	return i != dma->tail && i % DMA_ROOM &&
	       dma->slots[i % DMA_ROOM].group == c->group &&
	       c->nr < dma->info.max_copies &&
	       c->bytes + dma->copies[i % DMA_ROOM].len <= most;
}

static void make_one(struct dma *dma)
{
	struct dma_command *c = dma_command(dma, dma->c_tail);
	uint32_t i = dma->made;
	bool laned = false;

	*c = (struct dma_command){
		.first = i, .group = dma->slots[i % DMA_ROOM].group,
	};
	do {
		laned |= dma->slots[i % DMA_ROOM].lane != MIGSIM_LANE_ANY;
		c->bytes += dma->copies[i % DMA_ROOM].len;
		c->nr++;
		i++;
	} while (belongs(dma, c, i, laned));
	c->left = c->nr;
	dma->in_flight += c->nr;
	dma->made = i;
	dma->c_tail++;
	dma->nr_queued++;
}

void dma_make(struct dma *dma)
{
	if (dma->made != dma->tail)
		deal(dma);
	while (dma->made != dma->tail)
		make_one(dma);
}

static bool has_room(const struct dma *dma, const struct dma_command *c)
{
	return !dma->nr_out || (!dma->full && dma->bytes_out + c->bytes <=
						      dma->info.max_in_flight);
}

void dma_issue(struct dma *dma)
{
	struct dma_command *c;
	uint32_t i;

	for (i = dma->c_head; dma->nr_queued && i != dma->c_tail; i++) {
		c = dma_command(dma, i);
		if (c->state != DMA_QUEUED)
			continue;
		if (!has_room(dma, c) || !dma_send_copy(dma, i))
			break;
		c->state = DMA_OUT;
		dma->nr_queued--;
		dma->nr_out++;
		dma->bytes_out += c->bytes;
	}
	dma_flush(dma);
}

/* Where the kernel can make no worker, all tries are in vain. */
#define TRIES 16

/*
 * A result below 0 says that nothing was begun. The bridge may be full, which
 * another command of ours will change, or the thread that submitted has ended.
 */
static bool is_worth_another_try(struct dma *dma, struct dma_command *c,
				 int result)
{
	if (result == -EBUSY && dma->nr_out) {
		dma->full = true;
		return true;
	}
	return (result == -ECANCELED || result == -EINTR) &&
	       c->tries++ < TRIES;
}

void dma_over(struct dma *dma, uint32_t command, int result)
{
	struct dma_command *c = dma_command(dma, command);

	dma->nr_out--;
	dma->bytes_out -= c->bytes;
	if (!c->given_up && is_worth_another_try(dma, c, result)) {
		c->state = DMA_QUEUED;
		dma->nr_queued++;
		return;
	}
	dma->full = false;
	c->state = DMA_OVER;
	c->result = result;
}

void dma_retire(struct dma *dma)
{
	const struct dma_command *c;

	while (dma->c_head != dma->c_tail) {
		c = dma_command(dma, dma->c_head);
		if (c->left || c->state != DMA_OVER)
			return;
		dma->head += c->nr;
		dma->c_head++;
	}
}
