/* SPDX-License-Identifier: MIT */
/*
 * Profiles: those that come with the library, words that name one, and what
 * one is asked.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <migsim/log.h>

#include "profile.h"

struct migsim_profile *profile_new(void)
{
	struct migsim_profile *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->name = profile_word("");
	p->description = profile_line("", PROFILE_LINE_MAX);
	if (p->name && p->description)
		return p;
	migsim_profile_close(p);
	return NULL;
}

void migsim_profile_close(struct migsim_profile *p)
{
	unsigned int k;

	if (!p)
		return;
	for (k = 0; k < PROFILE_KEYS; k++)
		free(p->source[k]);
	free(p->name);
	free(p->description);
	free(p);
}

struct migsim_profile *migsim_profile_copy(const struct migsim_profile *p)
{
	struct migsim_profile *copy = malloc(sizeof(*copy));
	bool complete;
	unsigned int k;

	if (!copy)
		return NULL;
	*copy = *p;
	copy->name = strdup(p->name);
	copy->description = strdup(p->description);
	complete = copy->name && copy->description;
	for (k = 0; k < PROFILE_KEYS; k++) {
		if (!p->source[k])
			continue;
		copy->source[k] = strdup(p->source[k]);
		complete = complete && copy->source[k];
	}
	if (complete)
		return copy;
	migsim_profile_close(copy);
	return NULL;
}

const char *migsim_profile_name(const struct migsim_profile *p)
{
	return p->name;
}

const char *migsim_profile_description(const struct migsim_profile *p)
{
	return p->description;
}

int migsim_profile_describe(struct migsim_profile *p, const char *name,
			    const char *description)
{
	char *word = profile_word(name);
	char *line = profile_line(description, PROFILE_LINE_MAX);

	if (!word || !line) {
		free(word);
		free(line);
		return -ENOMEM;
	}
	free(p->name);
	free(p->description);
	p->name = word;
	p->description = line;
	return 0;
}

int migsim_profile_find(const char *name)
{
	unsigned int k;

	for (k = 0; k < PROFILE_KEYS; k++)
		if (!strcmp(profile_keys[k].name, name))
			return (int)k;
	return -ENOENT;
}

double migsim_profile_value(const struct migsim_profile *p, unsigned int key)
{
	return p->value[key];
}

double migsim_profile_se(const struct migsim_profile *p, unsigned int key)
{
	return p->se[key];
}

const char *migsim_profile_source(const struct migsim_profile *p,
				  unsigned int key)
{
	return p->source[key] ? p->source[key] : "";
}

double migsim_profile_correlation(const struct migsim_profile *p,
				  unsigned int a, unsigned int b)
{
	return a == b ? 1 : p->correlation[a][b];
}

void migsim_profile_correlate(struct migsim_profile *p, unsigned int a,
			      unsigned int b, double r)
{
	p->correlation[a][b] = r;
	p->correlation[b][a] = r;
}

int migsim_profile_set(struct migsim_profile *p, unsigned int key, double value,
		       double se, const char *source)
{
	char *line;
	unsigned int k;

	if (!profile_fits(key, value) || !isfinite(se) || se < 0 ||
	    (se > 0 && profile_keys[key].choices))
		return -ERANGE;
	line = profile_line(source ? source : "", PROFILE_SOURCE_MAX);
	if (!line)
		return -ENOMEM;
	free(p->source[key]);
	p->source[key] = line;
	p->value[key] = value;
	p->se[key] = se;
	for (k = 0; k < PROFILE_KEYS; k++)
		migsim_profile_correlate(p, key, k, 0);
	return 0;
}

const char *profile_conflict(const struct migsim_profile *p, unsigned int *key)
{
	const double *v = p->value;

	*key = KEY_HUGE_ORDER;
	if (v[KEY_SMALL_ORDER] >= v[KEY_HUGE_ORDER])
		return "huge_order must be greater than small_order";
	*key = KEY_PUTBACK_SHARE;
	if (v[KEY_ISOLATE_SHARE] + v[KEY_PUTBACK_SHARE] > 1)
		return "isolate_share and putback_share must not be more than 1 together";
	*key = KEY_MEASURED_BATCH_MAX;
	if (v[KEY_MEASURED_BATCH_MIN] > v[KEY_MEASURED_BATCH_MAX])
		return "measured_batch_max must not be less than measured_batch_min";
	*key = KEY_MEASURED_ORDER_MAX;
	if (v[KEY_MEASURED_ORDER_MIN] > v[KEY_MEASURED_ORDER_MAX])
		return "measured_order_max must not be less than measured_order_min";
	return NULL;
}
