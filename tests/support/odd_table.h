/* SPDX-License-Identifier: MIT */
/*
 * README.md's table of pages and outcomes, read from SRC. A cell is one word,
 * "moves" or an errno's name, or one for each size: "moves; 2M: EINVAL".
 */
#ifndef TEST_ODD_TABLE_H
#define TEST_ODD_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/* The outcome in a row, or the words "no such row". */
void odd_table_cell(const char *page, bool uffd, unsigned int order,
		    char *text, size_t room);
size_t odd_table_rows(void);

#endif
