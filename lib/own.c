/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "own.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct extent *extents;	/* a free place is { 0, 0 } */
static size_t room;

/* Where malloc's memory may be in flight, a table of malloc's would be, too. */
static bool grow(void)
{
	size_t more = room ? 2 * room : 256, bytes = more * sizeof(*extents);
	void *p = room ? mremap(extents, room * sizeof(*extents), bytes,
				MREMAP_MAYMOVE)
		       : mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return false;
	extents = p;
	room = more;
	return true;
}

bool own_add(const void *p, size_t bytes)
{
	bool added = false;
	size_t i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < room && extents[i].hi; i++)
		;
	if (i < room || grow()) {
		extents[i] = extent_of(p, bytes);
		added = true;
	}
	pthread_mutex_unlock(&lock);
	return added;
}

void own_remove(const void *p)
{
	uint64_t lo = (uint64_t)(uintptr_t)p;
	size_t i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < room; i++)
		if (extents[i].lo == lo)
			extents[i] = (struct extent){ 0, 0 };
	pthread_mutex_unlock(&lock);
}

static bool known(uint64_t lo)
{
	bool found = false;
	size_t i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < room; i++)
		found |= extents[i].lo == lo;
	pthread_mutex_unlock(&lock);
	return found;
}

static bool is_needed(const struct dl_phdr_info *info)
{
	const char *name = strrchr(info->dlpi_name, '/');

	return name && (!strncmp(name, "/libc.", 6) ||
			!strncmp(name, "/ld-", 4) ||
			!strncmp(name, "/libmigsim", 10));
}

static struct extent segment(const struct dl_phdr_info *info,
			     const ElfW(Phdr) *ph)
{
	return extent_of((const void *)(info->dlpi_addr + ph->p_vaddr),
			 ph->p_memsz);
}

static bool add_variables(const struct dl_phdr_info *info)
{
	const ElfW(Phdr) *ph = info->dlpi_phdr;
	bool added = true;
	struct extent e;
	int i;

	for (i = 0; i < info->dlpi_phnum; i++, ph++) {
		e = segment(info, ph);
		if (ph->p_type == PT_LOAD && ph->p_flags & PF_W && !known(e.lo))
			added &= own_add((const void *)(uintptr_t)e.lo,
					 ph->p_memsz);
	}
	return added;
}

static int add_needed(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (is_needed(info))
		add_variables(info);
	return 0;
}

static void add_libraries(void)
{
	dl_iterate_phdr(add_needed, NULL);
}

/* 1: this object holds it, and is remembered; -1: there is no memory. */
static int add_holder(struct dl_phdr_info *info, size_t size, void *symbol)
{
	struct extent at = extent_of(symbol, 1);
	int i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD &&
		    extents_meet(at, segment(info, &info->dlpi_phdr[i])))
			return add_variables(info) ? 1 : -1;
	return 0;
}

bool own_add_object(const void *symbol)
{
	return dl_iterate_phdr(add_holder, (void *)(uintptr_t)symbol) > 0;
}

void own_add_libraries(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, add_libraries);
}

bool own_next(struct extent span, size_t *i, struct extent *found)
{
	bool any = false;

	pthread_mutex_lock(&lock);
	while (!any && *i < room) {
		*found = extents[(*i)++];
		any = extents_meet(*found, span);
	}
	pthread_mutex_unlock(&lock);
	return any;
}
