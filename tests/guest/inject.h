/* SPDX-License-Identifier: MIT */
/*
 * Requests of a module to its kernel that are refused on demand: for memory, and
 * for access to that of a process. A kernel of debug.sh can do that.
 */
#ifndef GUEST_INJECT_H
#define GUEST_INJECT_H

#include <stdbool.h>
#include <stddef.h>

/* Ends the program with 77 where the kernel refuses nothing on demand. */
void need_injection(void);

/* Only what is asked for below the code of a module counts from here on. */
void inject_below(const char *module);

/* Finds the directory in /proc of a task; 0: there is none. */
#define INJECT_DIR	64
/* That which executes the commands of this process's only ring. */
void inject_ring_worker(char dir[INJECT_DIR]);
/* That of the bridge's only channel. */
void inject_channel(char dir[INJECT_DIR]);
void inject_this_task(char dir[INJECT_DIR]);

/*
 * Does it again and again, with another request of the task refused each time,
 * until there is none left. That one must be well, and some must not be. Returns
 * how many there were.
 */
unsigned int inject_each(void (*find)(char dir[INJECT_DIR]),
			 bool (*is_well)(void));

/* So many of a hundred requests for memory are refused, of whoever's. */
void inject_percent(unsigned int percent);

#endif
