/* SPDX-License-Identifier: MIT */
/*
 * Numbers, sizes and mixes of folio sizes. All return 0 or -errno; who calls
 * knows where the word stood and says what is wrong with it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* Digits from the start of @text; *@end is behind them. */
static int parse_digits(const char *text, const char **end, uint64_t *value)
{
	uint64_t v = 0;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (; isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return -ERANGE;
	*end = text;
	*value = v;
	return 0;
}

int parse_count(const char *text, uint64_t *value)
{
	const char *end;
	uint64_t v;
	int err = parse_digits(text, &end, &v);

	if (err || *end)
		return err ? err : -EINVAL;
	*value = v;
	return 0;
}

int parse_size(const char *text, uint64_t *bytes)
{
	unsigned int shift = 0;
	const char *end;
	uint64_t v;
	int err = parse_digits(text, &end, &v);

	if (err)
		return err;
	switch (*end) {
	case 'K': case 'k': shift = 10; end++; break;
	case 'M': case 'm': shift = 20; end++; break;
	case 'G': case 'g': shift = 30; end++; break;
	default: break;
	}
	if (*end)
		return -EINVAL;
	if (v > UINT64_MAX >> shift)
		return -ERANGE;
	*bytes = v << shift;
	return 0;
}

static int parse_order(const char *text, unsigned int *order)
{
	uint64_t bytes;
	unsigned int i;

	if (parse_size(text, &bytes))
		return -EINVAL;
	for (i = 0; i <= MIGSIM_MAX_ORDER; i++) {
		if (bytes == MIGSIM_PAGE_SIZE << i) {
			*order = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Digits with at most one point: what strtod() takes beyond is no percent. */
static int parse_percent(const char *text, double *percent)
{
	char *end;

	if (!isdigit((unsigned char)*text) ||
	    strspn(text, "0123456789.") != strlen(text))
		return -EINVAL;
	*percent = strtod(text, &end);
	return *end || *percent <= 0 || *percent > 100 ? -EINVAL : 0;
}

static int add_part(struct mix *mix, char *part)
{
	char *percent = strchr(part, ':');
	unsigned int order, i;
	double share;

	if (!percent)
		return -EINVAL;
	*percent++ = '\0';
	if (parse_order(part, &order) || parse_percent(percent, &share))
		return -EINVAL;
	for (i = 0; i < mix->n; i++)
		if (mix->part[i].order == order)
			return -EEXIST;
	mix->part[mix->n++] = (struct mix_part){ order, share };
	return 0;
}

/* -EINVAL: not a mix; -EEXIST: a size twice; -EDOM: not 100 percent. */
int parse_mix(const char *text, struct mix *mix)
{
	char *copy, *rest, *part;
	double sum = 0;
	unsigned int i;
	int err = 0;

	memset(mix, 0, sizeof(*mix));
	if (!strchr(text, ':')) {
		mix->n = 1;
		mix->part[0].percent = 100;
		return parse_order(text, &mix->part[0].order);
	}
	copy = rest = strdup(text);
	if (!copy)
		return -ENOMEM;
	while (!err && (part = strsep(&rest, "/")))
		err = add_part(mix, part);
	free(copy);
	if (err)
		return err;
	for (i = 0; i < mix->n; i++)
		sum += mix->part[i].percent;
	return sum < 99.99 || sum > 100.01 ? -EDOM : 0;
}

void format_mix(const struct mix *mix, char *buf, size_t len)
{
	size_t at = 0;
	unsigned int i;

	if (len)
		*buf = '\0';
	for (i = 0; i < mix->n && at < len; i++) {
		unsigned int kib = 4u << mix->part[i].order;
		int n = snprintf(buf + at, len - at, "%s%u%c", i ? "/" : "",
				 kib < 1024 ? kib : kib >> 10,
				 kib < 1024 ? 'K' : 'M');

		at += n > 0 ? (size_t)n : 0;
		if (mix->n == 1 || at >= len)
			continue;
		n = snprintf(buf + at, len - at, ":%g", mix->part[i].percent);
		at += n > 0 ? (size_t)n : 0;
	}
}

/* 2097152 is 2M, 3000 is 3000. */
const char *bytes_text(double bytes, char *buf, size_t len)
{
	const char units[] = "\0KMGT";
	unsigned int i = 0;

	while (i < 4 && bytes >= 1024) {
		bytes /= 1024;
		i++;
	}
	if (units[i])
		snprintf(buf, len, "%.4g%c", bytes, units[i]);
	else
		snprintf(buf, len, "%.0f bytes", bytes);
	return buf;
}
