/* SPDX-License-Identifier: MIT */
/*
 * error: another engine that fails on purpose. Which copies meet a fault is
 * drawn from a seed; what was injected is counted (error.h).
 *
 * Copies that fail, hang or are stuck never reach the inner engine. All others
 * are passed on together, and what is to happen to them happens when they end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <migsim/log.h>

#include "builtin.h"
#include "error_parts.h"
#include "sys.h"

static int open_inner(struct migsim_engine **inner, const char *of,
		      const struct migsim_engine_env *env)
{
	char *word = strdup(of);
	int err;

	if (!word)
		return -ENOMEM;
	error_inner_word(word);
	err = migsim_engine_open(inner, word, env);
	free(word);
	return err;
}

static int check_delay(const struct error_args *args,
		       const struct migsim_engine *inner)
{
	if (!args->delay_ppm || !(inner->caps.flags & MIGSIM_ENGINE_VIRTUAL))
		return 0;
	migsim_log(MIGSIM_LOG_ERROR,
		   "engine error delays in real time, and engine %s knows virtual time only: leave delay_ppm out",
		   inner->ops->name);
	return -EINVAL;
}

static void set_up(struct error *e, struct migsim_engine *inner)
{
	const uint32_t unreal = MIGSIM_ENGINE_VIRTUAL | MIGSIM_ENGINE_NO_COPY;

	e->inner = inner;
	e->caps = inner->caps;
	e->is_virtual = e->caps.flags & MIGSIM_ENGINE_VIRTUAL;
	e->writes = !(e->caps.flags & unreal);
	e->number = 1;
	if (e->args->delay_ppm || e->args->hang_ppm)
		e->caps.flags &= ~MIGSIM_ENGINE_SYNC;
	snprintf(e->driver, sizeof(e->driver), "error over %s",
		 inner->caps.driver ? inner->caps.driver : inner->ops->name);
	e->caps.driver = e->driver;
	error_table_init(e, e + 1);
}

static int error_open(void **priv, const struct migsim_engine_env *env,
		      const void *args)
{
	const struct error_args *a = args;
	struct migsim_engine *inner;
	struct error *e = NULL;
	size_t bytes;
	int err = error_check(a);

	if (!err)
		err = open_inner(&inner, a->of, env);
	if (err)
		return err;
	err = check_delay(a, inner);
	bytes = sizeof(*e) + error_table_bytes(inner->caps.depth);
	if (!err) {
		e = sys_map(bytes);
		err = e ? 0 : -ENOMEM;
	}
	if (err) {
		migsim_engine_close(inner);
		return err;
	}
	e->args = a;
	e->bytes = bytes;
	set_up(e, inner);
	*priv = e;
	return 0;
}

static void error_close(void *priv)
{
	struct error *e = priv;

	error_write_late(e);
	migsim_engine_close(e->inner);
	sys_unmap(e, e->bytes);
}

static void error_caps(void *priv, struct migsim_engine_caps *caps)
{
	const struct error *e = priv;

	*caps = e->caps;
}

/* Nothing was taken. What will not be offered again has been declined. */
static int refuse(struct error *e, uint32_t n, int err)
{
	if (err == -EBUSY && e->in_flight)
		return err;
	e->counts.declined += n;
	e->number += n;
	return err;
}

/* Is this a copy that is not taken, nor what is offered behind it? */
static bool stops_at(const struct error *e, uint32_t fate, uint64_t number)
{
	return fate & FATE_DECLINE ||
	       (fate & FATE_BUSY && e->busy_at != number);
}

static int stop(struct error *e, uint32_t n)
{
	if (error_fate(e->args, e->number, 0) & FATE_DECLINE)
		return refuse(e, n, -EOPNOTSUPP);
	e->busy_at = e->number;
	e->counts.busy++;
	return refuse(e, n, -EBUSY);
}

