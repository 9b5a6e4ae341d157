/* SPDX-License-Identifier: MIT */
/*
 * A migrator: a space, an engine and a policy put together, and the memory
 * that its calls work in.
 */
#include <errno.h>
#include <string.h>

#include <migsim/log.h>

#include "core.h"
#include "own.h"
#include "sys.h"

/* Base pages in flight, where the policy names no bound. */
#define DEFAULT_WINDOW 65536

static uint64_t max_window(const struct migsim_migrator *m,
			   const struct migsim_options *o)
{
	uint64_t window = 0;

	if (m->policy->window)
		window = m->policy->window(m->policy_spec.args);
	if (!window)
		window = DEFAULT_WINDOW;
	return o->call_pages && o->call_pages < window ? o->call_pages : window;
}

static const char *engine_word(const struct migsim_options *o)
{
	return o->engine ? o->engine : "memcpy";
}

static int open_space(struct migsim_migrator *m,
		      const struct migsim_options *o)
{
	struct migsim_space_env env = {
		.from = o->from,
		.to = o->to,
		.cold_pool = o->cold_pool,
		.pool_bytes = o->pool_bytes,
		.max_window = m->max_window,
		.call_pages = o->call_pages,
		.profile = o->profile,
	};

	return m->space->open(&m->space_priv, &env, m->space_spec.args);
}

/* A virtual space has no memory that an engine could touch. */
static int check_engine(const struct migsim_migrator *m)
{
	const uint32_t blind = MIGSIM_ENGINE_VIRTUAL | MIGSIM_ENGINE_NO_COPY;

	if (!(m->space_caps.flags & MIGSIM_SPACE_VIRTUAL) ||
	    m->engine->caps.flags & blind)
		return 0;
	migsim_log(MIGSIM_LOG_ERROR,
		   "engine %s copies real memory and %s has none; take the engine model",
		   m->engine->ops->name, m->space->name);
	return -EINVAL;
}

static int open_engine(struct migsim_migrator *m,
		       const struct migsim_options *o)
{
	struct migsim_engine_env env = {
		.from = o->from,
		.to = o->to,
		.space = m->space_priv,
		.space_name = m->space->name,
	};
	int err;

	err = migsim_engine_open(&m->engine, engine_word(o), &env);
	if (err)
		return err;
	err = check_engine(m);
	if (err) {
		migsim_engine_close(m->engine);
		m->engine = NULL;
	}
	return err;
}

static int parse_words(struct migsim_migrator *m,
		       const struct migsim_options *o)
{
	int err;

	err = spec_parse(OPS_SPACE, o->space ? o->space : "uffd",
			 &m->space_spec);
	if (!err)
		err = migsim_engine_check(engine_word(o));
	if (!err)
		err = spec_parse(OPS_POLICY, o->policy ? o->policy : "batch",
				 &m->policy_spec);
	if (err)
		return err;
	m->space = m->space_spec.ops;
	m->policy = m->policy_spec.ops;
	m->policy_priv = sys_map(m->policy->priv_size + 1);
	if (!m->policy_priv)
		return -ENOMEM;
	return 0;
}

static int make_groups(struct migsim_migrator *m)
{
	m->slots = sys_map(MAX_GROUPS * sizeof(*m->slots));
	m->unused = m->slots;
	return m->slots ? 0 : -ENOMEM;
}

static void set_clock(struct migsim_migrator *m, uint32_t copy_timeout_ms)
{
	uint64_t hz = m->space_caps.ticks_per_s;

	m->tick_mult = (uint64_t)(((unsigned __int128)1000000000 << 32) / hz);
	m->copy_timeout = hz / 1000 * (copy_timeout_ms ? copy_timeout_ms
						       : 10000);
}

static int check_options(const struct migsim_options *o)
{
	if (!o || o->size < offsetof(struct migsim_options, call_pages))
		return -EINVAL;
	if ((unsigned int)o->mode > MIGSIM_MODE_SYNC ||
	    (unsigned int)o->reason >= MIGSIM_REASONS)
		return -EINVAL;
	return 0;
}

int migsim_migrator_open(struct migsim_migrator **migrator,
			 const struct migsim_options *options)
{
	struct migsim_options o = { 0 };
	struct migsim_migrator *m;
	int err;

	err = check_options(options);
	if (err)
		return err;
	memcpy(&o, options, options->size < sizeof(o) ? options->size
						      : sizeof(o));
	own_add_libraries();
	m = sys_map(sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->mode = o.mode;
	m->reason = o.reason;
	err = parse_words(m, &o);
	if (!err)
		err = make_groups(m);
	if (err)
		goto fail;
	m->max_window = max_window(m, &o);
	err = open_space(m, &o);
	if (err)
		goto fail;
	m->space->caps(m->space_priv, &m->space_caps);
	err = m->space_caps.ticks_per_s ? 0 : -EINVAL;
	if (err)
		goto close_space;
	set_clock(m, o.copy_timeout_ms);
	err = open_engine(m, &o);
	if (err)
		goto close_space;
	*migrator = m;
	return 0;

close_space:
	m->space->close(m->space_priv);
	m->space = NULL;
fail:
	migsim_migrator_close(m);
	return err;
}

void migsim_migrator_close(struct migsim_migrator *m)
{
	if (!m)
		return;
	if (m->engine) {
		migsim_engine_close(m->engine);
		m->space->close(m->space_priv);
	}
	sys_unmap(m->lists, m->lists_cap * 4 * sizeof(*m->lists));
	sys_unmap(m->slots, MAX_GROUPS * sizeof(*m->slots));
	if (m->policy)
		sys_unmap(m->policy_priv, m->policy->priv_size + 1);
	spec_free(&m->space_spec);
	spec_free(&m->policy_spec);
	migsim_report_free(m->scratch);
	sys_unmap(m, sizeof(*m));
}

void migsim_migrator_stop(struct migsim_migrator *m)
{
	atomic_store_explicit(&m->stop, true, memory_order_relaxed);
}

const struct migsim_engine *
migsim_migrator_engine(const struct migsim_migrator *m)
{
	return m->engine;
}

void migsim_migrator_info(const struct migsim_migrator *m,
			  struct migsim_migrator_info *info)
{
	struct migsim_migrator_info full = {
		.size = info->size,
		.engine = m->engine->ops->name,
		.driver = m->engine->caps.driver,
		.channels = m->engine->caps.channels,
		.engine_flags = m->engine->caps.flags,
		.space = m->space->name,
		.space_flags = m->space_caps.flags,
		.policy = m->policy->name,
		.policy_kind = policy_kind(&m->policy_spec),
		.window_pages = m->policy->window ?
				m->policy->window(m->policy_spec.args) : 0,
		.engine_dead = m->engine_dead,
	};

	if (m->space->migrate) {
		full.driver = m->space_caps.driver;
		full.channels = m->space_caps.channels;
	}
	if (m->policy->note)
		m->policy->note(m->policy_priv, m->policy_spec.args,
				&full.policy_note);
	memcpy(info, &full, info->size < sizeof(full) ? info->size
						      : sizeof(full));
}
