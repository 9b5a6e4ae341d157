/* SPDX-License-Identifier: MIT */
/*
 * null: copies nothing and says that it did. It measures the pipeline alone;
 * what it "migrates" holds whatever the target pages held.
 */
#include <errno.h>

#include "builtin.h"
#include "sync.h"

static void null_caps(void *priv, struct migsim_engine_caps *caps)
{
	(void)priv;
	caps->flags = MIGSIM_ENGINE_SYNC | MIGSIM_ENGINE_NO_COPY;
	caps->depth = SYNC_QUEUE_DEPTH;
	caps->driver = "none";
}

static int null_submit(void *priv, const struct migsim_copy *copies, uint32_t n)
{
	return sync_queue_room(priv) ? sync_queue_add(priv, copies, n) : -EBUSY;
}

const struct migsim_engine_ops engine_null = {
	.size = sizeof(struct migsim_engine_ops),
	.abi = MIGSIM_ENGINE_ABI,
	.name = "null",
	.help = "copies nothing, to measure the pipeline alone; the content is lost",
	.open = sync_queue_open,
	.close = sync_queue_close,
	.caps = null_caps,
	.submit = null_submit,
	.reap = sync_queue_reap,
	.cancel = sync_queue_cancel,
};
