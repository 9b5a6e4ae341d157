/* SPDX-License-Identifier: MIT */
/*
 * memcpy: the calling thread copies, neighbours joined, with a routine of
 * choice, and everything is over when submit returns.
 */
#include <errno.h>

#include "builtin.h"
#include "join.h"
#include "routine.h"
#include "sync.h"
#include "sys.h"

struct memcpy_args {
	uint64_t routine;
	uint64_t prefetch;
};

static const struct migsim_param memcpy_params[] = {
	ROUTINE_PARAMS(struct memcpy_args),
	{ 0 },
};

struct engine {
	struct sync_queue queue; /* first: sync_queue_reap() is given this */
	struct copier copier;
};

static void memcpy_close(void *priv)
{
	sys_unmap(priv, sizeof(struct engine));
}

static int memcpy_open(void **priv, const struct migsim_engine_env *env,
		       const void *args)
{
	const struct memcpy_args *a = args;
	struct engine *e = sys_map(sizeof(*e));
	int err;

	(void)env;
	if (!e)
		return -ENOMEM;
	err = copier_init(&e->copier, a->routine, a->prefetch);
	if (err) {
		memcpy_close(e);
		return err;
	}
	*priv = e;
	return 0;
}

static void memcpy_caps(void *priv, struct migsim_engine_caps *caps)
{
	const struct engine *e = priv;

	caps->flags = MIGSIM_ENGINE_SYNC;
	caps->depth = SYNC_QUEUE_DEPTH;
	caps->driver = copier_name(&e->copier);
}

/*
 * Copies are joined up to the size of the largest folio. The C library takes
 * another routine (stores past the cache) from a length on that it computes
 * from the size of the cache, so every machine has its own: joined without a
 * bound, the batch size would decide how routine=glibc copies, and a curve
 * over N show that.
 */
#define MEMCPY_JOIN_BYTES ((uint64_t)2 << 20)

static int memcpy_submit(void *priv, const struct migsim_copy *copies,
			 uint32_t n)
{
	struct engine *e = priv;
	uint32_t i, end, room = sync_queue_room(&e->queue);
	uint64_t len;

	if (n > room)
		n = room;
	if (!n)
		return -EBUSY;
	for (i = 0; i < n; i = end) {
		end = i + join(copies + i, n - i, MEMCPY_JOIN_BYTES, &len);
		copier_add(&e->copier, copies[i].dst, copies[i].src, len,
			   end < n ? copies[end].src : NULL);
	}
	copier_finish();
	return sync_queue_add(&e->queue, copies, n);
}

const struct migsim_engine_ops engine_memcpy = {
	.size = sizeof(struct migsim_engine_ops),
	.abi = MIGSIM_ENGINE_ABI,
	.name = "memcpy",
	.help = "the calling thread copies",
	.params = memcpy_params,
	.args_size = sizeof(struct memcpy_args),
	.open = memcpy_open,
	.close = memcpy_close,
	.caps = memcpy_caps,
	.submit = memcpy_submit,
	.reap = sync_queue_reap,
	.cancel = sync_queue_cancel,
};
