/* SPDX-License-Identifier: MIT */
/*
 * Words, `name:key=value,key=value`, made into a table and its arguments.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <migsim/engine.h>
#include <migsim/policy.h>
#include <migsim/space.h>

#include "registry.h"
#include "sys.h"

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
	size_t size = ALIGNED(registry_size(kind)), args_size;
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
	return params_parse(params, options, registry_what(kind), ops->name,
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
	ops = registry_find(kind, name);
	if (ops)
		err = spec_fill(kind, ops, word, spec);
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

const char *policy_kind(const struct spec *spec)
{
	const struct migsim_policy_ops *ops = spec->ops;

	return ops->async && ops->async(spec->args) ? "async" : ops->kind;
}

const char *migsim_policy_kind(const char *word)
{
	struct spec spec;
	const char *kind;

	if (spec_parse(OPS_POLICY, word, &spec))
		return NULL;
	kind = policy_kind(&spec);
	spec_free(&spec);
	return kind;
}

int migsim_space_check(const char *word)
{
	return check(OPS_SPACE, word);
}
