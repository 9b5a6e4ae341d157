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
		6, { HEAD(engine_memcpy), HEAD(engine_mt), HEAD(engine_dma),
		     HEAD(engine_null), HEAD(engine_model),
		     HEAD(engine_error) },
	},
	[OPS_POLICY] = {
		"policy", MIGSIM_POLICY_ABI, sizeof(struct migsim_policy_ops),
		9, { HEAD(policy_batch), HEAD(policy_bytes),
		     HEAD(policy_folios), HEAD(policy_time), HEAD(policy_ramp),
		     HEAD(policy_double), HEAD(policy_folio),
		     HEAD(policy_sliding), HEAD(policy_adaptive) },
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

static void log_unknown(enum ops_kind kind, const char *name)
{
	const struct ops_head *ops;
	char known[256] = "";
	unsigned int i;
	size_t len = 0;

	for (i = 0; (ops = get(kind, i)) && len < sizeof(known); i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len,
					"%s%s", i ? ", " : "", ops->name);
	migsim_log(MIGSIM_LOG_ERROR, "unknown %s '%s'; there are: %s%s",
		   registries[kind].what, name, known,
		   outside_has(kind) ? ", or ./FILE.so" : "");
}

const char *registry_what(enum ops_kind kind)
{
	return registries[kind].what;
}

size_t registry_size(enum ops_kind kind)
{
	return registries[kind].size;
}

const struct ops_head *registry_find(enum ops_kind kind, const char *name)
{
	const struct ops_head *ops;

	/* Names of our own have no slash. */
	if (outside_has(kind) && strchr(name, '/'))
		return outside_find(kind, name);

	pthread_mutex_lock(&lock);
	ops = find_locked(&registries[kind], name);
	pthread_mutex_unlock(&lock);
	if (!ops)
		log_unknown(kind, name);
	return ops;
}

static const void *find_word(enum ops_kind kind, const char *word)
{
	char *name = strndup(word, strcspn(word, ":"));
	const void *ops = NULL;

	if (name)
		ops = registry_find(kind, name);
	free(name);
	return ops;
}

const struct migsim_engine_ops *migsim_engine_find(const char *word)
{
	return find_word(OPS_ENGINE, word);
}

const struct migsim_policy_ops *migsim_policy_find(const char *word)
{
	return find_word(OPS_POLICY, word);
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

/* A name that can stand in a word. */
static bool is_name(const char *name)
{
	return name && *name && !strpbrk(name, ":,/");
}

bool engine_is_whole(const struct migsim_engine_ops *ops)
{
	return ops->size >= offsetof(struct migsim_engine_ops, cancel) &&
	       ops->abi == MIGSIM_ENGINE_ABI && is_name(ops->name) &&
	       ops->help && ops->open && ops->close && ops->caps &&
	       ops->submit && ops->reap;
}

bool policy_is_whole(const struct migsim_policy_ops *ops)
{
	return ops->size >= offsetof(struct migsim_policy_ops, window) &&
	       ops->abi == MIGSIM_POLICY_ABI && is_name(ops->name) &&
	       ops->help && ops->decide && ops->kind &&
	       (!strcmp(ops->kind, "today") || !strcmp(ops->kind, "async"));
}

int migsim_engine_register(const struct migsim_engine_ops *ops)
{
	if (!ops || !engine_is_whole(ops))
		return -EINVAL;
	return add(OPS_ENGINE, ops);
}

int migsim_policy_register(const struct migsim_policy_ops *ops)
{
	if (!ops || !policy_is_whole(ops))
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
