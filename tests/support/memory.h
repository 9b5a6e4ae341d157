/* SPDX-License-Identifier: MIT */
/*
 * Memory to migrate, and what the kernel says of it.
 *
 * Patterns are made of words, each from its address' place in the region and
 * a seed, so that a page which lies in the wrong place is noticed too.
 */
#ifndef TEST_MEMORY_H
#define TEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <migsim/migsim.h>

#define PAGE	((size_t)4096)
#define HUGE	((size_t)2 << 20)
#define MIB	((size_t)1 << 20)

/* A sanitizer maps memory of its own, whenever it likes. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* Ends the program with 77 and the reason where the machine lacks it. */
void need_uffd(void);

/* May 2M pages be asked for? */
bool have_thp(void);

/* How much of the same a test does: less where the CPU is emulated. */
size_t by_cpu(size_t real, size_t slow);

/*
 * From which node to which these tests migrate: MIGSIM_FROM and MIGSIM_TO of
 * the environment, -1 without them. The machine has them then.
 */
int node_from(void);
int node_to(void);

/* The defaults, between these nodes, of the uffd space. */
struct migsim_options options_init(void);

/* On which node this thread's new pages come to lie; -1: on any. */
void allocate_on(int node);

/* What move_pages(2) says of each page: its node, or -errno. */
void read_status(const void *p, size_t pages, int *status);

/* How many of these pages are not there, or not where these tests migrate. */
size_t pages_astray(const void *p, size_t pages);

/*
 * Populated private memory, aligned to 2M, between inaccessible pages so that
 * it is a VMA of its own. THPs for order 9, base pages for all others. On the
 * node from which these tests migrate.
 */
char *memory_map(size_t bytes, unsigned int order);
/* The same without pages. */
char *memory_reserve(size_t bytes, unsigned int order);
void memory_unmap(char *p, size_t bytes);

void memory_fill(void *p, size_t bytes, uint64_t seed);
/* Offset of the first word that is not the pattern's; -1: all are. */
ptrdiff_t memory_check(const void *p, size_t bytes, uint64_t seed);
/* The same, for words from this offset of the pattern on. */
ptrdiff_t memory_check_at(const void *p, size_t bytes, uint64_t seed,
			  size_t offset);
bool memory_is_zero(const void *p, size_t bytes);

/* Page frame numbers, 0 for a page that is not there. Needs root. */
void read_pfns(const void *p, size_t pages, uint64_t *pfn);
/* How many of these pages have the same page frame as before (or none). */
size_t same_pfns(const void *p, size_t pages, const uint64_t *before);
/* How many have, or lie elsewhere than these tests migrate to. */
size_t pages_unmoved(const void *p, size_t pages, const uint64_t *before);

/* A line of smaps for the VMA around the address: kB, or -1 without it. */
long smaps_kb(const void *p, const char *key);
bool smaps_flag(const void *p, const char *flag);

/* A line of /proc/self/status: kB or a number; -1 without it. */
long status_kb(const char *key);

size_t count_maps(void);
size_t count_fds(void);
size_t count_tasks(void);

/* State of a thread as in /proc/self/task/TID/stat: R, S, D … */
char task_state(int tid);
/* Waits, at most half a minute, until the thread sleeps. */
bool task_sleeps(int tid);

void nap_ms(unsigned int ms);

/*
 * Ends the process with a message when it is called no more for 30 s, or for
 * 300 where the CPU is emulated.
 */
void watchdog_start(void);
void watchdog_pat(void);

/* Runs the test in a child, and fails with it. It takes no state. */
void in_child(void (*test)(void **state));

/* A list of the folios of [p, p + bytes); owned by the caller. */
struct migsim_folio *folios_of(const void *p, size_t bytes,
			       unsigned int order);
/* Random order, the same for the same seed. */
void shuffle(struct migsim_folio *folios, size_t n, uint64_t seed);
uint64_t next_random(uint64_t *state);

/* A migrator of the uffd space, or the test fails. */
struct migsim_migrator *open_migrator(const char *engine, const char *policy);

#endif
