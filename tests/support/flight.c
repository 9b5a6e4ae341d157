/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "flight.h"

#define DEPTH 4096

static struct migsim_copy queue[DEPTH];
static uint32_t queued;
static bool hung;
static flight_hook hook;
static void *hook_arg;

static int flight_open(void **priv, const struct migsim_engine_env *env,
		       const void *args)
{
	(void)env;
	(void)args;
	queued = 0;
	hung = false;
	*priv = queue;
	return 0;
}

static void flight_close(void *priv)
{
	(void)priv;
}

static void flight_caps(void *priv, struct migsim_engine_caps *caps)
{
	(void)priv;
	caps->channels = 1;
	caps->depth = DEPTH;
	caps->driver = "test";
}

static int flight_submit(void *priv, const struct migsim_copy *copies,
			 uint32_t n)
{
	(void)priv;
	memcpy(queue + queued, copies, n * sizeof(*copies));
	queued += n;
	return (int)n;
}

static int flight_reap(void *priv, struct migsim_completion *done,
		       uint32_t max, uint64_t timeout_ns)
{
	flight_hook now = hook;
	uint32_t i, n;

	(void)priv;
	hook = NULL;
	if (now)
		now(hook_arg);
	if (hung) {
		usleep(timeout_ns > 1000000 ? 1000 : 0);
		return 0;
	}
	n = queued < max ? queued : max;
	for (i = 0; i < n; i++) {
		memcpy(queue[i].dst, queue[i].src, queue[i].len);
		done[i] = (struct migsim_completion){ queue[i].cookie, 0 };
	}
	queued -= n;
	memmove(queue, queue + n, queued * sizeof(queue[0]));
	return (int)n;
}

static int flight_cancel(void *priv, uint32_t group)
{
	(void)priv;
	(void)group;
	return -EINPROGRESS;
}

static const struct migsim_engine_ops flight = {
	.size = sizeof(struct migsim_engine_ops),
	.abi = MIGSIM_ENGINE_ABI,
	.name = "flight",
	.help = "calls the test while folios are in flight",
	.open = flight_open,
	.close = flight_close,
	.caps = flight_caps,
	.submit = flight_submit,
	.reap = flight_reap,
	.cancel = flight_cancel,
};

void flight_set(flight_hook fn, void *arg)
{
	int err = migsim_engine_register(&flight);

	assert_true(!err || err == -EEXIST);
	hook = fn;
	hook_arg = arg;
}

void flight_hang(void)
{
	hung = true;
}

unsigned int flight_hung(struct migsim_copy *copies, unsigned int max)
{
	unsigned int n = queued < max ? queued : max;

	memcpy(copies, queue, n * sizeof(*copies));
	return n;
}
