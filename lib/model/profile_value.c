/* SPDX-License-Identifier: MIT */
/*
 * The values of keys as text. A file means the same in every locale.
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"

static locale_t enter_c(locale_t *c)
{
	*c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	return uselocale(*c);
}

static void leave_c(locale_t before, locale_t c)
{
	uselocale(before);
	if (c)
		freelocale(c);
}

/* strtod() would take hexadecimal numbers, infinities and leading blanks. */
bool profile_number(const char *text, double *value)
{
	locale_t before, c;
	char *end;

	if (!*text || text[strspn(text, "0123456789.eE+-")])
		return false;
	before = enter_c(&c);
	*value = strtod(text, &end);
	leave_c(before, c);
	return end != text && !*end && isfinite(*value);
}

const char *profile_figure(double value, char buf[static 32])
{
	bool exact = fabs(value) < 1e15 && floor(value) == value;
	locale_t before, c;
	int digits;

	before = enter_c(&c);
	if (exact)
		snprintf(buf, 32, "%.0f", value);
	for (digits = 6; !exact && digits <= 17; digits++) {
		snprintf(buf, 32, "%.*g", digits, value);
		exact = strtod(buf, NULL) == value;
	}
	leave_c(before, c);
	return buf;
}

static unsigned int count_choices(const char *const *choices)
{
	unsigned int n = 0;

	while (choices[n])
		n++;
	return n;
}

bool profile_fits(unsigned int key, double value)
{
	const struct migsim_profile_key *k = &profile_keys[key];
	double max = k->choices ? count_choices(k->choices) - 1 : k->max;

	if (!isfinite(value) || value < k->min || value > max)
		return false;
	return !(k->whole || k->choices) || floor(value) == value;
}

static int parse_choice(const struct migsim_profile_key *k, const char *text,
			double *value, char *why, size_t len)
{
	unsigned int i;
	size_t at;

	for (i = 0; k->choices[i]; i++) {
		if (strcmp(k->choices[i], text))
			continue;
		*value = i;
		return 0;
	}
	at = (size_t)snprintf(why, len, "%s cannot be '%.40s'; it is one of:",
			      k->name, text);
	for (i = 0; k->choices[i] && at < len; i++)
		at += (size_t)snprintf(why + at, len - at, "%s %s",
				       i ? "," : "", k->choices[i]);
	return -EINVAL;
}

int profile_parse(unsigned int key, const char *text, double *value, char *why,
		  size_t len)
{
	const struct migsim_profile_key *k = &profile_keys[key];
	char min[32], max[32];

	if (k->choices)
		return parse_choice(k, text, value, why, len);
	if (profile_number(text, value) && profile_fits(key, *value))
		return 0;
	snprintf(why, len, "%s cannot be '%.40s'; it is a %snumber from %s to %s%s%s%s",
		 k->name, text, k->whole ? "whole " : "",
		 profile_figure(k->min, min), profile_figure(k->max, max),
		 *k->unit ? " (" : "", k->unit, *k->unit ? ")" : "");
	return -EINVAL;
}
