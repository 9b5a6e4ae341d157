/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"

json_t *doc_number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *doc_count(int64_t value)
{
	return value >= 0 ? json_integer(value) : json_null();
}

/* JSON is UTF-8; a byte that is not becomes the sign for an unknown one. */
static json_t *repaired(const char *words)
{
	static const char unknown[] = "\xef\xbf\xbd";
	char *fixed = malloc(3 * strlen(words) + 1), *to = fixed;
	json_t *json;

	if (!fixed)
		return NULL;
	for (; *words; words++) {
		if ((unsigned char)*words < 0x80)
			*to++ = *words;
		else
			to = stpcpy(to, unknown);
	}
	*to = '\0';
	json = json_string(fixed);
	free(fixed);
	return json;
}

json_t *doc_text(const char *words)
{
	json_t *json;

	if (!words)
		return json_null();
	json = json_string(words);
	return json ? json : repaired(words);
}

json_t *doc_append(json_t *list, json_t *value)
{
	if (list && !json_array_append_new(list, value))
		return list;
	if (!list)
		json_decref(value);
	json_decref(list);
	return NULL;
}

int doc_write(FILE *out, json_t *doc)
{
	int err;

	if (!doc)
		return -ENOMEM;
	err = json_dumpf(doc, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER |
				   JSON_REAL_PRECISION(DIGITS));
	json_decref(doc);
	return err || fputc('\n', out) == EOF || fflush(out) ? -EIO : 0;
}