/* Half of it, as an engine that stops in the middle leaves behind. */
static uint64_t bytes_to_copy(uint64_t len, uint32_t fate)
{
	return fate & FATE_SHORT ? len / 2 & ~(uint64_t)63 : len;
}

/* Looks at up to @n copies; sets *@nr_out, those for the inner engine. */
static uint32_t look_at(struct error *e, const struct migsim_copy *c,
			uint32_t n, uint32_t *nr_out)
{
	uint32_t i, fate, at;

	*nr_out = 0;
	for (i = 0; i < n; i++, c++) {
		fate = error_fate(e->args, e->number + i, c->len);
		if (stops_at(e, fate, e->number + i))
			break;
		at = e->index[i] = entry_take(e);
		e->entry[at] = (struct entry){
			.cookie = c->cookie, .dst = c->dst, .len = c->len,
			.group = c->group, .fate = (uint16_t)fate,
		};
		if (fate & (FATE_HANG | FATE_FAIL | FATE_STUCK))
			continue;
		e->out[*nr_out] = *c;
		e->out[*nr_out].cookie = at;
		e->out[*nr_out].len = bytes_to_copy(c->len, fate);
		e->place_of[(*nr_out)++] = i;
	}
	return i;
}

/* These were taken: those that the inner engine has not got have an end. */
static void commit(struct error *e, uint32_t n)
{
	struct entry *entry;
	uint32_t i;

	for (i = 0; i < n; i++) {
		entry = &e->entry[e->index[i]];
		if (entry->fate & FATE_HANG) {
			entry->place = HUNG;
			e->counts.hung++;
		} else if (entry->fate & (FATE_FAIL | FATE_STUCK)) {
			error_ended(e, e->index[i]);
		} else {
			entry->place = INNER;
			e->at_inner++;
		}
	}
	e->in_flight += n;
	e->number += n;
	e->counts.taken += n;
}

static int error_submit(void *priv, const struct migsim_copy *copies,
			uint32_t n)
{
	struct error *e = priv;
	uint32_t room = e->caps.depth - e->in_flight;
	uint32_t looked, taken, nr_out, i;
	int took = 0;

	if (e->refuses)
		return refuse(e, n, -EIO);
	error_write_stuck(e);
	if (!room)
		return -EBUSY;
	if (room > BATCH)
		room = BATCH;
	looked = taken = look_at(e, copies, n < room ? n : room, &nr_out);
	if (!looked)
		return stop(e, n);
	if (nr_out)
		took = e->inner->ops->submit(e->inner->priv, e->out, nr_out);
	if (nr_out && took < (int)nr_out)
		taken = e->place_of[took > 0 ? took : 0];
	for (i = looked; i > taken; i--)
		entry_release(e, e->index[i - 1]);
	if (!taken)
		return refuse(e, n, took);
	commit(e, taken);
	return (int)taken;
}

static void error_kick(void *priv)
{
	struct error *e = priv;

	if (e->inner && e->inner->ops->kick)
		e->inner->ops->kick(e->inner->priv);
}

static uint64_t error_helper_cpu_ns(void *priv)
{
	const struct error *e = priv;

	if (!e->inner || !e->inner->ops->helper_cpu_ns)
		return e->inner_cpu_ns;
	return e->inner->ops->helper_cpu_ns(e->inner->priv);
}

const struct error_counts *error_engine_counts(const struct migsim_engine *e)
{
	const struct error *error = e->priv;

	return &error->counts;
}

const struct migsim_engine_ops engine_error = {
	.size = sizeof(struct migsim_engine_ops),
	.abi = MIGSIM_ENGINE_ABI,
	.name = "error",
	.help = "another engine that fails on purpose: seeded, and counted",
	.params = error_params,
	.args_size = sizeof(struct error_args),
	.open = error_open,
	.close = error_close,
	.caps = error_caps,
	.submit = error_submit,
	.kick = error_kick,
	.reap = error_reap,
	.cancel = error_cancel,
	.helper_cpu_ns = error_helper_cpu_ns,
};
