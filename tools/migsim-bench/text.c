/* SPDX-License-Identifier: MIT */
/*
 * Text for people: figures of three digits, wrapped lines, cells in columns.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "render.h"

#define GAP	2	/* blanks between two columns */

/* Three digits, or all those before the point. "-": not measured. */
const char *figure(double value, char buf[FIGURE_LEN])
{
	double size = fabs(value);

	if (!isfinite(value))
		snprintf(buf, FIGURE_LEN, "-");
	else if (size >= 1e7)
		snprintf(buf, FIGURE_LEN, "%.3g", value);
	else if (size >= 99.95)
		snprintf(buf, FIGURE_LEN, "%.0f", value);
	else if (size >= 9.995)
		snprintf(buf, FIGURE_LEN, "%.1f", value);
	else if (size >= 0.0995 || size == 0)
		snprintf(buf, FIGURE_LEN, "%.2f", value);
	else
		snprintf(buf, FIGURE_LEN, "%.2g", value);
	return buf;
}

/* Two decimals, as the published tables print it, where they say something. */
const char *rate_figure(double gib_s, char buf[FIGURE_LEN])
{
	if (!isfinite(gib_s) || fabs(gib_s) < 0.0995 || fabs(gib_s) >= 1e5)
		return figure(gib_s, buf);
	snprintf(buf, FIGURE_LEN, "%.2f", gib_s);
	return buf;
}

void size_figure(uint64_t bytes, char buf[FIGURE_LEN])
{
	static const char unit[] = { 'G', 'M', 'K' };
	unsigned int i;

	for (i = 0; i < sizeof(unit); i++) {
		uint64_t one = 1ull << (30 - 10 * i);

		if (bytes && bytes % one == 0) {
			snprintf(buf, FIGURE_LEN, "%llu%c",
				 (unsigned long long)(bytes / one), unit[i]);
			return;
		}
	}
	snprintf(buf, FIGURE_LEN, "%llu", (unsigned long long)bytes);
}

static bool continues_character(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Columns on a screen, for UTF-8 without double-width characters. */
size_t text_columns(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += !continues_character(*text);
	return n;
}

static void print_blanks(FILE *out, size_t n)
{
	while (n--)
		fputc(' ', out);
}

/* Bytes of the word at @text, at most @room, never half a character. */
static size_t word_length(const char *text, size_t room)
{
	size_t len = 0, cut;

	while (text[len] && !isspace((unsigned char)text[len]))
		len++;
	if (len <= room)
		return len;
	for (cut = room; cut && continues_character(text[cut]); )
		cut--;
	return cut ? cut : room;
}

/* A stray control character must not end a line or move the cursor. */
static void print_word(FILE *out, const char *word, size_t len)
{
	for (; len--; word++)
		fputc(iscntrl((unsigned char)*word) ? '?' : *word, out);
}

/*
 * @lead, then @text, in lines of at most @width bytes; later lines are
 * indented as far as @lead. A word longer than a line is broken, not cut off.
 */
void print_wrapped(FILE *out, const char *lead, const char *text, size_t width)
{
	size_t indent = strlen(lead), at = indent;
	bool blank = false;

	fputs(lead, out);
	for (;;) {
		size_t len, room = width - indent;

		while (isspace((unsigned char)*text))
			text++;
		len = word_length(text, room);
		if (!len)
			break;
		if (at + blank + len > width) {
			fputc('\n', out);
			print_blanks(out, indent);
			at = indent;
			blank = false;
		}
		if (blank)
			fputc(' ', out);
		print_word(out, text, len);
		at += len + blank;
		text += len;
		blank = true;
	}
	fputc('\n', out);
}

void grid_init(struct grid *g, size_t columns, size_t left)
{
	memset(g, 0, sizeof(*g));
	g->columns = columns;
	g->left = left;
}

void grid_free(struct grid *g)
{
	while (g->cells)
		free(g->cell[--g->cells]);
	free(g->cell);
	g->cell = NULL;
}

static bool grid_grow(struct grid *g)
{
	size_t room = g->room ? g->room * 2 : 64;
	char **cell = realloc(g->cell, room * sizeof(*cell));

	if (!cell)
		return false;
	g->cell = cell;
	g->room = room;
	return true;
}

/* The next cell; rows fill from left to right. */
void grid_add(struct grid *g, const char *fmt, ...)
{
	va_list args;

	if (g->broken)
		return;
	if (g->cells == g->room && !grid_grow(g)) {
		g->broken = true;
		return;
	}
	va_start(args, fmt);
	if (vasprintf(&g->cell[g->cells], fmt, args) < 0)
		g->broken = true;
	else
		g->cells++;
	va_end(args);
}

static size_t column_width(const struct grid *g, size_t column,
			   size_t (*measure)(const char *))
{
	size_t i, widest = 0;

	for (i = column; i < g->cells; i += g->columns) {
		size_t n = measure(g->cell[i]);

		widest = n > widest ? n : widest;
	}
	return widest;
}

/* Bytes bound the columns from above, and some mail tools count bytes. */
size_t grid_bytes(const struct grid *g)
{
	size_t c, sum = (g->columns - 1) * GAP;

	for (c = 0; c < g->columns; c++)
		sum += column_width(g, c, strlen);
	return sum;
}

static void print_row(const struct grid *g, const size_t *width, size_t row,
		      FILE *out)
{
	size_t c, owed = 0;	/* blanks, written only before a word */

	for (c = 0; c < g->columns && row + c < g->cells; c++) {
		const char *text = g->cell[row + c];
		size_t pad = width[c] - text_columns(text);

		if (c >= g->left)
			owed += pad;
		if (text[0]) {
			print_blanks(out, owed);
			print_word(out, text, strlen(text));
			owed = 0;
		}
		if (c < g->left)
			owed += pad;
		owed += GAP;
	}
	fputc('\n', out);
}

int grid_print(const struct grid *g, FILE *out)
{
	size_t c, row, *width;

	if (g->broken)
		return -ENOMEM;
	width = calloc(g->columns, sizeof(*width));
	if (!width)
		return -ENOMEM;
	for (c = 0; c < g->columns; c++)
		width[c] = column_width(g, c, text_columns);
	for (row = 0; row < g->cells; row += g->columns)
		print_row(g, width, row, out);
	free(width);
	return 0;
}
