/* SPDX-License-Identifier: MIT */
/*
 * Words that name a profile: one of the library's or a file, and values of its
 * keys: NAME:key=value,key=value.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <migsim/log.h>

#include "profile.h"

const char *migsim_profile_builtin(unsigned int i)
{
	unsigned int n = 0;

	while (profile_texts[n].name && n < i)
		n++;
	return profile_texts[n].name;
}

static int log_unknown(const char *name)
{
	const struct profile_text *t;
	char known[256] = "";
	size_t len = 0;

	for (t = profile_texts; t->name && len < sizeof(known); t++)
		len += (size_t)snprintf(known + len, sizeof(known) - len,
					"%s%s", len ? ", " : "", t->name);
	migsim_log(MIGSIM_LOG_ERROR,
		   "there is no profile '%.60s'; there are: %s; a file is written with a slash or a dot, as ./%.60s",
		   name, known, *name ? name : "FILE");
	return -EINVAL;
}

static int open_builtin(struct migsim_profile **p, const char *name)
{
	const struct profile_text *t;
	FILE *file;
	int err;

	for (t = profile_texts; t->name; t++)
		if (!strcmp(t->name, name))
			break;
	if (!t->name)
		return log_unknown(name);
	/* A stream for reading leaves the text alone. */
	file = fmemopen((void *)(uintptr_t)t->text, t->size, "r");
	if (!file)
		return -ENOMEM;
	err = profile_read(p, name, file);
	fclose(file);
	return err;
}

static int open_file(struct migsim_profile **p, const char *path)
{
	FILE *file = fopen(path, "re");
	int err;

	if (!file) {
		migsim_log(MIGSIM_LOG_ERROR, "profile %.300s cannot be opened: %s",
			   path, strerror(errno));
		return -EINVAL;
	}
	err = profile_read(p, path, file);
	fclose(file);
	return err;
}

/* The key whose name begins most like @name; NULL: none does. */
static const char *most_like(const char *name)
{
	const char *best = NULL;
	size_t most = 2, n;
	unsigned int k;

	for (k = 0; k < PROFILE_KEYS; k++) {
		const char *key = profile_keys[k].name;

		for (n = 0; key[n] && key[n] == name[n]; n++)
			;
		if (n > most) {
			most = n;
			best = key;
		}
	}
	return best;
}

static int bad_word(const char *word, const char *why)
{
	migsim_log(MIGSIM_LOG_ERROR, "profile %.200s: %s", word, why);
	return -EINVAL;
}

static int no_key(const char *word, const char *name)
{
	const char *like = most_like(name);
	char why[160];

	snprintf(why, sizeof(why), "there is no key '%.40s'%s%s%s", name,
		 like ? "; did you mean " : "; values are written key=value",
		 like ? like : "", like ? "?" : "");
	return bad_word(word, why);
}

/*
 * Another value is taken to be as uncertain as that of the file was: an answer
 * does not become more certain by asking what if.
 */
static int give(struct migsim_profile *p, unsigned int key, double value)
{
	char *source = strdup("given");

	if (!source)
		return -ENOMEM;
	free(p->source[key]);
	p->source[key] = source;
	p->se[key] *= p->value[key] > 0 ? value / p->value[key] : 0;
	p->value[key] = value;
	return 0;
}

static int override(struct migsim_profile *p, char *item, bool *given,
		    const char *word)
{
	char *value = strchr(item, '=');
	char why[256];
	double v;
	int key;

	if (value)
		*value++ = '\0';
	key = migsim_profile_find(item);
	if (key < 0)
		return no_key(word, item);
	if (!value || !*value) {
		snprintf(why, sizeof(why), "%s needs a value: %s=…", item, item);
		return bad_word(word, why);
	}
	if (given[key]) {
		snprintf(why, sizeof(why), "%s is given twice", item);
		return bad_word(word, why);
	}
	given[key] = true;
	if (profile_parse((unsigned int)key, value, &v, why, sizeof(why)))
		return bad_word(word, why);
	return give(p, (unsigned int)key, v);
}

/* @items is cut into pieces. */
static int override_all(struct migsim_profile *p, char *items, const char *word)
{
	bool given[PROFILE_KEYS] = { false };
	const char *why;
	unsigned int key;
	char *item;
	int err = 0;

	while (!err && (item = strsep(&items, ",")))
		err = override(p, item, given, word);
	if (err)
		return err;
	why = profile_conflict(p, &key);
	return why ? bad_word(word, why) : 0;
}

/* Nobody shall take it for what the file describes. */
static int describe(struct migsim_profile *p, const char *items)
{
	char line[512];

	snprintf(line, sizeof(line), "%s BUT %s", p->description, items);
	return migsim_profile_describe(p, p->name, line);
}

int migsim_profile_open(struct migsim_profile **p, const char *word)
{
	char *name = strdup(word), *items = name;
	int err;

	*p = NULL;
	if (!name)
		return -ENOMEM;
	strsep(&items, ":");
	err = strpbrk(name, "/.") ? open_file(p, name) : open_builtin(p, name);
	if (!err && items)
		err = override_all(*p, items, word);
	if (!err && items)
		err = describe(*p, strchr(word, ':') + 1);
	if (err) {
		migsim_profile_close(*p);
		*p = NULL;
	}
	free(name);
	return err;
}
