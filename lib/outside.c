/* SPDX-License-Identifier: MIT */
/*
 * Engines from outside: shared objects, loaded by their path. They stay
 * loaded, since a table lives as long as the process.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <migsim/log.h>

#include "own.h"
#include "registry.h"

static const struct migsim_engine_ops *table_of(void *object, const char *path)
{
	const struct migsim_engine_ops *ops =
		dlsym(object, MIGSIM_ENGINE_SYMBOL);

	if (!ops) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "%s is no engine: it has no symbol " MIGSIM_ENGINE_SYMBOL,
			   path);
		return NULL;
	}
	if (ops->abi != MIGSIM_ENGINE_ABI) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "%s was built for version %u of the engines' interface and this library has %u: build it against this library's headers",
			   path, ops->abi, MIGSIM_ENGINE_ABI);
		return NULL;
	}
	if (!engine_is_whole(ops)) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "the engine in %s lacks its size, a name without colon, comma and slash, its help, or an operation that is not optional",
			   path);
		return NULL;
	}
	return ops;
}

/* dlerror() says of a file for another machine that there is none. */
static void say_unloadable(const char *path)
{
	const char *why = dlerror();

	if (!access(path, R_OK))
		migsim_log(MIGSIM_LOG_ERROR,
			   "%s is no shared object for this machine, or lacks something: %s",
			   path, why);
	else
		migsim_log(MIGSIM_LOG_ERROR,
			   "the engine %s cannot be read: %s", path,
			   strerror(errno));
}

const struct migsim_engine_ops *outside_engine(const char *path)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	const struct migsim_engine_ops *ops;

	if (!object) {
		say_unloadable(path);
		return NULL;
	}
	ops = table_of(object, path);
	if (ops && !own_add_object(ops)) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "there is no memory to load the engine %s", path);
		ops = NULL;
	}
	dlclose(object);
	return ops;
}
