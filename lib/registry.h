/* SPDX-License-Identifier: MIT */
/*
 * The known engines, policies and spaces, and the words that name them.
 */
#ifndef MIGSIM_REGISTRY_H
#define MIGSIM_REGISTRY_H

#include <stdbool.h>

#include <migsim/engine.h>
#include <migsim/param.h>

/* What every ops table begins with. */
struct ops_head {
	uint32_t size;
	uint32_t abi;
	const char *name;
	const char *help;
};

enum ops_kind { OPS_ENGINE, OPS_POLICY, OPS_SPACE, OPS_KINDS };

const char *registry_what(enum ops_kind kind);
/* Bytes of a table of this kind, as this library knows it. */
size_t registry_size(enum ops_kind kind);
/* The table of that name, or, of an engine, at that path; NULL with a sentence. */
const struct ops_head *registry_find(enum ops_kind kind, const char *name);

/* Of our ABI, with all that is not optional? */
bool engine_is_whole(const struct migsim_engine_ops *ops);

/* outside.c: the engine in a shared object; NULL with a sentence. */
const struct migsim_engine_ops *outside_engine(const char *path);

/*
 * A word that was understood: the table it names, grown to the library's own
 * size (what an older table lacks is NULL), and the parsed arguments. All in
 * one mapping, since it is used while folios are in flight.
 */
struct spec {
	void *ops;
	void *args;
	char *text;
	size_t bytes;
};

/*
 * Fills @args, which is zeroed, from `key=value,…` (NULL: defaults only). Texts
 * point into @options, which is cut up. 0, or -EINVAL with a sentence.
 */
int params_parse(const struct migsim_param *params, char *options,
		 const char *what, const char *name, void *args);

/* Return 0, -EINVAL with a sentence, or -ENOMEM. */
int spec_parse(enum ops_kind kind, const char *word, struct spec *spec);
void spec_free(struct spec *spec);

#endif
