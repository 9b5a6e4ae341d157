/* SPDX-License-Identifier: MIT */
/*
 * Options of engines, policies and spaces: `name:key=value,key=value`.
 *
 * A component describes its options in a table; the library parses the words
 * into the component's argument structure, checks the bounds and lists the
 * table to users. In the structure a number is a uint64_t, a choice a
 * uint64_t (its index), a text a const char * that lives as long as the
 * component's instance.
 */
#ifndef MIGSIM_PARAM_H
#define MIGSIM_PARAM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum migsim_param_type {
	MIGSIM_PARAM_NUMBER,	/* a whole number; K, M and G are allowed */
	MIGSIM_PARAM_CHOICE,	/* one of a list of words */
	MIGSIM_PARAM_TEXT,
};

/**
 * struct migsim_param - one option; a table ends with a NULL @name
 * @name: the key
 * @help: one line: what it does, and its unit
 * @type: enum migsim_param_type
 * @offset: of the member in the argument structure
 * @def: value when the option is not given (number or index of the choice);
 *       a number above @max tells that it was not given
 * @min: least number
 * @max: greatest number
 * @choices: words of a choice, NULL-terminated
 * @def_text: value of a text that is not given; of a number: a word that means
 *            @def, or NULL
 */
struct migsim_param {
	const char *name;
	const char *help;
	enum migsim_param_type type;
	size_t offset;
	uint64_t def;
	uint64_t min;
	uint64_t max;
	const char *const *choices;
	const char *def_text;
};

/**
 * migsim_engine_check - would this engine word be understood
 * @word: `name` or `name:key=value,key=value`
 * Return: 0, or -EINVAL and a sentence through migsim_set_log() that names
 * the right words.
 */
int migsim_engine_check(const char *word);

/**
 * migsim_policy_check - would this policy word be understood
 * @word: as for migsim_engine_check()
 * Return: as migsim_engine_check()
 */
int migsim_policy_check(const char *word);

/**
 * migsim_policy_window - the bound of a policy, without opening anything
 * @word: as for migsim_engine_check()
 * Return: most base pages in flight, the folio that crosses this limit aside;
 * 0 when the policy names none; -EINVAL and a sentence.
 */
int64_t migsim_policy_window(const char *word);

/**
 * migsim_policy_kind - would a policy fit the posted series
 * @word: as for migsim_engine_check()
 * Return: "today" or "async" (it needs an asynchronous migrator), of these very
 * arguments; NULL and a sentence for a word that is not understood.
 */
const char *migsim_policy_kind(const char *word);

/**
 * migsim_space_check - would this space word be understood
 * @word: as for migsim_engine_check()
 * Return: as migsim_engine_check()
 */
int migsim_space_check(const char *word);

#ifdef __cplusplus
}
#endif
#endif
