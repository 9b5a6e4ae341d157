/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "odd_table.h"

#define COLUMNS	3
#define CELL	64

struct row {
	char cell[COLUMNS][CELL];
};

static struct row rows[64];
static size_t nr_rows;

/* The first columns of "| a | b | c |…". */
static bool split(const char *line, struct row *row)
{
	const char *end;
	unsigned int i;
	size_t len;

	for (i = 0; i < COLUMNS; i++) {
		if (strncmp(line, "| ", 2))
			return false;
		line += 2;
		end = strstr(line, " |");
		if (!end)
			return false;
		len = (size_t)(end - line);
		if (len >= CELL)
			return false;
		memcpy(row->cell[i], line, len);
		row->cell[i][len] = '\0';
		line = end + 1;
	}
	return true;
}

/* From the heading "| page | `move_pages(2)` | …" to the first empty line. */
static void read_table(void)
{
	const char *src = getenv("SRC");
	bool inside = false;
	char path[512], line[1024];
	struct row row;
	FILE *f;

	if (nr_rows)
		return;
	assert_non_null(src);
	snprintf(path, sizeof(path), "%s/README.md", src);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "| page | `move_pages(2)` |", 26)) {
			inside = true;
		} else if (!split(line, &row)) {
			inside = false;
		} else if (inside && strncmp(line, "| ---", 5)) {
			assert_true(nr_rows < sizeof(rows) / sizeof(rows[0]));
			rows[nr_rows++] = row;
		}
	}
	fclose(f);
}

size_t odd_table_rows(void)
{
	read_table();
	return nr_rows;
}

void odd_table_cell(const char *page, bool uffd, unsigned int order,
		    char *text, size_t room)
{
	const char *cell, *large;
	size_t i;

	read_table();
	for (i = 0; i < nr_rows && strcmp(rows[i].cell[0], page); i++)
		;
	if (i == nr_rows) {
		snprintf(text, room, "no such row");
		return;
	}
	cell = rows[i].cell[uffd ? 2 : 1];
	large = strstr(cell, "; 2M: ");
	if (large && order)
		snprintf(text, room, "%s", large + 6);
	else
		snprintf(text, room, "%.*s", (int)strcspn(cell, ";"), cell);
}
