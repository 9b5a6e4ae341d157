/* SPDX-License-Identifier: MIT */
/*
 * `key=value,key=value` into the argument structure that a table describes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <migsim/log.h>
#include <migsim/param.h>

#include "registry.h"

static void set_number(void *args, const struct migsim_param *p, uint64_t v)
{
	memcpy((char *)args + p->offset, &v, sizeof(v));
}

static void set_text(void *args, const struct migsim_param *p, const char *v)
{
	memcpy((char *)args + p->offset, &v, sizeof(v));
}

static void set_defaults(const struct migsim_param *params, void *args)
{
	const struct migsim_param *p;

	for (p = params; p && p->name; p++) {
		if (p->type == MIGSIM_PARAM_TEXT)
			set_text(args, p, p->def_text);
		else
			set_number(args, p, p->def);
	}
}

/* A whole number, with K, M or G behind it: false when it is none. */
static bool parse_number(const char *text, uint64_t *v)
{
	unsigned int shift = 0;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*v = strtoull(text, &end, 10);
	if (errno)
		return false;
	switch (*end) {
	case 'K': shift = 10; end++; break;
	case 'M': shift = 20; end++; break;
	case 'G': shift = 30; end++; break;
	default: break;
	}
	if (*end || *v > UINT64_MAX >> shift)
		return false;
	*v <<= shift;
	return true;
}

static int parse_choice(const struct migsim_param *p, const char *text,
			uint64_t *v)
{
	for (*v = 0; p->choices[*v]; ++*v)
		if (!strcmp(p->choices[*v], text))
			return 0;
	return -EINVAL;
}

static void join(char *buf, size_t len, const char *word)
{
	size_t at = strlen(buf);

	snprintf(buf + at, len - at, "%s%s", at ? ", " : "", word);
}

static int bad_choice(const struct migsim_param *p, const char *what,
		      const char *name, const char *text)
{
	char words[256] = "";
	unsigned int i;

	for (i = 0; p->choices[i]; i++)
		join(words, sizeof(words), p->choices[i]);
	migsim_log(MIGSIM_LOG_ERROR, "%s %s: %s cannot be '%s'; it is one of: %s",
		   what, name, p->name, text, words);
	return -EINVAL;
}

static int bad_number(const struct migsim_param *p, const char *what,
		      const char *name, const char *text)
{
	migsim_log(MIGSIM_LOG_ERROR,
		   "%s %s: %s cannot be '%s'; it is a whole number from %" PRIu64 " to %" PRIu64 "%s%s",
		   what, name, p->name, text, p->min, p->max,
		   p->def_text ? ", or " : "", p->def_text ? p->def_text : "");
	return -EINVAL;
}

static int bad_key(const struct migsim_param *params, const char *what,
		   const char *name, const char *key)
{
	const struct migsim_param *p;
	char words[256] = "";

	for (p = params; p && p->name; p++)
		join(words, sizeof(words), p->name);
	migsim_log(MIGSIM_LOG_ERROR, "%s %s has no option '%s'; it has: %s",
		   what, name, key, *words ? words : "none");
	return -EINVAL;
}

static int parse_value(const struct migsim_param *p, const char *text,
		       const char *what, const char *name, void *args)
{
	uint64_t v;

	if (p->type == MIGSIM_PARAM_TEXT) {
		set_text(args, p, text);
		return 0;
	}
	if (p->type == MIGSIM_PARAM_CHOICE) {
		if (parse_choice(p, text, &v))
			return bad_choice(p, what, name, text);
	} else if (p->def_text && !strcmp(text, p->def_text)) {
		v = p->def;
	} else if (!parse_number(text, &v) || v < p->min || v > p->max) {
		return bad_number(p, what, name, text);
	}
	set_number(args, p, v);
	return 0;
}

int params_parse(const struct migsim_param *params, char *options,
		 const char *what, const char *name, void *args)
{
	const struct migsim_param *p;
	uint64_t seen = 0, bit;
	char *item, *value;
	int err;

	set_defaults(params, args);
	while (options && (item = strsep(&options, ","))) {
		value = strchr(item, '=');
		if (value)
			*value++ = '\0';
		for (p = params; p && p->name; p++)
			if (!strcmp(p->name, item))
				break;
		if (!p || !p->name)
			return bad_key(params, what, name, item);
		if (!value || !*value) {
			migsim_log(MIGSIM_LOG_ERROR,
				   "%s %s: option %s needs a value: %s=…",
				   what, name, item, item);
			return -EINVAL;
		}
		/* Of tables beyond all measure the rest may be given twice. */
		bit = p - params < 64 ? (uint64_t)1 << (p - params) : 0;
		if (seen & bit) {
			migsim_log(MIGSIM_LOG_ERROR,
				   "%s %s: option %s is given twice",
				   what, name, item);
			return -EINVAL;
		}
		seen |= bit;
		err = parse_value(p, value, what, name, args);
		if (err)
			return err;
	}
	return 0;
}
