/* SPDX-License-Identifier: MIT */
/*
 * The known engines, policies and spaces, and the words that name them.
 */
#ifndef MIGSIM_REGISTRY_H
#define MIGSIM_REGISTRY_H

#include <stdbool.h>

#include <migsim/engine.h>
#include <migsim/param.h>
#include <migsim/policy.h>

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
/*
 * The table of that name, or, of an engine or a policy, at that path; NULL with
 * a sentence.
 */
const struct ops_head *registry_find(enum ops_kind kind, const char *name);

/* Of our ABI, with all that is not optional? */
bool engine_is_whole(const struct migsim_engine_ops *ops);
bool policy_is_whole(const struct migsim_policy_ops *ops);

/* What a table that is not whole may lack, for sentences. */
#define ENGINE_LACKS \
	"lacks its size, a name without colon, comma and slash, its help, or an operation that is not optional"
#define POLICY_LACKS \
	"lacks its size, a name without colon, comma and slash, its help, its kind (today or async), or its decide"

/* outside.c: kinds that shared objects can bring, and the table in one. */
bool outside_has(enum ops_kind kind);
const struct ops_head *outside_find(enum ops_kind kind, const char *path);

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

/* "today" or "async", of a policy with these arguments. */
const char *policy_kind(const struct spec *spec);

/* Return 0, -EINVAL with a sentence, or -ENOMEM. */
int spec_parse(enum ops_kind kind, const char *word, struct spec *spec);
void spec_free(struct spec *spec);

#endif
