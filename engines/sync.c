/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "sys.h"
#include "sync.h"

int sync_queue_open(void **priv, const struct migsim_engine_env *env,
		    const void *args)
{
	(void)env;
	(void)args;
	*priv = sys_map(sizeof(struct sync_queue));
	return *priv ? 0 : -ENOMEM;
}

void sync_queue_close(void *priv)
{
	sys_unmap(priv, sizeof(struct sync_queue));
}

uint32_t sync_queue_room(const struct sync_queue *q)
{
	return SYNC_QUEUE_DEPTH - (q->tail - q->head);
}

int sync_queue_add(struct sync_queue *q, const struct migsim_copy *copies,
		   uint32_t n)
{
	uint32_t i, room = sync_queue_room(q);
	struct sync_entry *e;

	if (n > room)
		n = room;
	for (i = 0; i < n; i++) {
		e = &q->entry[(q->tail + i) % SYNC_QUEUE_DEPTH];
		e->cookie = copies[i].cookie;
		e->group = copies[i].group;
	}
	q->tail += n;
	return (int)n;
}

int sync_queue_reap(void *priv, struct migsim_completion *done, uint32_t max,
		    uint64_t timeout_ns)
{
	struct sync_queue *q = priv;
	uint32_t n = 0;

	(void)timeout_ns;
	while (n < max && q->head != q->tail) {
		done[n].cookie = q->entry[q->head++ % SYNC_QUEUE_DEPTH].cookie;
		done[n++].status = 0;
	}
	return (int)n;
}

/* The copies are over; only their completions are taken back. */
int sync_queue_cancel(void *priv, uint32_t group)
{
	struct sync_queue *q = priv;
	uint32_t i, kept = q->head;

	for (i = q->head; i != q->tail; i++)
		if (q->entry[i % SYNC_QUEUE_DEPTH].group != group)
			q->entry[kept++ % SYNC_QUEUE_DEPTH] =
				q->entry[i % SYNC_QUEUE_DEPTH];
	q->tail = kept;
	return 0;
}
