/* SPDX-License-Identifier: MIT */
/*
 * Three lists of ops tables: those of the library, then those registered.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <migsim/engine.h>
#include <migsim/log.h>
#include <migsim/policy.h>
#include <migsim/space.h>

#include "builtin.h"
#include "registry.h"
#include "sys.h"

#define MAX_OPS 64

struct registry {
	const char *what;
	uint32_t abi;
	size_t size;
	unsigned int n;
	const struct ops_head *ops[MAX_OPS];
};

#define HEAD(table) ((const struct ops_head *)&(table))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct registry registries[OPS_KINDS] = {
	[OPS_ENGINE] = {
		"engine", MIGSIM_ENGINE_ABI, sizeof(struct migsim_engine_ops),
		3, { HEAD(engine_memcpy), HEAD(engine_null),
		     HEAD(engine_model) },
	},
	[OPS_POLICY] = {
		"policy", MIGSIM_POLICY_ABI, sizeof(struct migsim_policy_ops),
		1, { HEAD(policy_batch) },
	},
	[OPS_SPACE] = {
		"space", MIGSIM_SPACE_ABI, sizeof(struct migsim_space_ops),
		3, { HEAD(space_uffd), HEAD(space_kernel), HEAD(space_model) },
	},
};

static const struct ops_head *get(enum ops_kind kind, unsigned int i)
{
	const struct ops_head *ops;

	pthread_mutex_lock(&lock);
	ops = i < registries[kind].n ? registries[kind].ops[i] : NULL;
	pthread_mutex_unlock(&lock);
	return ops;
}

/* The lock is held. */
static const struct ops_head *find_locked(const struct registry *r,
					  const char *name)
{
	unsigned int i;

	for (i = 0; i < r->n; i++)
		if (!strcmp(r->ops[i]->name, name))
			return r->ops[i];
	return NULL;
}

static const struct ops_head *find(enum ops_kind kind, const char *name)
{
	const struct ops_head *ops;

	pthread_mutex_lock(&lock);
	ops = find_locked(&registries[kind], name);
	pthread_mutex_unlock(&lock);
	return ops;
}

static int add(enum ops_kind kind, const void *table)
{
	const struct ops_head *ops = table;
	struct registry *r = &registries[kind];
	int err = 0;

	if (ops->abi != r->abi || !ops->name || !*ops->name || !ops->help)
		return -EINVAL;
	pthread_mutex_lock(&lock);
	if (find_locked(r, ops->name))
		err = -EEXIST;
	else if (r->n == MAX_OPS)
		err = -ENOSPC;
	else
		r->ops[r->n++] = ops;
	pthread_mutex_unlock(&lock);
	return err;
}

int migsim_engine_register(const struct migsim_engine_ops *ops)
{
	if (!ops || ops->size < offsetof(struct migsim_engine_ops, cancel) ||
	    !ops->open || !ops->close || !ops->caps || !ops->submit ||
	    !ops->reap)
		return -EINVAL;
	return add(OPS_ENGINE, ops);
}

int migsim_policy_register(const struct migsim_policy_ops *ops)
{
	if (!ops || ops->size < offsetof(struct migsim_policy_ops, window) ||
	    !ops->decide || !ops->kind)
		return -EINVAL;
	return add(OPS_POLICY, ops);
}

int migsim_space_register(const struct migsim_space_ops *ops)
{
	if (!ops || ops->size < offsetof(struct migsim_space_ops, note) ||
	    !ops->open || !ops->close || !ops->caps || !ops->now)
		return -EINVAL;
	if (!ops->migrate && (!ops->alloc || !ops->put || !ops->unmap ||
			      !ops->copy || !ops->remap || !ops->undo))
		return -EINVAL;
	return add(OPS_SPACE, ops);
}

const struct migsim_engine_ops *migsim_engine_get(unsigned int i)
{
	return (const struct migsim_engine_ops *)get(OPS_ENGINE, i);
}

