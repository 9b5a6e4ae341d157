/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tape.h"

struct tape tape;

struct tape_args {
	uint64_t width;
	const char *list;
};

static const struct migsim_param params[] = {
	{ .name = "width", .help = "a number", .max = 100,
	  .offset = offsetof(struct tape_args, width) },
	{ .name = "list", .help = "a text", .type = MIGSIM_PARAM_TEXT,
	  .def_text = "", .offset = offsetof(struct tape_args, list) },
	{ 0 },
};

void tape_reset(void)
{
	tape = (struct tape){ .depth = 64, .channels = 3 };
}

static int tape_open(void **priv, const struct migsim_engine_env *env,
		     const void *args)
{
	const struct tape_args *a = args;

	(void)env;
	tape.width = a->width;
	snprintf(tape.list, sizeof(tape.list), "%s", a->list);
	tape.in_flight = tape.nr_copies = 0;
	tape.is_open = true;
	*priv = &tape;
	return 0;
}

static void tape_close(void *priv)
{
	(void)priv;
	tape.is_open = false;
}

static void tape_caps(void *priv, struct migsim_engine_caps *caps)
{
	(void)priv;
	caps->flags = tape.flags;
	caps->channels = tape.channels;
	caps->depth = tape.depth;
	caps->driver = "tape";
}

static int tape_submit(void *priv, const struct migsim_copy *copies,
		       uint32_t n)
{
	(void)priv;
	tape.nr_submits++;
	if (tape.submit_err)
		return tape.submit_err;
	if (tape.take && n > tape.take)
		n = tape.take;
	if (n > tape.depth - tape.in_flight)
		n = tape.depth - tape.in_flight;
	if (!n)
		return -EBUSY;
	memcpy(tape.copies + tape.in_flight, copies, n * sizeof(*copies));
	tape.in_flight += n;
	return (int)n;
}

static void tape_kick(void *priv)
{
	(void)priv;
	tape.nr_kicks++;
}

static void wait_for(uint64_t ns)
{
	struct timespec ts = { .tv_sec = (time_t)(ns / 1000000000),
			       .tv_nsec = (long)(ns % 1000000000) };

	nanosleep(&ts, NULL);
}

static struct migsim_completion newest(void)
{
	const struct migsim_copy *c = &tape.copies[--tape.in_flight];
	struct migsim_completion done = { .cookie = c->cookie };

	tape.nr_copies++;
	if (tape.fail_every && !(tape.nr_copies % tape.fail_every))
		done.status = -ENXIO;
	else if (!(tape.flags & MIGSIM_ENGINE_VIRTUAL))
		memcpy(c->dst, c->src, c->len);
	return done;
}

static int tape_reap(void *priv, struct migsim_completion *done, uint32_t max,
		     uint64_t timeout_ns)
{
	uint32_t n = 0;

	(void)priv;
	if (tape.reap_err)
		return tape.reap_err;
	if (tape.hold || !tape.in_flight) {
		wait_for(timeout_ns);
		return 0;
	}
	if (tape.per_reap && max > tape.per_reap)
		max = tape.per_reap;
	while (n < max && tape.in_flight)
		done[n++] = newest();
	return (int)n;
}

static int tape_cancel(void *priv, uint32_t group)
{
	uint32_t i, kept = 0;

	(void)priv;
	tape.nr_cancels++;
	for (i = 0; i < tape.in_flight; i++)
		if (tape.copies[i].group != group)
			tape.copies[kept++] = tape.copies[i];
	tape.in_flight = kept;
	return tape.cancel_err;
}

static const struct migsim_engine_ops ops = {
	.size = sizeof(ops),
	.abi = MIGSIM_ENGINE_ABI,
	.name = "tape",
	.help = "keeps what it was given",
	.params = params,
	.args_size = sizeof(struct tape_args),
	.open = tape_open,
	.close = tape_close,
	.caps = tape_caps,
	.submit = tape_submit,
	.kick = tape_kick,
	.reap = tape_reap,
	.cancel = tape_cancel,
};

__attribute__((constructor)) static void register_tape(void)
{
	migsim_engine_register(&ops);
}
