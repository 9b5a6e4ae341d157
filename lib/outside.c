/* SPDX-License-Identifier: MIT */
/*
 * Engines and policies from outside: shared objects, loaded by their path. They
 * stay loaded, since a table lives as long as the process.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <migsim/log.h>

#include "own.h"
#include "registry.h"

struct kind {
	const char *name;
	const char *symbol;
	const char *versions;	/* of what */
	uint32_t abi;
	bool (*is_whole)(const void *table);
	const char *lacks;
};

static bool is_whole_engine(const void *table)
{
	return engine_is_whole(table);
}

static bool is_whole_policy(const void *table)
{
	return policy_is_whole(table);
}

static const struct kind kinds[OPS_KINDS] = {
	[OPS_ENGINE] = { "engine", MIGSIM_ENGINE_SYMBOL, "engines'",
			 MIGSIM_ENGINE_ABI, is_whole_engine, ENGINE_LACKS },
	[OPS_POLICY] = { "policy", MIGSIM_POLICY_SYMBOL, "policies'",
			 MIGSIM_POLICY_ABI, is_whole_policy, POLICY_LACKS },
};

bool outside_has(enum ops_kind kind)
{
	return kinds[kind].symbol != NULL;
}

static const struct ops_head *table_of(const struct kind *kind, void *object,
				       const char *path)
{
	const struct ops_head *ops = dlsym(object, kind->symbol);

	if (!ops) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "%s is no %s: it has no symbol %s", path, kind->name,
			   kind->symbol);
		return NULL;
	}
	if (ops->abi != kind->abi) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "%s was built for version %u of the %s interface and this library has %u: build it against this library's headers",
			   path, ops->abi, kind->versions, kind->abi);
		return NULL;
	}
	if (!kind->is_whole(ops)) {
		migsim_log(MIGSIM_LOG_ERROR, "the %s in %s %s", kind->name,
			   path, kind->lacks);
		return NULL;
	}
	return ops;
}

/* dlerror() says of a file for another machine that there is none. */
static void say_unloadable(const struct kind *kind, const char *path)
{
	const char *why = dlerror();

	if (!access(path, R_OK))
		migsim_log(MIGSIM_LOG_ERROR,
			   "%s is no shared object for this machine, or lacks something: %s",
			   path, why);
	else
		migsim_log(MIGSIM_LOG_ERROR,
			   "the %s %s cannot be read: %s", kind->name, path,
			   strerror(errno));
}

const struct ops_head *outside_find(enum ops_kind which, const char *path)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	const struct kind *kind = &kinds[which];
	const struct ops_head *ops;

	if (!object) {
		say_unloadable(kind, path);
		return NULL;
	}
	ops = table_of(kind, object, path);
	if (ops && !own_add_object(ops)) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "there is no memory to load the %s %s", kind->name,
			   path);
		ops = NULL;
	}
	dlclose(object);
	return ops;
}
