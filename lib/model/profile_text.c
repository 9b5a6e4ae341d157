/* SPDX-License-Identifier: MIT */
/*
 * Names, descriptions and sources: what a line of a file can hold. Reports
 * print them, some as JSON, which takes valid UTF-8 only.
 */
#include <stdlib.h>
#include <string.h>

#include "profile.h"

/* Bytes of the character that @s begins with; 0: it is none. */
static size_t utf8_length(const unsigned char *s)
{
	size_t len, i;

	if (*s < 0x80)
		return 1;
	if (*s < 0xc2 || *s > 0xf4)
		return 0;
	len = *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;
	for (i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than need be, surrogates, and beyond the last one. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

bool profile_is_utf8(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len;

	for (; *s; s += len) {
		len = utf8_length(s);
		if (!len)
			return false;
	}
	return true;
}

static bool is_blank(unsigned char c)
{
	return c <= ' ' || c == 0x7f;
}

static void cut(char *text, size_t max)
{
	size_t len = strlen(text);

	if (len > max)
		for (len = max; len && (text[len] & 0xc0) == 0x80; len--)
			;
	while (len && is_blank((unsigned char)text[len - 1]))
		len--;
	text[len] = '\0';
}

/* A semicolon would begin a comment. */
char *profile_line(const char *text, size_t max)
{
	bool utf8 = profile_is_utf8(text);
	unsigned char *c;
	char *line;

	while (*text && is_blank((unsigned char)*text))
		text++;
	line = strdup(text);
	if (!line)
		return NULL;
	for (c = (unsigned char *)line; *c; c++) {
		if (is_blank(*c))
			*c = ' ';
		else if (*c == ';')
			*c = ',';
		else if (*c >= 0x80 && !utf8)
			*c = '?';
	}
	cut(line, max);
	return line;
}

char *profile_word(const char *text)
{
	char *word = profile_line(text, PROFILE_SOURCE_MAX), *c;

	if (!word)
		return NULL;
	if (!*word) {
		free(word);
		return strdup("unnamed");
	}
	for (c = word; *c; c++)
		if (strchr(" ,:", *c))
			*c = '-';
	return word;
}
