/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

void need_uffd(void)
{
	struct migsim_sysinfo si;

	migsim_sysinfo_read(&si);
	if (si.uffd_move)
		return;
	printf("userfaultfd or UFFDIO_MOVE is missing, or forbidden\n");
	exit(77);
}

bool have_thp(void)
{
	struct migsim_sysinfo si;

	migsim_sysinfo_read(&si);
	return !strcmp(si.thp, "madvise") || !strcmp(si.thp, "always");
}

/* Wide: the library refuses folios that lie beside its caller's stack. */
#define GUARD (32 * PAGE)

char *memory_reserve(size_t bytes, unsigned int order)
{
	size_t room = bytes + 2 * HUGE;
	char *all = mmap(NULL, room, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *p;

	assert_ptr_not_equal(all, MAP_FAILED);
	p = (char *)(((uintptr_t)all + GUARD + HUGE - 1) & ~(HUGE - 1));
	if ((size_t)(p - all) > GUARD)
		munmap(all, (size_t)(p - all) - GUARD);
	munmap(p + bytes + GUARD, (size_t)(all + room - p) - bytes - GUARD);
	assert_int_equal(mprotect(p, bytes, PROT_READ | PROT_WRITE), 0);
	assert_int_equal(madvise(p, bytes, order == MIGSIM_MAX_ORDER ?
				 MADV_HUGEPAGE : MADV_NOHUGEPAGE), 0);
	return p;
}

char *memory_map(size_t bytes, unsigned int order)
{
	char *p;

	allocate_on(node_from());
	p = memory_reserve(bytes, order);
	assert_int_equal(madvise(p, bytes, MADV_POPULATE_WRITE), 0);
	allocate_on(-1);
	return p;
}

void memory_unmap(char *p, size_t bytes)
{
	assert_int_equal(munmap(p - GUARD, bytes + 2 * GUARD), 0);
}

static uint64_t word_at(size_t offset, uint64_t seed)
{
	uint64_t x = (offset + seed) * 0x9e3779b97f4a7c15ull;

	return (x ^ x >> 29) | 1;	/* never zero */
}

void memory_fill(void *p, size_t bytes, uint64_t seed)
{
	uint64_t *word = p;
	size_t i;

	for (i = 0; i < bytes / sizeof(*word); i++)
		word[i] = word_at(i * sizeof(*word), seed);
}

ptrdiff_t memory_check_at(const void *p, size_t bytes, uint64_t seed,
			  size_t offset)
{
	const uint64_t *word = p;
	size_t i;

	for (i = 0; i < bytes / sizeof(*word); i++)
		if (word[i] != word_at(offset + i * sizeof(*word), seed))
			return (ptrdiff_t)(i * sizeof(*word));
	return -1;
}

ptrdiff_t memory_check(const void *p, size_t bytes, uint64_t seed)
{
	return memory_check_at(p, bytes, seed, 0);
}

bool memory_is_zero(const void *p, size_t bytes)
{
	const uint64_t *word = p;
	size_t i;

	for (i = 0; i < bytes / sizeof(*word); i++)
		if (word[i])
			return false;
	return true;
}

void read_pfns(const void *p, size_t pages, uint64_t *pfn)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t i, bytes = pages * sizeof(*pfn);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, pfn, bytes, (off_t)((uintptr_t)p / PAGE *
						       sizeof(*pfn))), bytes);
	close(fd);
	for (i = 0; i < pages; i++)
		pfn[i] = pfn[i] >> 63 ? pfn[i] & ((UINT64_C(1) << 55) - 1) : 0;
}

size_t same_pfns(const void *p, size_t pages, const uint64_t *before)
{
	uint64_t *now = calloc(pages, sizeof(*now));
	size_t i, same = 0;

	assert_non_null(now);
	read_pfns(p, pages, now);
	for (i = 0; i < pages; i++)
		same += !now[i] || now[i] == before[i];
	free(now);
	return same;
}

/* Copies the line of smaps that begins with the key, without the key. */
static bool smaps_line(const void *p, const char *key, char *text, size_t len)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long lo, hi, at = (unsigned long)p;
	bool inside = false, found = false;
	char *line = NULL;
	size_t room = 0;

	assert_non_null(f);
	while (!found && getline(&line, &room, f) > 0) {
		if (sscanf(line, "%lx-%lx ", &lo, &hi) == 2) {
			inside = lo <= at && at < hi;
		} else if (inside && !strncmp(line, key, strlen(key))) {
			snprintf(text, len, "%s", line + strlen(key));
			found = true;
		}
	}
	free(line);
	fclose(f);
	return found;
}

long smaps_kb(const void *p, const char *key)
{
	char text[256];

	return smaps_line(p, key, text, sizeof(text)) ? atol(text) : -1;
}

bool smaps_flag(const void *p, const char *flag)
{
	char text[256], word[8];

	assert_true(smaps_line(p, "VmFlags:", text, sizeof(text)));
	snprintf(word, sizeof(word), " %s ", flag);
	return strstr(text, word) != NULL;
}

long status_kb(const char *key)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long kb = -1;

	assert_non_null(f);
	while (kb < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			kb = atol(line + strlen(key));
	fclose(f);
	return kb;
}

size_t count_maps(void)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t lines = 0;
	char buf[4096];
	ssize_t n, i;

	assert_true(fd >= 0);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (i = 0; i < n; i++)
			lines += buf[i] == '\n';
	close(fd);
	return lines;
}

static size_t count_entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

size_t count_fds(void)
{
	return count_entries("/proc/self/fd");
}

size_t count_tasks(void)
{
	return count_entries("/proc/self/task");
}

char task_state(int tid)
{
	char path[64], text[256] = "", *at;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 'X';
	if (read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = '\0';
	close(fd);
	at = strrchr(text, ')');
	return at && at[1] ? at[2] : 'X';
}

void nap_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

bool task_sleeps(int tid)
{
	unsigned int i, seen = 0;

	for (i = 0; i < 15000; i++) {
		seen = strchr("SD", task_state(tid)) ? seen + 1 : 0;
		if (seen == 5)
			return true;
		nap_ms(2);
	}
	return false;
}
