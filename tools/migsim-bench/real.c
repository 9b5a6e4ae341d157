/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "real.h"

bool parse_real(const char *text, double *value)
{
	locale_t c;
	char *end;

	if (!*text || text[strspn(text, "0123456789.eE+-")])
		return false;
	c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c)
		return false;
	*value = strtod_l(text, &end, c);
	freelocale(c);
	return end != text && !*end && isfinite(*value);
}
