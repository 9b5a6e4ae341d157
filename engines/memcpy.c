/* SPDX-License-Identifier: MIT */
/*
 * memcpy: the calling thread copies with the C library's routine, neighbours
 * joined, and everything is over when submit returns.
 */
#include <errno.h>
#include <string.h>

#include "builtin.h"
#include "sync.h"

static void memcpy_caps(void *priv, struct migsim_engine_caps *caps)
{
	(void)priv;
	caps->flags = MIGSIM_ENGINE_SYNC;
	caps->depth = SYNC_QUEUE_DEPTH;
	caps->driver = "glibc";
}

/*
 * Copies are joined up to the size of the largest folio. Beyond some tens of
 * MiB the C library takes another routine (stores past the cache): the batch
 * size would then decide how is copied, and a curve over N show that.
 */
#define JOIN_BYTES ((uint64_t)2 << 20)

/* Copies that continue each other on both sides: one call of memcpy. */
static uint32_t joined(const struct migsim_copy *c, uint32_t n, uint64_t *len)
{
	uint32_t i = 1;

	*len = c[0].len;
	while (i < n && *len + c[i].len <= JOIN_BYTES &&
	       (char *)c[0].dst + *len == c[i].dst &&
	       (const char *)c[0].src + *len == c[i].src)
		*len += c[i++].len;
	return i;
}

static int memcpy_submit(void *priv, const struct migsim_copy *copies,
			 uint32_t n)
{
	struct sync_queue *q = priv;
	uint32_t i, room = sync_queue_room(q);
	uint64_t len;

	if (n > room)
		n = room;
	if (!n)
		return -EBUSY;
	for (i = 0; i < n;) {
		const struct migsim_copy *c = &copies[i];

		i += joined(c, n - i, &len);
		memcpy(c->dst, c->src, len);
	}
	return sync_queue_add(q, copies, n);
}

const struct migsim_engine_ops engine_memcpy = {
	.size = sizeof(struct migsim_engine_ops),
	.abi = MIGSIM_ENGINE_ABI,
	.name = "memcpy",
	.help = "the calling thread copies with the C library's memcpy",
	.open = sync_queue_open,
	.close = sync_queue_close,
	.caps = memcpy_caps,
	.submit = memcpy_submit,
	.reap = sync_queue_reap,
	.cancel = sync_queue_cancel,
};
