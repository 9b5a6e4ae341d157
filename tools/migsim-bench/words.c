/* SPDX-License-Identifier: MIT */
/*
 * Lists of the command line: values with ranges, engines and policies with
 * values in their keys. All return 0 or -errno; who calls knows where the
 * word stood and says what is wrong with it.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* More values than this in one list are a slip of the pen. */
#define MAX_WORDS	10000

struct list {
	char **word;
	size_t n;
};

void free_words(char **words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(words[i]);
	free(words);
}

/* Takes @word over, also when it fails. */
static int list_add(struct list *l, char *word)
{
	char **grown;

	if (!word)
		return -ENOMEM;
	if (l->n == MAX_WORDS) {
		free(word);
		return -E2BIG;
	}
	grown = realloc(l->word, (l->n + 1) * sizeof(*grown));
	if (!grown) {
		free(word);
		return -ENOMEM;
	}
	l->word = grown;
	l->word[l->n++] = word;
	return 0;
}

static int list_give(struct list *l, int err, char ***words, size_t *n)
{
	if (err) {
		free_words(l->word, l->n);
		return err;
	}
	*words = l->word;
	*n = l->n;
	return 0;
}

static int add_number(struct list *l, uint64_t v)
{
	char *word;

	return list_add(l, asprintf(&word, "%" PRIu64, v) < 0 ? NULL : word);
}

static int add_range(struct list *l, uint64_t from, uint64_t to, char how,
		     uint64_t step)
{
	uint64_t v = from;
	int err;

	if (from > to || step < (how == 'x' ? 2 : 1) || (how == 'x' && !from))
		return -EDOM;
	do {
		err = add_number(l, v);
		if (err)
			return err;
	} while ((how == 'x' ? !__builtin_mul_overflow(v, step, &v) :
			       !__builtin_add_overflow(v, step, &v)) && v <= to);
	return 0;
}

/* A word as it is, or `512:262144:x2` and `1:10:+3` number by number. */
static int add_value(struct list *l, const char *word)
{
	char *copy, *from, *to, *step;
	uint64_t first, last, by;
	int err;

	if (!*word)
		return -EINVAL;
	copy = step = strdup(word);
	if (!copy)
		return -ENOMEM;
	from = strsep(&step, ":");
	to = strsep(&step, ":");
	if (!step || (*step != 'x' && *step != '+') ||
	    parse_size(from, &first) || parse_size(to, &last))
		err = list_add(l, strdup(word));
	else if (parse_size(step + 1, &by))
		err = -EDOM;
	else
		err = add_range(l, first, last, *step, by);
	free(copy);
	return err;
}

/* -EINVAL: an empty value; -EDOM: no sensible range; -E2BIG: too many values. */
int expand_values(const char *text, char ***values, size_t *n)
{
	char *copy = strdup(text), *rest = copy, *word;
	struct list l = { 0 };
	int err = copy ? 0 : -ENOMEM;

	while (!err && (word = strsep(&rest, ",")))
		err = add_value(&l, word);
	free(copy);
	return list_give(&l, err, values, n);
}

/*
 * One engine or policy of a list while it is read: the texts it stands for so
 * far without the last key, and that key with its values.
 */
struct item {
	struct list heads;
	char *key;
	struct list values;
};

/* heads × values, the last key varies fastest. */
static int item_fold(struct item *it)
{
	struct list all = { 0 };
	size_t i, j;
	int err = 0;

	if (!it->key)
		return 0;
	for (i = 0; i < it->heads.n && !err; i++) {
		const char *head = it->heads.word[i];
		const char *colon = strchr(head, ':');
		const char *glue = !colon ? ":" : colon[1] ? "," : "";

		for (j = 0; j < it->values.n && !err; j++) {
			char *word;

			err = list_add(&all, asprintf(&word, "%s%s%s=%s", head,
				       glue, it->key,
				       it->values.word[j]) < 0 ? NULL : word);
		}
	}
	free_words(it->heads.word, it->heads.n);
	free_words(it->values.word, it->values.n);
	free(it->key);
	*it = (struct item){ .heads = all };
	return err;
}

static int item_key(struct item *it, const char *token)
{
	const char *eq = strchr(token, '=');
	int err = it->heads.n ? item_fold(it) : -EINVAL;

	if (err)
		return err;
	if (eq == token || !eq[1])
		return -EINVAL;
	it->key = strndup(token, (size_t)(eq - token));
	return it->key ? add_value(&it->values, eq + 1) : -ENOMEM;
}

/* The item is complete: into @l with it. */
static int item_end(struct item *it, struct list *l)
{
	int err = item_fold(it);
	size_t i;

	for (i = 0; i < it->heads.n && !err; i++) {
		err = list_add(l, it->heads.word[i]);
		it->heads.word[i] = NULL;
	}
	free_words(it->heads.word, it->heads.n);
	free_words(it->values.word, it->values.n);
	free(it->key);
	*it = (struct item){ 0 };
	return err;
}

/* `name`, `name:key=value`, or `name:what the library will refuse`. */
static int item_start(struct item *it, const char *token)
{
	const char *colon = strchr(token, ':');
	size_t len = colon ? (size_t)(colon - token) + 1 : strlen(token);
	int err;

	if (colon && strchr(colon, '=')) {
		err = list_add(&it->heads, strndup(token, len));
		return err ? err : item_key(it, colon + 1);
	}
	return list_add(&it->heads, strdup(token));
}

/* The path of a file, which may hold a '='. */
static bool starts_path(const char *token)
{
	return *token && strchr("/.~", *token);
}

static bool starts_item(const char *token)
{
	return isalpha((unsigned char)*token) || *token == '_' ||
	       starts_path(token);
}

/* Does a token begin the next item, a key of this one, or a mere value? */
static int item_token(struct item *it, struct list *l, const char *token)
{
	size_t name = strcspn(token, ":=");
	int err;

	if (token[name] == '=' && !starts_path(token))
		return item_key(it, token);
	if (starts_item(token)) {
		err = item_end(it, l);
		return err ? err : item_start(it, token);
	}
	if (!isdigit((unsigned char)*token) || !it->key)
		return -EINVAL;
	return add_value(&it->values, token);
}

/* -EINVAL: the list cannot be read; the rest as expand_values(). */
int expand_items(const char *text, char ***items, size_t *n)
{
	char *copy = strdup(text), *rest = copy, *token;
	struct list l = { 0 };
	struct item it = { 0 };
	int err = copy ? 0 : -ENOMEM, last;

	while (!err && (token = strsep(&rest, ",")))
		err = item_token(&it, &l, token);
	last = item_end(&it, &l);
	free(copy);
	return list_give(&l, err ? err : last, items, n);
}
