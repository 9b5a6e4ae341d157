/* SPDX-License-Identifier: MIT */
/*
 * An engine that a word names, open.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <migsim/log.h>

#include "log.h"
#include "own.h"
#include "registry.h"
#include "sys.h"

/* What the caller holds, and what it was made of. */
struct opened {
	struct migsim_engine engine;
	struct spec spec;
};

/* What is no -errno would be taken for success, or for folios, further on. */
static int open_instance(struct opened *o, const struct migsim_engine_env *env)
{
	struct migsim_engine *e = &o->engine;
	unsigned int said = log_sentences();
	int err = e->ops->open(&e->priv, env, o->spec.args);

	if (err > 0) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "engine %s is broken: its open returned %d, which is neither 0 nor -errno",
			   e->ops->name, err);
		return -EINVAL;
	}
	if (err && log_sentences() == said)
		migsim_log(MIGSIM_LOG_ERROR, "engine %s does not open: %s%s%s",
			   e->ops->name, strerror(-err),
			   e->ops->needs ? "; it needs " : "",
			   e->ops->needs ? e->ops->needs : "");
	return err;
}

static int open_and_ask(struct opened *o, const struct migsim_engine_env *env)
{
	struct migsim_engine *e = &o->engine;
	int err;

	e->ops = o->spec.ops;
	err = open_instance(o, env);
	if (err)
		return err;
	e->ops->caps(e->priv, &e->caps);
	if (e->caps.depth)
		return 0;
	migsim_log(MIGSIM_LOG_ERROR,
		   "engine %s is broken: it takes no copies (its caps say a depth of 0)",
		   e->ops->name);
	e->ops->close(e->priv);
	return -EINVAL;
}

int migsim_engine_open(struct migsim_engine **engine, const char *word,
		       const struct migsim_engine_env *env)
{
	struct opened *o;
	int err;

	own_add_libraries();
	o = sys_map(sizeof(*o));
	if (!o)
		return -ENOMEM;
	err = spec_parse(OPS_ENGINE, word, &o->spec);
	if (!err)
		err = open_and_ask(o, env);
	if (err) {
		spec_free(&o->spec);
		sys_unmap(o, sizeof(*o));
		return err;
	}
	*engine = &o->engine;
	return 0;
}

void migsim_engine_close(struct migsim_engine *engine)
{
	struct opened *o = (struct opened *)engine;

	if (!o)
		return;
	engine->ops->close(engine->priv);
	spec_free(&o->spec);
	sys_unmap(o, sizeof(*o));
}
