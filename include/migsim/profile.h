/* SPDX-License-Identifier: MIT */
/*
 * Cost profiles: what a machine's migration costs, as numbers that the model
 * computes with. A profile is an INI file; a few come with the library.
 */
#ifndef MIGSIM_PROFILE_H
#define MIGSIM_PROFILE_H

#include <stdbool.h>
#include <stdio.h>

#include <migsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct migsim_profile;

/* No profile has more keys than this. */
#define MIGSIM_PROFILE_MAX_KEYS 64

/**
 * struct migsim_profile_key - one parameter
 * @name: as in the file and on the command line
 * @section: of the file
 * @unit: of the value; "" for a plain number
 * @reading: what the parameter stands for, one line
 * @min: least value
 * @max: greatest value
 * @choices: words, NULL-terminated; the value is the index. NULL: a number
 * @whole: a whole number
 * @coefficient: a cost that a fit may change; the others are structure
 */
struct migsim_profile_key {
	const char *name;
	const char *section;
	const char *unit;
	const char *reading;
	double min;
	double max;
	const char *const *choices;
	bool whole;
	bool coefficient;
};

/**
 * migsim_profile_key - walk over the parameters
 * @i: from 0
 * Return: the i-th parameter; NULL behind the last.
 */
const struct migsim_profile_key *migsim_profile_key(unsigned int i);

/**
 * migsim_profile_find - the number of a parameter
 * @name: of the key
 * Return: its number, or -ENOENT.
 */
int migsim_profile_find(const char *name);

/**
 * migsim_profile_builtin - walk over the profiles that come with the library
 * @i: from 0
 * Return: the name of the i-th; NULL behind the last.
 */
const char *migsim_profile_builtin(unsigned int i);

/**
 * migsim_profile_open - read a profile
 * @p: set to the profile, owned by the caller
 * @word: `NAME` or `FILE`, or with values of its keys: `NAME:key=value,…`,
 *        which keep the relative standard errors and correlations of the
 *        file's. What holds a slash or a dot is a file.
 *
 * Return: 0, or an error with *@p NULL: -EINVAL for an unknown name, key or
 * value, a missing key, a file that cannot be read or is no profile; -ENOMEM. A
 * sentence with file and line goes to migsim_set_log().
 */
int migsim_profile_open(struct migsim_profile **p, const char *word);

/**
 * migsim_profile_copy - a second one like the first
 * @p: unchanged
 * Return: the copy, owned by the caller; NULL without memory.
 */
struct migsim_profile *migsim_profile_copy(const struct migsim_profile *p);

/**
 * migsim_profile_close - free a profile
 * @p: may be NULL; no migrator uses it any more
 */
void migsim_profile_close(struct migsim_profile *p);

/** migsim_profile_name - its name in the file; lives with the profile */
const char *migsim_profile_name(const struct migsim_profile *p);

/** migsim_profile_description - one line; lives with the profile */
const char *migsim_profile_description(const struct migsim_profile *p);

/**
 * migsim_profile_describe - give it another name and description
 * @p: the profile
 * @name: a word; copied
 * @description: one line; copied
 * Return: 0, or -ENOMEM.
 */
int migsim_profile_describe(struct migsim_profile *p, const char *name,
			    const char *description);

/**
 * migsim_profile_value - the value of a parameter, in the unit of the key
 * @p: the profile
 * @key: a number that migsim_profile_key() knows
 */
double migsim_profile_value(const struct migsim_profile *p, unsigned int key);

/**
 * migsim_profile_se - the standard error of a parameter, in the unit of the key
 * @p: the profile
 * @key: as for migsim_profile_value()
 * Return: the standard error; 0 where none is known.
 */
double migsim_profile_se(const struct migsim_profile *p, unsigned int key);

/**
 * migsim_profile_source - where the value of a parameter comes from
 * @p: the profile
 * @key: as for migsim_profile_value()
 * Return: a few words that live with the profile; "" when it does not say.
 */
const char *migsim_profile_source(const struct migsim_profile *p,
				  unsigned int key);

/**
 * migsim_profile_correlation - of the errors of two parameters
 * @p: the profile
 * @a: a number that migsim_profile_key() knows
 * @b: another, or the same
 * Return: -1 to 1; 0 where nothing is known of them, 1 for @a == @b.
 */
double migsim_profile_correlation(const struct migsim_profile *p,
				  unsigned int a, unsigned int b);

/**
 * migsim_profile_set - change a parameter
 * @p: the profile
 * @key: as for migsim_profile_value()
 * @value: in the unit of the key
 * @se: its standard error; 0: unknown
 * @source: where it comes from, a few words; copied, at most 100 bytes of it;
 *          may be NULL
 * Return: 0, -ERANGE when the key cannot have this value or standard error,
 * -ENOMEM.
 *
 * What was known of the correlation of its error is forgotten.
 */
int migsim_profile_set(struct migsim_profile *p, unsigned int key, double value,
		       double se, const char *source);

/**
 * migsim_profile_correlate - say how the errors of two parameters go together
 * @p: the profile
 * @a: a number that migsim_profile_key() knows
 * @b: another
 * @r: -1 to 1
 */
void migsim_profile_correlate(struct migsim_profile *p, unsigned int a,
			      unsigned int b, double r);

/**
 * migsim_profile_write - write a profile that migsim_profile_open() reads back
 * @p: the profile
 * @out: where to
 * Return: 0, or -EIO. Values are read back to the last bit, correlations to
 * four digits.
 */
int migsim_profile_write(const struct migsim_profile *p, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