const struct migsim_policy_ops *migsim_policy_get(unsigned int i)
{
	return (const struct migsim_policy_ops *)get(OPS_POLICY, i);
}

const struct migsim_space_ops *migsim_space_get(unsigned int i)
{
	return (const struct migsim_space_ops *)get(OPS_SPACE, i);
}

static void log_unknown(enum ops_kind kind, const char *name)
{
	const struct ops_head *ops;
	char known[256] = "";
	unsigned int i;
	size_t len = 0;

	for (i = 0; (ops = get(kind, i)) && len < sizeof(known); i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len,
					"%s%s", i ? ", " : "", ops->name);
	migsim_log(MIGSIM_LOG_ERROR, "unknown %s '%s'; there are: %s",
		   registries[kind].what, name, known);
}

/* Where the three kinds of table keep their options. */
static void options_of(enum ops_kind kind, const void *ops,
		       const struct migsim_param **params, size_t *args_size)
{
	const struct migsim_engine_ops *engine = ops;
	const struct migsim_policy_ops *policy = ops;
	const struct migsim_space_ops *space = ops;

	switch (kind) {
	case OPS_ENGINE:
		*params = engine->params;
		*args_size = engine->args_size;
		break;
	case OPS_POLICY:
		*params = policy->params;
		*args_size = policy->args_size;
		break;
	default:
		*params = space->params;
		*args_size = space->args_size;
	}
}

#define ALIGNED(n) (((n) + 15) & ~(size_t)15)

static int spec_fill(enum ops_kind kind, const struct ops_head *ops,
		     const char *word, struct spec *spec)
{
	const struct migsim_param *params;
	size_t size = ALIGNED(registries[kind].size), args_size;
	char *options;

	options_of(kind, ops, &params, &args_size);
	args_size = ALIGNED(args_size);
	spec->bytes = size + args_size + strlen(word) + 1;
	spec->ops = sys_map(spec->bytes);
	if (!spec->ops)
		return -ENOMEM;
	memcpy(spec->ops, ops, ops->size < size ? ops->size : size);
	spec->args = (char *)spec->ops + size;
	spec->text = (char *)spec->args + args_size;
	strcpy(spec->text, word);
	options = strchr(spec->text, ':');
	if (options)
		options++;
	return params_parse(params, options, registries[kind].what, ops->name,
			    spec->args);
}

int spec_parse(enum ops_kind kind, const char *word, struct spec *spec)
{
	char *name = strndup(word, strcspn(word, ":"));
	const struct ops_head *ops;
	int err = -EINVAL;

	*spec = (struct spec){ 0 };
	if (!name)
		return -ENOMEM;
	ops = find(kind, name);
	if (ops)
		err = spec_fill(kind, ops, word, spec);
	else
		log_unknown(kind, name);
	if (err)
		spec_free(spec);
	free(name);
	return err;
}

void spec_free(struct spec *spec)
{
	sys_unmap(spec->ops, spec->bytes);
	*spec = (struct spec){ 0 };
}

static int check(enum ops_kind kind, const char *word)
{
	struct spec spec;
	int err = spec_parse(kind, word, &spec);

	if (!err)
		spec_free(&spec);
	return err;
}

int migsim_engine_check(const char *word)
{
	return check(OPS_ENGINE, word);
}

int migsim_policy_check(const char *word)
{
	return check(OPS_POLICY, word);
}

int64_t migsim_policy_window(const char *word)
{
	const struct migsim_policy_ops *ops;
	struct spec spec;
	int64_t window = 0;
	int err = spec_parse(OPS_POLICY, word, &spec);

	if (err)
		return err;
	ops = spec.ops;
	if (ops->window)
		window = (int64_t)ops->window(spec.args);
	spec_free(&spec);
	return window;
}

int migsim_space_check(const char *word)
{
	return check(OPS_SPACE, word);
}
